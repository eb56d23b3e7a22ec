//! The content hook: shows detectors the cleartext that leaves home, in order and within bounds, and counts what they find.

use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use blake2::Blake2bMac;
use blake2::digest::consts::U8;
use blake2::digest::{KeyInit, Mac};
use regex::bytes::{Regex, RegexBuilder};

/// Bytes of a match. A longer one is counted as far as this.
pub const MATCH_LIMIT: usize = 256;
/// Bytes of one direction of one flow that are shown to detectors.
pub const SHOWN_LIMIT: usize = 1 << 20;
/// Bytes kept while it is not known whether a flow is cleartext.
const UNDECIDED_LIMIT: usize = 4096;
/// Distinct matches of one detector told in one report.
const DISTINCT_LIMIT: usize = 1024;
/// Masked samples of one detector told in one report.
const SAMPLE_LIMIT: usize = 3;
/// Bytes before a match that a pattern may look at: a letter.
const LOOK_BACK: usize = 4;
/// Compiled size of one pattern.
const PATTERN_LIMIT: usize = 1 << 20;
/// Characters of a match that a sample may show, at each end.
const SHOWN_LETTERS: usize = 2;

/// Finds one kind of thing in bytes.
pub trait Detector: Send + Sync {
    /// The first match that starts at `from` or later; bytes before are there to be looked back at.
    fn find(&self, bytes: &[u8], from: usize) -> Option<Range<usize>>;
}

/// Words, found as they stand.
struct Literals(AhoCorasick);

impl Detector for Literals {
    fn find(&self, bytes: &[u8], from: usize) -> Option<Range<usize>> {
        let input = aho_corasick::Input::new(bytes).range(from.min(bytes.len())..);
        self.0.find(input).map(|word| word.range())
    }
}

/// A regular expression. Time is linear in the bytes whatever the pattern.
struct Pattern(Regex);

impl Detector for Pattern {
    fn find(&self, bytes: &[u8], from: usize) -> Option<Range<usize>> {
        self.0.find_at(bytes, from.min(bytes.len())).map(|place| place.range())
    }
}

/// What a detector looks for, as its file in `rules/detectors` says.
#[derive(Clone, Debug)]
pub struct Definition {
    pub id: String,
    pub looks_for: LooksFor,
    pub ignore_case: bool,
    pub confidence: f32,
}

/// See `Definition`.
#[derive(Clone, Debug)]
pub enum LooksFor {
    Literals(Vec<String>),
    Regex(String),
}

/// A detector with its name.
struct Named {
    id: Arc<str>,
    confidence: f32,
    detector: Box<dyn Detector>,
}

/// All detectors, and the key under which matches are told apart.
pub struct Detectors {
    all: Vec<Named>,
    key: [u8; 32],
}

impl Detectors {
    /// Compiles the definitions. No match is ever kept: what is distinct is told by a hash under `key`.
    ///
    /// # Errors
    /// A sentence for each definition that does not compile.
    pub fn compile(definitions: Vec<Definition>, key: [u8; 32]) -> Result<Self, Vec<String>> {
        let mut all = Vec::with_capacity(definitions.len());
        let mut errors = Vec::new();
        for Definition { id, looks_for, ignore_case, confidence } in definitions {
            match compiled(&looks_for, ignore_case) {
                Ok(detector) => all.push(Named { id: id.into(), confidence, detector }),
                Err(error) => errors.push(format!("detector {id}: {error}")),
            }
        }
        if errors.is_empty() { Ok(Self { all, key }) } else { Err(errors) }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn hash(&self, bytes: &[u8]) -> u64 {
        let Ok(mut mac) = Blake2bMac::<U8>::new_from_slice(&self.key) else { return 0 };
        mac.update(bytes);
        u64::from_be_bytes(mac.finalize().into_bytes().into())
    }
}

fn compiled(looks_for: &LooksFor, ignore_case: bool) -> Result<Box<dyn Detector>, String> {
    match looks_for {
        LooksFor::Literals(words) => {
            let mut builder = AhoCorasick::builder();
            builder.match_kind(MatchKind::LeftmostLongest).ascii_case_insensitive(ignore_case);
            builder.build(words).map(|words| Box::new(Literals(words)) as _).map_err(|error| error.to_string())
        }
        LooksFor::Regex(pattern) => {
            let mut builder = RegexBuilder::new(pattern);
            builder.case_insensitive(ignore_case).size_limit(PATTERN_LIMIT);
            let pattern = builder.build().map_err(|error| error.to_string())?;
            if pattern.is_match(b"") {
                Err("the pattern matches nothing at all".to_owned())
            } else {
                Ok(Box::new(Pattern(pattern)))
            }
        }
    }
}

/// What one detector found in one flow since the last report.
#[derive(Clone, Debug)]
pub struct Detection {
    pub detector: Arc<str>,
    pub confidence: f32,
    pub matches: u32,
    /// Keyed hashes.
    pub distinct: Vec<u64>,
    /// Masked.
    pub samples: Vec<String>,
}

/// What detectors have seen of one flow.
#[derive(Default)]
pub struct Shown {
    /// The end of what was shown: what starts there may go on.
    tail: Vec<u8>,
    /// Where in the tail each detector looks next; empty before the first look.
    next: Vec<usize>,
    bytes: usize,
    /// One for each detector that found something, in the order of their first matches.
    found: Vec<Detection>,
}

/// How much of a flow may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clear {
    Yes,
    NotYetKnown,
    No,
}

