//! Puts the pieces of packets together that were cut into fragments, within bounds.

use super::aged::Aged;
use super::fragments::Key;
use super::ip::Fragment;

/// Bytes of one packet: what IPv4 and IPv6 can say at most.
pub const PACKET_LIMIT: usize = 65_535;
/// Pieces of one packet.
pub const PIECES_LIMIT: usize = 256;
/// Bytes held of all packets that wait for pieces, with what it costs to hold them; the oldest packet gives way.
pub const HELD_LIMIT: usize = 4 << 20;

/// What it costs to hold a packet and a piece, beside the bytes.
const PACKET_COST: usize = 256;
const PIECE_COST: usize = 64;

/// Packets of which some pieces have come.
#[derive(Default)]
pub struct Pieces {
    packets: Aged<Key, Waiting>,
    held: usize,
    /// Pieces with bytes that had come before. The first copy of a byte counts.
    pub overlaps: u64,
}

/// A packet of which some pieces have come.
struct Waiting {
    begun_ns: i64,
    /// In order, without overlap.
    pieces: Vec<(usize, Box<[u8]>)>,
    bytes: usize,
    /// What the packet begins with, once its first piece has come.
    following: Option<u8>,
    /// Its length, once its last piece has come.
    length: Option<usize>,
}

/// A packet whose pieces have all come.
pub struct Joined {
    pub bytes: Vec<u8>,
    /// What it begins with.
    pub following: u8,
}

impl Pieces {
    /// Takes a piece that is captured whole; returns the packet when it was the last one wanted.
    ///
    /// Pieces that are too many, or of no possible packet, are left out: that packet is not put together.
    pub fn add(&mut self, key: Key, fragment: &Fragment, bytes: &[u8], ts_ns: i64, lifetime_ns: u64) -> Option<Joined> {
        let start = fragment.offset as usize;
        if start + bytes.len() > PACKET_LIMIT || (fragment.more && !bytes.len().is_multiple_of(8)) {
            return None;
        }
        if self.packets.get(&key).is_some_and(|waiting| waiting.begun_ns.abs_diff(ts_ns) > lifetime_ns) {
            self.forget(&key);
        }
        if self.packets.get(&key).is_none() {
            let waiting = Waiting::new(ts_ns);
            self.held += waiting.cost();
            self.packets.insert(key, waiting);
        }
        let waiting = self.packets.get_mut(&key)?;
        let (cost, all_new) = (waiting.cost(), waiting.bytes + bytes.len());
        waiting.take(fragment, bytes);
        self.overlaps += u64::from(waiting.bytes < all_new);
        self.held += waiting.cost() - cost;
        let joined = waiting.joined();
        if joined.is_some() {
            self.forget(&key);
        }
        while self.held > HELD_LIMIT
            && let Some(oldest) = self.packets.pop_oldest()
        {
            self.held -= oldest.cost();
        }
        joined
    }

    fn forget(&mut self, key: &Key) {
        if let Some(waiting) = self.packets.remove(key) {
            self.held -= waiting.cost();
        }
    }
}

impl Waiting {
    const fn new(begun_ns: i64) -> Self {
        Self { begun_ns, pieces: Vec::new(), bytes: 0, following: None, length: None }
    }

    /// What it costs to hold this.
    fn cost(&self) -> usize {
        PACKET_COST + self.pieces.len() * PIECE_COST + self.bytes
    }

    fn take(&mut self, fragment: &Fragment, bytes: &[u8]) {
        let start = fragment.offset as usize;
        if start == 0 {
            self.following = self.following.or(Some(fragment.following));
        }
        if !fragment.more {
            self.length = self.length.or(Some(start + bytes.len()));
        }
        for (from, to) in self.gaps(start, start + bytes.len()) {
            if let Some(new) = bytes.get(from - start..to - start)
                && self.pieces.len() < PIECES_LIMIT
            {
                self.pieces.push((from, new.into()));
                self.bytes += new.len();
            }
        }
        self.pieces.sort_unstable_by_key(|(at, _)| *at);
    }

    /// The parts between two places that have not come yet.
    fn gaps(&self, mut at: usize, end: usize) -> Vec<(usize, usize)> {
        let mut gaps = Vec::new();
        for (start, piece) in &self.pieces {
            if at < *start && at < end {
                gaps.push((at, end.min(*start)));
            }
            at = at.max(start + piece.len());
        }
        if at < end {
            gaps.push((at, end));
        }
        gaps
    }

    /// The whole packet, when nothing is missing and nothing is beyond its end.
    fn joined(&self) -> Option<Joined> {
        let (following, length) = (self.following?, self.length?);
        let end = self.pieces.last().map(|(at, piece)| at + piece.len());
        if self.bytes != length || end != Some(length) {
            return None;
        }
        let mut bytes = Vec::with_capacity(length);
        bytes.extend(self.pieces.iter().flat_map(|(_, piece)| piece.iter()));
        Some(Joined { bytes, following })
    }
}
