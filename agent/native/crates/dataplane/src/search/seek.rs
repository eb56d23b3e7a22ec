//! Finds the matches of detectors in a piece of text, once each, where they stand by themselves.

use std::ops::Range;

use super::definition::Detector;

/// Bytes of a match. A longer one is counted as far as this.
pub const MATCH_LIMIT: usize = 256;

/// A match that stands by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub start: usize,
    pub detector: usize,
    pub value: Range<usize>,
}

/// A look at the tail of a text, up to where enough is known.
pub struct Seek<'a> {
    pub all: &'a [Detector],
    pub tail: &'a [u8],
    pub decided: usize,
    /// Where each detector looks next.
    pub next: &'a mut [usize],
    pub found: Vec<Candidate>,
}

impl Seek<'_> {
    /// Finds a detector's matches within a range that holds each wholly or not at all.
    pub fn within(&mut self, at: usize, range: Range<usize>) {
        let Some((detector, next)) = self.all.get(at).zip(self.next.get_mut(at)) else { return };
        let end = range.end.min(self.tail.len());
        let mut from = range.start.max(*next);
        while from < end.min(self.decided) {
            let Some((whole, value)) = detector.pattern.find(self.tail, from..end) else { return };
            if whole.start >= self.decided {
                return;
            }
            from = note(&mut self.found, (at, detector), self.tail, &whole, value);
            *next = from;
        }
    }

    /// Finds what begins the text, once.
    pub fn start(&mut self, at: usize) {
        if self.next.get(at) == Some(&0) {
            self.within(at, 0..self.tail.len());
            self.next.get_mut(at).into_iter().for_each(|next| *next = self.decided);
        }
    }

    /// Finds a detector's match that begins at a place.
    pub fn here(&mut self, at: usize, place: usize) {
        let Some((detector, next)) = self.all.get(at).zip(self.next.get_mut(at)) else { return };
        if place < *next || place >= self.decided {
            return;
        }
        if let Some((whole, value)) = detector.pattern.find_here(self.tail, place..self.tail.len()) {
            *next = note(&mut self.found, (at, detector), self.tail, &whole, value);
        }
    }

    /// What was found, in the order in which it is weighed.
    pub fn found(self) -> Vec<Candidate> {
        let mut found = self.found;
        found.sort_by_key(|candidate| (candidate.start, candidate.detector));
        found
    }
}

/// Notes a match if it stands by itself; returns where its detector looks next.
fn note(
    found: &mut Vec<Candidate>,
    (at, detector): (usize, &Detector),
    tail: &[u8],
    whole: &Range<usize>,
    value: Range<usize>,
) -> usize {
    if !detector.edges.are_free(tail, whole) {
        return whole.start + 1;
    }
    let limit = whole.start + MATCH_LIMIT;
    found.push(Candidate { start: whole.start, detector: at, value: value.start..value.end.min(limit) });
    whole.end.min(limit).max(whole.start + 1)
}
