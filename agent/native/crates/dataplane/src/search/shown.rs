//! What detectors see of one flow: bytes in order, looked at once as much as a match can be long is known behind them.

use super::bulk::Crowd;
use super::definition::{Detector, Detectors};
use super::found::{Found, masked};
use super::label::{Before, CONTEXT};
use super::register::{FEW, Roll};
use super::rows::Rows;
use super::seek::{Candidate, MATCH_LIMIT, Seek};
use super::validate::Grade;

/// Bytes that are looked at together: as many as are near to the processor while all passes go over them.
const AT_ONCE: usize = 32 << 10;
/// Bytes behind a match that its edges look at.
const LOOK_AHEAD: usize = 2;
/// Bytes before a match that are looked at: its label, and a letter of which only the end may be kept.
const LOOK_BACK: usize = CONTEXT + 4;
/// Bytes at the beginning of a text in which it may say what kind of file it is.
const HEAD: usize = 2048;
/// A match at least so sure is told.
const SURE: f32 = 0.5;
/// What is left of the score of a match alone when its structure is not right.
const POSSIBLE: f32 = 0.5;

/// What detectors have seen of one flow.
#[derive(Default)]
pub struct Shown {
    /// The end of what was shown: what starts there may go on.
    tail: Vec<u8>,
    /// Bytes of this text that came before the tail.
    gone: u64,
    /// Where in the tail each detector looks next; empty before the first look.
    next: Vec<usize>,
    /// Up to where in the tail all have looked.
    looked: usize,
    /// What proves nothing alone, of each detector that found such.
    crowds: Vec<(usize, Crowd)>,
    roll: Roll,
    bytes: usize,
    rows: Rows,
    found: Found,
}

impl Shown {
    /// Shows bytes that went out, in order; false when no more will be looked at.
    pub fn show(&mut self, detectors: &Detectors, data: &[u8]) -> bool {
        let (all_but_last, last) = data.split_at(data.len().saturating_sub(1) / AT_ONCE * AT_ONCE);
        all_but_last.chunks(AT_ONCE).all(|piece| self.show_piece(detectors, piece)) && self.show_piece(detectors, last)
    }

    fn show_piece(&mut self, detectors: &Detectors, data: &[u8]) -> bool {
        let data = data.get(..detectors.limit.saturating_sub(self.bytes)).unwrap_or(data);
        self.bytes += data.len();
        self.tail.extend_from_slice(data);
        if self.bytes < detectors.limit {
            self.scan(detectors, false);
        } else {
            self.finish(detectors);
        }
        self.bytes < detectors.limit
    }

    /// Learns that nothing follows, or that bytes are missing: what may have gone on ends here, and another text begins.
    ///
    /// No match and no label reaches into it; what proves nothing alone goes on to be gathered.
    pub fn finish(&mut self, detectors: &Detectors) {
        let bytes = self.gone + self.tail.len() as u64;
        self.scan(detectors, true);
        self.crowds.iter_mut().for_each(|(_, crowd)| crowd.end_text(bytes));
        self.roll.end_text(bytes);
        self.begin_text();
    }

    fn begin_text(&mut self) {
        self.tail.clear();
        self.next.clear();
        (self.gone, self.looked) = (0, 0);
        self.rows.begin_text();
    }

    /// Forgets what is not decided, which another will show again.
    pub fn drop_undecided(&mut self) {
        self.bytes -= self.tail.len().min(self.bytes);
        self.forget_crowds();
        self.begin_text();
    }

    /// Forgets what proves nothing alone: it is another's, or other detectors look for something else.
    pub fn forget_crowds(&mut self) {
        self.crowds.clear();
        self.roll = Roll::default();
    }

    /// Counts the matches behind which enough is known, so that how a stream was cut changes nothing.
    fn scan(&mut self, detectors: &Detectors, last: bool) {
        let ahead = if last { 0 } else { MATCH_LIMIT + LOOK_AHEAD };
        let decided = self.tail.len().saturating_sub(ahead);
        if decided == 0 {
            return;
        }
        let whole_head = last || self.gone > 0 || self.tail.len() >= HEAD;
        let tail = std::mem::take(&mut self.tail);
        self.next.resize(detectors.all.len(), 0);
        let at_start = whole_head && self.gone == 0;
        let mut seek = Seek {
            all: &detectors.all,
            tail: &tail,
            decided,
            next: &mut self.next,
            found: Vec::new(),
            later: Vec::new(),
        };
        detectors.plan.seek(&mut seek, self.looked, at_start);
        let mut before = Before::default();
        for candidate in seek.found() {
            self.weigh(detectors, &tail, &candidate, &mut before);
        }
        self.rows.pass(&tail, decided);
        self.looked = self.looked.max(decided);
        self.remember(tail, if whole_head { decided.saturating_sub(LOOK_BACK) } else { 0 });
    }

