//! Reads IPv4 and IPv6 headers, extension headers and fragments included.

use super::Fit;
use super::wire::{chunk_at, u8_at, u16_at, u32_at};
use crate::model::{Address, DropReason, proto};

/// Extension headers of one IPv6 packet; RFC 8504 5.3 lets a host refuse more than 8.
pub const EXTENSION_LIMIT: usize = 16;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AH: u8 = 51;
const NO_NEXT: u8 = 59;
const DESTINATION: u8 = 60;
const JUMBO: u16 = 0xC204; // the option and its length, RFC 2675

const IPV4_HEADER: usize = 20;
const IPV6_HEADER: usize = 40;

/// Which part of a packet this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    pub ident: u32,
    /// What `ident` is unique within, beside the addresses: IPv4's protocol field, 0 for IPv6.
    pub scope: u8,
    /// In bytes; 0 is the first.
    pub offset: u32,
    pub more: bool,
    /// Where the part starts in the frame, and what the packet's part that is cut into fragments begins with.
    pub start: usize,
    pub following: u8,
}

/// What an IP header says. Offsets count from the start of the frame's bytes, of which some may not be captured.
#[derive(Clone, Copy, Debug)]
pub struct Header {
    pub src: Address,
    pub dst: Address,
    /// Of the transport, extension headers skipped.
    pub proto: u8,
    pub ip_bytes: usize,
    /// Where the transport header starts.
    pub body: usize,
    /// Where the packet ends.
    pub end: usize,
    pub fragment: Option<Fragment>,
}

impl Header {
    /// Tells whether this is the middle or the end of a packet that began elsewhere.
    #[must_use]
    pub fn is_later_fragment(&self) -> bool {
        self.fragment.is_some_and(|fragment| fragment.offset != 0)
    }
}

/// Reads the IP header at `at`; what is around it ends at `end` on the wire.
pub fn read(data: &[u8], at: usize, end: usize, fit: Fit) -> Result<Header, DropReason> {
    match u8_at(data, at).ok_or(DropReason::TruncatedIp)? >> 4 {
        4 => ipv4(data, at, end, fit),
        6 => ipv6(data, at, end, fit),
        _ => Err(DropReason::MalformedIp),
    }
}

