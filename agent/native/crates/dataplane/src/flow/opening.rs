//! What the first packet of a flow tells: who opened it, and which port is whose.

use super::key::{icmp_answer, is_request};
use crate::model::{Initiator, Packet, proto, tcp};

const DNS_PORT: u16 = 53;

/// Tells by its first packet and its payload whether the sender opened the flow; None for TCP met in mid-stream.
#[must_use]
pub fn opened_by_sender(packet: &Packet, payload: &[u8]) -> Option<bool> {
    match packet.proto {
        proto::TCP if packet.tcp_flags & tcp::SYN == 0 => None,
        proto::TCP => Some(packet.tcp_flags & tcp::ACK == 0),
        proto::ICMP | proto::ICMP6 => {
            Some(is_request(packet.proto, packet.sport) || icmp_answer(packet.proto, packet.sport).is_none())
        }
        proto::UDP if packet.sport == DNS_PORT || packet.dport == DNS_PORT => {
            let header: Option<&[u8; 12]> = payload.first_chunk();
            Some(header.is_none_or(|[_, _, flags, ..]| flags & 0x80 == 0)) // QR, RFC 1035 4.1.1
        }
        _ => Some(true),
    }
}

/// Who opened a flow, as seen from home.
pub fn initiator(opened_by_sender: Option<bool>, sender_is_local: bool) -> Initiator {
    match opened_by_sender {
        None => Initiator::Unknown,
        Some(opened) if opened == sender_is_local => Initiator::Local,
        Some(_) => Initiator::Remote,
    }
}

/// Ports of the local and the remote end; for ICMP the type of who asks, and the code.
pub fn ports(packet: &Packet, sender_is_local: bool) -> (u16, u16) {
    if matches!(packet.proto, proto::ICMP | proto::ICMP6) {
        return match icmp_answer(packet.proto, packet.sport) {
            Some(request) if !is_request(packet.proto, packet.sport) => (request, packet.dport),
            _ => (packet.sport, packet.dport),
        };
    }
    if sender_is_local { (packet.sport, packet.dport) } else { (packet.dport, packet.sport) }
}
