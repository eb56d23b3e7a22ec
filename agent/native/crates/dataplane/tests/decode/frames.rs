//! Makes frames, and reads them.

use dataplane::decode::fragments::Fragments;
use dataplane::decode::{Decoded, Fit, decode};
use dataplane::home::Home;
use dataplane::model::{Address, Frame, Packet, proto};

pub const LOCAL: [u8; 4] = [10, 1, 0, 5];
pub const LOCAL2: [u8; 4] = [10, 1, 0, 6];
pub const REMOTE: [u8; 4] = [203, 0, 113, 9];
pub const REMOTE2: [u8; 4] = [198, 51, 100, 7];
pub const LOCAL6: [u8; 16] = [0x20, 1, 0x0D, 0xB8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
pub const REMOTE6: [u8; 16] = [0x20, 1, 0x0D, 0xB8, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
pub const BODY: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
pub const BRIDGED: u16 = 0x6558;

/// Home is 10.0.0.0/8 and 2001:db8:1::/48.
pub fn home() -> Home {
    let mut last = LOCAL6;
    last[6..].fill(0xFF);
    let mut first = LOCAL6;
    first[6..].fill(0);
    let four = (*Address::v4([10, 0, 0, 0]).key(), *Address::v4([10, 255, 255, 255]).key());
    Home::new(&[four, (first, last)], Vec::new())
}

pub fn frame(data: &[u8], linktype: u32) -> Frame<'_> {
    Frame { ts_ns: 1_000, linktype, wire_len: data.len() as u32, interface: 0, data }
}

/// What a frame is that came alone.
pub fn read(frame: &Frame<'_>, fit: Fit) -> Decoded {
    match decode(frame, &home(), fit) {
        Decoded::Fragment => Fragments::default().decode(frame, &home(), fit),
        decoded => decoded,
    }
}

/// The packet of a frame, and its payload.
pub fn packet_of(data: &[u8], linktype: u32) -> (Packet, Vec<u8>) {
    packet_in(&frame(data, linktype))
}

pub fn packet_in(frame: &Frame<'_>) -> (Packet, Vec<u8>) {
    match read(frame, Fit::Sliced) {
        Decoded::Packet(packet) => (packet, packet.payload_in(frame.data).to_vec()),
        other => panic!("{other:?}"),
    }
}

/// Why a frame cannot be read.
pub fn reason(data: &[u8], linktype: u32) -> &'static str {
    reason_in(&frame(data, linktype))
}

pub fn reason_in(frame: &Frame<'_>) -> &'static str {
    match read(frame, Fit::Sliced) {
        Decoded::Dropped(reason) => reason.name(),
        other => panic!("{other:?}"),
    }
}

/// Source, destination, protocol and ports of a packet.
pub fn ends(packet: &Packet) -> (String, String, u8, u16, u16) {
    (packet.src.to_string(), packet.dst.to_string(), packet.proto, packet.sport, packet.dport)
}

pub fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

pub fn ethernet(ethertype: u16, body: &[u8]) -> Vec<u8> {
    join(&[&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1], &ethertype.to_be_bytes(), body])
}

/// A VLAN tag and what follows it.
pub fn tagged(id: u16, ethertype: u16, body: &[u8]) -> Vec<u8> {
    join(&[&id.to_be_bytes(), &ethertype.to_be_bytes(), body])
}

/// Ethernet around an IP packet, whose version says which.
pub fn wire(ip: &[u8]) -> Vec<u8> {
    ethernet(if ip[0] >> 4 == 6 { 0x86DD } else { 0x0800 }, ip)
}

pub fn ipv4(src: [u8; 4], dst: [u8; 4], proto: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = (20 + body.len() as u16).to_be_bytes();
    join(&[&[0x45, 0, high, low, 0, 5, 0, 0, 64, proto, 0, 0], &src, &dst, body])
}

pub fn ipv6(src: [u8; 16], dst: [u8; 16], next: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = (body.len() as u16).to_be_bytes();
    join(&[&[0x60, 0, 0, 0, high, low, next, 64], &src, &dst, body])
}

pub fn udp(sport: u16, dport: u16, body: &[u8]) -> Vec<u8> {
    let length = 8 + body.len() as u16;
    join(&[&sport.to_be_bytes(), &dport.to_be_bytes(), &length.to_be_bytes(), &[0, 0], body])
}

pub fn tcp(sport: u16, dport: u16, flags: u8, body: &[u8]) -> Vec<u8> {
    let rest = [0, 0, 0, 7, 0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0];
    join(&[&sport.to_be_bytes(), &dport.to_be_bytes(), &rest, body])
}

/// A TCP segment over IPv4, and one over IPv6.
pub fn four() -> Vec<u8> {
    ipv4(LOCAL, REMOTE, proto::TCP, &tcp(40000, 443, 0x18, BODY))
}

pub fn six() -> Vec<u8> {
    ipv6(LOCAL6, REMOTE6, proto::TCP, &tcp(40000, 443, 0x18, BODY))
}

/// A packet from home to abroad that is carried in tunnels; the same over IPv6; and what carries it.
pub fn inner() -> Vec<u8> {
    ipv4(LOCAL2, REMOTE2, proto::UDP, &udp(1, 2, BODY))
}

pub fn inner6() -> Vec<u8> {
    ipv6(LOCAL6, REMOTE6, proto::UDP, &udp(1, 2, BODY))
}

pub fn outer(proto: u8, body: &[u8]) -> Vec<u8> {
    ipv4(LOCAL, REMOTE, proto, body)
}

pub fn outer6(proto: u8, body: &[u8]) -> Vec<u8> {
    let (mut src, mut dst) = (LOCAL6, REMOTE6);
    (src[15], dst[15]) = (1, 1);
    ipv6(src, dst, proto, body)
}

/// The fragments of an IPv4 packet.
pub fn pieces_of(whole: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (head, body) = whole.split_at(20);
    let last = body.len().div_ceil(size) - 1;
    let piece = |(number, part): (usize, &[u8])| {
        let mut piece = join(&[head, part]);
        let place = (number * size / 8) as u16 | if number < last { 0x2000 } else { 0 };
        piece[6..8].copy_from_slice(&place.to_be_bytes());
        piece[2..4].copy_from_slice(&((20 + part.len()) as u16).to_be_bytes());
        piece
    };
    body.chunks(size).enumerate().map(piece).collect()
}

/// The fragments of an IPv6 packet.
pub fn pieces_of6(whole: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (head, body) = whole.split_at(40);
    let last = body.len().div_ceil(size) - 1;
    let piece = |(number, part): (usize, &[u8])| {
        let place = (number * size) as u16 | u16::from(number < last);
        let mut piece = join(&[head, &[head[6], 0], &place.to_be_bytes(), &[0, 0, 0, 77], part]);
        piece[6] = 44;
        piece[4..6].copy_from_slice(&((8 + part.len()) as u16).to_be_bytes());
        piece
    };
    body.chunks(size).enumerate().map(piece).collect()
}
