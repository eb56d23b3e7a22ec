//! How streams are told apart by their first bytes: one probe a protocol, one table, cheap rejects first.
//!
//! Ports are never asked.

use std::sync::LazyLock;

use memchr::memchr;
use regex::bytes::Regex;

use super::dnstalk::{self, DnsStream};
use super::ftp::{self, FtpTalk};
use super::http2::Http2Talk;
use super::httptalk::HttpTalk;
use super::linetalk::LineTalk;
use super::mail::{self, MailboxTalk, SmtpTalk};
use super::probe::Probe;
use super::smb::SmbTalk;
use super::socks::SocksTalk;
use super::talk::Talk;
use super::tlstalk::TlsTalk;
use super::watch::{self, FramedTalk};
use super::{http, http2, smb, socks, tls};
use crate::model::Inspection;

/// Bytes in which a first line must end.
const MAX_LINE: usize = 512;

pub static STREAM_PROBES: [Probe; 42] = [
    follow("tls", |head, _| tls::looks_like_record(part(head, 0, tls::RECORD_HEADER)), talk::<TlsTalk>),
    follow("http2", |head, _| http2::looks_like_http2(head), talk::<Http2Talk>),
    follow("http", |head, _| http::looks_like_http(head), talk::<HttpTalk>),
    name("ssh", |head, _| begins(head, &[b"SSH-"])),
    follow("dns", |head, _| dnstalk::stream_looks_like_dns(head), talk::<DnsStream>),
    follow("smb", |head, _| smb::looks_like_smb(head), talk::<SmbTalk>),
    follow("smtp", |head, other| says(head, other, &SMTP), talk::<SmtpTalk>),
    follow("ftp", |head, other| says(head, other, &FTP), talk::<FtpTalk>),
    follow("pop3", |head, other| says(head, other, &POP3), talk::<MailboxTalk>),
    follow("imap", |head, _| first_line(head, &IMAP_LINE), talk::<MailboxTalk>),
    Probe {
        inspection: Some(Inspection::Opaque),
        ..follow("rdp", |head, _| is_rdp(head), || Box::new(FramedTalk::new(watch::tpkt_frame)))
    },
    follow("mysql", |head, _| is_mysql(head), || Box::new(FramedTalk::new(watch::mysql_frame))),
    follow("postgresql", |head, _| is_pgsql(head), || Box::new(FramedTalk::new(watch::pgsql_frame))),
    name("tds", |head, _| is_tds(head)),
    name("oracle", |head, _| is_oracle(head)),
    name("mongodb", |head, _| is_mongodb(head)),
    name("cassandra", |head, _| is_cassandra(head)),
    name("memcached", |head, _| first_line(head, &MEMCACHED_LINE)),
    name("redis", |head, _| first_line(head, &REDIS_LINE)),
    follow("ldap", |head, _| is_ldap(head), || Box::new(FramedTalk::new(watch::ldap_frame))),
    name("sip", |head, _| first_line(head, &SIP_LINE)),
    name("rtsp", |head, _| first_line(head, &RTSP_LINE)),
    name("mqtt", |head, _| is_mqtt(head)),
    name("amqp", |head, _| begins(head, &[b"AMQP\x00", b"AMQP\x03"])),
    follow("xmpp", |head, _| begins(head, &XMPP), talk::<LineTalk>),
    name("bittorrent", |head, _| begins(head, &[b"\x13BitTorrent protocol"])),
    name("rfb", |head, _| begins(head, &[b"RFB 003.", b"RFB 004.", b"RFB 005."])),
    name("nfs", |head, _| is_nfs(head)),
    name("sunrpc", |head, _| is_sunrpc(head)),
    name("telnet", |head, _| is_telnet(head)),
    name("dicom", |head, _| is_dicom(head)),
    name("hl7", |head, _| begins(head, &[b"\x0bMSH|"])),
    name("rsync", |head, _| begins(head, &[b"@RSYNCD: "])),
    name("git", |head, _| is_git(head)),
    follow("irc", |head, _| first_line(head, &IRC_LINE), talk::<LineTalk>),
    name("syslog", |head, _| first_line(head, &SYSLOG_LINE)),
    follow("socks", socks::looks_like_socks, talk::<SocksTalk>),
    name("dnp3", |head, _| begins(head, &[b"\x05\x64"])),
    name("pptp", |head, _| is_pptp(head)),
    name("openvpn", |head, _| is_openvpn(head)),
    name("bgp", |head, _| begins(head, &[&[0xFF; 16]])),
    follow("tls", |head, _| tls::looks_like_ssl2_hello(head), talk::<TlsTalk>),
];

