//! The control connection of FTP (RFC 959): which files go out, and over which data connections.

use std::net::IpAddr;

use super::linetalk::{LineTalk, Lines};
use super::talk::Scene;
use crate::model::Address;
use crate::names::List;
use crate::names::transfers::TransferId;

/// Commands a client may begin with.
pub const COMMANDS: [&[u8]; 25] = [
    b"USER", b"PASS", b"AUTH", b"FEAT", b"SYST", b"OPTS", b"PASV", b"PORT", b"EPSV", b"EPRT", b"PBSZ", b"PROT",
    b"TYPE", b"CWD", b"PWD", b"LIST", b"NLST", b"MLSD", b"SIZE", b"MDTM", b"RETR", b"STOR", b"STOU", b"APPE", b"CLNT",
];
/// Send a file from the side that commands.
const SENDS: [&[u8]; 3] = [b"STOR", b"STOU", b"APPE"];
/// Send one towards it.
const FETCHES: [&[u8]; 1] = [b"RETR"];
/// Characters of an address in an extended command; the shortest is `::`.
const MIN_ADDRESS: usize = 2;
const MAX_ADDRESS: usize = 45;
const MAX_PORT_DIGITS: usize = 5;

/// Follows FTP's commands. A file goes out that a client at home stores abroad, or a client abroad fetches at home.
pub type FtpTalk = LineTalk<Ftp>;

/// What was said last.
#[derive(Default)]
pub struct Ftp {
    transfer: Option<TransferId>,
}

impl Lines for Ftp {
    fn line(&mut self, scene: &mut Scene<'_>, outward: bool, line: &[u8]) {
        if let (Some((address, port)), Some(ends)) = (announced(line), &scene.ends) {
            self.transfer = Some(scene.transfers.announce(ends, address, port));
        }
        let (word, file) = first_word(line);
        let moves = if outward { SENDS.as_slice() } else { FETCHES.as_slice() };
        if is_one_of(word, moves) && !file.iter().all(|byte| matches!(byte, b' ' | b'\t'..=b'\r')) {
            scene.names.add(List::FileNames, file);
            if let Some(transfer) = self.transfer {
                scene.transfers.carries(transfer, file);
            }
        }
    }
}

/// Where a reply (227, 229) or a command (PORT, EPRT) says that the next data connection goes: its port, and the address
/// where it is told; otherwise it is the control connection's own.
fn announced(line: &[u8]) -> Option<(Option<Address>, u16)> {
    let (word, rest) = first_word(line);
    if is_one_of(word, &[b"227", b"PORT"]) {
        let [a, b, c, d, high, low] = six_numbers(rest)?;
        return Some((Some(Address::v4([a, b, c, d])), u16::from_be_bytes([high, low])));
    }
    if word == b"229" {
        return Some((None, extended_reply(rest)?));
    }
    if is_one_of(word, &[b"EPRT"]) {
        let (address, port) = extended_command(rest)?;
        return Some((Some(address), port));
    }
    None
}

/// Splits a line at its first space.
fn first_word(line: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b' ', line).unwrap_or(line.len());
    let (word, rest) = line.split_at_checked(end).unwrap_or((line, &[]));
    (word, rest.get(1..).unwrap_or_default())
}

