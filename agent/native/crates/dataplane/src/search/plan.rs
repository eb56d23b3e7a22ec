//! Which detector is asked where: one pass over a text for all that need not look at each byte.

use std::ops::Range;

use memchr::memchr_iter;

use super::definition::Detector;
use super::digits::Digits;
use super::forms::Piece;
use super::seek::Seek;
use super::trigger::Trigger;
use super::words::{Sorts, Words};

/// Detectors by what points at their matches.
#[derive(Default)]
pub struct Plan {
    digits: Digits,
    words: Option<Words<(Near, Option<Piece>)>>,
    bytes: Vec<(u8, Near)>,
    lines: Vec<Near>,
    anywhere: Vec<usize>,
    starts: Vec<usize>,
}

/// A detector, and how many bytes of a match stand at most before what points at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Near {
    pub detector: usize,
    pub lead: usize,
    /// Other things point at its matches too: they are asked in the order of places, when all are known.
    pub several: bool,
}

impl Plan {
    /// Reads the triggers.
    ///
    /// # Errors
    /// A sentence where the literals cannot be searched for.
    pub fn new(all: &[Detector]) -> Result<Self, String> {
        let mut plan = Self::default();
        let mut words: Vec<(Vec<u8>, (Near, Option<Piece>))> = Vec::new();
        for (detector, one) in all.iter().enumerate() {
            let triggers = &one.pattern.triggers;
            if one.at_start {
                plan.starts.push(detector);
                continue;
            }
            let hold = |held: &[Vec<u8>], near| held.iter().map(move |word| (word.clone(), (near, None))).collect::<Vec<_>>();
            let near = |lead| Near { detector, lead, several: triggers.len() > 1 };
            for trigger in triggers {
                match trigger {
                    Trigger::Digits(opening) => plan.digits.add(opening, near(opening.lead), None)?,
                    Trigger::Labelled { labels, lead, opening, reach } => {
                        plan.digits.add(opening, near(*lead), Some((labels, *reach)))?;
                    }
                    Trigger::Label { labels, lead } => {
                        let pieces = labels.pieces.iter().cloned();
                        words.extend(pieces.map(|piece| (piece.bytes.clone(), (near(*lead), Some(piece)))));
                    }
                    Trigger::Prefix(held) => words.extend(hold(held, near(0))),
                    Trigger::Holds { words: held, lead } => words.extend(hold(held, near(*lead))),
                    Trigger::Byte { byte, reach } => plan.bytes.push((*byte, near(*reach))),
                    Trigger::Line => plan.lines.push(near(0)),
                    Trigger::Anything => plan.anywhere.push(detector),
                }
            }
        }
        plan.words = Some(Words::new(&words)?).filter(|_| !words.is_empty());
        Ok(plan)
    }

    /// Finds all matches from where all have looked; `at_start`: the text begins here.
    pub fn seek(&self, seek: &mut Seek<'_>, looked: usize, at_start: bool) {
        let tail = seek.tail;
        let sorts = Sorts::of(tail);
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
        if let Some(words) = &self.words {
            words.find(tail, &(looked..tail.len()), &sorts, |found, place| {
                for (near, label) in found {
                    match label {
                        None => near.seek(seek, place..place),
                        Some(piece) => piece.starts(tail, place).into_iter().for_each(|at| near.seek(seek, at..at)),
                    }
                }
            });
        }
        for (byte, near) in &self.bytes {
            for place in memchr_iter(*byte, tail.get(looked..).unwrap_or_default()) {
                near.seek(seek, looked + place..looked + place);
            }
        }
        self.digits.seek(seek, looked, &sorts);
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
}

impl Near {
    /// Asks the detector around what points at its matches.
    pub fn seek(&self, seek: &mut Seek<'_>, what: Range<usize>) {
        let starts = what.start.saturating_sub(self.lead)..what.end.max(what.start + 1);
        if self.several {
            seek.put_off(self.detector, starts);
        } else {
            seek.within(self.detector, starts);
        }
    }
}
