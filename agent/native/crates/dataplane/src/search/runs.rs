//! Runs of digits in a text, found many bytes at a time.

use std::ops::Range;

/// Bytes that are looked at together.
const BLOCK: usize = 64;

/// Runs of digits, in order.
pub struct DigitRuns<'a> {
    bytes: &'a [u8],
    /// The digits of the block from here on that are still to be told.
    mask: u64,
    at: usize,
}

impl<'a> DigitRuns<'a> {
    pub fn new(bytes: &'a [u8], from: usize) -> Self {
        let mut runs = Self { bytes, mask: 0, at: from };
        runs.mask = runs.mask_at(from);
        runs
    }

    fn mask_at(&self, at: usize) -> u64 {
        match self.bytes.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>) {
            Some(block) if has_digit(block) => digits_of(block),
            Some(_) => 0,
            None => digits_of_rest(self.bytes.get(at..).unwrap_or_default()),
        }
    }
}

impl Iterator for DigitRuns<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        while self.mask == 0 {
            self.at += BLOCK;
            if self.at >= self.bytes.len() {
                return None;
            }
            self.mask = self.mask_at(self.at);
        }
        let begin = self.mask.trailing_zeros();
        let start = self.at + begin as usize;
        let mut told = begin + (self.mask >> begin).trailing_ones();
        while told == u64::BITS {
            self.at += BLOCK;
            self.mask = self.mask_at(self.at);
            told = self.mask.trailing_ones();
        }
        self.mask &= u64::MAX.checked_shl(told).unwrap_or(0);
        Some(start..self.at + told as usize)
    }
}

/// Written so that the compiler looks at all bytes at once.
fn has_digit(block: &[u8; BLOCK]) -> bool {
    block.iter().fold(0, |any, byte| any | u8::from(byte.wrapping_sub(b'0') < 10)) != 0
}

/// A bit for each of 64 bytes that is a digit.
fn digits_of(block: &[u8; BLOCK]) -> u64 {
    block.as_chunks::<8>().0.iter().enumerate().fold(0, |mask, (at, eight)| mask | digits_of_eight(*eight) << (8 * at))
}

fn digits_of_rest(rest: &[u8]) -> u64 {
    rest.iter().enumerate().fold(0, |mask, (at, byte)| mask | u64::from(byte.is_ascii_digit()) << at)
}

/// A bit for each of eight bytes that is a digit, all at once: what is `0` to `9` is less than 10 without the bits of `0`.
const fn digits_of_eight(eight: [u8; 8]) -> u64 {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let bare = u64::from_le_bytes(eight) ^ 0x3030_3030_3030_3030;
    let ten_or_more = ((bare & !HIGH) + 0x7676_7676_7676_7676) | bare;
    (((!ten_or_more & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080)) >> 56
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn runs_are_what_a_slow_reader_finds(text in "([0-9]{1,150}|[a-z :/;]{1,70}){0,8}", from in 0_usize..40) {
            let bytes = text.as_bytes();
            let mut slow: Vec<Range<usize>> = Vec::new();
            for at in (from..bytes.len()).filter(|at| bytes.get(*at).is_some_and(u8::is_ascii_digit)) {
                match slow.last_mut() {
                    Some(run) if run.end == at => run.end += 1,
                    _ => slow.push(at..at + 1),
                }
            }
            prop_assert_eq!(DigitRuns::new(bytes, from).collect::<Vec<_>>(), slow);
        }
    }
}
