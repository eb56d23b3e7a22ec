//! Mail on its way (RFC 5321): whom it goes to, which files it carries, and where TLS takes over.

use memchr::{memchr, memmem, memrchr};

use super::linetalk::{LineTalk, Lines};
use super::parts::PartScanner;
use super::talk::Scene;
use crate::names::{List, Names};
use crate::search::{Body, MessageOf, Reading};

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
    /// Bytes of a BDAT chunk to come (RFC 3030), and whether more chunks follow it.
    left: u64,
    chunked: bool,
    last_chunk: bool,
    /// While in DATA.
    mail: Option<Place>,
    scanner: PartScanner,
    dots: Dots,
}

/// Where in a mail its reader stands, on the way to the line with a single dot.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Place {
    #[default]
    LineBegin,
    Text,
    Dot,
    DotReturn,
}

impl Lines for Smtp {
    const READS: bool = true;

    /// Takes a command or a reply; a reply begins with three digits.
    fn line(&mut self, scene: &mut Scene<'_>, outward: bool, line: &[u8]) {
        if !self.chunked {
            hand_line(scene, outward, line);
        }
        let code = line.get(..3).unwrap_or(line);
        if !code.is_empty() && code.iter().all(u8::is_ascii_digit) {
            return self.reply(scene, code);
        }
        let word = line.get(..4).unwrap_or(line);
        if word.eq_ignore_ascii_case(b"RCPT") {
            recipient_domain(line).into_iter().for_each(|domain| scene.names.add(List::MailDomains, domain));
        } else if word.eq_ignore_ascii_case(b"DATA") {
            self.sender = Some(outward);
            self.asked = self.replies;
            if !self.replies {
                self.begin(scene); // only this direction is seen
            }
        } else if let Some(size) = chunk_size(line) {
            self.sender = Some(outward);
            self.left = size;
            self.last_chunk = memmem::find(&line.to_ascii_uppercase(), b" LAST").is_some();
            if !std::mem::replace(&mut self.chunked, true) {
                begin_mail(scene, outward, MessageOf::Mail);
            }
            self.end_chunk(scene, outward);
        }
    }

    /// Takes the mail itself, up to the line with a single dot or for as long as BDAT announced.
    fn content<'a>(&mut self, scene: &mut Scene<'_>, outward: bool, data: &'a [u8]) -> &'a [u8] {
        if self.sender != Some(outward) {
            return data;
        }
        let chunk = self.left > 0;
        let size = if chunk {
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
        if chunk {
            scene.reading(outward).into_iter().for_each(|reading| reading.body(body));
            self.end_chunk(scene, outward);
        } else {
            self.dots.hand_on(scene.reading(outward), body, self.mail.is_none());
        }
        rest
    }
}

impl Smtp {
    fn reply(&mut self, scene: &mut Scene<'_>, code: &[u8]) {
        self.replies = true;
        if self.asked && code == START_INPUT {
            self.begin(scene);
            self.asked = false;
        }
    }

    fn begin(&mut self, scene: &mut Scene<'_>) {
        self.mail = Some(Place::LineBegin);
        self.scanner = PartScanner::default();
        self.dots = Dots::default();
        begin_mail(scene, self.sender == Some(true), MessageOf::Mail);
    }

    /// Ends a mail with the last of its chunks.
    fn end_chunk(&mut self, scene: &mut Scene<'_>, outward: bool) {
        if self.left == 0 && self.last_chunk {
            self.chunked = false;
            self.last_chunk = false;
            scene.reading(outward).into_iter().for_each(Reading::end_body);
        }
    }
}

/// Takes the dots away that stand before lines of a mail (RFC 5321 4.5.2), and the line that ends it.
#[derive(Default)]
pub(super) struct Dots {
    place: Place,
}

impl Dots {
    /// Hands a piece of a mail to who reads it; `last`: it ends here.
    pub(super) fn hand_on(&mut self, reading: Option<&mut Reading>, data: &[u8], last: bool) {
        let Some(reading) = reading else { return };
        let mut text = Vec::with_capacity(data.len());
        for line in data.split_inclusive(|byte| *byte == b'\n') {
            self.line(line, &mut text);
        }
        reading.body(&text);
        if last {
            reading.end_body();
        }
    }

    /// Takes a line or a piece of one.
    fn line(&mut self, piece: &[u8], text: &mut Vec<u8>) {
        let mut left = piece;
        while let Some((byte, rest)) = left.split_first() {
            match (self.place, byte) {
                (Place::LineBegin, b'.') => self.place = Place::Dot,
                (Place::Dot, b'\r') => self.place = Place::DotReturn,
                (Place::Dot | Place::DotReturn, b'\n') => self.place = Place::LineBegin,
                (place, _) => {
                    text.extend((place == Place::DotReturn).then_some(b'\r'));
                    text.extend_from_slice(left);
                    let ends = left.last() == Some(&b'\n');
                    self.place = if ends { Place::LineBegin } else { Place::Text };
                    return;
                }
            }
            left = rest;
        }
    }
}

impl Place {
    /// Reads on to the end of the mail and returns what is behind it; None when it does not end here.
    pub(super) fn find_end(&mut self, data: &[u8]) -> Option<usize> {
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

pub(super) fn add_files(scanner: &mut PartScanner, mail: &[u8], names: &mut Names) {
    for part in scanner.feed(mail) {
        names.add_file(&part.name, &part.media_type);
    }
}

/// Hands over a line of commands or replies.
pub(super) fn hand_line(scene: &mut Scene<'_>, outward: bool, line: &[u8]) {
    if let Some(reading) = scene.reading(outward) {
        reading.text(line);
        reading.text(b"\n");
    }
}

/// Begins to hand over a mail.
pub(super) fn begin_mail(scene: &mut Scene<'_>, outward: bool, message: MessageOf) {
    scene.reading(outward).into_iter().for_each(|reading| reading.begin_body(&Body { message, ..Body::default() }));
}
