//! A timer wheel on packet time: finds the flows that were idle for long without touching those that were not.

use std::collections::VecDeque;

use crate::names::transfers::FlowRef;

/// Buckets an idle time-out is divided into. When something is due, or when flows have to give way, the flows of a whole
/// bucket are looked at: it should hold few even of a flood.
const PARTS: i64 = 1024;

/// Flows by when they were seen last, as far as that is known: a flow that was seen again since is put where it belongs
/// when its bucket is looked at, so that a packet costs nothing here.
pub struct Wheel {
    width: i64,
    /// Number of the first bucket: its flows were seen at `first * width` or later.
    first: i64,
    buckets: VecDeque<Vec<FlowRef>>,
}

/// Flows that were seen last at `start` or later, and those seen since `end` belong elsewhere.
pub struct Bucket {
    pub end: i64,
    pub flows: Vec<FlowRef>,
}

impl Wheel {
    /// Serves a time-out in nanoseconds.
    #[must_use]
    pub fn new(idle_ns: i64) -> Self {
        Self { width: (idle_ns / PARTS).max(1), first: 0, buckets: VecDeque::new() }
    }

    /// Puts a flow where its last packet was seen.
    pub fn put(&mut self, flow: FlowRef, seen_age: i64) {
        let number = seen_age / self.width;
        if self.buckets.is_empty() {
            self.first = number;
        }
        while number < self.first {
            self.buckets.push_front(Vec::new());
            self.first -= 1;
        }
        let at = (number - self.first) as usize;
        while self.buckets.len() <= at {
            self.buckets.push_back(Vec::new());
        }
        if let Some(bucket) = self.buckets.get_mut(at) {
            bucket.push(flow);
        }
    }

    /// Takes out the oldest bucket when a flow in it may have been seen last at `age` or before.
    pub fn take_until(&mut self, age: i64) -> Option<Bucket> {
        if self.first > age.div_euclid(self.width) {
            return None;
        }
        self.take_oldest()
    }

    /// Takes out the oldest bucket.
    pub fn take_oldest(&mut self) -> Option<Bucket> {
        let flows = self.buckets.pop_front()?;
        self.first += 1;
        Some(Bucket { end: self.first * self.width, flows })
    }
}
