//! The marks by which the first bytes of a stream tell their protocol: bytes to yes, no, or more are needed.

use memchr::memmem;

use super::http;

/// Bytes in which a mark must be found.
pub(super) const MAX_LINE: usize = 512;

/// The bytes from `start` to `end`, as far as there are any.
pub(super) fn part(data: &[u8], start: usize, end: usize) -> &[u8] {
    let end = end.min(data.len());
    data.get(start.min(end)..end).unwrap_or_default()
}

/// The number that bytes from `start` to `end` are in network order, as far as there are any.
pub(super) fn number(data: &[u8], start: usize, end: usize) -> u64 {
    part(data, start, end).iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// The same in the order of small machines.
fn little(data: &[u8], start: usize, end: usize) -> u64 {
    part(data, start, end).iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Whether what there is from a place on begins like this.
pub(super) fn fits(head: &[u8], at: usize, wanted: &[u8]) -> bool {
    wanted.starts_with(part(head, at, at + wanted.len()))
}

/// Whether the byte at a place is one of these, or not there yet.
pub(super) fn may_be(head: &[u8], at: usize, wanted: &[u8]) -> bool {
    head.get(at).is_none_or(|byte| wanted.contains(byte))
}

pub(super) fn until(head: &[u8], size: usize) -> Option<bool> {
    if head.len() < size { None } else { Some(false) }
}

pub(super) fn begins(head: &[u8], starts: &[&[u8]]) -> Option<bool> {
    if starts.iter().any(|start| head.starts_with(start)) {
        return Some(true);
    }
    if starts.iter().any(|start| start.starts_with(head)) { None } else { Some(false) }
}

/// Whether text holds a word, in whatever case.
pub(super) fn holds(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|piece| piece.eq_ignore_ascii_case(word))
}

/// TPKT with an X.224 connection request or confirm ([MS-RDPBCGR] 2.2.1.1); S7 and MMS begin alike.
pub(super) fn is_rdp(head: &[u8]) -> Option<bool> {
    if !fits(head, 0, b"\x03\x00") || !may_be(head, 5, b"\xe0\xd0") {
        return Some(false);
    }
    match head {
        [_, _, _, _, 6, _, _, _, _, _, _, ..] => Some(true),
        [_, _, _, _, _, _, _, _, _, _, _, kind, next, ..] => Some(matches!((kind, next), (1..=3, _) | (b'C', b'o'))),
        _ => None,
    }
}

/// The server's greeting, protocol 10: length, sequence 0, 10, a version that begins with a digit.
pub(super) fn is_mysql(head: &[u8]) -> Option<bool> {
    if !fits(head, 3, b"\x00\x0a") || !may_be(head, 2, b"\x00") {
        return Some(false);
    }
    let version = head.get(5..9)?;
    let numbered = match version {
        [a, b'.', b, _] => a.is_ascii_digit() && b.is_ascii_digit(),
        [a, b, b'.', c] => a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_digit(),
        _ => false,
    };
    Some(numbered && little(head, 0, 3) < MAX_LINE as u64)
}

/// A start-up, SSL, GSS or cancel request, an answer to one, or a simple query in mid-stream.
pub(super) fn is_pgsql(head: &[u8]) -> Option<bool> {
    match head {
        [b'Q' | b'R', ..] if head.len() < 12 => {
            if may_be(head, 1, b"\x00") {
                None
            } else {
                Some(false)
            }
        }
        [b'R', ..] => Some(matches!(number(head, 1, 5), 8 | 12 | 23 | 42) && number(head, 5, 9) <= 12),
        [b'Q', ..] => Some(number(head, 1, 5) < 1 << 24 && is_query(part(head, 5, 32))),
        [] | [0, ..] if head.len() < 8 => None,
        [0, ..] => {
            let (size, code) = (number(head, 0, 4), number(head, 4, 8));
            let started = code == 0x0003_0000 && 8 < size && size < 10_000;
            Some(started || matches!(size, 8 | 16) && (80_877_102..=80_877_104).contains(&code))
        }
        _ => Some(false),
    }
}

/// A word of four letters or more, and its end.
fn is_query(text: &[u8]) -> bool {
    let letters = text.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    letters >= 4 && text.get(letters).is_some_and(|byte| http::is_space(*byte) || b";\0".contains(byte))
}

/// PRELOGIN of MS SQL Server ([MS-TDS] 2.2.3.1, 2.2.6.5): first and last packet, first option VERSION.
pub(super) fn is_tds(head: &[u8]) -> Option<bool> {
    if !fits(head, 0, b"\x12\x01") {
        return Some(false);
    }
    (head.len() >= 9).then_some(matches!(head, [_, _, _, _, 0, 0, _, 0, 0, ..]))
}

/// A connect packet of TNS: length, no checksum, type 1, a description.
pub(super) fn is_oracle(head: &[u8]) -> Option<bool> {
    if !fits(head, 2, b"\0\0") || !fits(head, 4, b"\x01\0") {
        return Some(false);
    }
    if holds(head, b"(DESCRIPTION") || holds(head, b"(CONNECT_DATA") { Some(true) } else { until(head, MAX_LINE) }
}

/// The header of a wire message: length, ids, operation code, little-endian.
pub(super) fn is_mongodb(head: &[u8]) -> Option<bool> {
    if !may_be(head, 3, b"\x00\x01\x02") {
        return Some(false);
    }
    let known = matches!(little(head, 12, 16), 2004 | 2005 | 2010..=2013) && little(head, 0, 4) >= 16;
    (head.len() >= 16).then_some(known)
}

/// STARTUP of the native protocol, versions 3 to 5: opcode 1, a map that names the CQL version.
pub(super) fn is_cassandra(head: &[u8]) -> Option<bool> {
    if !may_be(head, 0, b"\x03\x04\x05") || !may_be(head, 4, b"\x01\x05") {
        return Some(false);
    }
    let named = || memmem::find(head, b"CQL_VERSION").is_some() || part(head, 4, 9) == b"\x05\0\0\0\0";
    (head.len() >= 24).then(named)
}

/// A sequence, a small message id, an operation of class application (RFC 4511 4.1.1).
pub(super) fn is_ldap(head: &[u8]) -> Option<bool> {
    let unsure = || if head.len() < 8 && may_be(head, 0, b"\x30") { None } else { Some(false) };
    let more = match head.get(..2) {
        Some([0x30, 0x05..=0x7F]) => 0,
        Some([0x30, size @ 0x81..=0x84]) => usize::from(size - 0x80),
        _ => return unsure(),
    };
    let Some([2, size @ 1..=4]) = head.get(2 + more..4 + more) else { return unsure() };
    let operation = head.get(4 + more + usize::from(*size))?;
    Some(matches!(operation, 0x60..=0x79 | 0x42 | 0x4A | 0x50))
}

/// CONNECT: its type, a length of up to four bytes, the protocol's name (MQTT 5.0, 3.1).
pub(super) fn is_mqtt(head: &[u8]) -> Option<bool> {
    if !may_be(head, 0, b"\x10") {
        return Some(false);
    }
    let more = part(head, 1, 4).iter().take_while(|byte| **byte >= 0x80).count();
    let ended = head.get(1 + more).is_some_and(|byte| *byte < 0x80);
    let name = head.get(2 + more..).unwrap_or_default();
    let named = name.starts_with(b"\x00\x04MQTT") || name.starts_with(b"\x00\x06MQIsdp");
    if ended && named { Some(true) } else { until(head, 13) }
}

/// A hard reset of the client (opcode 7) or server (8), key 0, behind a length of two bytes.
pub(super) fn is_openvpn(head: &[u8]) -> Option<bool> {
    if !may_be(head, 0, b"\x00") || !may_be(head, 2, b"\x38\x40") {
        return Some(false);
    }
    let (size, _) = (head.get(1)?, head.get(2)?);
    Some(is_openvpn_reset(usize::from(*size)))
}

/// Lengths of OpenVPN resets: bare, or with the HMAC of tls-auth or tls-crypt, and with an acknowledgement.
pub(super) const fn is_openvpn_reset(size: usize) -> bool {
    matches!(size, 14 | 26 | 38 | 42 | 50 | 54 | 62 | 66 | 86 | 98)
}

/// A record mark, then a call of version 2 or an answer (RFC 5531 9, 11).
pub(super) fn is_sunrpc(head: &[u8]) -> Option<bool> {
    if !may_be(head, 0, b"\x80") {
        return Some(false);
    }
    (head.len() >= 24).then(|| is_sunrpc_message(part(head, 4, head.len())))
}

/// Tells whether a message is a call or an answer of ONC RPC (RFC 5531 9).
pub(super) fn is_sunrpc_message(message: &[u8]) -> bool {
    let (state, third) = (number(message, 8, 12), number(message, 12, 16));
    match number(message, 4, 8) {
        0 => state == 2 && (100_000..0x6000_0000).contains(&third),
        1 => state <= 1 && third <= 7,
        _ => false,
    }
}

pub(super) fn is_nfs(head: &[u8]) -> Option<bool> {
    is_sunrpc(head).map(|called| called && part(head, 8, 12) == [0; 4] && number(head, 16, 20) == NFS)
}

/// The program number of NFS (RFC 5531 13.4.2).
pub(super) const NFS: u64 = 100_003;

/// A negotiation (RFC 854): IAC, a verb, an option that exists.
pub(super) fn is_telnet(head: &[u8]) -> Option<bool> {
    match head {
        [0xFF, verb, option, ..] => Some((0xFA..=0xFE).contains(verb) && matches!(option, 0..=50 | 0xFF)),
        [] | [0xFF, ..] => None,
        _ => Some(false),
    }
}

/// A-ASSOCIATE request or acceptance (DICOM PS3.8 9.3): version 1, two printable titles of 16 bytes.
pub(super) fn is_dicom(head: &[u8]) -> Option<bool> {
    if !may_be(head, 0, b"\x01\x02") || !fits(head, 1, b"\0\0") {
        return Some(false);
    }
    let titles = head.get(10..42)?;
    Some(part(head, 6, 10) == b"\0\x01\0\0" && titles.iter().all(|byte| matches!(byte, b' '..=b'~')))
}

/// The request of a Git client: length in hexadecimal, command (gitprotocol-pack).
pub(super) fn is_git(head: &[u8]) -> Option<bool> {
    if !fits(head, 4, b"git-") {
        return Some(false);
    }
    let size = part(head, 0, 4).iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let command = part(head, 4, head.len());
    let packs = command.starts_with(b"git-upload-pack ") || command.starts_with(b"git-receive-pack ");
    if size && packs { Some(true) } else { until(head, 26) }
}

/// A control message with its magic cookie (RFC 2637 2.1).
pub(super) fn is_pptp(head: &[u8]) -> Option<bool> {
    if !may_be(head, 2, b"\0") || !may_be(head, 4, b"\x1a") {
        return Some(false);
    }
    (head.len() >= 8).then(|| part(head, 2, 8) == b"\0\x01\x1a\x2b\x3c\x4d")
}
