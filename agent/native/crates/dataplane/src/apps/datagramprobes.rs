//! How datagrams are told apart: one probe a protocol, one table, strong marks first.
//!
//! Ports are never asked.

use memchr::memmem;

use super::dns;
use super::dnstalk::DnsDatagrams;
use super::dtls::{self, DtlsTalk};
use super::marks::{NFS, is_openvpn_reset, is_sunrpc_message, number, part};
use super::probe::{Probe, Test};
use super::quic;
use super::quictalk::QuicTalk;
use super::talk::Talk;
use super::tftp::{self, TftpTalk};
use crate::model::Inspection;

/// Bytes of an earlier datagram that are asked for.
pub const PREVIOUS: usize = 12;
/// Bytes of the address in a request of SIP.
const MAX_URI: usize = 512;

pub static DATAGRAM_PROBES: [Probe; 25] = [
    follow("quic", |data, _| Some(quic::looks_like_quic(data)), || Box::new(QuicTalk::default())),
    name("nbns", |data, _| Some(is_nbns(data))),
    follow(
        "dns",
        |data, _| Some(dns::looks_like_dns(data, data.len()) == Some(true)),
        || Box::new(DnsDatagrams::default()),
    ),
    name("mdns", |data, _| Some(is_mdns(data))),
    follow("dtls", |data, _| Some(dtls::looks_like_dtls(data)), || Box::new(DtlsTalk::default())),
    name("stun", |data, _| Some(is_stun(data))),
    name("dhcp", |data, _| Some(is_dhcp(data))),
    name("isakmp", |data, _| Some(is_ike(data))),
    name("ipsec", |data, _| Some(data.strip_prefix(&[0; 4]).is_some_and(is_ike))), // RFC 3948 2.2
    name("wireguard", |data, _| Some(is_wireguard(data))),
    name("openvpn", |data, _| Some(is_openvpn(data))),
    name("l2tp", |data, _| Some(is_l2tp(data))),
    name("ntp", |data, _| Some(is_ntp(data))),
    name("snmp", |data, _| Some(is_snmp(data))),
    name("ldap", |data, _| Some(is_cldap(data))),
    name("sip", |data, _| Some(is_sip(data))),
    name("ssdp", |data, _| Some(is_ssdp(data))),
    name("bittorrent", |data, _| Some(is_bittorrent(data))),
    name("syslog", |data, _| Some(is_syslog(data))),
    name("nfs", |data, _| Some(is_nfs(data))),
    name("sunrpc", |data, _| Some(is_sunrpc(data))),
    name("radius", |data, _| Some(is_radius(data))),
    follow("tftp", |data, _| Some(tftp::looks_like_tftp(data)), || Box::new(TftpTalk::default())),
    Probe { inspection: Some(Inspection::Opaque), ..name("rtp", |data, previous| Some(is_rtp(data, previous))) }, // or SRTP
    name("esp", |data, previous| Some(is_esp(data, previous))),
];

const fn name(protocol: &'static str, test: Test) -> Probe {
    Probe { protocol, test, make: None, inspection: None }
}

const fn follow(protocol: &'static str, test: Test, make: fn() -> Box<dyn Talk>) -> Probe {
    Probe { protocol, test, make: Some(make), inspection: None }
}

/// A question for an encoded name of NetBIOS (RFC 1002 4.2).
fn is_nbns(data: &[u8]) -> bool {
    part(data, 12, 13) == b"\x20"
        && data.get(13..45).is_some_and(|name| name.iter().all(|byte| matches!(byte, b'A'..=b'P')))
        && data.get(45) == Some(&0)
}

/// An answer without a question (RFC 6762 6, 18).
fn is_mdns(data: &[u8]) -> bool {
    data.len() > 12 && data.starts_with(b"\0\0\x84\0\0\0") && part(data, 6, 8) != b"\0\0"
}

