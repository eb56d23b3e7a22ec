//! One flow: who its ends are, who opened it, and what was counted.

pub mod ids;
pub mod index;
pub mod key;
pub mod listened;
mod opening;
pub mod slab;
pub mod table;
pub mod unseen;
pub mod wheel;

use std::sync::Arc;

use crate::inspect::Content;
use crate::model::{Address, EndReason, Initiator, Packet, Scope, Vlan, proto, tcp};
use crate::names::Names;
use crate::names::transfers::Ends;
use crate::search::Found;
use key::FlowKey;
pub use opening::opened_by_sender;
use opening::{initiator, ports};

/// What is counted of a flow, out and in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Counts {
    pub packets: [u64; 2],
    pub bytes: [u64; 2],
    pub payload: [u64; 2],
}

impl Counts {
    /// What was counted more than before.
    #[inline]
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let minus = |[out, inward]: [u64; 2], [out_before, in_before]: [u64; 2]| [out - out_before, inward - in_before];
        Self {
            packets: minus(self.packets, before.packets),
            bytes: minus(self.bytes, before.bytes),
            payload: minus(self.payload, before.payload),
        }
    }

    fn add(&mut self, outward: bool, packet: &Packet) {
        let [out, inward] = &mut self.packets;
        *(if outward { out } else { inward }) += 1;
        let [out, inward] = &mut self.bytes;
        *(if outward { out } else { inward }) += u64::from(packet.ip_bytes);
        let [out, inward] = &mut self.payload;
        *(if outward { out } else { inward }) += u64::from(packet.payload_bytes);
    }
}

/// Whether a flow's content is listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listening {
    NotYet,
    Now,
    /// All was said, there was no room, or it was shed.
    Over,
}

/// What is known of a flow beside its counts. Only flows that carry something, or have a name, have one.
#[derive(Default)]
pub struct Extra {
    pub names: Names,
    /// The name a DNS answer gave for the server's address: the weakest source.
    pub label: Option<Arc<str>>,
    pub content: Option<Box<Content>>,
    /// What detectors found since the last report; None: none looked.
    pub found: Option<Box<Found>>,
    /// Where bytes of TCP are missing; None: nowhere so far.
    pub unseen: Option<Box<unseen::Unseen>>,
}

impl Extra {
    /// Gathers what detectors found so far.
    pub fn look(&mut self) {
        if let Some(mut content) = self.content.take() {
            self.gather(&mut content, false);
            self.content = Some(content);
        }
    }

    fn gather(&mut self, content: &mut Content, last: bool) {
        if let Some(found) = content.take_found(last) {
            self.found.get_or_insert_default().extend(found);
        }
    }
}

/// A flow in the table. `out` is from local to remote, whoever opened it.
///
/// Four cache lines: a packet that only counts touches the first two and, in TCP, the third; the fourth is what few packets
/// and reports need.
#[repr(C, align(64))]
pub struct Flow {
    // Who it is, and what every packet looks at.
    pub key: FlowKey,
    pub scope: Scope,
    pub initiator: Initiator,
    pub listening: Listening,
    pub closing: Option<EndReason>,
    /// When it opened; once it is closing, when that began.
    pub opened_age: i64,
    pub end_reason: Option<EndReason>,
    pub alive: bool,
    /// Counted since the last report.
    pub dirty: bool,
    /// The end called `a` in the key is the local one.
    pub local_is_a: bool,
    fins: u8,
    /// Bit 0: outward, bit 1: inward.
    isn_known: u8,
    syn_ack: bool,
    /// See `unseen`.
    reckoned: u8,
    // What every packet changes.
    pub counts: Counts,
    pub seen_age: i64,
    pub last_ns: i64,
    // What reports need, and what every packet of TCP changes.
    pub told: Counts,
    pub first_ns: i64,
    /// How far the numbers of TCP were seen or acknowledged, out and in.
    tops: [u32; 2],
    // What few packets touch.
    pub opened_at: u64,
    syn_ns: Option<std::num::NonZeroI64>,
    isn: [u32; 2],
    /// Given with the first report.
    pub id: u64,
    pub vlan: Vlan,
    pub extra: Option<Box<Extra>>,
    rtt_us: u32,
    pub local_port: u16,
    pub remote_port: u16,
    pub generation: u32,
    /// Reported before.
    pub told_before: bool,
    /// Has its id.
    pub identified: bool,
    rtt_known: bool,
    /// Of what it carries something was left unread under load.
    pub unread: bool,
}

