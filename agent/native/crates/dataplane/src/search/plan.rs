//! Which detector is asked where: one pass over a text for all that need not look at each byte.

use std::ops::Range;

use aho_corasick::packed::{self, Searcher};
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use memchr::memchr_iter;

use super::definition::Detector;
use super::seek::Seek;
use super::trigger::{JOIN_LIMIT, JOINS, Trigger};

/// Words that are looked for together: so many a vector of the processor can tell apart at once.
const TOGETHER: usize = 32;

/// Detectors by what points at their matches.
#[derive(Default)]
pub struct Plan {
    /// By the digits a cluster needs, the fewest first.
    clusters: Vec<(usize, Near)>,
    labelled: Option<Labelled>,
    words: Vec<Words>,
    bytes: Vec<(u8, Near)>,
    lines: Vec<Near>,
    anywhere: Vec<usize>,
    starts: Vec<usize>,
}

/// A detector, and how many bytes of a match stand at most before what points at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Near {
    detector: usize,
    lead: usize,
    /// Other things point at its matches too: they are asked in the order of places, when all are known.
    several: bool,
}

/// Words that stand in matches, and in whose.
struct Words {
    words: Finder,
    /// By the number of the word.
    near: Vec<Vec<Near>>,
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
        let mut words: Vec<(Vec<u8>, Near)> = Vec::new();
        let mut labelled: Vec<(usize, Near, &[Vec<u8>])> = Vec::new();
        for (detector, one) in all.iter().enumerate() {
            let triggers = &one.pattern.triggers;
            if one.at_start {
                plan.starts.push(detector);
                continue;
            }
            let near = |lead| Near { detector, lead, several: triggers.len() > 1 };
            for trigger in triggers {
                match trigger {
                    Trigger::Cluster { digits, lead } => plan.clusters.push((*digits, near(*lead))),
                    Trigger::Labelled { digits, lead, words } => labelled.push((*digits, near(*lead), words)),
                    Trigger::Prefix(held) => {
                        words.extend(held.iter().map(|word| (word.clone(), near(0))));
                    }
                    Trigger::Holds { words: held, lead } => {
                        words.extend(held.iter().map(|word| (word.clone(), near(*lead))));
                    }
                    Trigger::Byte { byte, reach } => plan.bytes.push((*byte, near(*reach))),
                    Trigger::Line => plan.lines.push(near(0)),
                    Trigger::Anything => plan.anywhere.push(detector),
                }
            }
        }
        plan.clusters.sort_unstable();
        plan.labelled = Labelled::new(&labelled)?;
        // The long ones together: the more bytes all of them have, the fewer places look like one of them.
        words.sort_unstable_by(|(one, at), (other, there)| {
            other.len().cmp(&one.len()).then_with(|| (one, at).cmp(&(other, there)))
        });
        words.dedup();
        plan.words = words.chunks(TOGETHER).map(Words::new).collect::<Result<_, _>>()?;
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
        if !self.lines.is_empty() {
            self.seek_lines(seek, looked);
        }
        for words in &self.words {
            words.seek(seek, looked);
        }
        for (byte, near) in &self.bytes {
            for place in memchr_iter(*byte, tail.get(looked..).unwrap_or_default()) {
                near.seek(seek, looked + place..looked + place);
            }
        }
        if !self.clusters.is_empty() || self.labelled.is_some() {
            self.seek_clusters(seek, looked);
        }
        seek.put_off_no_longer();
    }

    fn seek_lines(&self, seek: &mut Seek<'_>, looked: usize) {
        let ends = memchr_iter(b'\n', seek.tail.get(looked.saturating_sub(1)..seek.decided).unwrap_or_default());
        for end in (looked == 0).then_some(0).into_iter().chain(ends.map(|end| looked.saturating_sub(1) + end + 1)) {
            for near in &self.lines {
                near.seek(seek, end..end);
            }
        }
    }

    fn seek_clusters(&self, seek: &mut Seek<'_>, looked: usize) {
        let tail = seek.tail;
        let mut cluster = Cluster { range: looked..looked, digits: 0 };
        let count = self.labelled.as_ref().map_or(0, |labelled| labelled.detectors.len());
        let mut pieces = Pieces { looked: 0, last: vec![None; count] };
        for run in DigitRuns::new(tail, looked) {
            if cluster.digits > 0 && joins(tail, cluster.range.end..run.start) {
                cluster.range.end = run.end;
                cluster.digits += run.len();
            } else {
                self.seek_cluster(seek, &cluster, &mut pieces);
                cluster = Cluster { range: run.clone(), digits: run.len() };
            }
        }
        self.seek_cluster(seek, &cluster, &mut pieces);
    }

    fn seek_cluster(&self, seek: &mut Seek<'_>, cluster: &Cluster, pieces: &mut Pieces) {
        for (_, near) in self.clusters.iter().take_while(|(digits, _)| *digits <= cluster.digits) {
            near.seek(seek, cluster.range.clone());
        }
        if let Some(labelled) = &self.labelled {
            labelled.seek(seek, cluster, pieces);
        }
    }
}

fn joins(bytes: &[u8], gap: Range<usize>) -> bool {
    gap.len() <= JOIN_LIMIT && bytes.get(gap).is_some_and(|gap| gap.iter().all(|byte| JOINS.contains(byte)))
}

impl Near {
    /// Asks the detector around what points at its matches.
    fn seek(&self, seek: &mut Seek<'_>, what: Range<usize>) {
        let starts = what.start.saturating_sub(self.lead)..what.end.max(what.start + 1);
        if self.several {
            seek.put_off(self.detector, starts);
        } else {
            seek.within(self.detector, starts);
        }
    }
}

