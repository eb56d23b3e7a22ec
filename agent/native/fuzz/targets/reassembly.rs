//! Segments in any order: the first copy of a byte counts, and is delivered once all before it are; within bounds.
#![no_main]

use std::collections::BTreeMap;

use dataplane::reassembly::{DELIVERED_LIMIT, Direction, HELD_LIMIT, PIECES_LIMIT};
use dataplane_fuzz::Input;
use libfuzzer_sys::fuzz_target;

/// What any piece may cost beside its bytes.
const MOST_PER_PIECE: usize = 64;

/// The rule, a byte at a time, without bounds.
#[derive(Default)]
struct Plain {
    bytes: BTreeMap<usize, u8>,
    delivered: usize,
}

impl Plain {
    fn push(&mut self, start: usize, data: &[u8]) -> Vec<u8> {
        for (at, byte) in (start..).zip(data) {
            self.bytes.entry(at).or_insert(*byte);
        }
        let next = self.delivered;
        let ready: Vec<u8> = (next..).map_while(|at| self.bytes.get(&at).copied()).collect();
        self.delivered += ready.len();
        ready
    }
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let base = input.u32();
    let scale = 1 << (input.u8() % 4);
    let (mut plain, mut direction) = (Plain::default(), Direction::new(base));
    let mut delivered = 0;
    while !input.0.is_empty() && !direction.given_up() {
        let start = u32::from(input.u16()) * scale;
        let size = input.u8();
        let data = input.take(usize::from(size) * scale as usize);
        let expected = plain.push(start as usize, data);
        let ready = direction.push(base.wrapping_add(start), data);
        delivered += ready.len();
        assert!(expected.starts_with(&ready));
        assert!(direction.given_up() || ready.len() == expected.len());
        assert!(delivered <= DELIVERED_LIMIT as usize);
        assert!(direction.held() <= HELD_LIMIT + PIECES_LIMIT * MOST_PER_PIECE);
    }
});
