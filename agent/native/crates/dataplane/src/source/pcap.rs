//! Reads the records of a pcap file (draft-ietf-opsawg-pcap).

use super::Record;
use super::capture::{FRAME_LIMIT, MAX_CAPTURED, Next, Order};
use crate::model::SECOND_NS;

/// Bytes of the file header, the magic number included.
pub const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
const MICROSECONDS: u32 = 0xA1B2_C3D4;
const NANOSECONDS: u32 = 0xA1B2_3C4D;

/// What the file header says of all records.
pub struct Pcap {
    order: Order,
    linktype: u32,
    /// Nanoseconds in the unit of a record's fraction of a second.
    unit: i64,
}

impl Pcap {
    /// Tells whether a file that begins with this is a pcap file.
    #[must_use]
    pub fn begins(magic: [u8; 4]) -> bool {
        Self::told_by(magic).is_some()
    }

    fn told_by(magic: [u8; 4]) -> Option<(Order, i64)> {
        let unit = |number| match number {
            MICROSECONDS => Some(1000),
            NANOSECONDS => Some(1),
            _ => None,
        };
        [Order::Little, Order::Big].into_iter().find_map(|order| Some((order, unit(order.u32(magic))?)))
    }

    /// Reads a file header; None: it is none.
    #[must_use]
    pub fn new(header: &[u8; FILE_HEADER]) -> Option<Self> {
        let (order, unit) = Self::told_by(*header.first_chunk()?)?;
        let linktype = order.u32(*header.last_chunk()?) & 0xFFFF; // the upper half tells of frame check sequences
        Some(Self { order, linktype, unit })
    }

    /// Reads the record that begins at a place of the window.
    #[inline]
    pub fn next(&self, window: &[u8], at: usize) -> Next {
        let Some(header) = window.get(at..).and_then(<[u8]>::first_chunk::<RECORD_HEADER>) else {
            return Next::Short { from: at, wanted: RECORD_HEADER };
        };
        let [seconds, fraction, captured, wire_len] = self.order.four(header);
        if captured > MAX_CAPTURED {
            return Next::Claims(u64::from(captured));
        }
        let start = at + RECORD_HEADER;
        let end = start + captured as usize;
        if end > window.len() {
            return Next::Short { from: start, wanted: captured as usize };
        }
        let captured = captured.min(FRAME_LIMIT);
        let record = Record {
            ts_ns: i64::from(seconds) * SECOND_NS + i64::from(fraction) * self.unit,
            offset: start as u64,
            captured,
            wire_len: wire_len.max(captured),
            linktype: self.linktype,
            interface: 0,
        };
        Next::Frame { record, end }
    }
}
