//! Puts the bytes of one direction of a TCP connection in order, within bounds.

use std::borrow::Cow;

/// Bytes of a direction that are looked at: names stand at the beginning.
pub const DELIVERED_LIMIT: u32 = 1 << 18;
/// Bytes of a direction held until those before them come.
pub const HELD_LIMIT: usize = 1 << 16;
/// Pieces of a direction held: a byte in each must not be cheap.
pub const PIECES_LIMIT: usize = 256;
/// What a piece costs beside its bytes.
const PIECE_COST: usize = size_of::<Piece>() + 16;

/// Distances of half the sequence space and more lie behind (RFC 9293 3.4).
const HALF: u32 = 1 << 31;

/// The stream of one direction. Of bytes sent twice the first copy counts, as most receivers have it.
#[derive(Debug)]
pub struct Direction {
    /// Held, in order, disjoint.
    pieces: Vec<Piece>,
    /// Bytes held in pieces.
    held: u32,
    next_seq: u32,
    /// Bytes delivered.
    offset: u32,
    given_up: bool,
}

#[derive(Debug)]
struct Piece {
    /// Where in the stream it starts. Segments reach less than half the sequence space ahead, so that 32 bits do.
    start: u32,
    data: Box<[u8]>,
}

impl Piece {
    fn end(&self) -> u32 {
        self.start.saturating_add(self.data.len() as u32)
    }
}

impl Direction {
    /// Begins at a sequence number: the one after the SYN, or that of the first segment seen.
    #[must_use]
    pub const fn new(next_seq: u32) -> Self {
        Self { pieces: Vec::new(), held: 0, next_seq, offset: 0, given_up: false }
    }

    /// Whether nothing more is delivered.
    #[must_use]
    pub const fn given_up(&self) -> bool {
        self.given_up
    }

    /// Memory held until the bytes before come.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held as usize + self.pieces.len() * PIECE_COST
    }

    /// Takes a segment and returns the bytes that are next in order, perhaps none; what comes in order is not copied.
    ///
    /// After `DELIVERED_LIMIT`, or when bytes are missing for so long that a limit of what is held would be passed,
    /// the direction has given up and returns no more.
    pub fn push<'a>(&mut self, seq: u32, data: &'a [u8]) -> Cow<'a, [u8]> {
        if self.given_up {
            return Cow::default();
        }
        let mut ahead = seq.wrapping_sub(self.next_seq);
        let mut data = data;
        if ahead >= HALF {
            // sent again, at least in part
            data = data.get(ahead.wrapping_neg() as usize..).unwrap_or_default();
            ahead = 0;
        }
        let room = self.pieces.first().map_or(usize::MAX, |piece| piece.start.saturating_sub(self.offset) as usize);
        if ahead == 0 && data.len() < room {
            return Cow::Borrowed(self.deliver(data));
        }
        self.hold(self.offset.saturating_add(ahead), data);
        let mut ready = self.take_ready();
        let wanted = self.deliver(&ready).len();
        ready.truncate(wanted);
        Cow::Owned(ready)
    }

    /// Cuts off what is beyond the limit, and goes on behind the rest.
    fn deliver<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        let wanted = data.len().min((DELIVERED_LIMIT - self.offset) as usize);
        self.offset += wanted as u32;
        self.next_seq = self.next_seq.wrapping_add(wanted as u32);
        if self.offset >= DELIVERED_LIMIT {
            self.give_up();
        }
        data.get(..wanted).unwrap_or(data)
    }

    /// Keeps what of a segment is not held yet.
    fn hold(&mut self, mut start: u32, mut data: &[u8]) {
        let mut at = self.pieces.partition_point(|piece| piece.end() <= start);
        while !data.is_empty() {
            let next = self.pieces.get(at).map_or(u32::MAX, |piece| piece.start);
            let (fresh, rest) = data.split_at(data.len().min(next.saturating_sub(start) as usize));
            if !fresh.is_empty() {
                self.pieces.insert(at, Piece { start, data: fresh.into() });
                self.held += fresh.len() as u32;
            }
            let end = self.pieces.get(at).map_or(u32::MAX, Piece::end);
            let passed = if fresh.is_empty() { end.saturating_sub(start) as usize } else { 0 };
            data = rest.get(passed..).unwrap_or_default();
            start = end;
            at += 1;
        }
    }

    /// Takes out the pieces that are next in order; gives up when what is left is too much to hold.
    fn take_ready(&mut self) -> Vec<u8> {
        let mut ready = Vec::new();
        let mut count = 0;
        for piece in &self.pieces {
            if piece.start != self.offset.saturating_add(ready.len() as u32) {
                break;
            }
            ready.extend_from_slice(&piece.data);
            count += 1;
        }
        self.pieces.drain(..count);
        self.held -= ready.len() as u32;
        if self.held as usize > HELD_LIMIT || self.pieces.len() > PIECES_LIMIT {
            self.give_up();
        }
        ready
    }

    /// Lets go of what is held; nothing more is delivered.
    pub fn give_up(&mut self) {
        self.given_up = true;
        self.pieces = Vec::new();
        self.held = 0;
    }
}
