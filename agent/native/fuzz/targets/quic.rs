//! QUIC: datagrams as they come, and the same bytes as what stands inside Initial packets that open.
//!
//! No fuzzer guesses a key: so that what is behind the encryption is reached too, the target encrypts.
#![no_main]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../../crates/dataplane/tests/hellos/mod.rs"]
mod hellos;

use dataplane::apps::quic::{DRAFT_29, V1, V2};
use dataplane::apps::quictalk::QuicTalk;
use dataplane_fuzz::play::{Alone, Line, lines, told};
use hellos::{MADE, Made, initial};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let lines = lines(data);
    told::<Alone<QuicTalk>>(&lines, false);
    let version = [V1, V2, DRAFT_29][data.len() % 3];
    let sealed = |(number, line): (usize, &Line<'_>)| {
        let payload = &line.data[..line.data.len().min(1400)];
        initial(payload, Made { number: number as u32, version, ..MADE })
    };
    let packets: Vec<Vec<u8>> = lines.iter().enumerate().map(sealed).collect();
    let sealed: Vec<Line<'_>> = packets.iter().map(|data| Line { outward: true, gap: false, piece: 1, data }).collect();
    told::<Alone<QuicTalk>>(&sealed, false);
});