/// Stream probes by their place in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbeSet(u64);

impl ProbeSet {
    pub const NONE: Self = Self(0);
    pub const ALL: Self = Self((1 << STREAM_PROBES.len()) - 1);

    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The probes of the set in order, each with the set of itself.
    pub fn probes(self) -> impl Iterator<Item = (Self, &'static Probe)> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let probe = STREAM_PROBES.get(left.trailing_zeros() as usize)?;
            let alone = left & left.wrapping_neg();
            left ^= alone;
            Some((Self(alone), probe))
        })
    }

    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The probes that do not say no to this first byte: no to a part is no to the whole.
    #[must_use]
    pub fn beginning(first: u8) -> Self {
        FIRST_BYTES.get(usize::from(first)).copied().unwrap_or(Self::ALL)
    }
}

static FIRST_BYTES: LazyLock<[ProbeSet; 256]> = LazyLock::new(|| {
    std::array::from_fn(|first| {
        let refused = |(_, probe): &(ProbeSet, &Probe)| (probe.test)(&[first as u8], &[]) == Some(false);
        ProbeSet::ALL.probes().filter(refused).fold(ProbeSet::ALL, |set, (probe, _)| set.without(probe))
    })
});

const fn name(protocol: &'static str, test: super::probe::Test) -> Probe {
    Probe { protocol, test, make: None, inspection: None }
}

const fn follow(protocol: &'static str, test: super::probe::Test, make: fn() -> Box<dyn Talk>) -> Probe {
    Probe { protocol, test, make: Some(make), inspection: None }
}

fn talk<T: Talk + Default + 'static>() -> Box<dyn Talk> {
    Box::new(T::default())
}

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
fn fits(head: &[u8], at: usize, wanted: &[u8]) -> bool {
    wanted.starts_with(part(head, at, at + wanted.len()))
}

/// Whether the byte at a place is one of these, or not there yet.
fn may_be(head: &[u8], at: usize, wanted: &[u8]) -> bool {
    head.get(at).is_none_or(|byte| wanted.contains(byte))
}

fn until(head: &[u8], size: usize) -> Option<bool> {
    if head.len() < size { None } else { Some(false) }
}

fn begins(head: &[u8], starts: &[&[u8]]) -> Option<bool> {
    if starts.iter().any(|start| head.starts_with(start)) {
        return Some(true);
    }
    if starts.iter().any(|start| start.starts_with(head)) { None } else { Some(false) }
}

fn line(pattern: &str) -> Regex {
    #[allow(clippy::expect_used, reason = "constants of this file, each compiled by a test")]
    Regex::new(&format!(r"(?is-u)^(?:{pattern})$")).expect("a pattern")
}

static IMAP_LINE: LazyLock<Regex> =
    LazyLock::new(|| line(r"\* (?:OK|PREAUTH|BYE)\b.*|\S{1,16} (?:CAPABILITY|STARTTLS|(?:LOGIN|AUTHENTICATE|ID) .*)"));
