//! IP and transport headers: extension headers, odd lengths, short captures, ports.

use dataplane::decode::{Decoded, Fit};
use dataplane::model::{DropReason, Frame, proto};

use crate::frames::*;

const AH: u8 = 51;

/// An authentication header of 24 bytes.
fn ah(next: u8, body: &[u8]) -> Vec<u8> {
    join(&[&[next, 4], &[0; 22], body])
}

#[test]
fn extension_headers_are_stepped_over() {
    let datagram = udp(1, 2, BODY);
    let options = |next: u8, body: &[u8]| join(&[&[next, 0, 1, 4, 0, 0, 0, 0], body]);
    let routing = |next: u8, body: &[u8]| join(&[&[next, 2, 0, 1, 0, 0, 0, 0], &REMOTE6, body]);
    for (first, body) in [
        (0, options(17, &datagram)),
        (60, join(&[&[17, 1, 1, 12], &[0; 12], &datagram])),
        (43, routing(17, &datagram)),
        (AH, ah(17, &datagram)),
        (44, join(&[&[17, 0, 0, 0, 0, 0, 0, 9], &datagram])),
        (0, options(60, &options(43, &routing(AH, &ah(60, &options(17, &datagram)))))),
    ] {
        let whole = ipv6(LOCAL6, REMOTE6, first, &body);
        let (packet, payload) = packet_of(&wire(&whole), 1);
        assert_eq!((packet.proto, packet.sport, packet.dport), (17, 1, 2));
        assert_eq!((packet.ip_bytes as usize, payload.as_slice()), (whole.len(), BODY));
    }
}

#[test]
fn mobility_is_a_header_only_where_something_follows() {
    let alone = [0x3B, 0, 0, 0, 0, 0, 0, 0];
    let before = join(&[&[0x11, 0, 0, 0, 0, 0, 0, 0], &udp(1, 2, &[])]);
    assert_eq!(packet_of(&wire(&ipv6(LOCAL6, REMOTE6, 135, &alone)), 1).0.proto, 135);
    assert_eq!(packet_of(&wire(&ipv6(LOCAL6, REMOTE6, 135, &before)), 1).0.proto, 17);
}

#[test]
fn ah_in_ipv4_is_stepped_over_and_esp_is_the_end() {
    let (open, payload) = packet_of(&wire(&ipv4(LOCAL, REMOTE, AH, &ah(17, &udp(1, 2, BODY)))), 1);
    let (sealed, _) = packet_of(&wire(&ipv4(LOCAL, REMOTE, 50, &[0; 26])), 1);
    assert_eq!((open.proto, open.sport, payload.as_slice()), (17, 1, BODY));
    assert_eq!((sealed.proto, sealed.sport, sealed.payload_bytes), (50, 0, 26));
}

#[test]
fn padding_of_short_frames_is_no_payload() {
    let mut padded = wire(&ipv4(LOCAL, REMOTE, 6, &tcp(1, 2, 0x10, &[])));
    padded.resize(60, 0);
    let mut trailing = wire(&ipv4(LOCAL, REMOTE, 17, &udp(1, 2, b"xyz")));
    trailing[39] = 9;
    let (packet, payload) = packet_of(&padded, 1);
    assert_eq!((packet.ip_bytes, packet.payload_bytes, payload.len()), (40, 0, 0));
    let (packet, payload) = packet_of(&trailing, 1);
    assert_eq!((packet.ip_bytes, packet.payload_bytes, payload.as_slice()), (31, 1, &b"x"[..]));
}

#[test]
fn offloaded_segments_take_their_length_from_the_frame() {
    let big = vec![0; 70_000];
    let unsaid = |mut ip: Vec<u8>, at: usize| {
        ip[at..at + 2].fill(0);
        wire(&join(&[&ip, &big]))
    };
    let jumbo = |length: u32| join(&[&[6, 0, 0xC2, 4], &length.to_be_bytes(), &tcp(1, 2, 0, &[])]);
    let counts = |data: &[u8]| {
        let (packet, _) = packet_of(data, 1);
        (packet.ip_bytes, packet.payload_bytes)
    };
    assert_eq!(counts(&unsaid(ipv4(LOCAL, REMOTE, 6, &tcp(1, 2, 0, &[])), 2)), (70_040, 70_000));
    assert_eq!(counts(&unsaid(ipv6(LOCAL6, REMOTE6, 6, &tcp(1, 2, 0, &[])), 4)), (70_060, 70_000));
    assert_eq!(counts(&unsaid(ipv6(LOCAL6, REMOTE6, 0, &jumbo(70_028)), 4)), (70_068, 70_000));
    assert_eq!(reason(&unsaid(ipv6(LOCAL6, REMOTE6, 0, &jumbo(u32::MAX)), 4), 1), "malformed_ip");
}

#[test]
fn a_capture_cut_short_counts_what_was_on_the_wire() {
    let data = wire(&four());
    let cut = |at: usize| Frame { data: &data[..at], ..frame(&data, 1) };
    for at in [68, 54, 50, 48] {
        let (packet, payload) = packet_in(&cut(at));
        assert_eq!((packet.ip_bytes as usize, packet.payload_bytes as usize), (data.len() - 14, BODY.len()));
        assert_eq!(payload, BODY[..at.saturating_sub(54)]);
        assert_eq!((packet.tcp_flags, packet.tcp_seq), (0x18, 7));
    }
    for (at, expected) in
        [(47, "truncated_transport"), (34, "truncated_transport"), (33, "truncated_ip"), (13, "truncated_link")]
    {
        assert_eq!(reason_in(&cut(at)), expected);
    }
}

#[test]
fn a_forged_length_does_not_inflate_counts_on_an_interface() {
    let mut forged = wire(&ipv4(LOCAL, REMOTE, 17, &udp(1, 2, BODY)));
    forged[16..18].copy_from_slice(&64_000u16.to_be_bytes());
    let sliced = &wire(&four())[..54];
    assert!(matches!(read(&frame(&forged, 1), Fit::Whole), Decoded::Dropped(DropReason::MalformedIp)));
    assert_eq!(packet_of(sliced, 1).0.payload_bytes as usize, BODY.len());
}

#[test]
fn transports_have_their_ports() {
    let sctp = [0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    let ping = [8, 0, 0, 0, 0, 0, 0, 0, 9];
    let unreachable = join(&[&[3, 4, 0, 0, 0, 0, 0, 0], &four()]);
    for (proto, body, sport, dport, header) in [
        (proto::SCTP, &sctp[..], 1, 2, 12),
        (proto::ICMP, &ping[..], 8, 0, 8),
        (proto::ICMP, &unreachable[..], 3, 4, 8),
        (proto::ICMP, &ping[..4], 8, 0, 4),
        (proto::UDP, &udp(1, 2, &[]), 1, 2, 8),
        (103, BODY, 0, 0, 0),
    ] {
        let (packet, _) = packet_of(&wire(&ipv4(LOCAL, REMOTE, proto, body)), 1);
        assert_eq!((packet.proto, packet.sport, packet.dport), (proto, sport, dport));
        assert_eq!(packet.payload_bytes as usize, body.len() - header);
    }
}
