//! Packet evidence: packets of crossing flows, kept in bounded memory until somebody asks for them.
//!
//! Each worker has a ring: the fronts of flows, given up oldest first where there is no more room, and of what follows the
//! newest packets of all. Nothing of it is written anywhere here.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption};
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness};

use crate::model::Frame;

/// Most bytes kept of a frame.
const SNAP: usize = 2048;
/// What a packet costs beside its bytes.
const OVERHEAD: usize = size_of::<Kept>() + 16;
/// Ticks of which the ids of flows are known: who asks for a finding's flow asks soon after its tick.
const TICKS: usize = 4;
const NANOSECONDS: u8 = 9;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of each worker. A quarter is for what follows the fronts.
    pub ring_bytes: usize,
    /// Of each flow, IP bytes both ways.
    pub front_bytes: u64,
    /// Of what follows, so long before its newest packet is handed over.
    pub before_ns: i64,
}

/// One packet.
struct Kept {
    flow: u64,
    ts_ns: i64,
    linktype: u32,
    wire_len: u32,
    /// The first of its flow.
    first: bool,
    data: Box<[u8]>,
}

/// Packets in the order they came, and how much room they take.
#[derive(Default)]
struct Part {
    packets: VecDeque<Kept>,
    bytes: usize,
}

impl Part {
    fn push(&mut self, packet: Kept, most: usize) {
        self.bytes += packet.data.len() + OVERHEAD;
        self.packets.push_back(packet);
        while self.bytes > most && self.pop() {}
    }

    fn pop(&mut self) -> bool {
        let popped = self.packets.pop_front();
        self.bytes -= popped.as_ref().map_or(0, |packet| packet.data.len() + OVERHEAD);
        popped.is_some()
    }
}

/// What one worker keeps.
pub struct Ring {
    limits: Limits,
    fronts: Part,
    recent: Part,
    /// Id → number of the flows that were reported, the newest tick first.
    flows: VecDeque<HashMap<u64, u64>>,
}

impl Ring {
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, fronts: Part::default(), recent: Part::default(), flows: VecDeque::new() }
    }

    /// Keeps a packet of flow number `flow`, of which `before` bytes went before.
    pub fn keep(&mut self, flow: u64, before: u64, frame: &Frame<'_>) {
        let data = frame.data.get(..frame.data.len().min(SNAP)).unwrap_or_default();
        let Frame { ts_ns, linktype, wire_len, .. } = *frame;
        let packet = Kept { flow, ts_ns, linktype, wire_len, first: before == 0, data: data.into() };
        if before < self.limits.front_bytes {
            return self.fronts.push(packet, self.limits.ring_bytes / 4 * 3);
        }
        self.recent.push(packet, self.limits.ring_bytes / 4);
    }

    /// Begins the ids of a tick.
    pub fn begin_tick(&mut self) {
        self.flows.push_front(HashMap::new());
        self.flows.truncate(TICKS);
    }

    /// Notes the id that flow number `flow` is reported by.
    pub fn name(&mut self, id: u64, flow: u64) {
        if let Some(flows) = self.flows.front_mut() {
            flows.insert(id, flow);
        }
    }

    fn number(&self, id: u64) -> Option<u64> {
        self.flows.iter().find_map(|flows| flows.get(&id).copied())
    }
}

/// The rings of all workers of a gateway.
pub struct Evidence {
    limits: Limits,
    rings: Mutex<Vec<Shared>>,
}

/// A ring as its worker and who asks share it.
pub type Shared = Arc<Mutex<Ring>>;

/// What there is of a flow: a pcapng file, and whether it begins with the flow's first packet.
pub struct Found {
    pub pcapng: Vec<u8>,
    pub whole_front: bool,
}

impl Evidence {
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, rings: Mutex::new(Vec::new()) }
    }

    /// A ring for one more worker.
    pub fn ring(&self) -> Shared {
        let ring = Arc::new(Mutex::new(Ring::new(self.limits)));
        locked(&self.rings).push(Arc::clone(&ring));
        ring
    }

    /// What there is of flows by their ids, each with the comments of its file; None where nothing is left.
    #[must_use]
    pub fn ask(&self, asked: &[(u64, Vec<String>)]) -> Vec<Option<Found>> {
        let mut found: Vec<Option<Found>> = asked.iter().map(|_| None).collect();
        for ring in locked(&self.rings).iter() {
            let ring = locked(ring);
            let numbers: Vec<Option<u64>> = asked.iter().map(|(id, _)| ring.number(*id)).collect();
            let mut packets: HashMap<u64, Vec<&Kept>> = numbers.iter().flatten().map(|n| (*n, Vec::new())).collect();
            if packets.is_empty() {
                continue;
            }
            let mut later: HashMap<u64, Vec<&Kept>> = HashMap::new();
            for packet in &ring.fronts.packets {
                packets.entry(packet.flow).and_modify(|mine| mine.push(packet));
            }
            // Backwards, since the newest packet of a flow says from when on the others matter.
            let mut since: HashMap<u64, i64> = HashMap::new();
            for packet in ring.recent.packets.iter().rev().filter(|packet| packets.contains_key(&packet.flow)) {
                let since = since.entry(packet.flow).or_insert(packet.ts_ns.saturating_sub(ring.limits.before_ns));
                if packet.ts_ns >= *since {
                    later.entry(packet.flow).or_default().push(packet);
                }
            }
            for (flow, mut later) in later.drain() {
                later.reverse();
                packets.entry(flow).and_modify(|mine| mine.append(&mut later));
            }
            for ((slot, number), (_, comments)) in found.iter_mut().zip(numbers).zip(asked) {
                let mine = number.and_then(|number| packets.get(&number)).filter(|mine| !mine.is_empty());
                if let Some(mine) = mine {
                    *slot = written(mine, comments);
                }
            }
        }
        found
    }
}

