//! The flow table of one worker: packets in, flows that changed out. Bounded, on packet time.

use std::collections::VecDeque;

use super::index::Index;
use super::key::Hasher;
use super::listened::Listened;
use super::slab::Slab;
use super::wheel::Wheel;
use super::{Flow, Listening, Moment, Sight, opened_by_sender};
use crate::home::{Home, Side};
use crate::model::{EndReason, SECOND_NS, Scope, tcp};
use crate::names::transfers::FlowRef;
use crate::report::Which;

/// A closed TCP flow waits so long for the last ACK.
pub const CLOSE_GRACE_NS: i64 = SECOND_NS;

/// Flows whose memory is brought in together.
const NEAR: usize = 64;

/// How long flows live, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    pub idle_ns: i64,
    pub active_ns: i64,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counted {
    /// In a flow that was there.
    Known(u32),
    /// In a flow that it opened.
    Opened(u32),
    /// At home, and flows at home are not reported.
    #[default]
    Domestic,
}

/// What became of a packet, and what its flow is to those who read its payload.
#[derive(Clone, Copy, Debug, Default)]
pub struct Added {
    pub counted: Counted,
    pub outward: bool,
    /// Nobody listens to the flow any more.
    pub unheard: bool,
}

impl Lifetimes {
    /// Tells whether nothing is due: the flow is neither closing nor idle nor old.
    #[inline]
    fn keeps(&self, flow: &Flow, now: Moment) -> bool {
        flow.closing.is_none()
            && now.age_ns - flow.seen_age < self.idle_ns
            && now.age_ns - flow.opened_age < self.active_ns
    }
}

/// Counts a packet in its flow, and notes that the flow has changed, and when it is closing. Returns whether it goes
/// outward.
#[inline]
fn tally(
    flow: &mut Flow,
    slot: u32,
    sight: &Sight<'_>,
    now: Moment,
    changed: &mut Vec<u32>,
    closing: &mut VecDeque<(i64, FlowRef)>,
) -> bool {
    flow.seen_age = now.age_ns;
    let was_closing = flow.closing.is_some();
    let outward = flow.count(sight.packet, sight.forward);
    if !flow.dirty {
        flow.dirty = true;
        changed.push(slot);
    }
    if flow.closing.is_some() && !was_closing {
        flow.opened_age = now.age_ns;
        closing.push_back((now.age_ns, FlowRef { slot, generation: flow.generation }));
    }
    outward
}

/// A flow by how long it was idle: the first in order is the one to give way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Idle {
    pub seen_age: i64,
    pub opened_at: u64,
    pub flow: FlowRef,
}

/// The flows of one worker.
pub struct Table {
    pub slab: Slab,
    index: Index,
    wheel: Wheel,
    hasher: Hasher,
    lifetimes: Lifetimes,
    report_all: bool,
    changed: Vec<u32>,
    /// Flows that are closed, by when they were.
    closing: VecDeque<(i64, FlowRef)>,
    /// Flows that ended and are not among those being reported.
    pub ended: usize,
    pub listened: Listened,
}

impl Table {
    #[must_use]
    pub fn new(lifetimes: Lifetimes, report_all: bool, hasher: Hasher) -> Self {
        Self {
            slab: Slab::default(),
            index: Index::default(),
            wheel: Wheel::new(lifetimes.idle_ns),
            hasher,
            lifetimes,
            report_all,
            changed: Vec::new(),
            closing: VecDeque::new(),
            ended: 0,
            listened: Listened::default(),
        }
    }

    /// Flows that live.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.index.len()
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The slot of the flow a packet may belong to.
    #[inline]
    #[must_use]
    pub fn find(&self, sight: &Sight<'_>) -> Option<u32> {
        self.index.find(sight.hash, |slot| self.slab.get(slot).is_some_and(|flow| flow.key == *sight.key))
    }

    /// Has the memory brought in that packets with these hashes will be counted in, so that the processor waits for many
    /// lines at once and not for one after the other.
    pub fn touch(&self, hashes: impl Iterator<Item = u64> + Clone, slots: &mut Vec<Option<u32>>) {
        let mut seen = hashes.clone().fold(0, |seen, hash| seen ^ self.index.touch(hash));
        slots.clear();
        slots.extend(hashes.map(|hash| self.index.find(hash, |_| true)));
        let flows = || slots.iter().flatten().filter_map(|slot| self.slab.get(*slot));
        for flow in flows() {
            seen ^= flow.opened_age as u64 ^ flow.seen_age as u64 ^ flow.first_ns as u64;
        }
        for extra in flows().filter(|flow| flow.listening == Listening::Now).filter_map(|flow| flow.extra.as_deref()) {
            seen ^= u64::from(extra.content.as_ref().is_some_and(|content| content.is_silent()));
        }
        std::hint::black_box(seen);
    }

