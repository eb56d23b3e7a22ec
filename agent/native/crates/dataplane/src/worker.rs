//! One worker: the flows of its share of hosts, what it learns from their payload, and its part of the books.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::apps::Conversation;
use crate::apps::talk::Scene;
use crate::books::Books;
use crate::evidence::{Shared, locked};
use crate::flow::key::FlowKey;
use crate::flow::table::{Added, Counted, Table};
use crate::flow::{Flow, Listening, Moment, Sight};
use crate::home::Home;
use crate::inspect::{Content, Heard};
use crate::model::{Frame, Packet, Scope, proto, tcp};
use crate::names::dns::{DnsEvent, DnsLog, DnsNames};
use crate::names::transfers::{FlowRef, Transfers};
use crate::names::{List, Names, Source, clean};
use crate::search::{Detectors, Limit};

const DNS_PORT: u16 = 53;

/// A packet on its way from decoder to table.
pub struct Item {
    pub packet: Packet,
    pub key: FlowKey,
    pub hash: u64,
    pub forward: bool,
    /// Which record of the block it was read from.
    pub record: u32,
    pub now: Moment,
}

/// What is left out under load, the least important first. Accounting never is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Shed {
    #[default]
    Nothing,
    /// Detectors see no more of what flows carry, also of those they have begun to see.
    Content,
    /// Of new flows, one in `SAMPLED` has its names read.
    SomeNames,
    /// No names are read.
    Names,
}

impl Shed {
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Content, Self::SomeNames, Self::Names];

    /// As metrics call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Content => "content",
            Self::SomeNames => "some names",
            Self::Names => "names",
        }
    }
}

/// See `Shed::SomeNames`. Which flows those are their hash decides: traffic has its own rhythm in packets.
pub const SAMPLED: u64 = 8;

/// The flows of a share of all pairs of hosts.
pub struct Worker {
    pub table: Table,
    pub books: Vec<Books>,
    pub dns: DnsLog,
    pub shed: Shed,
    /// The most that was left out since the last tick.
    pub shed_most: Shed,
    /// Readers of content that failed and were stopped: a fault of ours.
    pub failures: u64,
    /// Where packets are kept for who asks.
    pub ring: Option<Shared>,
    detectors: Option<Arc<Detectors>>,
    transfers: Transfers,
    /// Flows that are listened to, in the order they began; some are no longer.
    room: VecDeque<(u64, FlowRef)>,
    found: Vec<Option<u32>>,
}

impl Worker {
    /// Begins with a table and empty books for each interface; detectors see what crosses in the clear.
    #[must_use]
    pub fn new(table: Table, interfaces: usize, detectors: Option<Arc<Detectors>>) -> Self {
        Self {
            table,
            detectors,
            books: vec![Books::default(); interfaces],
            dns: DnsLog::default(),
            shed: Shed::Nothing,
            shed_most: Shed::Nothing,
            failures: 0,
            ring: None,
            transfers: Transfers::default(),
            room: VecDeque::new(),
            found: Vec::new(),
        }
    }

