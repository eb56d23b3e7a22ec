//! Reads one capture file from its beginning to where it ends or breaks off, and says how it did.

use std::path::Path;

use super::capture::{Capture, Next, Opened};
use super::stream::Stream;
use super::{Block, Record};
use crate::filter::Filter;

/// An open capture file.
pub struct Reading {
    /// The file as people know it.
    path: String,
    stream: Stream,
    /// None until its header is read.
    capture: Option<Capture>,
    interface: u16,
    /// Frames read, those that the filter left out included.
    packets: u64,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// There may be more.
    Some,
    /// It ended where a record did.
    None,
}

/// Why the walk through the window stopped.
enum Stop {
    /// The block is full.
    Full,
    /// Here is no further whole, sound record.
    At(Next),
    /// The filter makes no sense on a frame: a sentence.
    Refused(String),
}

impl Reading {
    /// Opens a file, or standard input for `-`, of which so many bytes are read or unpacked at a time.
    ///
    /// # Errors
    ///
    /// A sentence: see `Raw::open`.
    pub fn open(path: &Path, interface: u16, window: usize) -> Result<Self, String> {
        let name = path.display().to_string();
        match Stream::open(path, window) {
            Ok(stream) => Ok(Self { path: name, stream, capture: None, interface, packets: 0 }),
            Err(reason) => Err(format!("{name}: {reason}")),
        }
    }

    /// Bytes read of the file as it lies on the disk.
    #[must_use]
    pub fn read_bytes(&self) -> u64 {
        self.stream.read_bytes()
    }

    /// Reads on in the file header, one step; returns whether it has been read.
    ///
    /// # Errors
    ///
    /// A sentence: it is no capture.
    pub fn begin(&mut self) -> Result<bool, String> {
        if self.capture.is_none() {
            self.stream.read_more();
            if self.stream.unread().is_empty() && !self.stream.failure.is_empty() {
                return Err(self.said(&self.stream.failure));
            }
            match Capture::open(self.stream.unread(), self.stream.ended) {
                Opened::Short => {}
                Opened::Refused(reason) => return Err(self.said(&reason)),
                Opened::Capture(capture, end) => (self.capture, self.stream.at) = (Some(capture), end),
            }
        }
        Ok(self.capture.is_some())
    }

    /// Puts the next frames into an empty block, if there are any yet.
    ///
    /// # Errors
    ///
    /// A sentence: where and why the file could not be read on. The frames before are in the block.
    pub fn fill(&mut self, block: &mut Block, limit: usize, filter: Option<&Filter>) -> Result<Rest, String> {
        if !self.begin()? {
            return Ok(Rest::Some);
        }
        let mut from = self.stream.at;
        let mut stop = self.walk(&mut block.records, limit, filter);
        if block.records.is_empty() && matches!(stop, Stop::At(Next::Short { .. })) {
            self.stream.read_more();
            from = self.stream.at;
            stop = self.walk(&mut block.records, limit, filter);
        }
        let rest = self.judge(stop);
        if !block.records.is_empty() {
            self.stream.hand_over(block, from);
        }
        rest
    }

    /// Reads what can be seen of the file.
    fn walk(&mut self, records: &mut Vec<Record>, limit: usize, filter: Option<&Filter>) -> Stop {
        let Some(capture) = &mut self.capture else { return Stop::Full };
        let (window, at) = self.stream.view();
        while records.len() < limit {
            let (mut record, end) = match capture.next(window, *at) {
                Next::Frame { record, end } => (record, end),
                Next::Passed { end } => {
                    *at = end;
                    continue;
                }
                next => return Stop::At(next),
            };
            *at = end;
            self.packets += 1;
            match filter.map_or(Ok(true), |filter| filter.matches(&record.frame_in(window))) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(sentence) => return Stop::Refused(sentence.to_owned()),
            }
            record.interface = self.interface;
            records.push(record);
        }
        Stop::Full
    }

    /// Says what it means that the walk stopped.
    fn judge(&self, stop: Stop) -> Result<Rest, String> {
        match stop {
            Stop::Full => Ok(Rest::Some),
            Stop::Refused(sentence) => Err(sentence),
            Stop::At(Next::Short { .. }) if !self.stream.ended => Ok(Rest::Some),
            Stop::At(Next::Short { from, wanted }) => self.ended(from, wanted).map_or(Ok(Rest::None), Err),
            Stop::At(Next::Claims(size)) => Err(self.damaged(self.stream.at, &format!("it claims {size} bytes"))),
            Stop::At(Next::Contradiction { at }) => Err(self.contradicted(at)),
            Stop::At(Next::Frame { .. } | Next::Passed { .. }) => Ok(Rest::Some),
        }
    }

    /// What is wrong with a file that ended when so many bytes were wanted; nothing, if that is where a record begins.
    fn ended(&self, from: usize, wanted: usize) -> Option<String> {
        if !self.stream.failure.is_empty() {
            return Some(self.damaged(from, &self.stream.failure));
        }
        let (number, offset) = (self.packets + 1, self.stream.offset(from));
        let there = self.stream.window().len() - from;
        (!self.stream.unread().is_empty()).then(|| {
            let cut = format!("ends in the middle of packet {number} (byte {offset})");
            self.said(&format!("{cut}: {wanted} bytes expected, {there} there"))
        })
    }

    fn damaged(&self, at: usize, reason: &str) -> String {
        let (number, offset) = (self.packets + 1, self.stream.offset(at));
        self.said(&format!("is damaged in packet {number} (byte {offset}): {reason}"))
    }

    fn contradicted(&self, at: usize) -> String {
        let (number, offset) = (self.packets, self.stream.offset(at));
        self.said(&format!("is damaged after packet {number} (byte {offset}): a block contradicts itself"))
    }

    fn said(&self, reason: &str) -> String {
        format!("{}: {reason}", self.path)
    }
}
