//! Opens what is carried inside an IP packet: GRE, IP in IP, VXLAN, GENEVE, GTP-U, Teredo, L2TP.

use super::ip::Header;
use super::link::{BRIDGED, IP, IPV6, PPP, looks_like_ethernet};
use super::wire::{chunk_at, u8_at, u16_at, u32_at};
use crate::model::{Packet, Tunnel, proto};

/// Extension headers of one GTP-U packet.
pub const GTP_EXTENSION_LIMIT: usize = 16;

const VXLAN_PORT: u16 = 4789;
const VXLAN_LINUX_PORT: u16 = 8472;
const GENEVE_PORT: u16 = 6081;
const GTP_PORT: u16 = 2152;
const TEREDO_PORT: u16 = 3544;
const L2TP_PORT: u16 = 1701;
/// Ports of tunnels in UDP.
pub const PORTS: [u16; 6] = [VXLAN_PORT, VXLAN_LINUX_PORT, GENEVE_PORT, GTP_PORT, TEREDO_PORT, L2TP_PORT];

const UDP_HEADER: usize = 8;
const IPV6_HEADER: usize = 40;

const TEREDO_PREFIX: u32 = 0x2001_0000; // 2001::/32
const LINK_LOCAL_PREFIX: u32 = 0xFE80_0000;

/// What a tunnel carries: an EtherType, and where it starts.
#[derive(Clone, Copy, Debug)]
pub struct Inner {
    pub tunnel: Tunnel,
    pub ethertype: u16,
    pub offset: usize,
}

/// Tells whether a packet may be a tunnel's, by what costs nothing.
#[inline(always)]
pub fn may_carry(packet: &Packet) -> bool {
    match packet.proto {
        proto::UDP => tunnel_port(packet).is_some(),
        protocol => matches!(protocol, proto::IPIP | proto::IPV6 | proto::GRE | proto::L2TP),
    }
}

/// The port by which a datagram may be a tunnel's. Some tunnels come from theirs too, to an end that has another.
const fn tunnel_port(packet: &Packet) -> Option<u16> {
    match (packet.sport, packet.dport) {
        (_, port @ (VXLAN_PORT | VXLAN_LINUX_PORT | GENEVE_PORT | GTP_PORT | TEREDO_PORT | L2TP_PORT))
        | (port @ (GTP_PORT | TEREDO_PORT | L2TP_PORT), _) => Some(port),
        _ => None,
    }
}

/// What the packet carries when it is a tunnel's.
///
/// A tunnel in UDP is believed only when its header is sound: a port is no proof.
pub fn open(data: &[u8], header: &Header, packet: &Packet) -> Option<Inner> {
    match (header.proto, header.src.is_v6()) {
        (proto::UDP, _) => {
            let start = header.body + UDP_HEADER;
            let end = data.len().min(start + packet.payload_bytes as usize);
            open_datagram(data, start, end, packet)
        }
        (proto::IPIP, false) => Some(Inner { tunnel: Tunnel::Ipip, ethertype: IP, offset: header.body }),
        (proto::IPIP, true) => Some(Inner { tunnel: Tunnel::FourInSix, ethertype: IP, offset: header.body }),
        (proto::IPV6, false) => Some(Inner { tunnel: Tunnel::SixInFour, ethertype: IPV6, offset: header.body }),
        (proto::IPV6, true) => Some(Inner { tunnel: Tunnel::SixInSix, ethertype: IPV6, offset: header.body }),
        (proto::GRE, _) => gre(data, header.body, data.len().min(header.end)),
        (proto::L2TP, _) => pseudo_wire(data, header.body),
        _ => None,
    }
}

fn open_datagram(data: &[u8], at: usize, end: usize, packet: &Packet) -> Option<Inner> {
    match tunnel_port(packet)? {
        VXLAN_PORT => vxlan(data, at, end),
        VXLAN_LINUX_PORT => vxlan_linux(data, at, end),
        GENEVE_PORT => geneve(data, at, end),
        GTP_PORT => gtp(data, at, end),
        TEREDO_PORT => teredo(data, at, end),
        L2TP_PORT => l2tp(data, at, end),
        _ => None,
    }
}

const GRE_CHECKSUM: u16 = 0x8000;
const GRE_ROUTING: u16 = 0x4000;
const GRE_KEY: u16 = 0x2000;
const GRE_SEQUENCE: u16 = 0x1000;
const GRE_ACK: u16 = 0x0080;
const GRE_VERSION: u16 = 0x0007;
const ERSPAN_2: u16 = 0x88BE;
const ERSPAN_3: u16 = 0x22EB;
const PPTP: u16 = 0x880B;

