//! Which detector is asked where: one pass over a text for all that need not look at each byte.

use std::ops::Range;

use memchr::memchr_iter;

use super::definition::Detector;
use super::digits::Digits;
use super::forms::{Piece, plain};
use super::seek::Seek;
use super::trigger::Trigger;
use super::words::{Sorts, Words};

/// Detectors by what points at their matches.
#[derive(Default)]
pub struct Plan {
    digits: Digits,
    words: Words<Near>,
    labels: Words<(Near, Piece)>,
    bytes: Vec<(u8, Near)>,
    lines: Vec<(Near, Box<[bool; 256]>)>,
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
        let mut words: Vec<(Vec<u8>, Near)> = Vec::new();
        let mut pieces: Vec<(Vec<u8>, (Near, Piece))> = Vec::new();
        for (detector, one) in all.iter().enumerate() {
            let triggers = &one.pattern.triggers;
            if one.at_start {
                plan.starts.push(detector);
                continue;
            }
            let near = |lead| Near { detector, lead, several: triggers.len() > 1 };
            // Words are found group by group, not in the order of places.
            let apart = |lead| Near { several: true, ..near(lead) };
            for trigger in triggers {
                match trigger {
                    Trigger::Digits(opening) => plan.digits.add(opening, near(opening.lead), None)?,
                    Trigger::Labelled { labels, lead, opening, reach } => {
                        plan.digits.add(opening, near(*lead), Some((labels, *reach)))?;
                    }
                    Trigger::Label { labels, lead } => {
                        pieces.extend(
                            labels.pieces.iter().map(|piece| (piece.bytes.clone(), (apart(*lead), piece.clone()))),
                        );
                    }
                    Trigger::Prefix(held) => words.extend(held.iter().map(|word| (word.clone(), apart(0)))),
                    Trigger::Holds { words: held, lead } => {
                        words.extend(held.iter().map(|word| (word.clone(), apart(*lead))));
                    }
                    Trigger::Byte { byte, reach } => plan.bytes.push((*byte, near(*reach))),
                    Trigger::Line(firsts) => plan.lines.push((near(0), firsts.clone())),
                    Trigger::Anything => plan.anywhere.push(detector),
                }
            }
        }
        plan.digits.tabulate();
        plan.words = Words::new(&words)?;
        plan.labels = Words::new(&pieces)?;
        Ok(plan)
    }

    /// Finds all matches from where all have looked; `at_start`: the text begins here.
    pub fn seek(&self, seek: &mut Seek<'_>, looked: usize, at_start: bool) {
        let tail = seek.tail;
        let (plain, sorts) = (plain(tail), Sorts::of(tail));
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
        self.words.find(tail, &(looked..tail.len()), &sorts, |found, place| {
            found.iter().for_each(|near| near.seek(seek, place..place));
        });
        self.labels.find(&plain, &(looked..tail.len()), &sorts, |found, place| {
            for (near, piece) in found {
                piece.starts(tail, place).into_iter().for_each(|start| near.seek(seek, start..start));
            }
        });
        for (byte, near) in &self.bytes {
            for place in memchr_iter(*byte, tail.get(looked..).unwrap_or_default()) {
                near.seek(seek, looked + place..looked + place);
            }
        }
        self.digits.seek(seek, looked, (&plain, &sorts));
        seek.put_off_no_longer();
    }

    fn seek_lines(&self, seek: &mut Seek<'_>, looked: usize) {
        let ends = memchr_iter(b'\n', seek.tail.get(looked.saturating_sub(1)..seek.decided).unwrap_or_default());
        for end in (looked == 0).then_some(0).into_iter().chain(ends.map(|end| looked.saturating_sub(1) + end + 1)) {
            let first = seek.tail.get(end).copied().map_or(0, usize::from);
            for (near, _) in self.lines.iter().filter(|(_, firsts)| firsts.get(first).is_some_and(|may| *may)) {
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