/// Locks what a thread that broke may have left: packets are whole or not there.
pub fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A pcapng file of packets; the comments stand at the section and at the first packet.
fn written(packets: &[&Kept], comments: &[String]) -> Option<Found> {
    let section = SectionHeaderBlock {
        endianness: Endianness::Little,
        options: comments.iter().map(|text| SectionHeaderOption::Comment(Cow::Owned(text.clone()))).collect(),
        ..SectionHeaderBlock::default()
    };
    let mut writer = PcapNgWriter::with_section_header(Vec::new(), section).ok()?;
    let mut links: Vec<u32> = Vec::new();
    for (number, packet) in packets.iter().enumerate() {
        let link = match links.iter().position(|link| *link == packet.linktype) {
            Some(link) => link,
            None => {
                links.push(packet.linktype);
                writer.write_pcapng_block(interface(packet.linktype)).ok()?;
                links.len() - 1
            }
        };
        let told = if number == 0 { comments } else { &[] };
        let block = EnhancedPacketBlock {
            interface_id: link as u32,
            timestamp: Duration::from_nanos(packet.ts_ns.max(0) as u64),
            original_len: packet.wire_len,
            data: Cow::Borrowed(&packet.data),
            options: told.iter().map(|text| EnhancedPacketOption::Comment(Cow::Borrowed(text))).collect(),
        };
        writer.write_pcapng_block(block).ok()?;
    }
    let whole_front = packets.iter().any(|packet| packet.first);
    Some(Found { pcapng: writer.into_inner(), whole_front })
}

fn interface(linktype: u32) -> InterfaceDescriptionBlock<'static> {
    InterfaceDescriptionBlock {
        linktype: DataLink::from(linktype),
        snaplen: SNAP as u32,
        options: vec![InterfaceDescriptionOption::IfTsResol(NANOSECONDS)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pcap_file::pcapng::{Block, PcapNgReader};

    const LIMITS: Limits = Limits { ring_bytes: 40_000, front_bytes: 1_000, before_ns: 5_000_000_000 };

    fn frame(ts_ns: i64, data: &[u8]) -> Frame<'_> {
        Frame { ts_ns, linktype: 1, wire_len: data.len() as u32, interface: 0, data }
    }

    fn kept(packets: &[(u64, u64, i64, usize)]) -> Evidence {
        let evidence = Evidence::new(LIMITS);
        let ring = evidence.ring();
        let mut ring = locked(&ring);
        for (flow, before, ts_ns, size) in packets {
            ring.keep(*flow, *before, &frame(*ts_ns, &vec![7; *size]));
        }
        ring.begin_tick();
        ring.name(70, 7);
        ring.name(80, 8);
        drop(ring);
        evidence
    }

    fn times(found: &Found) -> Vec<u128> {
        let mut reader = PcapNgReader::new(found.pcapng.as_slice()).unwrap_or_else(|_| unreachable!());
        let mut times = Vec::new();
        while let Some(Ok(block)) = reader.next_block() {
            if let Block::EnhancedPacket(packet) = block {
                times.push(packet.timestamp.as_nanos());
            }
        }
        times
    }

    fn one(evidence: &Evidence, id: u64) -> Option<Found> {
        evidence.ask(&[(id, vec!["said".to_owned()])]).pop().flatten()
    }

    #[test]
    fn the_front_and_the_last_seconds() {
        let second = 1_000_000_000;
        let evidence = kept(&[(7, 0, 1, 60), (8, 0, 2, 60), (7, 5_000, 3, 60), (7, 9_000, 9 * second, 60)]);
        assert!(one(&evidence, 70).is_some_and(|found| found.whole_front && times(&found) == [1, 9 * 1_000_000_000]));
        assert!(one(&evidence, 80).is_some_and(|found| times(&found) == [2]));
        assert!(one(&evidence, 90).is_none());
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_gives_way() {
        let many: Vec<_> = (0..10_000).map(|n| (if n == 0 { 7 } else { 8 }, n % 2 * 5_000, n as i64, 500)).collect();
        let evidence = kept(&many);
        let rings = locked(&evidence.rings);
        let size = |ring: &Ring| ring.fronts.bytes + ring.recent.bytes;
        let bytes: usize = rings.iter().map(|ring| size(&locked(ring))).sum();
        drop(rings);
        assert!(bytes <= LIMITS.ring_bytes);
        assert!(one(&evidence, 70).is_none());
        assert!(one(&evidence, 80).is_some());
    }

    #[test]
    fn large_frames_are_cut() {
        let found = one(&kept(&[(7, 0, 1, 9_000)]), 70);
        assert!(found.is_some_and(|found| found.pcapng.len() < SNAP + 200));
    }
}
