//! The first lines by which protocols of text are known.

use std::sync::LazyLock;

use memchr::memchr;
use regex::bytes::Regex;

use super::marks::{MAX_LINE, fits, holds, part, until};
use super::{ftp, mail};

fn line(pattern: &str) -> Regex {
    #[allow(clippy::expect_used, reason = "constants of this file, each compiled by a test")]
    Regex::new(&format!(r"(?is-u)^(?:{pattern})$")).expect("a pattern")
}

pub(super) static IMAP: LazyLock<Regex> =
    LazyLock::new(|| line(r"\* (?:OK|PREAUTH|BYE)\b.*|\S{1,16} (?:CAPABILITY|STARTTLS|(?:LOGIN|AUTHENTICATE|ID) .*)"));
pub(super) static MEMCACHED: LazyLock<Regex> = LazyLock::new(|| {
    line(r"(?:set|add|replace|append|prepend) \S{1,250}(?: \d{1,10}){3}(?: noreply)?|VALUE \S{1,250} \d+ \d+.*")
});
pub(super) static REDIS: LazyLock<Regex> = LazyLock::new(|| line(r"\*\d{1,6}"));
pub(super) static SIP: LazyLock<Regex> = LazyLock::new(|| line(r"SIP/2\.0 \d{3}.*|[A-Z]{3,16} \S+ SIP/2\.0"));
pub(super) static RTSP: LazyLock<Regex> = LazyLock::new(|| line(r"RTSP/1\.0 \d{3}.*|[A-Z_]{3,16} \S+ RTSP/1\.0"));
pub(super) static IRC: LazyLock<Regex> = LazyLock::new(|| line(r"(?:NICK \S+|CAP LS.*|:\S+ NOTICE .*)"));
pub(super) static SYSLOG: LazyLock<Regex> = LazyLock::new(|| line(r"(?:\d{1,5} )?<\d{1,3}>.*"));
pub(super) const XMPP: [&[u8]; 3] =
    [b"<stream:stream", b"<?xml version='1.0'?><stream:", b"<?xml version=\"1.0\"?><stream:"];

/// Matches the whole first line, its end cut off.
pub(super) fn first_line(head: &[u8], pattern: &LazyLock<Regex>) -> Option<bool> {
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
pub(super) struct Greeting {
    commands: &'static [&'static [u8]],
    greeting: &'static [u8],
    /// A word of the greeting.
    word: &'static [u8],
}

pub(super) const SMTP: Greeting = Greeting { commands: &mail::COMMANDS, greeting: b"220", word: b"SMTP" };
pub(super) const FTP: Greeting = Greeting { commands: &ftp::COMMANDS, greeting: b"220", word: b"FTP" };
pub(super) const POP3: Greeting = Greeting { commands: &[b"CAPA", b"APOP", b"STLS"], greeting: b"+OK", word: b"POP" };

/// Matches by the greeting's words or by the client's first command.
pub(super) fn says(head: &[u8], other: &[u8], Greeting { commands, greeting, word }: &Greeting) -> Option<bool> {
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
