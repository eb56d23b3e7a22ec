//! What was found in a flow: told without a value ever leaving, by counts, keyed hashes and masked samples.

use std::sync::Arc;

use hashbrown::HashSet;

/// Distinct values of one detector told in one report.
const DISTINCT_LIMIT: usize = 1 << 16;
/// Masked samples of one detector told in one report.
const SAMPLE_LIMIT: usize = 3;

/// What one detector found in one flow since the last report.
#[derive(Clone, Debug)]
pub struct Detection {
    pub detector: Arc<str>,
    /// The surest match's.
    pub confidence: f32,
    pub matches: u32,
    /// Keyed hashes, in the order of their first matches.
    pub distinct: Vec<u64>,
    /// Masked.
    pub samples: Vec<String>,
    known: HashSet<u64>,
}

/// Persons recognised in one flow since the last report: keyed hashes, a row each.
#[derive(Clone, Debug, Default)]
pub struct Persons {
    pub basic: Vec<u64>,
    pub sensitive: Vec<u64>,
    pub bank: Vec<u64>,
}

/// What was found in one flow since the last report.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// One for each detector that found something, in the order of their first matches.
    pub detections: Vec<Detection>,
    pub persons: Persons,
}

impl Persons {
    /// By the names of their kinds.
    #[must_use]
    pub fn kinds(&self) -> [(&'static str, &[u64]); 3] {
        [("basic", &self.basic), ("sensitive", &self.sensitive), ("bank", &self.bank)]
    }

    fn extend(&mut self, other: Self) {
        self.basic.extend(other.basic);
        self.sensitive.extend(other.sensitive);
        self.bank.extend(other.bank);
    }
}

impl Found {
    /// Counts a match of a detector.
    pub fn count(&mut self, detector: &Arc<str>, confidence: f32, hash: u64, sample: impl FnOnce() -> String) {
        let Some(detection) = self.of(detector) else { return };
        detection.matches = detection.matches.saturating_add(1);
        detection.confidence = detection.confidence.max(confidence);
        if detection.distinct.len() < DISTINCT_LIMIT && detection.known.insert(hash) {
            detection.distinct.push(hash);
            if detection.samples.len() < SAMPLE_LIMIT {
                detection.samples.push(sample());
            }
        }
    }

    fn of(&mut self, detector: &Arc<str>) -> Option<&mut Detection> {
        let known = self.detections.iter().position(|detection| detection.detector == *detector);
        let at = known.unwrap_or(self.detections.len());
        if known.is_none() {
            self.detections.push(Detection {
                detector: Arc::clone(detector),
                confidence: 0.0,
                matches: 0,
                distinct: Vec::new(),
                samples: Vec::new(),
                known: HashSet::new(),
            });
        }
        self.detections.get_mut(at)
    }

    /// Adds what was found later.
    pub fn extend(&mut self, later: Self) {
        self.persons.extend(later.persons);
        for new in later.detections {
            let Some(old) = self.detections.iter_mut().find(|old| old.detector == new.detector) else {
                self.detections.push(new);
                continue;
            };
            old.matches = old.matches.saturating_add(new.matches);
            old.confidence = old.confidence.max(new.confidence);
            let room = DISTINCT_LIMIT.saturating_sub(old.distinct.len());
            old.distinct.extend(new.distinct.into_iter().filter(|hash| old.known.insert(*hash)).take(room));
            let room = SAMPLE_LIMIT.saturating_sub(old.samples.len());
            old.samples.extend(new.samples.into_iter().take(room));
        }
    }
}

/// A value with all but its ends hidden; a short one shows nothing.
pub(super) fn masked(value: &[u8], (head, tail): (u8, u8)) -> String {
    let text = String::from_utf8_lossy(value);
    let length = text.chars().count();
    let (head, tail) = (usize::from(head), usize::from(tail));
    let shows = length >= 2 * (head + tail);
    let hide = |(at, letter): (usize, char)| {
        let outer = shows && (at < head || at + tail >= length);
        if outer && letter.is_ascii_graphic() { letter } else { '*' }
    };
    text.chars().enumerate().map(hide).collect()
}