    /// Counts packets in order; `payload` gives the captured payload of each, `frame` what it came in. Tells whether there
    /// were any.
    ///
    /// Their flows are brought near before the first is counted, so there should be few packets at a time.
    pub fn take<'a>(
        &mut self,
        items: impl Iterator<Item = &'a Item>,
        home: &Home,
        payload: impl Fn(&'a Item) -> &'a [u8],
        frame: impl Fn(&'a Item) -> Option<Frame<'a>>,
    ) -> bool {
        let (mut found, items) = (std::mem::take(&mut self.found), items.collect::<Vec<_>>());
        self.table.touch(items.iter().map(|item| item.hash), &mut found);
        for (item, slot) in items.iter().zip(&found) {
            let sight = sight(item, payload(item));
            let added = self.table.add(&sight, *slot, home, item.now);
            self.count(&sight, added, item.now);
            if self.ring.is_some() {
                self.keep(added.counted, item, frame(item));
            }
        }
        self.found = found;
        !items.is_empty()
    }

    /// Keeps a packet that crosses for who asks.
    fn keep(&self, counted: Counted, item: &Item, frame: Option<Frame<'_>>) {
        let (Counted::Known(slot) | Counted::Opened(slot)) = counted else { return };
        let flow = self.table.slab.get(slot).filter(|flow| flow.scope == Scope::Crossing);
        if let (Some(flow), Some(ring), Some(frame)) = (flow, &self.ring, frame) {
            let so_far: u64 = flow.counts.bytes.iter().sum();
            locked(ring).keep(flow.opened_at, so_far.saturating_sub(u64::from(item.packet.ip_bytes)), &frame);
        }
    }

    /// Notes the ids under which flows are reported, for who asks for packets.
    pub fn name_kept(&self, slots: impl Iterator<Item = u32>) {
        let Some(ring) = &self.ring else { return };
        let mut ring = locked(ring);
        for flow in slots.filter_map(|slot| self.table.slab.get(slot)) {
            ring.name(flow.id, flow.opened_at);
        }
    }

    fn count(&mut self, sight: &Sight<'_>, added: Added, now: Moment) {
        let Added { counted, outward, unheard } = added;
        self.dns.at = now.number;
        let Some(books) = self.books.get_mut(usize::from(sight.packet.interface)) else { return };
        if counted == Counted::Domestic {
            books.domestic_packets += 1;
            books.domestic_bytes += u64::from(sight.packet.ip_bytes);
            return self.overhear(sight);
        }
        books.flow_packets += 1;
        books.flow_bytes += u64::from(sight.packet.ip_bytes);
        if self.shed == Shed::Names {
            self.shed_most = Shed::Names;
            return self.leave_unread(counted, unheard, sight);
        }
        match counted {
            Counted::Opened(slot) => {
                self.label(slot, sight.packet);
                self.inspect(slot, sight, outward, now);
            }
            Counted::Known(slot) if !unheard => self.inspect(slot, sight, outward, now),
            Counted::Known(_) | Counted::Domestic => {}
        }
    }

    /// Counts a flow whose names are left out, when it is new or someone would have listened: once.
    fn leave_unread(&mut self, counted: Counted, unheard: bool, sight: &Sight<'_>) {
        let said = !sight.payload.is_empty() && sight.packet.carries.is_none();
        let slot = match counted {
            Counted::Opened(slot) => slot,
            Counted::Known(slot) if said && !unheard => slot,
            Counted::Known(_) | Counted::Domestic => return,
        };
        let flow = self.table.slab.get_mut(slot);
        if flow.is_some_and(|flow| !std::mem::replace(&mut flow.unread, true)) {
            self.leave_out(sight.packet, Shed::Names);
        }
    }

    /// Counts a flow of which work is left out now.
    fn leave_out(&mut self, packet: &Packet, work: Shed) {
        self.shed_most = self.shed_most.max(self.shed);
        if let Some(books) = self.books.get_mut(usize::from(packet.interface)) {
            books.shed(work);
        }
    }

    /// Names the server of a new flow: by who announced it, and later by the DNS answer that gave its address.
    fn label(&mut self, slot: u32, packet: &Packet) {
        let Some(flow) = self.table.slab.get_mut(slot) else { return };
        let (ends, port) = flow.ends();
        self.dns.ask(ends.server, slot);
        if flow.listening == Listening::Now {
            // A successor: what was listened to goes on here.
            self.room.push_back((self.dns.at, FlowRef { slot, generation: flow.generation }));
        }
        if let Some(tunnel) = packet.carries {
            flow.extra.get_or_insert_default().names.app_protocol = Some(tunnel.word());
        }
        if packet.proto == proto::TCP && !self.transfers.is_empty() {
            let place = FlowRef { slot, generation: flow.generation };
            let mut names = Names::default();
            if self.transfers.claim(&ends, port, place, &mut names) {
                let known = &mut flow.extra.get_or_insert_default().names;
                known.app_protocol = names.app_protocol;
                for file in names.list(List::FileNames) {
                    known.add(List::FileNames, file.as_bytes());
                }
            }
        }
    }

    /// Reads the payload of a packet that its flow has counted.
    #[inline]
    fn inspect(&mut self, slot: u32, sight: &Sight<'_>, outward: bool, now: Moment) {
        if sight.payload.is_empty() {
            return;
        }
        let Some(flow) = self.table.slab.get_mut(slot) else { return };
        if flow.listening == Listening::Over || sight.packet.carries.is_some() {
            return;
        }
        if flow.listening == Listening::NotYet {
            let shed = self.shed == Shed::SomeNames && !sight.hash.is_multiple_of(SAMPLED);
            if shed || !matches!(sight.packet.proto, proto::TCP | proto::UDP) {
                flow.listening = Listening::Over;
                if shed {
                    self.leave_out(sight.packet, Shed::SomeNames);
                }
                return;
            }
            flow.listening = Listening::Now;
            let content = Content::new(sight.packet.proto == proto::TCP);
            let detectors = self.detectors.as_ref().filter(|_| flow.scope == Scope::Crossing);
            let hidden = detectors.is_some() && self.shed >= Shed::Content;
            let content = match detectors {
                Some(detectors) if !hidden => content.shown_to(detectors),
                _ => content,
            };
            flow.extra.get_or_insert_default().content = Some(self.table.listened.begin(content));
            self.room.push_back((now.number, FlowRef { slot, generation: flow.generation }));
            if hidden {
                self.leave_out(sight.packet, Shed::Content);
            }
        }
        self.hear(slot, sight, outward);
    }

    fn hear(&mut self, slot: u32, sight: &Sight<'_>, outward: bool) {
        let Self { table, dns, transfers, shed, books, .. } = self;
        let Some(flow) = table.slab.get_mut(slot) else { return };
        let heard = Heard {
            outward,
            seq: sight.packet.tcp_seq,
            syn: sight.packet.tcp_flags & tcp::SYN != 0,
            isn: flow.isn(outward),
            payload: sight.payload,
            payload_bytes: sight.packet.payload_bytes,
        };
        let (ends, place) = (flow.ends().0, FlowRef { slot, generation: flow.generation });
        let Some(extra) = flow.extra.as_deref_mut() else { return };
        let Some(content) = &mut extra.content else { return };
        let hidden = *shed >= Shed::Content && content.hide();
        let before = content.held();
        let mut scene =
            Scene { names: &mut extra.names, dns, transfers, flow: Some(place), ends: Some(ends), reading: None };
        let wanted = catch_unwind(AssertUnwindSafe(|| content.hear(&mut scene, &heard)));
        let wanted = wanted.unwrap_or_else(|_| {
            self.failures += 1;
            false
        });
        table.listened.held = table.listened.held + content.held() - before;
        let limited = content.take_limited();
        if let Some(books) = books.get_mut(usize::from(sight.packet.interface)) {
            Limit::ALL.into_iter().filter(|limit| limited.has(*limit)).for_each(|limit| books.limit(limit));
        }
        if !wanted {
            stop_listening(table, slot);
        }
        if hidden {
            self.leave_out(sight.packet, Shed::Content);
        }
        self.pass_on();
    }

    /// Tells flows opened earlier the names of files that were announced later.
    fn pass_on(&mut self) {
        for (flow, file) in self.transfers.take_told() {
            if let Some(found) = self.table.slab.find_mut(flow) {
                found.extra.get_or_insert_default().names.add(List::FileNames, &file);
            }
        }
    }

    /// Learns from a DNS answer that stays at home: clients ask a resolver at home for names abroad.
    fn overhear(&mut self, sight: &Sight<'_>) {
        if sight.packet.proto != proto::UDP || sight.packet.sport != DNS_PORT || sight.payload.is_empty() {
            return;
        }
        let Self { dns, transfers, failures, .. } = self;
        let mut names = Names::default();
        let mut scene = Scene { names: &mut names, dns, transfers, flow: None, ends: None, reading: None };
        let mut conversation = Conversation::new(false);
        if catch_unwind(AssertUnwindSafe(|| conversation.feed(&mut scene, false, sight.payload))).is_err() {
            *failures += 1;
        }
    }

    /// Has other detectors see what crosses from now on: flows that begin, and the next text of those that are seen.
    pub fn search_for(&mut self, detectors: Option<&Arc<Detectors>>) {
        let slab = &mut self.table.slab;
        for (_, flow) in &self.room {
            let heard = slab.find_mut(*flow).filter(|found| is_heard(found));
            let extra = heard.and_then(|found| found.extra.as_deref_mut());
            match (extra.and_then(|extra| extra.content.as_mut()), detectors) {
                (Some(content), Some(detectors)) => content.search_for(detectors),
                (Some(content), None) => _ = content.hide(),
                (None, _) => {}
            }
        }
        self.detectors = detectors.cloned();
    }

    /// When the flow that is listened to for the longest began; flows that are no longer are forgotten here.
    pub fn oldest_listening(&mut self) -> Option<u64> {
        while let Some((began, flow)) = self.room.front() {
            if self.table.slab.find_mut(*flow).is_some_and(|found| is_heard(found)) {
                return Some(*began);
            }
            self.room.pop_front();
        }
        None
    }

    /// Listens no longer to the flow that is listened to for the longest.
    pub fn hush_oldest(&mut self) {
        if self.oldest_listening().is_some()
            && let Some((_, flow)) = self.room.pop_front()
        {
            stop_listening(&mut self.table, flow.slot);
        }
    }

    /// Forgets what stands in line without being listened to, when it has become much.
    pub fn tidy(&mut self) {
        if self.room.len() > 2 * self.table.listened.count + 1024 {
            let slab = &mut self.table.slab;
            self.room.retain(|(_, flow)| slab.find_mut(*flow).is_some_and(|found| is_heard(found)));
        }
    }
}

fn is_heard(flow: &Flow) -> bool {
    flow.alive && flow.listening == Listening::Now
}

fn stop_listening(table: &mut Table, slot: u32) {
    let Some(flow) = table.slab.get_mut(slot) else { return };
    flow.listening = Listening::Over;
    if let Some(extra) = &mut flow.extra {
        table.listened.end(extra);
    }
}

fn sight<'a>(item: &'a Item, payload: &'a [u8]) -> Sight<'a> {
    Sight { packet: &item.packet, key: &item.key, hash: item.hash, forward: item.forward, payload }
}

/// Replays what workers learnt and asked, in the order of packets, and names the flows that asked.
pub fn settle(workers: &mut [Worker], dns_names: &mut DnsNames) {
    if let [worker] = workers {
        let mut events = std::mem::take(&mut worker.dns.events);
        for event in events.drain(..) {
            replay(event, dns_names, worker);
        }
        worker.dns.events = events;
        return;
    }
    let mut events: Vec<(u64, usize, DnsEvent)> = Vec::new();
    for (number, worker) in workers.iter_mut().enumerate() {
        events.extend(worker.dns.events.drain(..).map(|event| (event.at(), number, event)));
    }
    events.sort_by_key(|(at, ..)| *at);
    for (_, number, event) in events {
        if let Some(worker) = workers.get_mut(number) {
            replay(event, dns_names, worker);
        }
    }
}

fn replay(event: DnsEvent, dns_names: &mut DnsNames, worker: &mut Worker) {
    match event {
        DnsEvent::Learn { address, name, .. } => dns_names.learn(address, name),
        DnsEvent::Ask { address, flow, .. } => {
            let Some(name) = dns_names.name_of(&address) else { return };
            let Some(flow) = worker.table.slab.get_mut(flow) else { return };
            let extra = flow.extra.get_or_insert_default();
            if extra.label.is_none() {
                extra.label = Some(label(&name));
            }
        }
    }
}

/// A name as the column holds it; nearly always it is that already.
fn label(name: &Arc<str>) -> Arc<str> {
    let cleaned = clean::server(name.as_bytes(), Source::Dns);
    if *cleaned == **name { Arc::clone(name) } else { cleaned.into() }
}