    /// Counts a packet. `found` is what `find` said, perhaps before other packets were counted.
    #[inline]
    pub fn add(&mut self, sight: &Sight<'_>, found: Option<u32>, home: &Home, now: Moment) -> Added {
        let Self { slab, changed, closing, lifetimes, .. } = self;
        if let Some(slot) = found
            && let Some(flow) = slab.get_mut(slot)
            && flow.is(sight.key)
            && lifetimes.keeps(flow, now)
        {
            let outward = tally(flow, slot, sight, now, changed, closing);
            return Added { counted: Counted::Known(slot), outward, unheard: flow.is_unheard() };
        }
        self.add_slowly(sight, home, now)
    }

    /// Counts a packet whose flow was not found, or may have ended before it.
    fn add_slowly(&mut self, sight: &Sight<'_>, home: &Home, now: Moment) -> Added {
        let counted = match self.find(sight).and_then(|slot| self.going_on(slot, sight, now)) {
            Some(counted) => counted,
            None => match self.open(sight, home, now) {
                Some(slot) => Counted::Opened(slot),
                None => return Added::default(),
            },
        };
        let Self { slab, changed, closing, .. } = self;
        let (Counted::Known(slot) | Counted::Opened(slot)) = counted else { return Added::default() };
        let Some(flow) = slab.get_mut(slot) else { return Added::default() };
        let outward = tally(flow, slot, sight, now, changed, closing);
        Added { counted, outward, unheard: flow.is_unheard() }
    }

    /// The flow a packet belongs to, or None when the one in the table has ended before it.
    #[inline]
    fn going_on(&mut self, slot: u32, sight: &Sight<'_>, now: Moment) -> Option<Counted> {
        let flow = self.slab.get_mut(slot)?;
        if now.age_ns - flow.seen_age >= self.lifetimes.idle_ns {
            self.end(slot, EndReason::Idle);
            return None;
        }
        if let Some(reason) = flow.closing {
            let used_again = sight.packet.tcp_flags & (tcp::SYN | tcp::ACK) == tcp::SYN;
            if used_again || now.age_ns - flow.opened_age >= CLOSE_GRACE_NS {
                self.end(slot, reason);
                return None;
            }
        } else if now.age_ns - flow.opened_age >= self.lifetimes.active_ns {
            let heir = flow.successor(sight.packet, now);
            self.end(slot, EndReason::Active);
            return Some(Counted::Opened(self.enter(heir, sight.hash, now)));
        }
        Some(Counted::Known(slot))
    }

    fn open(&mut self, sight: &Sight<'_>, home: &Home, now: Moment) -> Option<u32> {
        let scope = home.scope(sight.packet);
        if scope == Scope::Domestic && !self.report_all {
            return None;
        }
        let opened = opened_by_sender(sight.packet, sight.payload);
        let sender_is_local = match scope {
            Scope::Crossing => home.side(&sight.packet.src) == Side::Home,
            _ => opened != Some(false),
        };
        let flow = Flow::open(sight, scope, sender_is_local, opened, now);
        Some(self.enter(flow, sight.hash, now))
    }

    fn enter(&mut self, flow: Flow, hash: u64, now: Moment) -> u32 {
        let slot = self.slab.insert(flow);
        let generation = self.slab.get(slot).map_or(0, |flow| flow.generation);
        self.index.insert(hash, slot);
        self.wheel.put(FlowRef { slot, generation }, now.age_ns);
        slot
    }

    /// Ends a flow; it waits for its report.
    fn end(&mut self, slot: u32, reason: EndReason) {
        let Some(flow) = self.slab.get_mut(slot).filter(|flow| flow.alive) else { return };
        flow.alive = false;
        flow.end_reason = Some(flow.closing.unwrap_or(reason));
        if let Some(extra) = &mut flow.extra {
            self.listened.end(extra);
        }
        self.ended += 1;
        if !flow.dirty {
            flow.dirty = true;
            self.changed.push(slot);
        }
        let hash = self.hasher.flow(&flow.key);
        self.index.remove(hash, slot);
    }

