//! Bytes of a TCP connection that the other end acknowledged and that never came by here: lost, or on another way.

use super::{Flow, way_bit};
use crate::model::{Packet, proto, tcp};

/// Holes of a direction kept; beyond it the oldest is settled.
pub const HOLES_LIMIT: usize = 32;
/// The largest window there is (RFC 7323 2.2): numbers further apart are not of one connection.
pub const WINDOW: u32 = 1 << 30;

/// Of `Flow::reckoned`: how far a direction is, is known (`way_bit` of each).
const BOTH: u8 = 3;
/// Of `Flow::reckoned`: there are holes in a direction.
const HOLES: u8 = 4;

/// What is kept of a flow in which bytes were missing, outward and inward.
#[derive(Clone, Debug, Default)]
pub struct Unseen([Way; 2]);

impl Unseen {
    fn way(&mut self, outward: bool) -> &mut Way {
        let [out, inward] = &mut self.0;
        if outward { out } else { inward }
    }

    fn has_holes(&self) -> bool {
        self.0.iter().any(|way| !way.holes.is_empty())
    }
}

/// The holes of one direction, below how far it was seen or acknowledged (its top): what may still be filled.
///
/// What is acknowledged counts when it is reported: until then data that the capture brought late fill their hole.
#[derive(Clone, Debug, Default)]
struct Way {
    /// In order, disjoint.
    holes: Vec<(u32, u32)>,
    /// The highest number acknowledged; kept while there are holes.
    acked: u32,
    counted: u64,
    told: u64,
}

impl Way {
    /// How much of a hole is acknowledged.
    fn acknowledged(&self, (start, end): (u32, u32), top: u32) -> u32 {
        let above = top.wrapping_sub(end).max(top.wrapping_sub(self.acked));
        top.wrapping_sub(start).saturating_sub(above)
    }

    /// Bytes acknowledged that were not seen, those of holes that may still be filled among them.
    fn unseen(&self, top: u32) -> u64 {
        self.counted + self.holes.iter().map(|hole| u64::from(self.acknowledged(*hole, top))).sum::<u64>()
    }

    /// Counts what is acknowledged; it is no longer waited for.
    fn settle(&mut self, top: u32) {
        let mut holes = std::mem::take(&mut self.holes);
        holes.retain_mut(|hole| {
            let part = self.acknowledged(*hole, top);
            self.counted += u64::from(part);
            hole.0 = hole.0.wrapping_add(part);
            hole.0 != hole.1
        });
        self.holes = holes;
    }

    fn settle_oldest(&mut self, top: u32) {
        if !self.holes.is_empty() {
            let oldest = self.holes.remove(0);
            self.counted += u64::from(self.acknowledged(oldest, top));
        }
    }

    /// Holes that numbers of 32 bits could confuse with what is ahead are settled.
    fn trim(&mut self, top: u32) {
        while self.holes.first().is_some_and(|(start, _)| top.wrapping_sub(*start) > WINDOW) {
            self.settle_oldest(top);
        }
        if top.wrapping_sub(self.acked) > WINDOW {
            self.acked = top.wrapping_sub(WINDOW);
        }
    }

    /// Adds a hole above all others.
    fn open(&mut self, start: u32, end: u32, top: u32) {
        match self.holes.last_mut() {
            Some(last) if last.1 == start && end.wrapping_sub(last.0) <= WINDOW => last.1 = end,
            _ => self.holes.push((start, end)),
        }
        if self.holes.len() > HOLES_LIMIT {
            self.settle_oldest(top);
        }
    }

    /// Takes a segment out of the holes; `start` and `end` count downwards from the top.
    fn fill(&mut self, start: u32, end: u32, top: u32) {
        for hole in std::mem::take(&mut self.holes) {
            let (first, last) = (top.wrapping_sub(hole.0), top.wrapping_sub(hole.1));
            if first <= end || last >= start {
                self.holes.push(hole);
                continue;
            }
            if first > start {
                self.holes.push((hole.0, top.wrapping_sub(start)));
            }
            if last < end {
                self.holes.push((top.wrapping_sub(end), hole.1));
            }
        }
        while self.holes.len() > HOLES_LIMIT {
            self.settle_oldest(top);
        }
    }