fn ipv4(data: &[u8], at: usize, end: usize, fit: Fit) -> Result<Header, DropReason> {
    let fixed: [u8; IPV4_HEADER] = chunk_at(data, at).ok_or(DropReason::TruncatedIp)?;
    let [first, _, l0, l1, i0, i1, p0, p1, _, proto, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = fixed;
    let header = usize::from(first & 0xF) * 4;
    if header < IPV4_HEADER {
        return Err(DropReason::MalformedIp);
    }
    let room = end.saturating_sub(at);
    let length = match u16::from_be_bytes([l0, l1]) {
        0 => room, // segmentation offload: the network card would have filled it in
        said => usize::from(said),
    };
    let length = fitting(length, header, room, fit)?;
    if data.len() < at + header {
        return Err(DropReason::TruncatedIp);
    }
    let mut read = Header {
        src: Address::v4([s0, s1, s2, s3]),
        dst: Address::v4([d0, d1, d2, d3]),
        proto,
        ip_bytes: length,
        body: at + header,
        end: at + length,
        fragment: None,
    };
    let place = u16::from_be_bytes([p0, p1]);
    if place & 0x3FFF != 0 {
        read.fragment = Some(Fragment {
            ident: u32::from(u16::from_be_bytes([i0, i1])),
            scope: proto,
            offset: u32::from(place & 0x1FFF) * 8,
            more: place & 0x2000 != 0,
            start: read.body,
            following: proto,
        });
    }
    if proto == AH && !read.is_later_fragment() {
        (read.proto, read.body) = authentication(data, read.body, read.end)?;
    }
    Ok(read)
}

/// Checks a packet's length against its headers and what is around it; returns the length that counts.
fn fitting(length: usize, least: usize, room: usize, fit: Fit) -> Result<usize, DropReason> {
    let length = match fit {
        Fit::Begun => length.min(room),
        Fit::Whole if length > room => 0,
        Fit::Whole | Fit::Sliced => length,
    };
    if length < least { Err(DropReason::MalformedIp) } else { Ok(length) }
}

fn ipv6(data: &[u8], at: usize, end: usize, mut fit: Fit) -> Result<Header, DropReason> {
    let fixed: [u8; IPV6_HEADER] = chunk_at(data, at).ok_or(DropReason::TruncatedIp)?;
    let following = fixed[6];
    let mut payload = usize::from(u16::from_be_bytes([fixed[4], fixed[5]]));
    if payload == 0 {
        payload = unstated_length(data, at, end, following);
        fit = if fit == Fit::Sliced { Fit::Whole } else { fit }; // a jumbogram may claim 4 GiB
    }
    let length = fitting(payload.saturating_add(IPV6_HEADER), IPV6_HEADER, end.saturating_sub(at), fit)?;
    let header = Header {
        src: Address::v6(chunk_at(&fixed, 8).unwrap_or_default()),
        dst: Address::v6(chunk_at(&fixed, 24).unwrap_or_default()),
        proto: following,
        ip_bytes: length,
        body: at + IPV6_HEADER,
        end: at + length,
        fragment: None,
    };
    if is_extension(following) { extensions(data, header) } else { Ok(header) }
}

/// The payload length of a packet that says 0: a jumbogram, segmentation offload, or really nothing.
fn unstated_length(data: &[u8], at: usize, end: usize, following: u8) -> usize {
    if following == HOP_BY_HOP
        && u16_at(data, at + 42) == Some(JUMBO)
        && let Some(length) = u32_at(data, at + 44)
    {
        return length as usize;
    }
    let room = end.saturating_sub(at + IPV6_HEADER);
    // The padding of a short frame is at most 6 bytes.
    if matches!(following, proto::TCP | proto::UDP) && room >= 8 { room } else { 0 }
}

const fn is_extension(following: u8) -> bool {
    matches!(following, HOP_BY_HOP | ROUTING | FRAGMENT | AH | DESTINATION) || is_mobility(following)
}

/// Mobility, HIP, shim6: a header where something follows it.
const fn is_mobility(following: u8) -> bool {
    matches!(following, 135 | 139 | 140)
}

/// Walks the extension headers (RFC 8200 4) from where `header` says that one starts.
fn extensions(data: &[u8], mut header: Header) -> Result<Header, DropReason> {
    for _ in 0..EXTENSION_LIMIT {
        if !is_extension(header.proto) {
            return Ok(header);
        }
        let [following, units, p0, p1, ident @ ..] = extension(data, header.body, header.end)?;
        let current = header.proto;
        if is_mobility(current) && following == NO_NEXT {
            return Ok(header);
        }
        header.proto = following;
        if current == FRAGMENT {
            header.body += 8;
            let place = u16::from_be_bytes([p0, p1]);
            // An atomic fragment (RFC 6946) is a whole packet.
            if place & 0xFFF9 != 0 {
                header.fragment = Some(Fragment {
                    ident: u32::from_be_bytes(ident),
                    scope: 0,
                    offset: u32::from(place & 0xFFF8),
                    more: place & 1 != 0,
                    start: header.body,
                    following,
                });
            }
            if header.is_later_fragment() {
                return Ok(header); // what follows is the middle of something
            }
        } else {
            let units = usize::from(units);
            let size = if current == AH { (units + 2) * 4 } else { (units + 1) * 8 };
            need(data, header.body, size, header.end)?;
            header.body += size;
        }
    }
    Err(DropReason::Nesting)
}

/// Steps over an AH header (RFC 4302): what it protects is readable.
fn authentication(data: &[u8], body: usize, end: usize) -> Result<(u8, usize), DropReason> {
    let [following, units, ..] = extension(data, body, end)?;
    let size = (usize::from(units) + 2) * 4;
    need(data, body, size, end)?;
    Ok((following, body + size))
}

/// The first eight bytes of an extension header.
fn extension(data: &[u8], body: usize, end: usize) -> Result<[u8; 8], DropReason> {
    need(data, body, 8, end)?;
    chunk_at(data, body).ok_or(DropReason::TruncatedIp)
}

fn need(data: &[u8], at: usize, size: usize, end: usize) -> Result<(), DropReason> {
    if at + size > end {
        return Err(DropReason::MalformedIp);
    }
    if at + size > data.len() { Err(DropReason::TruncatedIp) } else { Ok(()) }
}

/// What the header of a packet says of which the part that was cut into fragments is `data`, beginning with `following`.
pub fn read_joined(data: &[u8], src: Address, dst: Address, following: u8) -> Result<Header, DropReason> {
    let mut header =
        Header { src, dst, proto: following, ip_bytes: data.len(), body: 0, end: data.len(), fragment: None };
    if src.is_v6() {
        return extensions(data, header);
    }
    if following == AH {
        (header.proto, header.body) = authentication(data, 0, header.end)?;
    }
    Ok(header)
}
