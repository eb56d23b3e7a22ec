//! Finds the matches of detectors in a piece of text, once each, where they stand by themselves.

use std::ops::Range;

use super::definition::{Detector, Edges};

/// Bytes of a match. A longer one is counted as far as this.
pub const MATCH_LIMIT: usize = 256;

/// Places that are asked one by one: a search from one of them would look far behind the last.
const FEW: usize = 4;

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
    /// Detectors with ranges that are looked into when all are known.
    pub later: Vec<(usize, usize, usize)>,
}

impl Seek<'_> {
    /// Finds a detector's matches that start within a range.
    pub fn within(&mut self, at: usize, starts: Range<usize>) {
        let Some((detector, next)) = self.all.get(at).zip(self.next.get_mut(at)) else { return };
        let last = starts.end.min(self.decided);
        let end = last.saturating_add(detector.pattern.longest).min(self.tail.len());
        let mut from = starts.start.max(*next);
        while let Some(begin) = detector.pattern.may_begin(self.tail, from..last.max(from)) {
            let found = match detector.edges {
                Edges::Any if last - begin > FEW => detector.pattern.find(self.tail, begin..end),
                Edges::Any => detector.pattern.find_here(self.tail, begin..end),
                edges if !edges.may_begin(self.tail, begin) => None,
                _ => detector.pattern.find_here(self.tail, begin..end),
            };
            from = match found {
                Some((whole, _)) if whole.start >= last => return,
                Some((whole, value)) => {
                    *next = note(&mut self.found, (at, detector), self.tail, &whole, value);
                    *next
                }
                None if detector.edges == Edges::Any && last - begin > FEW => return,
                None => begin + 1,
            };
        }
    }

    /// Finds what begins the text, once.
    pub fn start(&mut self, at: usize) {
        if self.next.get(at) == Some(&0) {
            self.within(at, 0..1);
            self.next.get_mut(at).into_iter().for_each(|next| *next = self.decided);
        }
    }

    /// Keeps a range for later: see `within`.
    pub fn put_off(&mut self, at: usize, starts: Range<usize>) {
        self.later.push((at, starts.start, starts.end));
    }

    /// Looks into the ranges that were kept, each detector's in order.
    pub fn put_off_no_longer(&mut self) {
        let mut later = std::mem::take(&mut self.later);
        later.sort_unstable();
        for (at, first, last) in later {
            self.within(at, first..last);
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