static MEMCACHED_LINE: LazyLock<Regex> = LazyLock::new(|| {
    line(r"(?:set|add|replace|append|prepend) \S{1,250}(?: \d{1,10}){3}(?: noreply)?|VALUE \S{1,250} \d+ \d+.*")
});
static REDIS_LINE: LazyLock<Regex> = LazyLock::new(|| line(r"\*\d{1,6}"));
static SIP_LINE: LazyLock<Regex> = LazyLock::new(|| line(r"SIP/2\.0 \d{3}.*|[A-Z]{3,16} \S+ SIP/2\.0"));
static RTSP_LINE: LazyLock<Regex> = LazyLock::new(|| line(r"RTSP/1\.0 \d{3}.*|[A-Z_]{3,16} \S+ RTSP/1\.0"));
static IRC_LINE: LazyLock<Regex> = LazyLock::new(|| line(r"(?:NICK \S+|CAP LS.*|:\S+ NOTICE .*)"));
static SYSLOG_LINE: LazyLock<Regex> = LazyLock::new(|| line(r"(?:\d{1,5} )?<\d{1,3}>.*"));
const XMPP: [&[u8]; 3] = [b"<stream:stream", b"<?xml version='1.0'?><stream:", b"<?xml version=\"1.0\"?><stream:"];

/// Matches the whole first line, its end cut off.
fn first_line(head: &[u8], pattern: &LazyLock<Regex>) -> Option<bool> {
    let shown = part(head, 0, MAX_LINE);
    let end = memchr(b'\n', shown);
    let line = part(shown, 0, end.unwrap_or(shown.len()));
    if line.iter().any(|byte| matches!(byte, 0x00..=0x08 | 0x0E..=0x1F | 0x7F)) {
        return Some(false);
    }
    if end.is_none() {
        return until(head, MAX_LINE);
    }
    let last = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    Some(pattern.is_match(part(line, 0, last)))
}

/// A protocol whose server greets first.
struct Greeting {
    commands: &'static [&'static [u8]],
    greeting: &'static [u8],
    /// A word of the greeting.
    word: &'static [u8],
}

const SMTP: Greeting = Greeting { commands: &mail::COMMANDS, greeting: b"220", word: b"SMTP" };
const FTP: Greeting = Greeting { commands: &ftp::COMMANDS, greeting: b"220", word: b"FTP" };
const POP3: Greeting = Greeting { commands: &[b"CAPA", b"APOP", b"STLS"], greeting: b"+OK", word: b"POP" };

/// Matches by the greeting's words or by the client's first command.
fn says(head: &[u8], other: &[u8], Greeting { commands, greeting, word }: &Greeting) -> Option<bool> {
    if head.starts_with(greeting) {
        let found = holds(part(head, 0, MAX_LINE), word);
        return if found { Some(true) } else { until(head, MAX_LINE) };
    }
    if fits(head, 0, greeting) {
        return None;
    }
    let shown = part(head, 0, 16);
    let Some(end) = shown.iter().position(|byte| b" \r\n".contains(byte)) else {
        let begun = |command: &&[u8]| command.get(..shown.len()).is_some_and(|start| start.eq_ignore_ascii_case(shown));
        return if commands.iter().any(begun) { None } else { Some(false) };
    };
    let said = part(shown, 0, end);
    let known = commands.iter().any(|command| command.eq_ignore_ascii_case(said));
    Some(known && (other.is_empty() || fits(other, 0, greeting)))
}

/// Whether text holds a word, in whatever case.
fn holds(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|piece| piece.eq_ignore_ascii_case(word))
}

