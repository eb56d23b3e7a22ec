//! Sources of frames: capture files, standard input, interfaces, frames pushed by hand.

mod capture;
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

use crate::model::Frame;

/// Frames that lie in one piece of memory, in the order they came.
///
/// A source fills a block, the engine reads it and gives it back: both keep their allocations.
#[derive(Default)]
pub struct Block {
    pub records: Vec<Record>,
    /// What the frames' offsets count in. A source may have read more into it than the frames.
    pub owned: Vec<u8>,
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
    }

    /// The frame of a record of this block.
    #[inline]
    #[must_use]
    pub fn frame(&self, record: &Record) -> Frame<'_> {
        record.frame_in(&self.owned)
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

    /// Frames the kernel dropped since this was asked last, by interface.
    fn kernel_drops(&mut self) -> Vec<(u16, u64)> {
        Vec::new()
    }
}
