//! Sources of frames: capture files, standard input, interfaces, frames pushed by hand.

pub mod capture;
mod files;
mod packed;
mod pcap;
mod pcapng;
mod pushed;
mod raw;
mod reading;
mod stream;

pub use files::Files;
pub use pushed::Pushed;
pub use raw::STDIN;

use crate::home::Home;
use crate::model::Frame;

/// Frames that lie in one piece of memory, in the order they came.
///
/// A source fills a block, the engine reads it and gives it back: both keep their allocations.
#[derive(Default)]
pub struct Block {
    pub records: Vec<Record>,
    /// Where the bytes are when the source copied them; perhaps more than the frames.
    pub owned: Vec<u8>,
    /// Where the bytes are when the source lends them.
    pub lent: Option<Box<dyn Lent>>,
}

/// Bytes that belong to a source, as a block of the kernel's ring does. Dropped, they go back.
pub trait Lent: Send + Sync {
    fn data(&self) -> &[u8];
}

/// Where a frame lies in its block, and what was written beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    pub ts_ns: i64,
    /// Where its bytes start.
    pub offset: u64,
    /// Bytes captured.
    pub captured: u32,
    pub wire_len: u32,
    pub linktype: u32,
    pub interface: u16,
}

impl Record {
    /// The frame, where the bytes are that its offset counts in; outside of them it has no bytes.
    #[inline]
    #[must_use]
    pub fn frame_in<'a>(&self, bytes: &'a [u8]) -> Frame<'a> {
        let start = self.offset as usize;
        Frame {
            ts_ns: self.ts_ns,
            linktype: self.linktype,
            wire_len: self.wire_len,
            interface: self.interface,
            data: bytes.get(start..start.saturating_add(self.captured as usize)).unwrap_or_default(),
        }
    }
}

impl Block {
    /// Forgets the frames; keeps the room.
    pub fn clear(&mut self) {
        self.records.clear();
        self.owned.clear();
        self.lent = None;
    }

    /// The bytes that offsets count in.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.lent.as_ref().map_or(self.owned.as_slice(), |lent| lent.data())
    }

    /// The frame of a record of this block.
    #[inline]
    #[must_use]
    pub fn frame(&self, record: &Record) -> Frame<'_> {
        record.frame_in(self.data())
    }
}

/// What a source says after it filled a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// There may be more. A source that waits for packets says so too after a short while, its block perhaps empty.
    More,
    /// Nothing comes any more.
    End,
}

/// Hands over frames in order.
pub trait Source: Send {
    /// Puts the next frames into an empty block, `limit` at most.
    ///
    /// What is wrong with the source (a file cut in the middle of a packet) is kept until `faults` is asked, after
    /// every whole frame before it was handed over.
    fn fill(&mut self, block: &mut Block, limit: usize) -> Filled;

    /// What went wrong so far: sentences for people, each with its place.
    fn faults(&mut self) -> Vec<String>;

    /// Bytes read of the files as they lie on the disk, and bytes in all (0: cannot be known).
    fn progress(&self) -> (u64, u64);

    /// What only a source that listens to the wire can tell.
    fn wire(&mut self) -> Option<&mut dyn Wire> {
        None
    }
}

/// A source that listens to the wire, and does not wait for those who read.
pub trait Wire {
    /// The time it is, by the clock that stamps the frames.
    fn now_ns(&self) -> i64;

    /// How full the room for frames is that wait to be read: 0 to 1.
    fn load(&self) -> f64;

    /// Frames the kernel dropped since this was asked last, by interface.
    fn kernel_drops(&mut self) -> Vec<(u16, u64)>;

    /// Packets that were counted before they reached us, since this was asked last, by interface.
    fn counted_before(&mut self) -> Vec<(u16, Domestic)> {
        Vec::new()
    }

    /// Judges by another home from now on, where that is done before packets reach us.
    fn set_home(&mut self, _home: &Home) {}

    /// Interfaces that are down or gone and are waited for.
    fn down(&self) -> Vec<u16>;
}

/// Packets that stay at home, counted in the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Domestic {
    pub packets: u64,
    /// Wire length of the frames.
    pub wire_bytes: u64,
    pub ip_bytes: u64,
}

impl Domestic {
    /// The sum.
    #[must_use]
    pub const fn plus(self, more: Self) -> Self {
        Self {
            packets: self.packets.wrapping_add(more.packets),
            ip_bytes: self.ip_bytes.wrapping_add(more.ip_bytes),
            wire_bytes: self.wire_bytes.wrapping_add(more.wire_bytes),
        }
    }

    /// What is more than before.
    #[must_use]
    pub const fn minus(self, less: Self) -> Self {
        Self {
            packets: self.packets.saturating_sub(less.packets),
            ip_bytes: self.ip_bytes.saturating_sub(less.ip_bytes),
            wire_bytes: self.wire_bytes.saturating_sub(less.wire_bytes),
        }
    }
}
