//! Tells an export from a chat: matches that prove nothing alone are held until there are many, distinct and close.

use std::collections::VecDeque;

use super::definition::Bulk;
use super::validate::Grade;

/// So much of a shape tells whether it is hopeless.
const LATELY: u32 = 64;

/// A match that proves nothing alone.
#[derive(Clone, Debug)]
pub struct Held {
    pub hash: u64,
    pub row: u64,
    pub sample: String,
    /// Where it stands in the texts that were passed.
    at: u64,
    /// How much of this shape came before it, and how much of that was likely.
    before: [u32; 2],
}

/// What one detector has seen that proves nothing alone, in one text after the other.
#[derive(Default)]
pub struct Crowd {
    /// What had the shape, and what of it was likely.
    seen: [u32; 2],
    /// The same of late.
    lately: [u32; 2],
    held: VecDeque<Held>,
    open: bool,
    /// Bytes of earlier texts in which it saw something.
    gone: u64,
    /// It saw something in this one.
    saw: bool,
}

impl Crowd {
    /// Notes something of the shape, whatever came of it.
    pub fn pass(&mut self, grade: Grade) {
        self.saw = true;
        let [shaped, likely] = &mut self.seen;
        *shaped = shaped.saturating_add(1);
        *likely = likely.saturating_add(u32::from(grade == Grade::Likely));
        let [shaped, likely] = &mut self.lately;
        *shaped += 1;
        *likely += u32::from(grade == Grade::Likely);
        if *shaped == 2 * LATELY {
            (*shaped, *likely) = (*shaped / 2, *likely / 2);
        }
    }

    /// Tells whether so little is likely that holding more is of no use yet.
    pub fn is_hopeless(&self, bulk: Bulk) -> bool {
        let [shaped, likely] = self.lately;
        shaped >= LATELY && 2.0 * f64::from(likely) < bulk.share * f64::from(shaped)
    }

    /// Tells whether this is an export: what comes now counts by itself.
    pub const fn is_export(&self) -> bool {
        self.open
    }

    /// Learns that a text of so many bytes ends: what it proves is kept, as far as it goes.
    ///
    /// A text in which nothing was seen (a head between two bodies) takes no room between matches.
    pub fn end_text(&mut self, bytes: u64) {
        self.gone += if std::mem::take(&mut self.saw) { bytes } else { 0 };
        self.lately = [0; 2];
    }

    /// Holds a match that was passed, `at` a place of this text; gives back all that are held once they make an export.
    ///
    /// A value that is held from an earlier text counts here from now on, so that a text proves alone what it would.
    pub fn hold(&mut self, hash: u64, row: u64, at: u64, sample: impl FnOnce() -> String, bulk: Bulk) -> Vec<Held> {
        let at = self.gone + at;
        if let Some(same) = self.held.iter().position(|held| held.hash == hash) {
            if self.held.get(same).is_some_and(|held| held.at >= self.gone) {
                return Vec::new();
            }
            self.held.remove(same);
        }
        let [shaped, likely] = self.seen;
        let before = [shaped - 1, likely.saturating_sub(1)];
        self.held.push_back(Held { hash, row, sample: sample(), at, before });
        while self.held.len() > bulk.distinct as usize {
            self.held.pop_front();
        }
        let Some(first) = self.held.front().filter(|_| self.held.len() == bulk.distinct as usize) else {
            return Vec::new();
        };
        let [shaped_before, likely_before] = first.before;
        let share = f64::from(likely - likely_before) / f64::from(shaped - shaped_before);
        let close = at - first.at <= u64::from(bulk.within) * u64::from(bulk.distinct);
        if share < bulk.share || !close {
            return Vec::new();
        }
        self.open = true;
        std::mem::take(&mut self.held).into()
    }
}
