//! One frame: what is counted is within it, and the same whether frames are read alone or in order.
#![no_main]

use dataplane::decode::fragments::Fragments;
use dataplane::decode::{Decoded, decode};
use dataplane::model::Frame;
use dataplane_fuzz::Input;
use dataplane_fuzz::frames::{HOME, check, head};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let (linktype, beyond, fit) = head(&mut input);
    let data = input.0;
    let frame = Frame { ts_ns: 1, linktype, wire_len: data.len() as u32 + beyond, interface: 0, data };
    let alone = decode(&frame, &HOME, fit);
    let in_order = Fragments::default().decode(&frame, &HOME, fit);
    check(&alone, &frame);
    check(&in_order, &frame);
    if !matches!(alone, Decoded::Fragment) {
        assert_eq!(format!("{alone:?}"), format!("{in_order:?}"));
    }
});
