//! Many words looked for at once, by vectors of the processor, and only where there are such bytes as they hold.

use std::ops::Range;

use aho_corasick::packed::{self, Searcher};
use aho_corasick::{AhoCorasick, Input, MatchKind};

/// Words that are looked for together: so many a vector of the processor can tell apart at once.
const TOGETHER: usize = 16;
/// Bytes of a text that are asked together what kinds of bytes are among them.
const BLOCK: usize = 256;

/// Words that stand in matches, and in whose.
pub struct Words<T> {
    groups: Vec<Group<T>>,
}

impl<T> Default for Words<T> {
    fn default() -> Self {
        Self { groups: Vec::new() }
    }
}

/// Words that are looked for together.
struct Group<T> {
    sort: Sort,
    finder: Finder,
    longest: usize,
    /// By the number of the word.
    whose: Vec<Vec<T>>,
}

/// The rarest kind of byte in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    Underscore,
    Control,
    Capital,
    High,
    Common,
}

const SORTS: [Sort; 5] = [Sort::Underscore, Sort::Control, Sort::Capital, Sort::High, Sort::Common];

/// What kinds of bytes stand where in a text.
pub struct Sorts {
    /// A bit for each kind, of each block.
    blocks: Vec<u8>,
}

impl<T: Clone + Ord> Words<T> {
    /// # Errors
    /// A sentence where the words cannot be searched for.
    pub fn new(all: &[(Vec<u8>, T)]) -> Result<Self, String> {
        let mut groups = Vec::new();
        for sort in SORTS {
            let mut words: Vec<&[u8]> =
                all.iter().map(|(word, _)| word.as_slice()).filter(|word| Sort::of(word) == sort).collect();
            words.sort_unstable();
            words.dedup();
            // Of words that begin alike the shortest points at all of them.
            words.dedup_by(|word, before| word.starts_with(before));
            // The long ones together: the more bytes all of them have, the fewer places look like one of them.
            words.sort_by_key(|word| std::cmp::Reverse(word.len()));
            let groups_needed = words.len().div_ceil(TOGETHER);
            for together in words.chunks(words.len().div_ceil(groups_needed.max(1)).max(1)) {
                groups.push(Group::new(sort, together, all)?);
            }
        }
        Ok(Self { groups })
    }

    /// Bytes of the longest word.
    pub fn longest(&self) -> usize {
        self.groups.iter().map(|group| group.longest).max().unwrap_or(0)
    }

    /// Tells of each word in a range of a text, and where it begins; those of one kind in order.
    pub fn find(&self, bytes: &[u8], range: &Range<usize>, sorts: &Sorts, mut told: impl FnMut(&[T], usize)) {
        for group in &self.groups {
            sorts.each(group.sort, range, group.longest, |part| group.find(bytes, part, &mut told));
        }
    }
}

impl<T: Clone + Ord> Group<T> {
    fn new(sort: Sort, words: &[&[u8]], all: &[(Vec<u8>, T)]) -> Result<Self, String> {
        let whose = |word: &&[u8]| {
            let mut whose: Vec<T> =
                all.iter().filter(|(other, _)| other.starts_with(word)).map(|(_, whose)| whose.clone()).collect();
            whose.sort_unstable();
            whose.dedup();
            whose
        };
        let longest = words.iter().map(|word| word.len()).max().unwrap_or(0);
        Ok(Self { sort, finder: Finder::new(words)?, longest, whose: words.iter().map(whose).collect() })
    }

    fn find(&self, bytes: &[u8], part: Range<usize>, told: &mut impl FnMut(&[T], usize)) {
        let mut from = part.start;
        while let Some((word, place)) = self.finder.find(bytes, from..part.end) {
            told(self.whose.get(word).map(Vec::as_slice).unwrap_or_default(), place);
            from = place + 1;
        }
    }
}