    /// Takes a segment of which `start` is so far ahead of the top; returns the new top.
    fn see(&mut self, ahead: i32, length: u32, top: u32) -> u32 {
        let start = top.wrapping_add_signed(ahead);
        let end = start.wrapping_add(length);
        if ahead > 0 {
            self.trim(end);
            if self.holes.is_empty() {
                self.acked = top;
            }
            self.open(top, start, end);
            return end;
        }
        let below = ahead.unsigned_abs();
        if length > 0 && !self.holes.is_empty() {
            self.fill(below, below.saturating_sub(length), top);
        }
        if length <= below {
            return top;
        }
        self.trim(end);
        end
    }

    /// Takes an acknowledgement that is so far ahead of the top; returns the new top.
    fn acknowledge(&mut self, ahead: i32, top: u32) -> u32 {
        let ack = top.wrapping_add_signed(ahead);
        if ahead > 0 {
            self.trim(ack);
            self.acked = ack;
            self.open(top, ack, ack);
            return ack;
        }
        if is_ahead(ack, self.acked) {
            self.acked = ack;
        }
        top
    }
}

impl Flow {
    /// Follows the numbers of a TCP packet.
    #[inline]
    pub(super) fn reckon(&mut self, packet: &Packet, outward: bool) {
        let [out, inward] = &mut self.tops;
        let (sent, other) = if outward { (out, inward) } else { (inward, out) };
        let plain = packet.tcp_flags & (tcp::SYN | tcp::FIN | tcp::RST | tcp::ACK) == tcp::ACK;
        let known = self.reckoned == BOTH && other.wrapping_sub(packet.tcp_ack) <= WINDOW;
        if plain && known && packet.tcp_seq == *sent && packet.payload_bytes <= WINDOW {
            *sent = sent.wrapping_add(packet.payload_bytes);
        } else {
            self.reckon_further(packet, outward);
        }
    }

    /// A reset is left out: its numbers are often made up. A packet without flags is a later fragment: where its bytes
    /// belong is not known, so the direction begins again behind it.
    #[cold]
    fn reckon_further(&mut self, packet: &Packet, outward: bool) {
        let flags = packet.tcp_flags;
        if flags & tcp::RST != 0 {
            return;
        }
        if flags == 0 {
            return self.restart(outward, None);
        }
        let syn = flags & tcp::SYN != 0;
        let taken = u32::from(syn) + u32::from(flags & tcp::FIN != 0); // either takes a number (RFC 9293 3.4)
        let length = packet.payload_bytes.saturating_add(taken);
        if syn && self.isn(outward) != Some(packet.tcp_seq) {
            self.restart(outward, None);
        }
        self.place(outward, packet.tcp_seq, length, |way, ahead, top| way.see(ahead, length, top));
        if flags & tcp::ACK != 0 {
            self.place(!outward, packet.tcp_ack, 0, Way::acknowledge);
        }
    }

    /// Takes a number of a direction: behind it begins a direction of which nothing is known. A number that is not of this
    /// connection is forged, perhaps: what comes next is believed.
    fn place(&mut self, outward: bool, number: u32, length: u32, take: impl FnOnce(&mut Way, i32, u32) -> u32) {
        let ahead = number.wrapping_sub(self.top(outward)).cast_signed();
        if self.reckoned & way_bit(outward) == 0 {
            self.restart(outward, Some(number.wrapping_add(length)));
        } else if ahead.unsigned_abs() > WINDOW || length > WINDOW {
            self.restart(outward, None);
        } else {
            self.with(outward, |way, top| take(way, ahead, top));
        }
    }

    fn top(&self, outward: bool) -> u32 {
        let [out, inward] = self.tops;
        if outward { out } else { inward }
    }