/// A header with the magic cookie and its own length (RFC 8489 5).
fn is_stun(data: &[u8]) -> bool {
    part(data, 4, 8) == b"\x21\x12\xa4\x42"
        && matches!(data, [0..=3, ..])
        && number(data, 2, 4) + 20 == data.len() as u64
}

/// BOOTP with the magic cookie (RFC 2131 3).
fn is_dhcp(data: &[u8]) -> bool {
    part(data, 236, 240) == b"\x63\x82\x53\x63" && matches!(data, [1 | 2, ..])
}

/// Version 1 to 4, mode 1 to 5, a stratum and a precision that exist (RFC 5905 7.3).
fn is_ntp(data: &[u8]) -> bool {
    let [flags, stratum, poll, precision, ..] = data else { return false };
    (data.len() == 48 || (52..=1024).contains(&data.len()) && data.len().is_multiple_of(4))
        && (1..=4).contains(&(flags >> 3 & 7))
        && (1..=5).contains(&(flags & 7))
        && *stratum <= 16
        && (*precision >= 0xE0 || *precision == 0)
        && *poll <= 17
}

/// A sequence with version 1, 2c or 3 and a community or the header of version 3 (RFC 1157, RFC 3412).
fn is_snmp(data: &[u8]) -> bool {
    let rest = match data {
        [0x30, 0x00..=0x7F, rest @ ..] | [0x30, 0x81, _, rest @ ..] | [0x30, 0x82, _, _, rest @ ..] => rest,
        _ => return false,
    };
    matches!(rest, [2, 1, 0 | 1 | 3, 4 | 0x30, ..])
}

/// A search request or its entry over UDP ([MS-ADTS] 6.3.3).
fn is_cldap(data: &[u8]) -> bool {
    let rest = match data {
        [0x30, 0x05..=0x7F, rest @ ..] | [0x30, 0x84, _, _, _, _, rest @ ..] => rest,
        _ => return false,
    };
    matches!(rest, [2, 1..=4, _, rest @ ..] if part(rest, 0, 4).iter().any(|byte| matches!(byte, 0x63..=0x65)))
}

/// A message type, three zeros, and the type's length (WireGuard 5.4).
fn is_wireguard(data: &[u8]) -> bool {
    match (data, data.len()) {
        ([1, 0, 0, 0, ..], 148) | ([2, 0, 0, 0, ..], 92) | ([3, 0, 0, 0, ..], 64) => true,
        ([4, 0, 0, 0, ..], size) => size >= 32 && size % 16 == 0,
        _ => false,
    }
}

/// A hard reset of client or server with key 0.
fn is_openvpn(data: &[u8]) -> bool {
    let bare = |data: &[u8]| data.ends_with(&[0; 5]);
    matches!(data, [0x38 | 0x40, ..]) && is_openvpn_reset(data.len()) && (data.len() != 14 || bare(data))
}

/// An ISAKMP header of version 1 or 2 that knows the datagram's length (RFC 2408 3.1, RFC 7296 3.1).
fn is_ike(data: &[u8]) -> bool {
    part(data, 0, 8) != [0; 8] && matches!(data.get(17), Some(0x10 | 0x20)) && number(data, 24, 28) == data.len() as u64
}

/// ESP in UDP (RFC 3948 2.1) in mid-stream: the same SPI twice, the sequence number a little further.
fn is_esp(data: &[u8], previous: &[u8]) -> bool {
    if data.len() < 32
        || !data.len().is_multiple_of(4)
        || part(data, 0, 4) != part(previous, 0, 4)
        || number(data, 0, 4) <= 0xFF
    {
        return false;
    }
    let step = number(data, 4, 8).checked_sub(number(previous, 4, 8));
    step.is_some_and(|step| (1..=64).contains(&step))
}

