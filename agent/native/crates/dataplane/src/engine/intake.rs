//! What the engine is to count next, and what is due before: records of a block, a tick of the clock, the end.

use std::sync::Arc;
use std::time::Duration;

use super::{EPOCH, Engine};
use crate::model::SECOND_NS;
use crate::source::Filled;
use crate::worker::Shed;

/// How soon a paced replay notices that it shall stop.
const POLL: Duration = Duration::from_millis(200);

/// What comes next.
pub(super) enum Next {
    Records,
    Tick(i64),
    End,
}

impl Engine {
    /// Counts the next records, up to where something is due.
    pub(super) fn step(&mut self) -> Next {
        if self.at >= self.block.records.len() {
            let next = self.fill();
            if !matches!(next, Next::Records) {
                return next;
            }
        }
        if self.config.speed > 0.0
            && let Some(tick_ns) = self.wait()
        {
            return Next::Tick(tick_ns);
        }
        if self.control.stopping() && self.source.wire().is_none() {
            return Next::End; // what came from a wire is counted, a file can be read again
        }
        let (end, due) = self.admit();
        self.run(end);
        due.map_or(Next::Records, Next::Tick)
    }

    /// Gets the next block, and looks at the clock while there is none.
    fn fill(&mut self) -> Next {
        self.at = 0;
        loop {
            self.block.clear();
            if self.ended || self.control.stopping() {
                return Next::End;
            }
            let filled = match self.read_ahead.take() {
                Some(filled) => {
                    std::mem::swap(&mut self.block, &mut self.ahead);
                    filled
                }
                None => self.source.fill(&mut self.block, EPOCH as usize),
            };
            self.ended = filled == Filled::End;
            self.control.read(self.source.progress());
            let idle = self.block.records.is_empty();
            self.follow(); // also while the kernel counts all there is, and nothing comes up
            if let Some(wire) = self.source.wire() {
                let shed = if idle { Shed::Nothing } else { shed(wire.load()) };
                self.workers.iter_mut().for_each(|worker| worker.shed = shed);
                let due = if idle { self.clock.note(wire.now_ns()) } else { None };
                if let Some(tick_ns) = due {
                    return Next::Tick(tick_ns);
                }
            }
            if !idle {
                return Next::Records;
            }
        }
    }

    /// Shows the clock the next records, up to the end of the block or epoch or to a tick; returns where that is, and the
    /// time at which a tick closed there.
    fn admit(&mut self) -> (usize, Option<i64>) {
        self.ages.clear();
        let left = if self.config.speed > 0.0 { 1 } else { (self.epoch - self.number % self.epoch) as usize };
        for (record, at) in self.block.records.iter().skip(self.at).take(left).zip(self.at..) {
            let due = if std::mem::take(&mut self.noted) { None } else { self.clock.note(record.ts_ns) };
            if due.is_some() {
                self.noted = true;
                return (at, due);
            }
            self.last_ts_ns = record.ts_ns;
            self.ages.push(self.clock.age_ns());
        }
        (self.at + self.ages.len(), None)
    }

    /// Uses the home and the detectors that were set last, and has the source use that home.
    pub(super) fn follow(&mut self) {
        let home = self.control.home();
        if !Arc::ptr_eq(&home, &self.home) {
            if let Some(wire) = self.source.wire() {
                wire.set_home(&home);
            }
            self.home = home;
        }
        let detectors = self.control.detectors();
        if detectors.as_ref().map(Arc::as_ptr) != self.detectors.as_ref().map(Arc::as_ptr) {
            self.workers.iter_mut().for_each(|worker| worker.search_for(detectors.as_ref()));
            self.searches |= detectors.is_some();
            self.detectors = detectors;
        }
    }

    /// Holds the next packet back until its time has come, as it passed between packets on the wire; returns when a tick
    /// closed meanwhile.
    fn wait(&mut self) -> Option<i64> {
        let ts_ns = self.block.records.get(self.at)?.ts_ns;
        while !self.noted && !self.control.stopping() {
            // Numbers of this size lose less than a microsecond, and a cast of one too large gives the largest.
            let passed = (self.pace.elapsed().as_secs_f64() * self.config.speed * SECOND_NS as f64) as i64;
            let now_ns = self.pace_ns.saturating_add(passed);
            let slack_ns = (self.config.speed.max(1.0) * SECOND_NS as f64) as i64;
            if self.number == 0 || now_ns > ts_ns.saturating_add(slack_ns) {
                self.pace_ns = ts_ns.saturating_sub(passed); // the first, or the clock of the capture was set back
                return None;
            }
            let left = ts_ns.saturating_sub(now_ns);
            if left <= 0 {
                return None;
            }
            let due = self.clock.note(now_ns);
            if due.is_some() {
                return due;
            }
            let left = Duration::from_nanos(left.unsigned_abs());
            std::thread::sleep(left.div_f64(self.config.speed).min(POLL));
        }
        None
    }
}

/// What is left out when so much of the room for waiting frames is taken.
fn shed(load: f64) -> Shed {
    match load {
        _ if load < 0.5 => Shed::Nothing,
        _ if load < 0.65 => Shed::Content,
        _ if load < 0.8 => Shed::SomeNames,
        _ => Shed::Names,
    }
}
