//! Mail that is fetched or stored (RFC 9051, RFC 1939): which files it carries, and where TLS takes over.

use std::collections::VecDeque;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::linetalk::{LineTalk, Lines};
use super::mail::{Dots, Place, add_files, begin_mail, hand_line};
use super::parts::PartScanner;
use super::talk::{Scene, Step, Talk};
use crate::search::{MessageOf, Reading};

/// Commands of POP3 remembered until they are answered.
const MAX_ASKED: usize = 64;

/// A line that announces bytes (RFC 9051 4.3, RFC 7888, RFC 3516).
static LITERAL: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?-u)\{([0-9]{1,10})\+?\}\z").ok());
/// Bytes that are a whole message, or its head.
static WHOLE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i-u)APPEND|RFC822|BODY\[(?:[0-9.]*(?:HEADER|MIME)[^\]]*)?\]").ok());
/// Bytes that are the body of a message, or a part of it.
static PART: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?i-u)BODY\[[0-9.]*(?:TEXT)?\]").ok());

/// Follows IMAP and POP3: the names of files in mail that goes out, fetched by a client abroad or stored by one at home.
#[derive(Default)]
pub struct MailboxTalk {
    talk: LineTalk<Mailbox>,
}

/// Mail is looked for in all that is said; lines are read to find TLS, and what detectors are to see.
#[derive(Default)]
struct Mailbox {
    scanner: PartScanner,
    /// Someone reads what goes out for detectors.
    read: bool,
    /// For each command that came in whether its answer is a mail.
    asked: VecDeque<bool>,
    /// Bytes of a literal to come, and whether it is a body of its own.
    left: u64,
    body: bool,
    /// While in a mail of POP3.
    mail: Option<Place>,
    dots: Dots,
}

impl Lines for Mailbox {
    const READS: bool = true;

    fn line(&mut self, scene: &mut Scene<'_>, outward: bool, line: &[u8]) {
        if !outward {
            return self.note_command(line);
        }
        hand_line(scene, outward, line);
        if self.answers_mail(line) {
            self.mail = Some(Place::LineBegin);
            self.dots = Dots::default();
            return begin_mail(scene, outward, MessageOf::Mail);
        }
        let announced = LITERAL.as_ref().and_then(|literal| literal.captures(line)?.get(1));
        let Some(size) = announced.and_then(|digits| str::from_utf8(digits.as_bytes()).ok()?.parse().ok()) else {
            return;
        };
        self.left = size;
        let says = |pattern: &Option<Regex>| pattern.as_ref().is_some_and(|pattern| pattern.is_match(line));
        let message = if says(&WHOLE) {
            MessageOf::Mail
        } else if says(&PART) {
            MessageOf::Part
        } else {
            return;
        };
        self.body = size > 0;
        if self.body {
            begin_mail(scene, outward, message);
        }
    }

    /// Takes a literal, or a mail of POP3 up to the line with a single dot.
    fn content<'a>(&mut self, scene: &mut Scene<'_>, outward: bool, data: &'a [u8]) -> &'a [u8] {
        if !outward {
            return data;
        }
        if let Some(place) = &mut self.mail {
            let end = place.find_end(data);
            let (mail, rest) = data.split_at_checked(end.unwrap_or(data.len())).unwrap_or((data, &[]));
            self.mail = self.mail.filter(|_| end.is_none());
            self.dots.hand_on(scene.reading(outward), mail, end.is_some());
            return rest;
        }
        let size = data.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let (literal, rest) = data.split_at_checked(size).unwrap_or((data, &[]));
        self.left -= size as u64;
        if let Some(reading) = scene.reading(outward).filter(|_| size > 0) {
            if self.body { reading.body(literal) } else { reading.text(literal) }
        }
        if self.left == 0 && std::mem::take(&mut self.body) {
            scene.reading(outward).into_iter().for_each(Reading::end_body);
        }
        rest
    }

    /// Stops with the scanner when nobody reads.
    fn over(&self) -> bool {
        self.scanner.full() && !self.read
    }
}

impl Mailbox {
    fn note_command(&mut self, line: &[u8]) {
        if self.asked.len() == MAX_ASKED {
            self.asked.pop_front();
        }
        let word = line.split(|byte| *byte == b' ').next().unwrap_or_default().to_ascii_uppercase();
        self.asked.push_back(matches!(word.as_slice(), b"RETR" | b"TOP"));
    }

    /// Tells whether a line is the first of an answer of POP3 that is a mail.
    fn answers_mail(&mut self, line: &[u8]) -> bool {
        let answers = [&b"+OK"[..], b"-ERR", b"+ "].iter().any(|begin| line.starts_with(begin)) || line == b"+";
        let asked = answers && self.asked.pop_front().unwrap_or(false);
        asked && line.starts_with(b"+OK")
    }
}

impl Talk for MailboxTalk {
    fn feed(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> Step {
        if outward {
            add_files(&mut self.talk.lines.scanner, data, scene.names);
        }
        self.talk.lines.read = scene.reading.as_ref().is_some_and(|reading| !reading.is_over());
        self.talk.feed(scene, outward, data)
    }

    fn gap(&mut self, scene: &mut Scene<'_>, outward: bool) {
        self.talk.gap(scene, outward);
    }
}
