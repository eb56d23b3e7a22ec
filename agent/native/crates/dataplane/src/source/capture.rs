//! What capture formats have in common, and which of them a file is.

use super::Record;
use super::pcap::{FILE_HEADER, Pcap};
use super::pcapng::{self, PcapNg};

/// libpcap's MAXIMUM_SNAPLEN: a record that claims more is damage.
pub const MAX_CAPTURED: u32 = 262_144;
/// Bytes kept of one frame; the rest is passed over.
pub const FRAME_LIMIT: u32 = 65_535;

/// What stands at a place of a capture; places are counted in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A frame; the next record begins at `end`.
    Frame { record: Record, end: usize },
    /// Something else; the next record begins at `end`.
    Passed { end: usize },
    /// A record that is not whole: `wanted` bytes at `from` are the first part of it that is not.
    Short { from: usize, wanted: usize },
    /// A record that claims to have so many bytes, which cannot be.
    Claims(u64),
    /// A block that contradicts itself; it was read up to here.
    Contradiction { at: usize },
}

/// The order of bytes that the writer of a file had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Little,
    Big,
}

impl Order {
    /// The order in which a pcapng section's byte-order magic is written.
    #[must_use]
    pub fn told_by(magic: [u8; 4]) -> Option<Self> {
        match u32::from_le_bytes(magic) {
            0x1A2B_3C4D => Some(Self::Little),
            0x4D3C_2B1A => Some(Self::Big),
            _ => None,
        }
    }

    #[inline]
    #[must_use]
    pub fn u16(self, bytes: [u8; 2]) -> u16 {
        if self == Self::Little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
    }

    #[inline]
    #[must_use]
    pub fn u32(self, bytes: [u8; 4]) -> u32 {
        if self == Self::Little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) }
    }

    #[must_use]
    pub fn i64(self, bytes: [u8; 8]) -> i64 {
        if self == Self::Little { i64::from_le_bytes(bytes) } else { i64::from_be_bytes(bytes) }
    }

    /// Four numbers in a row.
    #[inline]
    #[must_use]
    pub fn four(self, bytes: &[u8; 16]) -> [u32; 4] {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *bytes;
        [self.u32([a, b, c, d]), self.u32([e, f, g, h]), self.u32([i, j, k, l]), self.u32([m, n, o, p])]
    }
}

/// A capture whose header has been read.
pub enum Capture {
    Pcap(Pcap),
    PcapNg(PcapNg),
}

/// What the beginning of a file says.
pub enum Opened {
    /// A capture; its records begin at the place.
    Capture(Capture, usize),
    /// Not yet enough to tell.
    Short,
    /// No capture, or none that can be read: a sentence.
    Refused(String),
}

impl Capture {
    /// Looks at the first bytes of a file; `ended`: they are all there is.
    #[must_use]
    pub fn open(head: &[u8], ended: bool) -> Opened {
        let opened = match head.first_chunk::<4>() {
            None => Opened::Short,
            Some(magic) if *magic == pcapng::MAGIC => Self::open_pcapng(head),
            Some(magic) if Pcap::begins(*magic) => Self::open_pcap(head),
            Some(_) => return Opened::Refused(not_a_capture(head)),
        };
        match opened {
            Opened::Short if ended && head.len() < 4 => Opened::Refused(not_a_capture(head)),
            Opened::Short if ended => damaged_header(),
            opened => opened,
        }
    }

    fn open_pcap(head: &[u8]) -> Opened {
        match head.first_chunk().map(Pcap::new) {
            Some(Some(pcap)) => Opened::Capture(Self::Pcap(pcap), FILE_HEADER),
            Some(None) => damaged_header(),
            None => Opened::Short,
        }
    }

    fn open_pcapng(head: &[u8]) -> Opened {
        let mut pcapng = PcapNg::default();
        match pcapng.next(head, 0) {
            Next::Passed { end } => Opened::Capture(Self::PcapNg(pcapng), end),
            Next::Short { .. } => Opened::Short,
            _ => damaged_header(),
        }
    }

    /// Reads the record that begins at a place of the window.
    #[inline]
    pub fn next(&mut self, window: &[u8], at: usize) -> Next {
        match self {
            Self::Pcap(pcap) => pcap.next(window, at),
            Self::PcapNg(pcapng) => pcapng.next(window, at),
        }
    }
}

fn damaged_header() -> Opened {
    Opened::Refused("ends or is damaged inside its file header".to_owned())
}

fn not_a_capture(head: &[u8]) -> String {
    if head.is_empty() {
        return "is empty, not a capture file".to_owned();
    }
    let bytes: Vec<String> = head.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("is not a pcap or pcapng capture: it begins with {}", bytes.join(" "))
}
