//! Which detector is asked where: one pass over a text for all that need not look at each byte.

use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memchr_iter;

use super::definition::Detector;
use super::seek::Seek;
use super::trigger::{JOIN_LIMIT, JOINS, Trigger};

/// Detectors by what points at their matches.
#[derive(Default)]
pub struct Plan {
    /// Digits that a cluster needs, the fewest first.
    clusters: Vec<(usize, usize)>,
    /// Digits in a row, the fewest first, and how near they are to both ends of a match.
    runs: Vec<(usize, usize, usize)>,
    prefixes: Option<Prefixes>,
    bytes: Vec<(u8, usize, usize)>,
    anywhere: Vec<usize>,
    starts: Vec<usize>,
}

/// Literals that begin matches, and whose each is.
struct Prefixes {
    literals: AhoCorasick,
    /// By the place of the literal: those detectors that have one with the same beginning.
    detectors: Vec<Vec<usize>>,
}

/// Digits with nothing but joins between them.
struct Cluster {
    range: Range<usize>,
    digits: usize,
}

impl Plan {
    /// Reads the triggers.
    ///
    /// # Errors
    /// A sentence where the literals cannot be searched for.
    pub fn new(all: &[Detector]) -> Result<Self, String> {
        let mut plan = Self::default();
        let mut literals: Vec<(Vec<u8>, usize)> = Vec::new();
        for (at, detector) in all.iter().enumerate() {
            match &detector.pattern.trigger {
                _ if detector.at_start => plan.starts.push(at),
                Trigger::Cluster { digits } => plan.clusters.push((*digits, at)),
                Trigger::Run { digits, reach } => plan.runs.push((*digits, *reach, at)),
                Trigger::Prefix(prefixes) => literals.extend(prefixes.iter().map(|prefix| (prefix.clone(), at))),
                Trigger::Byte { byte, reach } => plan.bytes.push((*byte, *reach, at)),
                Trigger::Anything => plan.anywhere.push(at),
            }
        }
        plan.clusters.sort_unstable();
        plan.runs.sort_unstable();
        if !literals.is_empty() {
            plan.prefixes = Some(Prefixes::new(&literals)?);
        }
        Ok(plan)
    }

    /// Finds all matches from where all have looked; `at_start`: the text begins here.
    pub fn seek(&self, seek: &mut Seek<'_>, looked: usize, at_start: bool) {
        let tail = seek.tail;
        if at_start {
            for at in &self.starts {
                seek.start(*at);
            }
        }
        for at in &self.anywhere {
            seek.within(*at, looked..tail.len());
        }
        for (byte, reach, at) in &self.bytes {
            for place in memchr_iter(*byte, tail.get(looked..).unwrap_or_default()) {
                seek.within(*at, (looked + place).saturating_sub(*reach)..looked + place + reach);
            }
        }
        if let Some(prefixes) = &self.prefixes {
            prefixes.seek(seek, looked);
        }
        if !self.clusters.is_empty() || !self.runs.is_empty() {
            self.seek_numbers(seek, looked);
        }
    }

    fn seek_numbers(&self, seek: &mut Seek<'_>, looked: usize) {
        let tail = seek.tail;
        let mut cluster = Cluster { range: looked..looked, digits: 0 };
        for run in DigitRuns::new(tail, looked) {
            for (_, reach, at) in self.runs.iter().take_while(|(digits, ..)| *digits <= run.len()) {
                seek.within(*at, run.start.saturating_sub(*reach)..run.end + reach);
            }
            if cluster.digits > 0 && !joins(tail, cluster.range.end..run.start) {
                self.seek_cluster(seek, &cluster);
                cluster = Cluster { range: run.clone(), digits: 0 };
            } else if cluster.digits == 0 {
                cluster.range.start = run.start;
            }
            cluster.digits += run.len();
            cluster.range.end = run.end;
        }
        self.seek_cluster(seek, &cluster);
    }

    fn seek_cluster(&self, seek: &mut Seek<'_>, cluster: &Cluster) {
        let is_join = |byte: &&u8| JOINS.contains(byte);
        let before = seek.tail.get(..cluster.range.start).unwrap_or_default();
        let after = seek.tail.get(cluster.range.end..).unwrap_or_default();
        let lead = before.iter().rev().take(JOIN_LIMIT).take_while(is_join).count();
        let trail = after.iter().take(JOIN_LIMIT).take_while(is_join).count();
        let range = cluster.range.start - lead..cluster.range.end + trail;
        for (_, at) in self.clusters.iter().take_while(|(digits, _)| *digits <= cluster.digits) {
            seek.within(*at, range.clone());
        }
    }
}

fn joins(bytes: &[u8], gap: Range<usize>) -> bool {
    gap.len() <= JOIN_LIMIT && bytes.get(gap).is_some_and(|gap| gap.iter().all(|byte| JOINS.contains(byte)))
}

impl Prefixes {
    fn new(literals: &[(Vec<u8>, usize)]) -> Result<Self, String> {
        let mut words: Vec<&[u8]> = literals.iter().map(|(literal, _)| literal.as_slice()).collect();
        words.sort_unstable();
        words.dedup();
        // Of words that begin alike the shortest points at all of them.
        words.dedup_by(|word, before| word.starts_with(before));
        let whose = |word: &&[u8]| {
            let mut whose: Vec<usize> =
                literals.iter().filter(|(literal, _)| literal.starts_with(word)).map(|(_, at)| *at).collect();
            whose.sort_unstable();
            whose.dedup();
            whose
        };
        let detectors = words.iter().map(whose).collect();
        let built = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(&words);
        Ok(Self { literals: built.map_err(|error| error.to_string())?, detectors })
    }

    fn seek(&self, seek: &mut Seek<'_>, looked: usize) {
        let (tail, mut from) = (seek.tail, looked);
        while from < seek.decided {
            let input = aho_corasick::Input::new(tail).range(from..);
            let Some(word) = self.literals.find(input) else { return };
            for at in self.detectors.get(word.pattern().as_usize()).into_iter().flatten() {
                seek.here(*at, word.start());
            }
            from = word.start() + 1;
        }
    }
}

/// Runs of digits, in order.
struct DigitRuns<'a> {
    bytes: &'a [u8],
    /// The digits of the 64 bytes from here on that are still to be told.
    mask: u64,
    at: usize,
}

impl<'a> DigitRuns<'a> {
    fn new(bytes: &'a [u8], from: usize) -> Self {
        let mut runs = Self { bytes, mask: 0, at: from };
        runs.mask = runs.mask_at(from);
        runs
    }

    fn mask_at(&self, at: usize) -> u64 {
        match self.bytes.get(at..at + 64) {
            Some(block) => digits_of(block),
            None => digits_of_rest(self.bytes.get(at..).unwrap_or_default()),
        }
    }
}

impl Iterator for DigitRuns<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        while self.mask == 0 {
            self.at += 64;
            if self.at >= self.bytes.len() {
                return None;
            }
            self.mask = self.mask_at(self.at);
        }
        let begin = self.mask.trailing_zeros();
        let start = self.at + begin as usize;
        let mut told = begin + (self.mask >> begin).trailing_ones();
        while told == u64::BITS {
            self.at += 64;
            self.mask = self.mask_at(self.at);
            told = self.mask.trailing_ones();
        }
        self.mask &= u64::MAX.checked_shl(told).unwrap_or(0);
        Some(start..self.at + told as usize)
    }
}

/// A bit for each of 64 bytes that is a digit.
fn digits_of(block: &[u8]) -> u64 {
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