/// Bytes of the longest piece of a label.
const PIECE_MOST: usize = 8;

/// Detectors of numbers that need a label, and pieces of all labels.
struct Labelled {
    /// By the digits a cluster needs.
    detectors: Vec<(usize, Near)>,
    /// The furthest that a label stands before its number.
    lead: usize,
    pieces: AhoCorasick,
    /// By the number of the piece: a bit for each detector that has a label with it.
    whose: Vec<u64>,
}

impl Labelled {
    fn new(all: &[(usize, Near, &[Vec<u8>])]) -> Result<Option<Self>, String> {
        let mut pieces: Vec<&[u8]> = all.iter().flat_map(|(.., words)| words.iter().map(Vec::as_slice)).collect();
        pieces.sort_unstable();
        pieces.dedup();
        if all.is_empty() || all.len() > u64::BITS as usize {
            return if all.is_empty() {
                Ok(None)
            } else {
                Err("more than 64 detectors of labelled numbers".to_owned())
            };
        }
        let has = |piece: &[u8], words: &[Vec<u8>]| words.iter().any(|word| word == piece);
        let whose = pieces.iter().map(|piece| {
            all.iter().enumerate().fold(0, |bits, (at, (.., words))| bits | u64::from(has(piece, words)) << at)
        });
        let whose = whose.collect();
        let built = AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(&pieces);
        Ok(Some(Self {
            detectors: all.iter().map(|(digits, near, _)| (*digits, *near)).collect(),
            lead: all.iter().map(|(_, near, _)| near.lead).max().unwrap_or(0),
            pieces: built.map_err(|error| error.to_string())?,
            whose,
        }))
    }

    /// Asks those of whose labels a piece stands before a number.
    fn seek(&self, seek: &mut Seek<'_>, cluster: &Cluster, pieces: &mut Pieces) {
        if self.detectors.iter().all(|(digits, _)| *digits > cluster.digits) {
            return;
        }
        self.look(seek.tail, cluster.range.start.saturating_sub(self.lead)..cluster.range.end, pieces);
        for ((digits, near), last) in self.detectors.iter().zip(&pieces.last) {
            let from = cluster.range.start.saturating_sub(near.lead);
            if *digits <= cluster.digits && last.is_some_and(|last| last >= from) {
                near.seek(seek, cluster.range.clone());
            }
        }
    }

    /// Looks for pieces up to the end of a range, each byte once.
    fn look(&self, tail: &[u8], range: Range<usize>, pieces: &mut Pieces) {
        let from = range.start.max(pieces.looked.saturating_sub(PIECE_MOST));
        let input = aho_corasick::Input::new(tail).range(from..range.end.max(from));
        for piece in self.pieces.find_overlapping_iter(input) {
            let whose = self.whose.get(piece.pattern().as_usize()).copied().unwrap_or(0);
            for (at, last) in pieces.last.iter_mut().enumerate() {
                if whose & 1 << at != 0 {
                    *last = Some(piece.start());
                }
            }
        }
        pieces.looked = range.end.max(from);
    }
}

/// Where pieces of labels stood last, by the detector.
struct Pieces {
    looked: usize,
    last: Vec<Option<usize>>,
}

/// Finds the first of several words: by vectors where the processor has them and the words are few.
enum Finder {
    Vectors(Searcher),
    Automaton(AhoCorasick),
}

impl Finder {
    fn new(words: &[&[u8]]) -> Result<Self, String> {
        let mut vectors = packed::Config::new();
        vectors.match_kind(packed::MatchKind::LeftmostFirst).heuristic_pattern_limits(false);
        let mut vectors = vectors.builder();
        if let Some(searcher) = vectors.extend(words).build() {
            return Ok(Self::Vectors(searcher));
        }
        let built = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(words);
        built.map(Self::Automaton).map_err(|error| error.to_string())
    }

    /// The number of the word found, and where it begins.
    fn find(&self, bytes: &[u8], from: usize) -> Option<(usize, usize)> {
        let found = match self {
            Self::Vectors(searcher) => searcher.find_in(bytes, (from..bytes.len()).into()),
            Self::Automaton(automaton) => automaton.find(aho_corasick::Input::new(bytes).range(from..)),
        };
        found.map(|word| (word.pattern().as_usize(), word.start()))
    }
}

impl Words {
    fn new(all: &[(Vec<u8>, Near)]) -> Result<Self, String> {
        let mut words: Vec<&[u8]> = all.iter().map(|(word, _)| word.as_slice()).collect();
        words.sort_unstable();
        words.dedup();
        // Of words that begin alike the shortest points at all of them.
        words.dedup_by(|word, before| word.starts_with(before));
        let whose = |word: &&[u8]| {
            let mut near: Vec<Near> =
                all.iter().filter(|(other, _)| other.starts_with(word)).map(|(_, near)| *near).collect();
            near.sort_unstable();
            near.dedup();
            near
        };
        let near = words.iter().map(whose).collect();
        Ok(Self { words: Finder::new(&words)?, near })
    }

    fn seek(&self, seek: &mut Seek<'_>, looked: usize) {
        let (tail, mut from) = (seek.tail, looked);
        while let Some((word, place)) = self.words.find(tail, from) {
            for near in self.near.get(word).into_iter().flatten() {
                near.seek(seek, place..place);
            }
            from = place + 1;
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