    /// Begins a direction again at a number; what was acknowledged before counts, what waits to be is forgotten.
    fn restart(&mut self, outward: bool, top: Option<u32>) {
        if self.reckoned & HOLES != 0 {
            self.with(outward, |way, top| {
                way.settle(top);
                way.holes.clear();
                top
            });
        }
        let [out, inward] = &mut self.tops;
        *(if outward { out } else { inward }) = top.unwrap_or_default();
        self.reckoned = self.reckoned & !way_bit(outward) | if top.is_some() { way_bit(outward) } else { 0 };
    }

    /// Changes a direction, given its top, which is then what is returned. Where there are no holes, what is kept does not
    /// matter and is not looked for: it may be far in memory.
    fn with(&mut self, outward: bool, change: impl FnOnce(&mut Way, u32) -> u32) {
        let top = self.top(outward);
        let changed = if self.reckoned & HOLES == 0 {
            let mut fresh = Way::default();
            let changed = change(&mut fresh, top);
            if !fresh.holes.is_empty() {
                self.keep(outward, fresh);
            }
            changed
        } else {
            let unseen = self.extra.as_mut().and_then(|extra| extra.unseen.as_mut());
            let changed = unseen.map_or(top, |unseen| change(unseen.way(outward), top));
            self.note_holes();
            changed
        };
        let [out, inward] = &mut self.tops;
        *(if outward { out } else { inward }) = changed;
    }

    /// Keeps the first holes of a direction beside what was counted before.
    fn keep(&mut self, outward: bool, fresh: Way) {
        let way = self.extra.get_or_insert_default().unseen.get_or_insert_default().way(outward);
        *way = Way { holes: fresh.holes, acked: fresh.acked, ..std::mem::take(way) };
        self.reckoned |= HOLES;
    }

    fn note_holes(&mut self) {
        let unseen = self.extra.as_ref().and_then(|extra| extra.unseen.as_ref());
        let holes = unseen.is_some_and(|unseen| unseen.has_holes());
        self.reckoned = self.reckoned & !HOLES | if holes { HOLES } else { 0 };
    }

    /// Bytes acknowledged and not seen since the last report, out and in; None: no TCP.
    #[must_use]
    pub fn missing(&self) -> Option<[u64; 2]> {
        let unseen = self.extra.as_ref().and_then(|extra| extra.unseen.as_ref());
        let [out, inward] = unseen.map_or([0; 2], |unseen| {
            let ([one, other], [top, other_top]) = (&unseen.0, self.tops);
            [one.unseen(top) - one.told, other.unseen(other_top) - other.told]
        });
        (self.key.proto == proto::TCP).then_some([out, inward])
    }

    /// Begins to count anew what the next report adds.
    pub(super) fn begin_missing(&mut self) {
        self.settle();
        if let Some(unseen) = self.extra.as_mut().and_then(|extra| extra.unseen.as_mut()) {
            unseen.0.iter_mut().for_each(|way| way.told = way.counted);
        }
    }

    fn settle(&mut self) {
        let tops = self.tops;
        if let Some(unseen) = self.extra.as_mut().and_then(|extra| extra.unseen.as_mut()) {
            unseen.0.iter_mut().zip(tops).for_each(|(way, top)| way.settle(top));
            self.note_holes();
        }
    }

    /// Settles, and returns what goes on in the flow that follows this one: places, nothing counted.
    pub(super) fn hand_over_holes(&mut self) -> Option<Box<Unseen>> {
        self.settle();
        let unseen = self.extra.as_mut()?.unseen.as_mut()?;
        let heir = unseen.0.each_mut().map(|way| Way {
            holes: std::mem::take(&mut way.holes),
            acked: way.acked,
            ..Way::default()
        });
        Some(Box::new(Unseen(heir)))
    }
}

/// Whether a number is ahead of another (RFC 9293 3.4).
fn is_ahead(number: u32, of: u32) -> bool {
    number.wrapping_sub(of).cast_signed() > 0
}