/// RTP (RFC 3550 5.1): version 2, the same source and payload type twice, the sequence number a little further.
fn is_rtp(data: &[u8], previous: &[u8]) -> bool {
    let ([a, kind, b, c, ..], [_, before, d, e, ..]) = (data, previous) else { return false };
    let source = part(data, 8, 12);
    let step = u16::from_be_bytes([*b, *c]).wrapping_sub(u16::from_be_bytes([*d, *e]));
    data.len() >= 20
        && a >> 6 == 2
        && source == part(previous, 8, 12)
        && source != [0; 4]
        && (1..=64).contains(&step)
        && (kind ^ before) & 0x7F == 0
        && !(72..=76).contains(&(kind & 0x7F))
}

/// A control message with its length (RFC 2661 3.1).
fn is_l2tp(data: &[u8]) -> bool {
    data.starts_with(b"\xc8\x02") && number(data, 2, 4) == data.len() as u64
}

/// A code, the datagram's length, a first attribute that fits (RFC 2865 3, 5).
fn is_radius(data: &[u8]) -> bool {
    let (Some(kind), Some(size)) = (data.get(20), data.get(21)) else { return false };
    matches!(data, [1..=5 | 11 | 12, ..])
        && (22..=4096).contains(&data.len())
        && number(data, 2, 4) == data.len() as u64
        && *kind != 0
        && (2..=data.len() - 20).contains(&usize::from(*size))
}

fn is_sunrpc(data: &[u8]) -> bool {
    data.len() >= 24 && is_sunrpc_message(data)
}

fn is_nfs(data: &[u8]) -> bool {
    is_sunrpc(data) && number(data, 4, 8) == 0 && number(data, 12, 16) == NFS
}

/// An answer, or a request whose first line ends with the version (RFC 3261 7).
fn is_sip(data: &[u8]) -> bool {
    if let Some(rest) = data.strip_prefix(b"SIP/2.0 ") {
        return is_digits(part(rest, 0, 3)) && rest.len() >= 3;
    }
    let letters = data.iter().take(17).take_while(|byte| byte.is_ascii_uppercase()).count();
    let Some((b' ', rest)) = data.get(letters..).and_then(<[u8]>::split_first) else { return false };
    let end = rest.iter().take(MAX_URI + 9).position(|byte| b"\r\n".contains(byte));
    let Some((line, end)) = end.and_then(|end| rest.split_at_checked(end)) else { return false };
    let uri = line.strip_suffix(b" SIP/2.0").map_or(0, <[u8]>::len);
    (3..=16).contains(&letters) && (1..=MAX_URI).contains(&uri) && ends_line(end)
}

fn is_digits(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_digit)
}

fn ends_line(text: &[u8]) -> bool {
    text.starts_with(b"\n") || text.starts_with(b"\r\n")
}

fn is_ssdp(data: &[u8]) -> bool {
    let asked = [&b"M-SEARCH * HTTP/1.1"[..], b"NOTIFY * HTTP/1.1"];
    asked.iter().any(|line| data.strip_prefix(*line).is_some_and(ends_line)) || data.starts_with(b"HTTP/1.1 200 OK\r\n")
}

/// A dictionary of the DHT that says what it is at its end (BEP 5).
fn is_bittorrent(data: &[u8]) -> bool {
    let Some(([b'd', b'1', b':', b'a' | b'd' | b'e' | b'q' | b'r', next], rest)) = data.split_first_chunk() else {
        return false;
    };
    let kinds = memmem::find_iter(rest, b"1:y1:").any(|at| matches!(rest.get(at + 5), Some(b'q' | b'r' | b'e')));
    (b"lid".contains(next) || next.is_ascii_digit()) && kinds
}

/// A priority and text (RFC 3164 4.1.1).
fn is_syslog(data: &[u8]) -> bool {
    let Some((b'<', rest)) = data.split_first() else { return false };
    let digits = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    (1..=3).contains(&digits) && matches!(rest.get(digits..), Some([b'>', b' '..=b'~', ..]))
}