const _: () = assert!(size_of::<Flow>() <= 256 && size_of::<Extra>() <= 128);
const _: () = assert!(std::mem::offset_of!(Flow, counts) == 64 && std::mem::offset_of!(Flow, opened_at) == 192);

impl Flow {
    /// Opens a flow with its first packet, which is not counted yet. `opened`: what `opened_by_sender` says of it.
    #[must_use]
    pub fn open(sight: &Sight<'_>, scope: Scope, sender_is_local: bool, opened: Option<bool>, now: Moment) -> Self {
        let Sight { packet, key, forward, .. } = *sight;
        let (local_port, remote_port) = ports(packet, sender_is_local);
        Self {
            initiator: initiator(opened, sender_is_local),
            local_is_a: forward == sender_is_local,
            vlan: packet.vlan,
            local_port,
            remote_port,
            ..Self::begun(*key, scope, packet.ts_ns, now)
        }
    }

    /// The flow that goes on when this record ends of age: same ends, initiator, names; counts from zero.
    ///
    /// The content goes over to it, and writes on into its names; this one keeps a copy of what is known today.
    pub fn successor(&mut self, packet: &Packet, now: Moment) -> Self {
        let holes = self.hand_over_holes();
        let mut heir_extra = self.extra.take();
        self.extra = heir_extra.as_mut().map(|extra| {
            let kept = Extra {
                names: extra.names.clone(),
                label: extra.label.clone(),
                content: None,
                found: extra.found.take(),
                unseen: std::mem::replace(&mut extra.unseen, holes),
            };
            extra.names.http_upload_bytes = None;
            Box::new(kept)
        });
        Self {
            initiator: self.initiator,
            listening: self.listening,
            local_is_a: self.local_is_a,
            fins: self.fins,
            reckoned: self.reckoned,
            tops: self.tops,
            rtt_known: self.rtt_known,
            rtt_us: self.rtt_us,
            vlan: self.vlan,
            extra: heir_extra,
            local_port: self.local_port,
            remote_port: self.remote_port,
            ..Self::begun(self.key, self.scope, packet.ts_ns, now)
        }
    }

    /// A flow of which nothing is known but its key.
    #[inline]
    fn begun(key: FlowKey, scope: Scope, first_ns: i64, now: Moment) -> Self {
        Self {
            key,
            generation: 0,
            scope,
            initiator: Initiator::Unknown,
            listening: Listening::NotYet,
            closing: None,
            end_reason: None,
            alive: true,
            dirty: false,
            local_is_a: false,
            told_before: false,
            identified: false,
            fins: 0,
            isn_known: 0,
            syn_ack: false,
            rtt_known: false,
            unread: false,
            reckoned: 0,
            tops: [0; 2],
            counts: Counts::default(),
            seen_age: now.age_ns,
            last_ns: first_ns,
            told: Counts::default(),
            first_ns,
            opened_age: now.age_ns,
            opened_at: now.number,
            syn_ns: None,
            isn: [0; 2],
            id: 0,
            vlan: Vlan::default(),
            extra: None,
            rtt_us: 0,
            local_port: 0,
            remote_port: 0,
        }
    }

    /// Tells whether it is the flow of a key, and lives.
    #[inline]
    #[must_use]
    pub fn is(&self, key: &FlowKey) -> bool {
        self.alive && self.key == *key
    }

    /// Tells whether nobody listens any more.
    #[inline]
    #[must_use]
    pub fn is_unheard(&self) -> bool {
        self.listening == Listening::Over
    }

    /// Has all of it brought into the cache; the number is of no use.
    #[inline]
    #[must_use]
    pub fn touch(&self) -> u64 {
        let [packets, _] = self.counts.packets;
        u64::from(self.alive) ^ packets ^ self.first_ns as u64 ^ u64::from(self.local_port)
    }

    /// Begins to count anew what the next report adds.
    pub fn begin_delta(&mut self) {
        self.dirty = false;
        self.told_before = true;
        self.told = self.counts;
        self.begin_missing();
        if let Some(found) = self.extra.as_mut().and_then(|extra| extra.found.as_deref_mut()) {
            *found = Found::default();
        }
    }