impl Sort {
    fn of(word: &[u8]) -> Self {
        SORTS.into_iter().find(|sort| word.iter().any(|byte| sort.has(*byte))).unwrap_or(Self::Common)
    }

    /// Tells whether a byte is of a kind; all are common.
    #[inline]
    const fn has(self, byte: u8) -> bool {
        match self {
            Self::Underscore => byte == b'_',
            Self::Control => byte < b'\t',
            Self::Capital => byte.wrapping_sub(b'A') < 26,
            Self::High => byte >= 0x80,
            Self::Common => true,
        }
    }
}

impl Sorts {
    /// Looks at each byte once.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { blocks: bytes.chunks(BLOCK).map(sorts_in).collect() }
    }

    /// Tells of the parts of a range in which a word with such a byte may stand.
    fn each(&self, sort: Sort, range: &Range<usize>, longest: usize, mut told: impl FnMut(Range<usize>)) {
        let bit = 1 << sort as u8;
        let mut open: Option<Range<usize>> = None;
        for at in range.start / BLOCK..range.end.div_ceil(BLOCK) {
            if self.blocks.get(at).is_none_or(|block| block & bit == 0) {
                continue;
            }
            let part =
                (at * BLOCK).saturating_sub(longest).max(range.start)..((at + 1) * BLOCK + longest).min(range.end);
            open = match open {
                Some(before) if before.end >= part.start => Some(before.start..part.end),
                Some(before) => {
                    told(before);
                    Some(part)
                }
                None => Some(part),
            };
        }
        open.into_iter().for_each(told);
    }
}

/// Written so that the compiler looks at many bytes at once.
fn sorts_in(block: &[u8]) -> u8 {
    const LANES: usize = 32;
    let (chunks, rest) = block.as_chunks::<LANES>();
    let mut seen = [0_u8; LANES];
    for chunk in chunks {
        for (seen, byte) in seen.iter_mut().zip(chunk) {
            *seen |= sorts_of(*byte);
        }
    }
    rest.iter().map(|byte| sorts_of(*byte)).chain(seen).fold(0, |bits, sort| bits | sort)
}

/// A bit for each kind of byte that a byte is.
#[inline]
fn sorts_of(byte: u8) -> u8 {
    let bit = |sort: Sort| u8::from(sort.has(byte)) << sort as u8;
    bit(Sort::Underscore) | bit(Sort::Control) | bit(Sort::Capital) | bit(Sort::High) | bit(Sort::Common)
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
    fn find(&self, bytes: &[u8], range: Range<usize>) -> Option<(usize, usize)> {
        let found = match self {
            Self::Vectors(searcher) => searcher.find_in(bytes, range.into()),
            Self::Automaton(automaton) => automaton.find(Input::new(bytes).range(range)),
        };
        found.map(|word| (word.pattern().as_usize(), word.start()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_are_found_wherever_a_slow_reader_finds_them(
            words in prop::collection::btree_set("[aAB_é\u{1}]{2,6}", 1..50),
            parts in prop::collection::vec(("[ab AB_é\u{1}]{0,9}", 0_usize..400), 0..6),
            from in 0_usize..30,
        ) {
            let text: String = parts.iter().map(|(part, gap)| part.clone() + &"x".repeat(*gap)).collect();
            let bytes = text.as_bytes();
            let all: Vec<(Vec<u8>, String)> = words.iter().map(|word| (word.clone().into_bytes(), word.clone())).collect();
            let from = from.min(bytes.len());
            let mut told = std::collections::BTreeSet::new();
            Words::new(&all).unwrap().find(bytes, &(from..bytes.len()), &Sorts::of(bytes), |whose, place| {
                told.extend(whose.iter().map(|word| (place, word.clone())));
            });
            for (place, word) in (from..bytes.len()).flat_map(|at| words.iter().map(move |word| (at, word))) {
                if bytes.get(place..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
                    prop_assert!(told.contains(&(place, word.clone())), "{} at {}", word, place);
                }
            }
        }
    }
}