/// Opens GRE version 0 (RFC 2784, 2890, with RFC 1701's fields) or version 1 (PPTP, RFC 2637).
fn gre(data: &[u8], at: usize, end: usize) -> Option<Inner> {
    let [f0, f1, e0, e1] = chunk_within(data, at, end)?;
    let (flags, ethertype) = (u16::from_be_bytes([f0, f1]), u16::from_be_bytes([e0, e1]));
    if flags & GRE_VERSION == 1 && ethertype == PPTP && flags & GRE_KEY != 0 {
        return pptp(at, end, flags);
    }
    // Source routes were given up with RFC 2784.
    if flags & (GRE_VERSION | GRE_ROUTING) != 0 {
        return None;
    }
    let has = |flag: u16| usize::from(flags & flag != 0);
    let body = at + 4 + 4 * (has(GRE_CHECKSUM) + has(GRE_KEY) + has(GRE_SEQUENCE));
    let (tunnel, ethertype, offset) = match ethertype {
        // Without a sequence number it is type I, which has no header.
        ERSPAN_2 => (Tunnel::Erspan, BRIDGED, body + 8 * has(GRE_SEQUENCE)),
        ERSPAN_3 => {
            let with_platform = end >= body + 12 && u8_at(data, body + 11).is_some_and(|flags| flags & 1 != 0);
            (Tunnel::Erspan, BRIDGED, body + 12 + 8 * usize::from(with_platform))
        }
        _ => (Tunnel::Gre, ethertype, body),
    };
    Some(Inner { tunnel, ethertype, offset })
}

fn pptp(at: usize, end: usize, flags: u16) -> Option<Inner> {
    let has = |flag: u16| usize::from(flags & flag != 0);
    let body = at + 8 + 4 * (has(GRE_SEQUENCE) + has(GRE_ACK));
    // An acknowledgement carries nothing.
    (flags & GRE_SEQUENCE != 0 && body < end).then_some(Inner { tunnel: Tunnel::Pptp, ethertype: PPP, offset: body })
}

/// Opens VXLAN (RFC 7348): the I flag says that there is a network identifier; reserved bits are to be ignored.
fn vxlan(data: &[u8], at: usize, end: usize) -> Option<Inner> {
    let [flags, ..] = chunk_within::<8>(data, at, end)?;
    (flags & 0x0F == 0x08).then_some(Inner { tunnel: Tunnel::Vxlan, ethertype: BRIDGED, offset: at + 8 })
}

/// Opens VXLAN on the port Linux used before there was one; no one else's port, so every reserved bit must be 0.
fn vxlan_linux(data: &[u8], at: usize, end: usize) -> Option<Inner> {
    match chunk_within(data, at, end)? {
        [0x08, 0, 0, 0, _, _, _, 0] => Some(Inner { tunnel: Tunnel::Vxlan, ethertype: BRIDGED, offset: at + 8 }),
        _ => None,
    }
}

/// Opens GENEVE (RFC 8926): version 0, reserved bits 0.
fn geneve(data: &[u8], at: usize, end: usize) -> Option<Inner> {
    let [options, control, e0, e1, _, _, _, reserved] = chunk_within(data, at, end)?;
    let (ethertype, offset) = (u16::from_be_bytes([e0, e1]), at + 8 + usize::from(options & 0x3F) * 4);
    let sound = options & 0xC0 == 0 && control & 0x3F == 0 && reserved == 0;
    (sound && matches!(ethertype, BRIDGED | IP | IPV6) && offset <= end).then_some(Inner {
        tunnel: Tunnel::Geneve,
        ethertype,
        offset,
    })
}

/// Opens GTP-U (3GPP TS 29.281 5.1): version 1, protocol type 1, a T-PDU whose length holds.
fn gtp(data: &[u8], at: usize, end: usize) -> Option<Inner> {
    let [flags, 0xFF, l0, l1, ..] = chunk_within::<8>(data, at, end)? else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    if flags & 0xF8 != 0x30 || length == 0 {
        return None;
    }
    // E, S or PN: all three fields are there.
    let offset = if flags & 0x07 == 0 { at + 8 } else { gtp_extensions(data, at + 12, end, flags & 0x04 != 0)? };
    let ip = offset < end && offset <= at + 8 + length && matches!(u8_at(data, offset)? >> 4, 4 | 6);
    ip.then_some(Inner { tunnel: Tunnel::Gtp, ethertype: IP, offset })
}