    /// The end at home; in transit and domestic flows the initiator.
    #[must_use]
    pub fn local(&self) -> Address {
        self.key.end(self.local_is_a)
    }

    #[must_use]
    pub fn remote(&self) -> Address {
        self.key.end(!self.local_is_a)
    }

    /// Who was asked and who asked, and the port that was asked.
    #[must_use]
    pub fn ends(&self) -> (Ends, u16) {
        let (local, remote) = (self.local(), self.remote());
        match self.initiator {
            Initiator::Remote => (Ends { server: local, client: remote }, self.local_port),
            _ => (Ends { server: remote, client: local }, self.remote_port),
        }
    }

    /// TCP handshake, SYN to ACK as seen here, in microseconds.
    #[must_use]
    pub fn rtt_us(&self) -> Option<u32> {
        self.rtt_known.then_some(self.rtt_us)
    }

    /// The initial sequence number of a direction, where its SYN was seen.
    #[must_use]
    pub fn isn(&self, outward: bool) -> Option<u32> {
        let ([out, inward], bit) = (self.isn, way_bit(outward));
        (self.isn_known & bit != 0).then_some(if outward { out } else { inward })
    }

    /// Tells whether a packet goes from local to remote; `forward`: its sender is `a`.
    #[must_use]
    pub fn outward(&self, packet: &Packet, forward: bool) -> bool {
        if self.key.a == self.key.b { packet.sport == self.local_port } else { forward == self.local_is_a }
    }

    /// Counts a packet, and follows TCP's opening and closing. Returns whether it goes outward.
    pub fn count(&mut self, packet: &Packet, forward: bool) -> bool {
        let outward = self.outward(packet, forward);
        self.counts.add(outward, packet);
        if !self.dirty || packet.ts_ns > self.last_ns {
            self.last_ns = packet.ts_ns;
        }
        if packet.proto == proto::TCP {
            self.reckon(packet, outward);
            if packet.tcp_flags & (tcp::SYN | tcp::FIN | tcp::RST) != 0 || self.syn_ack {
                self.follow(packet, outward);
            }
        }
        outward
    }

    fn follow(&mut self, packet: &Packet, outward: bool) {
        let flags = packet.tcp_flags;
        if flags & tcp::SYN != 0 {
            let [out, inward] = &mut self.isn;
            *(if outward { out } else { inward }) = packet.tcp_seq;
            self.isn_known |= way_bit(outward);
        }
        if flags & tcp::RST != 0 {
            self.closing = self.closing.or(Some(EndReason::Rst));
        } else if flags & tcp::FIN != 0 {
            self.fins |= way_bit(outward);
            if self.fins == 3 {
                self.closing = self.closing.or(Some(EndReason::Fin));
            }
        }
        self.time_handshake(packet, outward == (self.initiator == Initiator::Local));
    }

    fn time_handshake(&mut self, packet: &Packet, sent_by_initiator: bool) {
        let flags = packet.tcp_flags;
        if flags & tcp::SYN != 0 && !self.rtt_known && self.initiator != Initiator::Unknown {
            if flags & tcp::ACK == 0 && sent_by_initiator && !self.syn_ack {
                // The newest: a SYN sent again is the one answered.
                self.syn_ns = std::num::NonZeroI64::new(packet.ts_ns.saturating_add(1));
            } else if flags & tcp::ACK != 0 && !sent_by_initiator {
                self.syn_ack = self.syn_ns.is_some();
            }
        } else if let (true, Some(syn_ns)) = (self.syn_ack && flags & tcp::ACK != 0 && sent_by_initiator, self.syn_ns) {
            self.syn_ack = false;
            let passed = packet.ts_ns.saturating_sub(syn_ns.get() - 1);
            if flags & tcp::RST == 0 && passed >= 0 {
                self.rtt_known = true;
                self.rtt_us = u32::try_from(passed / 1000).unwrap_or(u32::MAX);
            }
        }
    }
}

const fn way_bit(outward: bool) -> u8 {
    if outward { 1 } else { 2 }
}

/// A packet as the table sees it.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    pub packet: &'a Packet,
    pub key: &'a FlowKey,
    pub hash: u64,
    /// The sender stands in the key as `a`.
    pub forward: bool,
    /// Captured payload.
    pub payload: &'a [u8],
}

/// When something happened: the number of the packet and the age of the clock.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    pub number: u64,
    pub age_ns: i64,
}