impl Shown {
    /// Shows bytes that went out, in order; false when no more will be looked at.
    pub fn show(&mut self, detectors: &Detectors, data: &[u8], clear: Clear) -> bool {
        let data = data.get(..SHOWN_LIMIT - self.bytes).unwrap_or(data);
        self.bytes += data.len();
        self.tail.extend_from_slice(data);
        match clear {
            Clear::Yes if self.bytes < SHOWN_LIMIT => self.scan(detectors, false),
            Clear::Yes => self.finish(detectors),
            Clear::NotYetKnown if self.tail.len() <= UNDECIDED_LIMIT => {}
            _ => self.tail = Vec::new(),
        }
        self.bytes < SHOWN_LIMIT && (clear == Clear::Yes || !self.tail.is_empty())
    }

    /// Learns that nothing follows, or that bytes are missing: what may have gone on ends here.
    pub fn finish(&mut self, detectors: &Detectors) {
        self.scan(detectors, true);
        self.tail.clear();
        self.next.clear();
    }

    /// Counts the matches behind which `MATCH_LIMIT` bytes are known, so that how a stream was cut changes nothing.
    fn scan(&mut self, detectors: &Detectors, last: bool) {
        let tail = std::mem::take(&mut self.tail);
        let decided = if last { tail.len() } else { tail.len().saturating_sub(MATCH_LIMIT) };
        let mut next = std::mem::take(&mut self.next);
        next.resize(detectors.all.len(), 0);
        for (named, next) in detectors.all.iter().zip(&mut next) {
            while let Some(place) = named.detector.find(&tail, *next).filter(|place| place.start < decided) {
                let end = place.end.min(place.start + MATCH_LIMIT);
                self.count(detectors, named, tail.get(place.start..end).unwrap_or_default());
                *next = end;
            }
            *next = decided.max(*next);
        }
        self.remember(tail, next, decided.saturating_sub(LOOK_BACK));
    }

    fn remember(&mut self, mut tail: Vec<u8>, mut next: Vec<usize>, keep: usize) {
        tail.drain(..keep);
        next.iter_mut().for_each(|next| *next -= keep);
        self.tail = tail;
        self.next = next;
    }

    fn count(&mut self, detectors: &Detectors, named: &Named, bytes: &[u8]) {
        let known = self.found.iter_mut().position(|detection| Arc::ptr_eq(&detection.detector, &named.id));
        let at = known.unwrap_or_else(|| {
            let (detector, confidence) = (Arc::clone(&named.id), named.confidence);
            self.found.push(Detection { detector, confidence, matches: 0, distinct: Vec::new(), samples: Vec::new() });
            self.found.len() - 1
        });
        let Some(detection) = self.found.get_mut(at) else { return };
        detection.matches = detection.matches.saturating_add(1);
        let hash = detectors.hash(bytes);
        if detection.distinct.len() < DISTINCT_LIMIT && !detection.distinct.contains(&hash) {
            detection.distinct.push(hash);
            if detection.samples.len() < SAMPLE_LIMIT {
                detection.samples.push(masked(bytes));
            }
        }
    }

