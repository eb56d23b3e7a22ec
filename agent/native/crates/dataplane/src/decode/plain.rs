//! Reads what nearly every frame is, on a short way: IP straight on Ethernet, whole and without options, TCP or UDP that
//! is no tunnel's.

use super::wire::chunk_at;
use super::{Fit, tunnel};
use crate::model::{Address, Frame, Packet, proto};

const ETHERNET: u32 = 1;
const ETHERNET_HEADER: usize = 14;
const IPV4_BODY: usize = ETHERNET_HEADER + 20;
const IPV6_BODY: usize = ETHERNET_HEADER + 40;
const TCP_FLAGS_END: usize = 14;
const TCP_HEADER: usize = 20;
const UDP_HEADER: usize = 8;

/// The packet of such a frame, as `decode` would read it; None: it is another, or something is wrong with it.
#[inline(always)]
pub fn read(frame: &Frame<'_>, fit: Fit) -> Option<Packet> {
    if frame.linktype != ETHERNET {
        return None;
    }
    let room = (frame.wire_len as usize).saturating_sub(ETHERNET_HEADER);
    let fits = |length: usize| fit == Fit::Sliced || length <= room;
    match *frame.data.get(12..)?.first_chunk()? {
        [0x08, 0x00, 0x45] => {
            let [.., l0, l1, _, _, p0, p1, _, proto, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
                *frame.data.first_chunk::<IPV4_BODY>()?;
            let length = usize::from(u16::from_be_bytes([l0, l1]));
            let whole = u16::from_be_bytes([p0, p1]) & 0x3FFF == 0 && fits(length);
            let (src, dst) = (Address::v4([s0, s1, s2, s3]), Address::v4([d0, d1, d2, d3]));
            if whole { behind(frame, src, dst, proto, length, IPV4_BODY) } else { None }
        }
        [0x86, 0xDD, 0x60..=0x6F] => {
            let head: &[u8; IPV6_BODY] = frame.data.first_chunk()?;
            let payload = usize::from(u16::from_be_bytes([head[18], head[19]]));
            let length = payload + IPV6_BODY - ETHERNET_HEADER;
            let (src, dst) = (Address::v6(chunk_at(head, 22)?), Address::v6(chunk_at(head, 38)?));
            if payload > 0 && fits(length) { behind(frame, src, dst, head[20], length, IPV6_BODY) } else { None }
        }
        _ => None,
    }
}

/// Reads TCP or UDP behind an IP packet's header.
#[inline(always)]
fn behind(frame: &Frame<'_>, src: Address, dst: Address, proto: u8, length: usize, body: usize) -> Option<Packet> {
    let mut packet = Packet::bare(frame, src, dst, proto, length as u32);
    let mut end = ETHERNET_HEADER + length;
    let start = match proto {
        proto::TCP => {
            let [s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags]: [u8; TCP_FLAGS_END] =
                chunk_at(frame.data, body)?;
            (packet.sport, packet.dport) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
            packet.tcp_seq = u32::from_be_bytes([q0, q1, q2, q3]);
            packet.tcp_ack = u32::from_be_bytes([a0, a1, a2, a3]);
            packet.tcp_flags = flags;
            let header = usize::from(offset >> 4) * 4;
            if header < TCP_HEADER || end < body + header {
                return None;
            }
            body + header
        }
        proto::UDP => {
            let [s0, s1, d0, d1, l0, l1]: [u8; 6] = chunk_at(frame.data, body)?;
            (packet.sport, packet.dport) = (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1]));
            let said = usize::from(u16::from_be_bytes([l0, l1]));
            if said < UDP_HEADER || end < body + said || tunnel::may_carry(&packet) {
                return None;
            }
            end = body + said;
            body + UDP_HEADER
        }
        _ => return None,
    };
    let captured = frame.data.len();
    packet.payload_bytes = (end - start) as u32;
    packet.payload = (start.min(captured) as u32, end.min(captured) as u32);
    Some(packet)
}
