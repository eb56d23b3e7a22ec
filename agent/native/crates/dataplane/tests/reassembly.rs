//! However a TCP stream is cut up and shuffled, its bytes come out in order, once, within bounds.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::borrow::Cow;

use dataplane::reassembly::{DELIVERED_LIMIT, Direction, HELD_LIMIT, PIECES_LIMIT};
use proptest::prelude::*;

/// What any piece may cost beside its bytes.
const MOST_PER_PIECE: usize = 64;

/// The rule, one byte at a time: the first copy of a byte counts, and is delivered once all before it are.
struct Plain {
    base: u32,
    bytes: Vec<Option<u8>>,
    delivered: usize,
}

impl Plain {
    fn push(&mut self, seq: u32, data: &[u8]) -> Vec<u8> {
        for (n, byte) in data.iter().enumerate() {
            let at = seq.wrapping_sub(self.base).wrapping_add(n as u32) as usize;
            if let Some(place) = self.bytes.get_mut(at).filter(|place| place.is_none()) {
                *place = Some(*byte);
            }
        }
        let ready: Vec<u8> = self.bytes[self.delivered..].iter().map_while(|byte| *byte).collect();
        self.delivered += ready.len();
        ready
    }
}

fn base() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), u32::MAX - 400..=u32::MAX]
}

proptest! {
    /// Overlaps that contradict each other, repeats and the wrap of the sequence number included.
    #[test]
    fn any_segments_in_any_order_follow_the_rule(
        base in base(),
        segments in prop::collection::vec((0u32..400, prop::collection::vec(any::<u8>(), 0..60)), 1..60),
    ) {
        let mut plain = Plain { base, bytes: vec![None; 500], delivered: 0 };
        let mut direction = Direction::new(base);
        for (start, data) in segments {
            let seq = base.wrapping_add(start);
            prop_assert_eq!(direction.push(seq, &data).into_owned(), plain.push(seq, &data));
        }
        prop_assert!(!direction.given_up());
    }

    /// Segments that cover a stream, shuffled: it comes out whole, and nothing is held in the end.
    #[test]
    fn any_cuts_in_any_order_give_the_stream(
        base in base(),
        (data, segments) in prop::collection::vec(any::<u8>(), 1..400).prop_flat_map(|data| {
            let cuts = prop::collection::vec(0..=data.len(), 0..20);
            (Just(data), cuts.prop_flat_map(|cuts| { Just(cuts).prop_shuffle() }))
        }).prop_flat_map(|(data, mut cuts)| {
            cuts.extend([0, data.len()]);
            cuts.sort_unstable();
            let segments: Vec<_> = cuts.windows(2).map(|pair| (pair[0], pair[1])).collect();
            (Just(data), Just(segments).prop_shuffle())
        }),
    ) {
        let mut direction = Direction::new(base);
        let mut got = Vec::new();
        for (start, end) in segments {
            got.extend_from_slice(&direction.push(base.wrapping_add(start as u32), &data[start..end]));
        }
        prop_assert_eq!(got, data);
        prop_assert_eq!(direction.held(), 0);
    }

    /// Whatever comes, what is held and what is delivered is bounded.
    #[test]
    fn any_segments_are_bounded(
        segments in prop::collection::vec((0u32..400_000, 1usize..20_000), 1..200),
    ) {
        let mut direction = Direction::new(0);
        let mut delivered = 0;
        for (start, size) in segments {
            delivered += direction.push(start, &vec![0; size]).len();
            prop_assert!(direction.held() <= HELD_LIMIT + PIECES_LIMIT * MOST_PER_PIECE);
        }
        prop_assert!(delivered <= DELIVERED_LIMIT as usize);
    }
}

/// A receiver keeps what it had; so must we, or an evasion shows us other bytes.
#[test]
fn the_first_copy_of_a_byte_counts() {
    let mut direction = Direction::new(0);

    assert_eq!(*direction.push(4, b"EFGH"), *b"");
    assert_eq!(*direction.push(2, b"cdefghij"), *b"");
    assert_eq!(*direction.push(0, b"AB"), *b"ABcdEFGHij");
    assert_eq!(*direction.push(3, b"xxxx"), *b"");
    assert_eq!(*direction.push(8, b"xxK"), *b"K");
}

/// Met in mid-stream, the first segment seen is where the stream begins.
#[test]
fn what_came_before_the_beginning_is_left_out() {
    let mut direction = Direction::new(1000);

    assert_eq!(*direction.push(1000, b"abc"), *b"abc");
    assert_eq!(*direction.push(900, b"older"), *b"");
    assert_eq!(*direction.push(1002, b"cde"), *b"de");
}

/// What comes in order is handed on where it lies, also while something after it is held.
#[test]
fn what_comes_in_order_is_not_copied() {
    let mut direction = Direction::new(7);

    assert!(matches!(direction.push(7, b"in"), Cow::Borrowed(b"in")));
    assert!(matches!(direction.push(8, b"n order"), Cow::Borrowed(b" order")));
    assert_eq!(*direction.push(20, b"later"), *b"");
    assert!(matches!(direction.push(15, b", but"), Cow::Owned(_)));
}

/// Names stand at the beginning; a long download does not cost memory or time.
#[test]
fn only_the_beginning_is_looked_at() {
    let mut direction = Direction::new(0);
    let got: usize = (0..1000).map(|n| direction.push(n * 1000, &[0; 1000]).len()).sum();

    assert_eq!(got, DELIVERED_LIMIT as usize);
    assert!(direction.given_up());
    assert!(direction.push(0, b"x").is_empty());
}

/// Held bytes and held pieces are bounded; then the direction gives up and lets go.
#[test]
fn missing_bytes_are_not_waited_for_for_ever() {
    for size in [1, 1400] {
        let mut direction = Direction::new(0);
        let mut pushes = 0;
        while !direction.given_up() {
            assert!(direction.push(10 + pushes * (size + 1), &vec![0; size as usize]).is_empty());
            pushes += 1;
        }

        assert!(pushes as usize <= (HELD_LIMIT / size as usize).min(PIECES_LIMIT) + 1);
        assert_eq!(direction.held(), 0);
        assert!(direction.push(0, b"x").is_empty());
    }
}

/// Bytes that are held cost what they take, a byte alone too.
#[test]
fn small_pieces_are_not_cheap() {
    let mut direction = Direction::new(0);
    for n in 0..100 {
        direction.push(10 + 2 * n, b"x");
    }

    assert!(direction.held() >= 100 * (1 + size_of::<(u32, Box<[u8]>)>()));
}
