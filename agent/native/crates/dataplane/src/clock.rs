//! Packet time: when ticks close, and the age of flows on a clock that never runs backwards.

use crate::model::SECOND_NS;

/// A packet this much older than the newest: its clock was set back, or another file began.
pub const SET_BACK_NS: i64 = 60 * SECOND_NS;

/// Sees the time of every packet in order.
pub struct Clock {
    tick_ns: i64,
    newest_ns: Option<i64>,
    next_ns: i64,
    age_ns: i64,
}

impl Clock {
    /// Ticks close at multiples of `tick_ns`.
    #[must_use]
    pub fn new(tick_ns: i64) -> Self {
        Self { tick_ns: tick_ns.max(1), newest_ns: None, next_ns: 0, age_ns: 0 }
    }

    /// Nanoseconds that have passed since the first packet, set-backs left out.
    #[must_use]
    pub const fn age_ns(&self) -> i64 {
        self.age_ns
    }

    /// Time of the newest packet; 0 before the first.
    #[must_use]
    pub fn newest_ns(&self) -> i64 {
        self.newest_ns.unwrap_or_default()
    }

    /// Takes note of the time; tells when the tick closed if one is due. However long a silence was, one tick closes it.
    pub fn note(&mut self, ts_ns: i64) -> Option<i64> {
        let Some(newest) = self.newest_ns else {
            self.begin(ts_ns);
            return None;
        };
        let step = ts_ns.saturating_sub(newest);
        if step > 0 {
            self.age_ns = self.age_ns.saturating_add(step);
            self.newest_ns = Some(ts_ns);
            if ts_ns >= self.next_ns {
                self.begin(ts_ns);
                return Some(self.next_ns.saturating_sub(self.tick_ns));
            }
        } else if step < -SET_BACK_NS {
            self.begin(ts_ns);
        }
        None
    }

    fn begin(&mut self, ts_ns: i64) {
        self.newest_ns = Some(ts_ns);
        self.next_ns = ts_ns.div_euclid(self.tick_ns).saturating_add(1).saturating_mul(self.tick_ns);
    }
}
