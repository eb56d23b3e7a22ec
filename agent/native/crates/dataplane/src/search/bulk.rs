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
    /// Where it stands in the text.
    at: u64,
    /// How much of this shape came before it, and how much of that was likely.
    before: [u32; 2],
}

/// What one detector has seen in one text that proves nothing alone.
#[derive(Default)]
pub struct Crowd {
    /// What had the shape, and what of it was likely.
    seen: [u32; 2],
    /// The same of late.
    lately: [u32; 2],
    held: VecDeque<Held>,
    open: bool,
}

impl Crowd {
    /// Notes something of the shape, whatever came of it.
    pub fn pass(&mut self, grade: Grade) {
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

    /// Holds a match that was passed; gives back all that are held once they make an export.
    pub fn hold(&mut self, hash: u64, row: u64, at: u64, sample: impl FnOnce() -> String, bulk: Bulk) -> Vec<Held> {
        if self.held.iter().any(|held| held.hash == hash) {
            return Vec::new();
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
