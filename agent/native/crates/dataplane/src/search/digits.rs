//! Which detectors of numbers are asked at a run of digits: told by how it lies and, of some, by a label before it.

use std::collections::BTreeSet;
use std::ops::Range;

use super::forms::{Forms, Piece};
use super::opening::{Opening, RUN_MOST};
use super::plan::Near;
use super::runs::DigitRuns;
use super::seek::Seek;
use super::words::{Sorts, Words};

/// Detectors that one table tells apart.
const TOGETHER: usize = u64::BITS as usize;

/// Bytes that are looked at for labels at once: where one number stands, others do.
const AHEAD: usize = 512;

/// Detectors of which every match holds digits.
#[derive(Default)]
pub struct Digits {
    tables: Vec<Table>,
    /// The labels that some numbers need.
    labels: Vec<Labels>,
}

/// Detectors by how their digits lie.
struct Table {
    asked: Vec<Asked>,
    /// Kinds of bytes behind a run, and for each kind and length of a run a bit for each detector.
    kinds: [u8; 256],
    after: Vec<[u64; RUN_MOST + 1]>,
    /// By the byte before a run, and by its first digit.
    before: [u64; 256],
    first: [u64; 256],
}

struct Asked {
    near: Near,
    opening: Opening,
    /// The number of its labels.
    label: Option<usize>,
}

/// The labels of one detector.
struct Labels {
    pieces: Words<Piece>,
    /// Bytes between the beginning of a match and its first digit, at most.
    reach: usize,
}

/// How far a text was looked at for one detector's labels, and where they stand that were not asked about.
#[derive(Clone, Default)]
struct Said {
    looked: usize,
    starts: BTreeSet<usize>,
}

impl Digits {
    /// Adds a detector; `labels`: of which one stands before each match's digits, and how many bytes before.
    ///
    /// # Errors
    /// A sentence where the labels cannot be searched for.
    pub fn add(&mut self, opening: &Opening, near: Near, labels: Option<(&Forms, usize)>) -> Result<(), String> {
        let label = labels.map(|_| self.labels.len());
        if let Some((labels, reach)) = labels {
            let pieces: Vec<(Vec<u8>, Piece)> =
                labels.pieces.iter().map(|piece| (piece.bytes.clone(), piece.clone())).collect();
            self.labels.push(Labels { pieces: Words::new(&pieces)?, reach });
        }
        if self.tables.last().is_none_or(|table| table.asked.len() == TOGETHER) {
            self.tables.push(Table::new());
        }
        let Some(table) = self.tables.last_mut() else { return Ok(()) };
        table.asked.push(Asked { near, opening: opening.clone(), label });
        Ok(())
    }

    /// Makes the tables, when all are added.
    pub fn tabulate(&mut self) {
        self.tables.iter_mut().for_each(Table::fill);
    }

    /// Asks at all runs of digits from where all have looked; `plain`: the copy that labels are looked for in, and what
    /// stands where.
    pub fn seek(&self, seek: &mut Seek<'_>, looked: usize, plain: (&[u8], &Sorts)) {
        if self.tables.is_empty() {
            return;
        }
        let tail = seek.tail;
        let mut said = vec![Said::default(); self.labels.len()];
        for run in DigitRuns::new(tail, looked).take_while(|run| run.start < tail.len()) {
            for table in &self.tables {
                let mut bits = table.asked_at(tail, &run);
                while bits != 0 {
                    let Some(asked) = table.asked.get(bits.trailing_zeros() as usize) else { break };
                    bits &= bits - 1;
                    match asked.label.and_then(|label| self.labels.get(label).zip(said.get_mut(label))) {
                        None if asked.opening.is_loose() => asked.near.seek(seek, run.clone()),
                        None => asked.near.seek(seek, run.start..run.start),
                        Some((labels, said)) => labels.seek(seek, asked, &run, plain, said),
                    }
                }
            }
        }
    }
}

impl Labels {
    /// Asks where labels stand before a run, near enough; looks at each byte once, and a little ahead.
    fn seek(&self, seek: &mut Seek<'_>, asked: &Asked, run: &Range<usize>, plain: (&[u8], &Sorts), said: &mut Said) {
        let tail = seek.tail;
        let from = run.start.saturating_sub(self.reach);
        if said.looked < run.start {
            if !asked.opening.fits(tail, run.start) {
                return;
            }
            let ahead = (run.start + AHEAD).min(tail.len());
            let range = from.max(said.looked.saturating_sub(self.pieces.longest()))..ahead;
            self.pieces.find(plain.0, &range, plain.1, |pieces, place| {
                said.starts.extend(pieces.iter().flat_map(|piece| piece.starts(tail, place)));
            });
            said.looked = ahead;
        }
        if said.starts.is_empty() {
            return;
        }
        let behind = said.starts.split_off(&run.start);
        for start in std::mem::replace(&mut said.starts, behind).into_iter().filter(|start| *start >= from) {
            asked.near.seek(seek, start..start);
        }
    }
}

impl Table {
    const fn new() -> Self {
        Self { asked: Vec::new(), kinds: [0; 256], after: Vec::new(), before: [0; 256], first: [0; 256] }
    }

    /// Reads the table from all openings.
    fn fill(&mut self) {
        for byte in 0..=255_u8 {
            let at = usize::from(byte);
            let column: [u64; RUN_MOST + 1] = std::array::from_fn(|digits| {
                self.bits(|opening| opening.after(digits).and_then(|after| after.get(at)).copied().unwrap_or(false))
            });
            let kind = self.after.iter().position(|known| *known == column).unwrap_or(self.after.len());
            if kind == self.after.len() {
                self.after.push(column);
            }
            self.kinds.get_mut(at).into_iter().for_each(|it| *it = u8::try_from(kind).unwrap_or(u8::MAX));
            let (before, first) =
                (self.bits(|opening| opening.may_follow(byte)), self.bits(|opening| opening.may_begin(byte)));
            self.before.get_mut(at).into_iter().for_each(|it| *it = before);
            self.first.get_mut(at).into_iter().for_each(|it| *it = first);
        }
    }

    /// A bit for each detector of which something is true.
    fn bits(&self, is: impl Fn(&Opening) -> bool) -> u64 {
        self.asked.iter().enumerate().fold(0, |bits, (at, asked)| bits | u64::from(is(&asked.opening)) << at)
    }

    /// A bit for each detector of which a match may begin its digits with this run.
    fn asked_at(&self, tail: &[u8], run: &Range<usize>) -> u64 {
        let all = u64::MAX >> (TOGETHER - self.asked.len());
        let before = run.start.checked_sub(1).and_then(|at| tail.get(at));
        let before = before.and_then(|byte| self.before.get(usize::from(*byte))).copied().unwrap_or(all);
        let first = tail.get(run.start).and_then(|byte| self.first.get(usize::from(*byte))).copied().unwrap_or(all);
        let kind = tail.get(run.end).and_then(|byte| self.kinds.get(usize::from(*byte)));
        let after = kind.and_then(|kind| self.after.get(usize::from(*kind)));
        before & first & after.and_then(|after| after.get(run.len().min(RUN_MOST))).copied().unwrap_or(all)
    }
}
