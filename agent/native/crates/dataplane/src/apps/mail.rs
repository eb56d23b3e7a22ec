//! Mail (RFC 5321, RFC 9051, RFC 1939): whom it goes to, which files it carries, and where TLS takes over.

use memchr::{memchr, memrchr};

use super::linetalk::{LineTalk, Lines};
use super::parts::PartScanner;
use super::talk::{Scene, Step, Talk};
use crate::names::{List, Names};

/// Commands a client may begin with.
pub const COMMANDS: [&[u8]; 12] =
    [b"EHLO", b"HELO", b"LHLO", b"MAIL", b"RCPT", b"DATA", b"BDAT", b"RSET", b"VRFY", b"EXPN", b"NOOP", b"STARTTLS"];
const START_INPUT: &[u8] = b"354";
/// Of the length of a chunk.
const MAX_CHUNK_DIGITS: usize = 12;

/// The domain of a RCPT command (RFC 5321 4.1.1.3), source routes skipped; None when it names none.
#[must_use]
pub fn recipient_domain(line: &[u8]) -> Option<&[u8]> {
    let to = argument(line, b"RCPT")?;
    let path = match skip_blanks(after(to, b"TO:")?) {
        [b'<', inside @ ..] => until(inside, |byte| byte == b'>'),
        bare => until(bare, is_blank),
    };
    let domain = path.get(memrchr(b'@', path)? + 1..)?;
    let end = domain.iter().rposition(|byte| !is_blank(*byte))?;
    domain.get(..=end).map(skip_blanks)
}

/// How long the chunk is that a BDAT command begins (RFC 3030).
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = until(argument(line, b"BDAT")?, |byte| !byte.is_ascii_digit());
    let digits = digits.get(..MAX_CHUNK_DIGITS).unwrap_or(digits);
    str::from_utf8(digits).ok()?.parse().ok()
}

/// What follows a command and the white space behind it; None when the line is another.
fn argument<'a>(line: &'a [u8], command: &[u8]) -> Option<&'a [u8]> {
    let rest = after(line, command)?;
    rest.first().copied().filter(|byte| is_blank(*byte)).map(|_| skip_blanks(rest))
}

/// What follows a word, in any case.
fn after<'a>(text: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    text.split_at_checked(word.len()).filter(|(begin, _)| begin.eq_ignore_ascii_case(word)).map(|(_, rest)| rest)
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| is_blank(**byte)).count();
    text.get(blanks..).unwrap_or_default()
}

fn until(text: &[u8], ends: impl Fn(u8) -> bool) -> &[u8] {
    let end = text.iter().position(|byte| ends(*byte)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Follows SMTP and LMTP. The names of files are kept of mail that goes out; the recipients' domains of all.
pub type SmtpTalk = LineTalk<Smtp>;

/// Where a conversation stands.
#[derive(Default)]
pub struct Smtp {
    /// The direction of the commands.
    sender: Option<bool>,
    /// Replies are seen too.
    replies: bool,
    /// DATA was said and not answered yet.
    asked: bool,
    /// Bytes of a BDAT chunk to come (RFC 3030).
    left: u64,
    /// While in DATA.
    mail: Option<Place>,
    scanner: PartScanner,
}

/// Where in a mail its reader stands, on the way to the line with a single dot.
#[derive(Clone, Copy, Default)]
enum Place {
    #[default]
    LineBegin,
    Text,
    Dot,
    DotReturn,
}

impl Lines for Smtp {
    /// Takes a command or a reply; a reply begins with three digits.
    fn line(&mut self, scene: &mut Scene<'_>, outward: bool, line: &[u8]) {
        let code = line.get(..3).unwrap_or(line);
        if !code.is_empty() && code.iter().all(u8::is_ascii_digit) {
            return self.reply(code);
        }
        let word = line.get(..4).unwrap_or(line);
        if word.eq_ignore_ascii_case(b"RCPT") {
            recipient_domain(line).into_iter().for_each(|domain| scene.names.add(List::MailDomains, domain));
        } else if word.eq_ignore_ascii_case(b"DATA") {
            self.sender = Some(outward);
            self.asked = self.replies;
            if !self.replies {
                self.begin(); // only this direction is seen
            }
        } else if let Some(size) = chunk_size(line) {
            self.sender = Some(outward);
            self.left = size;
        }
    }

    /// Takes the mail itself, up to the line with a single dot or for as long as BDAT announced.
    fn content<'a>(&mut self, scene: &mut Scene<'_>, outward: bool, data: &'a [u8]) -> &'a [u8] {
        if self.sender != Some(outward) {
            return data;
        }
        let size = if self.left > 0 {
            let size = data.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left -= size as u64;
            size
        } else if let Some(place) = &mut self.mail {
            let end = place.find_end(data);
            self.mail = self.mail.filter(|_| end.is_none());
            end.unwrap_or(data.len())
        } else {
            return data;
        };
        let (body, rest) = data.split_at_checked(size).unwrap_or((data, &[]));
        if outward {
            add_files(&mut self.scanner, body, scene.names);
        }
        rest
    }
}

impl Smtp {
    fn reply(&mut self, code: &[u8]) {
        self.replies = true;
        if self.asked && code == START_INPUT {
            self.begin();
            self.asked = false;
        }
    }

    fn begin(&mut self) {
        self.mail = Some(Place::LineBegin);
        self.scanner = PartScanner::default();
    }
}

impl Place {
    /// Reads on to the end of the mail and returns what is behind it; None when it does not end here.
    fn find_end(&mut self, data: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(byte) = data.get(at) {
            *self = match (*self, byte) {
                (Self::Dot | Self::DotReturn, b'\n') => return Some(at + 1),
                (Self::LineBegin, b'.') => Self::Dot,
                (Self::Dot, b'\r') => Self::DotReturn,
                (_, b'\n') => Self::LineBegin,
                _ => Self::Text,
            };
            at += 1;
            if matches!(self, Self::Text) {
                at += memchr(b'\n', data.get(at..)?)?;
            }
        }
        None
    }
}

/// Follows IMAP and POP3: the names of files in mail that goes out, fetched by a client abroad or stored by one at home.
#[derive(Default)]
pub struct MailboxTalk {
    talk: LineTalk<Mailbox>,
}

/// Mail is looked for in all that is said; lines are read only to find TLS.
#[derive(Default)]
struct Mailbox {
    scanner: PartScanner,
}

impl Lines for Mailbox {
    fn line(&mut self, _scene: &mut Scene<'_>, _outward: bool, _line: &[u8]) {}

    /// Stops with the scanner.
    fn over(&self) -> bool {
        self.scanner.full()
    }
}

impl Talk for MailboxTalk {
    fn feed(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> Step {
        if outward {
            add_files(&mut self.talk.lines.scanner, data, scene.names);
        }
        self.talk.feed(scene, outward, data)
    }

    fn gap(&mut self, scene: &mut Scene<'_>, outward: bool) {
        self.talk.gap(scene, outward);
    }
}

fn add_files(scanner: &mut PartScanner, mail: &[u8], names: &mut Names) {
    for part in scanner.feed(mail) {
        names.add_file(&part.name, &part.media_type);
    }
}