/// TPKT with an X.224 connection request or confirm ([MS-RDPBCGR] 2.2.1.1); S7 and MMS begin alike.
fn is_rdp(head: &[u8]) -> Option<bool> {
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
fn is_mysql(head: &[u8]) -> Option<bool> {
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
fn is_pgsql(head: &[u8]) -> Option<bool> {
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
fn is_tds(head: &[u8]) -> Option<bool> {
    if !fits(head, 0, b"\x12\x01") {
        return Some(false);
    }
    (head.len() >= 9).then_some(matches!(head, [_, _, _, _, 0, 0, _, 0, 0, ..]))
}

/// A connect packet of TNS: length, no checksum, type 1, a description.
fn is_oracle(head: &[u8]) -> Option<bool> {
    if !fits(head, 2, b"\0\0") || !fits(head, 4, b"\x01\0") {
        return Some(false);
    }
    if holds(head, b"(DESCRIPTION") || holds(head, b"(CONNECT_DATA") { Some(true) } else { until(head, MAX_LINE) }
}

/// The header of a wire message: length, ids, operation code, little-endian.
fn is_mongodb(head: &[u8]) -> Option<bool> {
    if !may_be(head, 3, b"\x00\x01\x02") {
        return Some(false);
    }
    let known = matches!(little(head, 12, 16), 2004 | 2005 | 2010..=2013) && little(head, 0, 4) >= 16;
    (head.len() >= 16).then_some(known)
}

/// STARTUP of the native protocol, versions 3 to 5: opcode 1, a map that names the CQL version.
fn is_cassandra(head: &[u8]) -> Option<bool> {
    if !may_be(head, 0, b"\x03\x04\x05") || !may_be(head, 4, b"\x01\x05") {
        return Some(false);
    }
    let named = || memchr::memmem::find(head, b"CQL_VERSION").is_some() || part(head, 4, 9) == b"\x05\0\0\0\0";
    (head.len() >= 24).then(named)
}

/// A sequence, a small message id, an operation of class application (RFC 4511 4.1.1).
fn is_ldap(head: &[u8]) -> Option<bool> {
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
fn is_mqtt(head: &[u8]) -> Option<bool> {
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
fn is_openvpn(head: &[u8]) -> Option<bool> {
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
fn is_sunrpc(head: &[u8]) -> Option<bool> {
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

fn is_nfs(head: &[u8]) -> Option<bool> {
    is_sunrpc(head).map(|called| called && part(head, 8, 12) == [0; 4] && number(head, 16, 20) == NFS)
}

/// The program number of NFS (RFC 5531 13.4.2).
pub(super) const NFS: u64 = 100_003;

/// A negotiation (RFC 854): IAC, a verb, an option that exists.
fn is_telnet(head: &[u8]) -> Option<bool> {
    match head {
        [0xFF, verb, option, ..] => Some((0xFA..=0xFE).contains(verb) && matches!(option, 0..=50 | 0xFF)),
        [] | [0xFF, ..] => None,
        _ => Some(false),
    }
}

/// A-ASSOCIATE request or acceptance (DICOM PS3.8 9.3): version 1, two printable titles of 16 bytes.
fn is_dicom(head: &[u8]) -> Option<bool> {
    if !may_be(head, 0, b"\x01\x02") || !fits(head, 1, b"\0\0") {
        return Some(false);
    }
    let titles = head.get(10..42)?;
    Some(part(head, 6, 10) == b"\0\x01\0\0" && titles.iter().all(|byte| matches!(byte, b' '..=b'~')))
}

/// The request of a Git client: length in hexadecimal, command (gitprotocol-pack).
fn is_git(head: &[u8]) -> Option<bool> {
    if !fits(head, 4, b"git-") {
        return Some(false);
    }
    let size = part(head, 0, 4).iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let command = part(head, 4, head.len());
    let packs = command.starts_with(b"git-upload-pack ") || command.starts_with(b"git-receive-pack ");
    if size && packs { Some(true) } else { until(head, 26) }
}

/// A control message with its magic cookie (RFC 2637 2.1).
fn is_pptp(head: &[u8]) -> Option<bool> {
    if !may_be(head, 2, b"\0") || !may_be(head, 4, b"\x1a") {
        return Some(false);
    }
    (head.len() >= 8).then(|| part(head, 2, 8) == b"\0\x01\x1a\x2b\x3c\x4d")
}
