//! Frames one after the other: each is a packet or a drop, and what is put together is no longer than a packet can be.
#![no_main]

use dataplane::decode::fragments::Fragments;
use dataplane::decode::{Decoded, decode};
use dataplane_fuzz::Input;
use dataplane_fuzz::frames::{HOME, check, next};
use libfuzzer_sys::fuzz_target;

const PACKET_LIMIT: usize = 65_535;

fuzz_target!(|data: &[u8]| {
    let (mut input, mut fragments, mut ts_ns) = (Input(data), Fragments::default(), 0);
    while let Some((frame, fit)) = next(&mut input, ts_ns) {
        ts_ns = frame.ts_ns;
        let alone = decode(&frame, &HOME, fit);
        let in_order = fragments.decode(&frame, &HOME, fit);
        assert!(!matches!(in_order, Decoded::Fragment));
        check(&in_order, &frame);
        assert!(fragments.reassembled().is_none_or(|whole| whole.len() <= PACKET_LIMIT));
        if !matches!(alone, Decoded::Fragment) {
            assert_eq!(format!("{alone:?}"), format!("{in_order:?}"));
        }
    }
});