    /// Ends what was closed or idle for long enough; what this misses, its next packet ends.
    pub fn expire(&mut self, age_ns: i64) {
        while let Some((closing_age, flow)) = self.closing.front().copied() {
            if age_ns - closing_age < CLOSE_GRACE_NS {
                break;
            }
            self.closing.pop_front();
            if self.slab.find_mut(flow).is_some_and(|found| found.alive) {
                self.end(flow.slot, EndReason::Fin);
            }
        }
        self.expire_idle(age_ns);
    }

    fn expire_idle(&mut self, age_ns: i64) {
        let until = age_ns - self.lifetimes.idle_ns;
        let mut young = Vec::new();
        while let Some(bucket) = self.wheel.take_until(until) {
            for (at, flow) in bucket.flows.iter().copied().enumerate() {
                if at.is_multiple_of(NEAR) {
                    self.bring_near(bucket.flows.iter().skip(at).take(NEAR));
                }
                let Some(found) = self.slab.find_mut(flow).filter(|found| found.alive) else { continue };
                if found.seen_age <= until {
                    self.end(flow.slot, EndReason::Idle);
                } else {
                    young.push((flow, found.seen_age));
                }
            }
        }
        for (flow, seen_age) in young {
            self.wheel.put(flow, seen_age);
        }
    }

    /// Has the memory brought in that is needed to end flows.
    fn bring_near<'a>(&self, flows: impl Iterator<Item = &'a FlowRef> + Clone) {
        let near = || flows.clone().filter_map(|flow| self.slab.get(flow.slot));
        let mut seen = near().fold(0, |seen, flow| seen ^ flow.touch());
        seen ^= near().fold(0, |seen, flow| seen ^ self.index.touch(self.hasher.flow(&flow.key)));
        let extras = near().filter_map(|flow| flow.extra.as_deref());
        seen ^= extras.fold(0, |seen, extra| seen ^ u64::from(extra.content.is_some()));
        std::hint::black_box(seen);
    }

    /// Ends every flow.
    pub fn close(&mut self, age_ns: i64) {
        self.expire_idle(age_ns);
        for slot in self.index.drain() {
            self.end(slot, EndReason::Shutdown);
        }
        self.closing.clear();
        self.wheel = Wheel::new(self.lifetimes.idle_ns);
    }

    /// The flows that were idle the longest, at least `count` if there are so many. They leave the wheel: `evict` or `keep`
    /// each.
    pub fn idlest(&mut self, count: usize) -> Vec<Idle> {
        let mut found = Vec::new();
        while found.len() < count {
            let Some(bucket) = self.wheel.take_oldest() else { break };
            for flow in bucket.flows {
                let Some(there) = self.slab.find_mut(flow).filter(|there| there.alive) else { continue };
                let idle = Idle { seen_age: there.seen_age, opened_at: there.opened_at, flow };
                if idle.seen_age < bucket.end { found.push(idle) } else { self.wheel.put(flow, idle.seen_age) }
            }
        }
        found
    }

    /// Ends a flow for want of room.
    pub fn evict(&mut self, flow: FlowRef) {
        if self.slab.find_mut(flow).is_some() {
            self.end(flow.slot, EndReason::Evicted);
        }
    }

    /// Puts a flow back that `idlest` took and that stays.
    pub fn keep(&mut self, idle: &Idle) {
        self.wheel.put(idle.flow, idle.seen_age);
    }

    /// Gathers what detectors found in flows that changed since the last report.
    pub fn look(&mut self) {
        for slot in &self.changed {
            if let Some(extra) = self.slab.get_mut(*slot).and_then(|flow| flow.extra.as_mut()) {
                extra.look();
            }
        }
    }

    /// Takes out the slots of the flows to report: that changed since they were, or of these those that have ended.
    pub fn take_changed(&mut self, which: Which) -> Vec<u32> {
        self.ended = 0;
        let changed = std::mem::take(&mut self.changed);
        if which == Which::Changed {
            return changed;
        }
        let alive = |slot: &u32| self.slab.get(*slot).is_some_and(|flow| flow.alive);
        let (alive, ended) = changed.into_iter().partition(alive);
        self.changed = alive;
        ended
    }

    /// Begins to count the next delta of a flow that was reported; one that has ended is let go.
    pub fn told(&mut self, slot: u32) {
        let Some(flow) = self.slab.get_mut(slot) else { return };
        if flow.alive {
            flow.begin_delta();
        } else {
            self.slab.remove(slot);
        }
    }
}