    /// Takes out what was found since this was asked last.
    pub fn take(&mut self) -> Vec<Detection> {
        std::mem::take(&mut self.found)
    }
}

/// A match with all but its ends hidden.
fn masked(found: &[u8]) -> String {
    let text: Vec<char> = String::from_utf8_lossy(found.get(..MATCH_LIMIT).unwrap_or(found)).chars().collect();
    let shown = if text.len() > 4 * SHOWN_LETTERS { SHOWN_LETTERS } else { 0 };
    let hide = |(at, letter): (usize, &char)| {
        let outer = at < shown || at + shown >= text.len();
        if outer && letter.is_ascii_graphic() { *letter } else { '*' }
    };
    text.iter().enumerate().map(hide).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;

    fn detectors() -> Detectors {
        let literals = LooksFor::Literals(vec!["BEGIN KEY".into(), "BEGIN KEY RING".into()]);
        let digits = LooksFor::Regex(r"\b[0-9]{4,12}\b".into());
        let definition =
            |id: &str, looks_for| Definition { id: id.into(), looks_for, ignore_case: true, confidence: 1.0 };
        Detectors::compile(vec![definition("words", literals), definition("digits", digits)], [7; 32]).unwrap()
    }

    fn found(pieces: &[&[u8]]) -> Vec<(String, u32, Vec<u64>, Vec<String>)> {
        let (detectors, mut shown) = (detectors(), Shown::default());
        for piece in pieces {
            shown.show(&detectors, piece, Clear::Yes);
        }
        shown.finish(&detectors);
        let mut taken = shown.take();
        taken.sort_by(|one, other| other.detector.cmp(&one.detector));
        taken.into_iter().map(|d| (d.detector.to_string(), d.matches, d.distinct, d.samples)).collect()
    }

    #[test]
    fn finds_words_and_patterns_and_hides_them() {
        let found = found(&[b"begin key ring, 123456789012 and 123456789012, 77, 123456"]);
        let told: Vec<_> =
            found.iter().map(|(id, matches, distinct, _)| (id.as_str(), *matches, distinct.len())).collect();
        assert_eq!(told, [("words", 1, 1), ("digits", 3, 2)]);
        assert_eq!(found.last().unwrap().3, ["12********12", "******"]);
    }

    #[test]
    fn what_hides_is_never_looked_at() {
        let (detectors, mut shown) = (detectors(), Shown::default());
        assert!(shown.show(&detectors, b"begin key", Clear::NotYetKnown));
        assert!(!shown.show(&detectors, b" 123456", Clear::No));
        shown.finish(&detectors);
        assert!(shown.take().is_empty());
    }

    #[test]
    fn what_turns_out_to_be_clear_is_looked_at_from_its_beginning() {
        let (detectors, mut shown) = (detectors(), Shown::default());
        shown.show(&detectors, b"begin ", Clear::NotYetKnown);
        shown.show(&detectors, b"key 123456", Clear::Yes);
        shown.finish(&detectors);
        assert_eq!(shown.take().len(), 2);
    }

    #[test]
    fn a_pattern_that_matches_nothing_or_does_not_compile_is_refused() {
        for pattern in ["", "a*", "(", r"\d{1000000}"] {
            let looks_for = LooksFor::Regex(pattern.into());
            let definition = Definition { id: "x".into(), looks_for, ignore_case: false, confidence: 1.0 };
            assert!(Detectors::compile(vec![definition], [0; 32]).is_err(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn cutting_a_stream_changes_nothing(text in "(begin key( ring)?|[0-9]{1,14}|[ a-z]{1,300}){0,12}", cuts in proptest::collection::vec(0usize..2000, 0..8)) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| text.as_bytes().get(cut[0]..cut[1]).unwrap()).collect();
            prop_assert_eq!(found(&pieces), found(&[text.as_bytes()]));
        }
    }
}
