//! Tells whether the checksums of the packet straight in a frame are right: IPv4 header, TCP, UDP (RFC 1071).
//!
//! What cannot be judged is right: packets that were not captured whole, fragments, UDP without a checksum, packets whose
//! length a network card would have filled in, and what is behind options or extension headers, which may change the
//! addresses that the sum is over.

use super::ip::{self, Header};
use super::wire::{chunk_at, u8_at, u16_at};
use super::{Fit, link};
use crate::model::{Frame, proto};

const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;
const TCP_HEADER: usize = 20;
const UDP_HEADER: usize = 8;

/// Tells whether nothing is wrong. A frame that cannot be read has no checksums.
#[must_use]
pub fn is_sound(frame: &Frame<'_>, fit: Fit) -> bool {
    let Ok(start) = link::find_ip(frame.linktype, frame.data) else { return true };
    let Ok(header) = ip::read(frame.data, start.offset, frame.wire_len as usize, fit) else { return true };
    let (data, at) = (frame.data, start.offset);
    let (length, plain) = if header.src.is_v6() { (4, IPV6_HEADER) } else { (2, IPV4_HEADER) };
    if u16_at(data, at + length) == Some(0) {
        return true; // segmentation offload, or a jumbogram
    }
    if !header.src.is_v6() {
        let size = usize::from(u8_at(data, at).unwrap_or_default() & 0xF) * 4;
        if !adds_up(0, data.get(at..at + size).unwrap_or_default()) {
            return false;
        }
    }
    if header.fragment.is_some() || header.body != at + plain {
        return true;
    }
    segment(data, &header).is_none_or(|segment| adds_up(pseudo_header(&header, segment.len()), segment))
}

/// The bytes that the checksum of a transport is over; None where it cannot be judged.
fn segment<'a>(data: &'a [u8], header: &Header) -> Option<&'a [u8]> {
    let end = match header.proto {
        proto::TCP => header.end,
        proto::UDP => {
            let [_, _, _, _, l0, l1, s0, s1] = chunk_at::<UDP_HEADER>(data, header.body)?;
            let end = header.body + usize::from(u16::from_be_bytes([l0, l1]));
            (end <= header.end && [s0, s1] != [0, 0]).then_some(end)?
        }
        _ => return None,
    };
    let least = if header.proto == proto::TCP { TCP_HEADER } else { UDP_HEADER };
    data.get(header.body..end).filter(|segment| segment.len() >= least)
}

/// The sum of what a transport's checksum is over beside the segment (RFC 9293 3.1, RFC 8200 8.1).
fn pseudo_header(header: &Header, length: usize) -> u64 {
    words(header.src.wire()) + words(header.dst.wire()) + u64::from(header.proto) + length as u64
}

/// Tells whether bytes, their checksum among them, add up to all ones.
fn adds_up(sum: u64, bytes: &[u8]) -> bool {
    (sum + words(bytes)).is_multiple_of(0xFFFF)
}

/// The sum of words of two bytes; an odd byte at the end is the first of one.
fn words(bytes: &[u8]) -> u64 {
    let (pairs, odd) = bytes.as_chunks();
    let sum: u64 = pairs.iter().map(|pair| u64::from(u16::from_be_bytes(*pair))).sum();
    sum + odd.first().map_or(0, |byte| u64::from(*byte) << 8)
}