    /// Counts a match, or holds it until there are more, or lets it go.
    fn weigh(&mut self, detectors: &Detectors, tail: &[u8], candidate: &Candidate, before: &mut Before) {
        let Some(detector) = detectors.all.get(candidate.detector) else { return };
        let needs_label = detector.scores.bare < SURE && detector.scores.bulk < SURE;
        if needs_label && !before.says(tail, candidate.start, &detector.labels) {
            return;
        }
        let value = tail.get(candidate.value.clone()).unwrap_or_default();
        let (grade, normal) = detector.validator.check(value);
        let is_asked = grade != Grade::Wrong
            && detector.person.is_some()
            && !detectors.registers.is_empty()
            && (detector.scores.bare.max(detector.scores.bulk) >= SURE
                || before.says(tail, candidate.start, &detector.labels));
        let asked = is_asked.then(|| (detectors.hash(&normal), self.rows.at(tail, candidate.start)));
        if let Some(asked) = asked {
            self.recognise(detectors, tail, candidate, asked, before);
        }
        let Some(crowd) = crowd_of(&mut self.crowds, candidate.detector) else { return };
        crowd.pass(grade);
        if grade == Grade::Wrong {
            return;
        }
        let mut score = score(detector, tail, candidate.start, grade, before);
        if crowd.is_export() {
            score = score.max(detector.scores.bulk);
        }
        if score < SURE && (detector.scores.bulk < SURE || crowd.is_hopeless(detector.bulk)) {
            return;
        }
        let (hash, row) = asked.unwrap_or_else(|| (detectors.hash(&normal), self.rows.at(tail, candidate.start)));
        let sample = || masked(value, detector.mask);
        if score >= SURE {
            self.found.count(&detector.id, score, hash, sample);
            return self.rows.note(row, detector.kind, detector.person.map(|rank| (rank, hash)));
        }
        let at = self.gone + candidate.start as u64;
        for held in crowd.hold(hash, row, at, sample, detector.bulk) {
            self.found.count(&detector.id, detector.scores.bulk, held.hash, || held.sample);
            self.rows.note(held.row, detector.kind, detector.person.map(|rank| (rank, held.hash)));
        }
    }

    /// Counts who is in a register; one that takes strangers for its own waits for a label, or for more of its own.
    fn recognise(
        &mut self,
        all: &Detectors,
        tail: &[u8],
        candidate: &Candidate,
        asked: (u64, u64),
        before: &mut Before,
    ) {
        let Some(detector) = all.all.get(candidate.detector) else { return };
        let (hash, row) = asked;
        let sample = || masked(tail.get(candidate.value.clone()).unwrap_or_default(), detector.mask);
        let at = self.gone + candidate.start as u64;
        for (which, register) in all.registers.iter().enumerate() {
            let Some(crowd) = self.roll.of(which, candidate.detector) else { return };
            let mut count = |hash, row, sample| {
                self.found.count(&register.id, register.confidence(), hash, || sample);
                self.rows.note(row, register.kind, detector.person.map(|rank| (rank, hash)));
            };
            if !register.passes(hash, crowd) {
                continue;
            }
            if register.is_exact() || crowd.is_export() || before.says(tail, candidate.start, &detector.labels) {
                count(hash, row, sample());
            } else {
                let told = crowd.hold(hash, row, at, sample, FEW);
                told.into_iter().for_each(|held| count(held.hash, held.row, held.sample));
            }
        }
    }

    fn remember(&mut self, mut tail: Vec<u8>, keep: usize) {
        tail.drain(..keep);
        self.next.iter_mut().for_each(|next| *next = next.saturating_sub(keep));
        self.looked -= keep;
        self.rows.forget(keep);
        self.gone += keep as u64;
        self.tail = tail;
    }

    /// Takes out what was found since this was asked last; `last`: nothing follows.
    pub fn take(&mut self, last: bool) -> Found {
        let mut found = std::mem::take(&mut self.found);
        found.persons = self.rows.take(last);
        found
    }
}

/// What a detector has seen; few detectors see anything.
fn crowd_of(crowds: &mut Vec<(usize, Crowd)>, detector: usize) -> Option<&mut Crowd> {
    let at = crowds.iter().position(|(known, _)| *known == detector).unwrap_or_else(|| {
        crowds.push((detector, Crowd::default()));
        crowds.len() - 1
    });
    crowds.get_mut(at).map(|(_, crowd)| crowd)
}

/// How sure a match is by itself and by what stands before it.
fn score(detector: &Detector, tail: &[u8], start: usize, grade: Grade, before: &mut Before) -> f32 {
    let bare = if grade == Grade::Likely { detector.scores.bare } else { detector.scores.bare * POSSIBLE };
    if bare >= detector.scores.labelled || !before.says(tail, start, &detector.labels) {
        return bare;
    }
    detector.scores.labelled
}

#[cfg(test)]
mod tests;
