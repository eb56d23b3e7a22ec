//! Reads transport headers and makes the packet that is counted: TCP, UDP, SCTP, ICMP; others have no ports.

use super::ip::Header;
use super::layer::Place;
use super::wire::{chunk_at, u16_at};
use crate::model::{DropReason, Frame, Packet, proto};

const TCP_HEADER: usize = 20;
const TCP_FLAGS_END: usize = 14;
const UDP_HEADER: usize = 8;
const SCTP_HEADER: usize = 12;
const ICMP_HEADER: usize = 8;
const ICMP_LEAST: usize = 4; // type, code, checksum
const PORTS: usize = 4;

/// The packet behind an IP header.
///
/// A capture that cut the frame short (snaplen) may end inside the transport header, as long as what is counted was
/// captured. A packet that itself ends there is `TruncatedTransport`; one whose header contradicts the length of the
/// packet, `MalformedTransport`. `cut`: a first fragment goes on in others, its UDP length may reach beyond.
pub fn read(frame: &Frame<'_>, header: &Header, place: &Place, cut: bool) -> Result<Packet, DropReason> {
    let packet = unported(frame, header, place);
    match header.proto {
        proto::TCP => tcp(frame.data, header, packet),
        proto::UDP => udp(frame.data, header, packet, cut),
        proto::SCTP => {
            let (sport, dport) = ports(frame.data, header, SCTP_HEADER)?;
            Ok(with_payload(Packet { sport, dport, ..packet }, frame.data, header.body + SCTP_HEADER, header.end))
        }
        proto::ICMP | proto::ICMP6 => icmp(frame.data, header, packet),
        _ => Ok(with_payload(packet, frame.data, header.body, header.end)),
    }
}

/// The packet of a fragment whose first fragment is not known: without ports, nothing of its payload to be read.
pub fn unported(frame: &Frame<'_>, header: &Header, place: &Place) -> Packet {
    Packet {
        payload_bytes: header.end.saturating_sub(header.body) as u32,
        tunnel: place.tunnel,
        vlan: place.vlan,
        ..Packet::bare(frame, header.src, header.dst, header.proto, header.ip_bytes as u32)
    }
}

/// The packet with the payload from `start` to `end` on the wire, of which some may not be captured.
fn with_payload(packet: Packet, data: &[u8], start: usize, end: usize) -> Packet {
    let captured = (start.min(data.len()) as u32, end.min(data.len()) as u32);
    Packet { payload_bytes: end.saturating_sub(start) as u32, payload: captured, ..packet }
}

fn tcp(data: &[u8], header: &Header, packet: Packet) -> Result<Packet, DropReason> {
    let head: [u8; TCP_FLAGS_END] =
        chunk_at(data, header.body).filter(|_| has(header, TCP_HEADER)).ok_or(DropReason::TruncatedTransport)?;
    let [s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags] = head;
    let start = header.body + usize::from(offset >> 4) * 4;
    if start > header.end || offset < 0x50 {
        return Err(DropReason::MalformedTransport);
    }
    let packet = Packet {
        sport: u16::from_be_bytes([s0, s1]),
        dport: u16::from_be_bytes([d0, d1]),
        tcp_seq: u32::from_be_bytes([q0, q1, q2, q3]),
        tcp_ack: u32::from_be_bytes([a0, a1, a2, a3]),
        tcp_flags: flags,
        ..packet
    };
    Ok(with_payload(packet, data, start, header.end))
}

fn udp(data: &[u8], header: &Header, packet: Packet, cut: bool) -> Result<Packet, DropReason> {
    let (sport, dport) = ports(data, header, UDP_HEADER)?;
    let room = header.end - header.body;
    let length = match u16_at(data, header.body + PORTS).map(usize::from) {
        None | Some(0) => room, // not captured; a jumbogram, or segmentation offload
        Some(said) => said,
    };
    if length < UDP_HEADER || (length > room && !cut) {
        return Err(DropReason::MalformedTransport);
    }
    let end = header.body + length.min(room);
    Ok(with_payload(Packet { sport, dport, ..packet }, data, header.body + UDP_HEADER, end))
}

/// Type and code stand where others have their ports.
fn icmp(data: &[u8], header: &Header, packet: Packet) -> Result<Packet, DropReason> {
    let [kind, code] =
        chunk_at(data, header.body).filter(|_| has(header, ICMP_LEAST)).ok_or(DropReason::TruncatedTransport)?;
    let start = header.end.min(header.body + ICMP_HEADER);
    Ok(with_payload(Packet { sport: kind.into(), dport: code.into(), ..packet }, data, start, header.end))
}

/// The ports of a packet that has room for its transport header.
fn ports(data: &[u8], header: &Header, least: usize) -> Result<(u16, u16), DropReason> {
    let [s0, s1, d0, d1] =
        chunk_at(data, header.body).filter(|_| has(header, least)).ok_or(DropReason::TruncatedTransport)?;
    Ok((u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1])))
}

/// Tells whether the packet itself is long enough for its transport header.
fn has(header: &Header, least: usize) -> bool {
    header.end.saturating_sub(header.body) >= least
}