/// Where the payload starts behind the extension headers of GTP-U: each ends with the type of the next.
fn gtp_extensions(data: &[u8], mut body: usize, end: usize, extended: bool) -> Option<usize> {
    let next = |body: usize| if body <= end { u8_at(data, body - 1).unwrap_or_default() } else { 0 };
    let mut following = if extended { next(body) } else { 0 };
    for _ in 0..GTP_EXTENSION_LIMIT {
        if following == 0 {
            break;
        }
        let units = u8_at(data, body).filter(|units| body < end && *units != 0)?;
        body += usize::from(units) * 4;
        following = next(body);
    }
    Some(body)
}

/// Opens Teredo (RFC 4380 5.1.1): IPv6, before it perhaps an authentication and the origin. A port and an IPv6 header are
/// a weak proof, so one end must have a Teredo address, or the sender a link-local one, as who asks a server for its own.
fn teredo(data: &[u8], mut at: usize, end: usize) -> Option<Inner> {
    if let Some([0, 1, client, value]) = chunk_at(data, at) {
        at += 13 + usize::from(client) + usize::from(value);
    }
    if let Some([0, 0]) = chunk_at(data, at) {
        at += 8;
    }
    let header: [u8; IPV6_HEADER] = chunk_within(data, at, end)?;
    let (src, dst) = (u32_at(&header, 8)?, u32_at(&header, 24)?);
    let told = [src, dst].contains(&TEREDO_PREFIX) || src == LINK_LOCAL_PREFIX;
    (header[0] >> 4 == 6 && told).then_some(Inner { tunnel: Tunnel::Teredo, ethertype: IPV6, offset: at })
}

const L2TP_LENGTH: u16 = 0x4000;
const L2TP_SEQUENCE: u16 = 0x0800;
const L2TP_OFFSET: u16 = 0x0200;
const L2TP_PRIORITY: u16 = 0x0100;
const L2TP_VERSION_2: u16 = 0x0002;
const L2TP_VERSION_3: u16 = 0x0003;

/// Opens a data message of L2TP: version 2 (RFC 2661 3.1), PPP inside, or 3 (RFC 3931 4.1.2). Reserved bits are 0.
fn l2tp(data: &[u8], at: usize, end: usize) -> Option<Inner> {
    let [f0, f1, second @ ..]: [u8; 4] = chunk_within(data, at, end)?;
    let (flags, second) = (u16::from_be_bytes([f0, f1]), u16::from_be_bytes(second));
    if flags == L2TP_VERSION_3 && second == 0 {
        return pseudo_wire(data, at + 4);
    }
    if flags & !(L2TP_LENGTH | L2TP_SEQUENCE | L2TP_OFFSET | L2TP_PRIORITY) != L2TP_VERSION_2 {
        return None;
    }
    let has = |flag: u16| usize::from(flags & flag != 0);
    let mut body = at + 6 + 2 * has(L2TP_LENGTH) + 4 * has(L2TP_SEQUENCE);
    if flags & L2TP_OFFSET != 0 {
        body += 2 + usize::from(u16_at(data, body)?);
    }
    let last = if flags & L2TP_LENGTH != 0 { end.min(at + usize::from(second)) } else { end };
    (body < last).then_some(Inner { tunnel: Tunnel::L2tp, ethertype: PPP, offset: body })
}

/// Opens a session of L2TP version 3 (RFC 3931 4.1): session 0 is for control.
///
/// What it carries was agreed on beforehand, so only Ethernet is seen, which can be told: straight behind the session,
/// or behind a sublayer for sequence numbers (4.6). Behind a cookie it is not looked for.
fn pseudo_wire(data: &[u8], at: usize) -> Option<Inner> {
    let ethernet = |offset| Inner { tunnel: Tunnel::L2tp, ethertype: BRIDGED, offset };
    match u32_at(data, at) {
        Some(0) => None,
        _ if looks_like_ethernet(data, at + 4) => Some(ethernet(at + 4)),
        _ if looks_like_ethernet(data, at + 8) && u8_at(data, at + 4)? & 0xBF == 0 => Some(ethernet(at + 8)),
        _ => None,
    }
}

/// The `N` bytes at a place before `end`.
fn chunk_within<const N: usize>(data: &[u8], at: usize, end: usize) -> Option<[u8; N]> {
    if at + N <= end { chunk_at(data, at) } else { None }
}