fn is_one_of(word: &[u8], words: &[&[u8]]) -> bool {
    words.iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// The first six numbers between commas, whatever is around them (RFC 959 4.1.2, RFC 1123 4.1.2.6).
fn six_numbers(text: &[u8]) -> Option<[u8; 6]> {
    let digit_at = |at: usize| text.get(at).is_some_and(u8::is_ascii_digit);
    let begins = |at: &usize| digit_at(*at) && !at.checked_sub(1).is_some_and(digit_at);
    let found = (0..text.len()).filter(begins).find_map(|at| numbers(text.get(at..)?))?;
    let mut bytes = [0; 6];
    for (byte, number) in bytes.iter_mut().zip(found) {
        *byte = u8::try_from(number).ok()?;
    }
    Some(bytes)
}

/// Six numbers of one to three digits between commas, at the beginning of a text.
fn numbers(text: &[u8]) -> Option<[u32; 6]> {
    let mut left = text;
    let mut found = [0; 6];
    for (n, number) in found.iter_mut().enumerate() {
        if n > 0 {
            left = left.strip_prefix(b",")?;
        }
        let digits = left.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let (text, rest) = left.split_at_checked(digits).filter(|_| (1..=3).contains(&digits))?;
        *number = decimal(text)?;
        left = rest;
    }
    Some(found)
}

/// The port of `(|||6446|)`: any printable delimiter three times, a port, the delimiter (RFC 2428 3).
fn extended_reply(text: &[u8]) -> Option<u16> {
    let port = memchr::memchr_iter(b'(', text).find_map(|at| {
        let [_, delimiter @ b'!'..=b'~', second, third, rest @ ..] = text.get(at..)? else { return None };
        (second == delimiter && third == delimiter).then(|| port_before(rest, &[*delimiter, b')']))?
    })?;
    u16::try_from(port).ok()
}

/// Address and port of `|2|2001:db8::21|6446|`: a protocol, an address, a port, each between delimiters (RFC 2428 2).
fn extended_command(text: &[u8]) -> Option<(Address, u16)> {
    let [delimiter @ b'!'..=b'~', b'1' | b'2', second, rest @ ..] = text else { return None };
    let spells = |byte: &&u8| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':');
    let longest = rest.iter().take(MAX_ADDRESS).take_while(spells).count();
    let (address, port) = (MIN_ADDRESS..=longest).rev().filter(|_| second == delimiter).find_map(|length| {
        let (address, rest) = rest.split_at_checked(length)?;
        let port = port_before(rest.strip_prefix(&[*delimiter])?, &[*delimiter])?;
        Some((address, port))
    })?;
    let address = match str::from_utf8(address).ok()?.parse().ok()? {
        IpAddr::V4(four) => Address::v4(four.octets()),
        IpAddr::V6(six) => Address::v6(six.octets()),
    };
    Some((address, u16::try_from(port).ok()?))
}

/// The number before a mark. A delimiter may be a digit itself: the most digits count that the mark follows.
fn port_before(text: &[u8], mark: &[u8]) -> Option<u32> {
    (1..=MAX_PORT_DIGITS).rev().find_map(|count| {
        let (digits, rest) = text.split_at_checked(count)?;
        decimal(digits).filter(|_| rest.starts_with(mark))
    })
}

/// A number of a few digits; None when there is anything else.
fn decimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |value, digit| {
        digit.is_ascii_digit().then(|| value.wrapping_mul(10).wrapping_add(u32::from(digit.wrapping_sub(b'0'))))
    })
}

#[cfg(test)]
mod tests {
    use super::announced;
    use crate::model::Address;

    const SERVER: Address = Address::v4([203, 0, 113, 21]);
    const CLIENT: Address = Address::v4([192, 0, 2, 10]);
    const SERVER6: Address = Address::v6([0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x21]);

    /// Replies to PASV and EPSV, commands PORT and EPRT, whole and broken.
    #[test]
    fn places_are_read() {
        let cases: [(&[u8], _); 16] = [
            (b"227 Entering Passive Mode (203,0,113,21,156,64).", Some((Some(SERVER), 40000))),
            (b"227 =203,0,113,21,156,64", Some((Some(SERVER), 40000))),
            (b"227 at 1203,0,113,21,156,64 or 203,0,113,21,156,64,9", Some((Some(SERVER), 40000))),
            (b"port 192,0,2,10,4,1", Some((Some(CLIENT), 1025))),
            (b"229 Entering Extended Passive Mode (|||40000|)", Some((None, 40000))),
            (b"229 (111400001)", Some((None, 40000))),
            (b"EPRT |2|2001:db8::21|40000|", Some((Some(SERVER6), 40000))),
            (b"EPRT |1|192.0.2.10|1025|", Some((Some(CLIENT), 1025))),
            (b"227 (203,0,113,256,1,1)", None),
            (b"227 (203,0,113,256,1,1) (203,0,113,25,1,1)", None),
            (b"229 (|||70000|)", None),
            (b"EPRT |1|1.2.3|5|", None),
            (b"EPRT |1|192.0.2.10|70000|", None),
            (b"227 nothing", None),
            (b"200 203,0,113,21,156,64", None),
            (b"", None),
        ];
        for (line, place) in cases {
            assert_eq!(announced(line), place, "{}", line.escape_ascii());
        }
    }
}
