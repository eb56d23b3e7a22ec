//! A body, and the readers it goes through by what is said of it.

use super::base64::{Base64, is_letter};
use super::escapes::{Escapes, Stage};
use super::file::File;
use super::mediatype::{boundary, charset, essence};
use super::message::Message;
use super::multipart::Multipart;
use super::page::{Limit, Page};
use super::text::{Syntax, Text};
use super::unpack::{Coding, Unpack};

/// Letters of base64 in a line, at least, that prove it.
const GUESSED: usize = 48;

/// Reads the bytes of a body, piece by piece; how they are cut changes nothing, whatever they are. Bounded memory.
pub trait Reader: Send + Sync {
    fn read(&mut self, page: &mut Page, data: &[u8]);
    /// Learns that nothing follows.
    fn end(&mut self, page: &mut Page);
}

/// What is said of a body; empty fields say nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Body<'a> {
    pub content_type: &'a [u8],
    /// Content-Encoding.
    pub encoding: &'a [u8],
    /// Transfer-Encoding of HTTP; chunks are undone.
    pub transfer: &'a [u8],
    /// Content-Transfer-Encoding of mail.
    pub mail_encoding: &'a [u8],
    pub message: MessageOf,
    /// Things around it.
    pub depth: u8,
}

/// Whether a body is known to be mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageOf {
    #[default]
    Nothing,
    /// A message, its head first.
    Mail,
    /// A part of one, without its head: what encodes it is to be guessed.
    Part,
}

impl Body<'_> {
    /// Begins to read it.
    pub fn open(&self, page: &mut Page) -> Box<dyn Reader> {
        let mut reader = self.by_type(page);
        let names = self.encoding.split(|byte| *byte == b',').chain(self.transfer.split(|byte| *byte == b','));
        let names: Vec<_> =
            names.map(|name| name.trim_ascii().to_ascii_lowercase()).filter(|name| packs(name)).collect();
        let codings: Vec<Coding> = names.iter().filter_map(|name| Coding::named(name)).collect();
        let too_many = codings.len() > page.codings();
        if codings.len() < names.len() || too_many {
            if too_many {
                page.meet(Limit::Depth);
            }
            return Box::new(Text::new(Syntax::Plain, None));
        }
        for coding in codings {
            reader = Box::new(Unpack::new(coding, reader));
        }
        match self.mail_encoding.trim_ascii().to_ascii_lowercase().as_slice() {
            b"base64" => Box::new(Decoded::new(Box::new(Base64::default()), reader)),
            b"quoted-printable" => Box::new(Decoded::new(Box::new(Escapes::quoted()), reader)),
            _ => reader,
        }
    }

    fn by_type(&self, page: &mut Page) -> Box<dyn Reader> {
        let kind = essence(self.content_type);
        let boundary = boundary(self.content_type).filter(|_| kind.starts_with(b"multipart/"));
        let message =
            self.message == MessageOf::Mail || matches!(kind.as_slice(), b"message/rfc822" | b"message/global");
        if (message || boundary.is_some()) && self.depth >= page.depth() {
            page.meet(Limit::Depth);
        } else if message {
            return Box::new(Message::new(self.depth));
        } else if let Some(boundary) = boundary {
            return Box::new(Multipart::new(boundary, kind == b"multipart/form-data", self.depth));
        }
        if self.message == MessageOf::Part {
            return Box::new(Guess::default());
        }
        Box::new(File::new(Syntax::declared(&kind), charset(self.content_type), self.depth))
    }
}

/// Whether a name says that a body is packed.
fn packs(name: &[u8]) -> bool {
    !matches!(name, b"" | b"identity" | b"chunked")
}

/// Reads a part of which nothing is known: base64 is told by its first line.
#[derive(Default)]
struct Guess {
    held: Vec<u8>,
    reader: Option<Box<dyn Reader>>,
}

impl Guess {
    fn begin(&mut self, page: &mut Page, last: bool) {
        let line = self.held.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
        if !last && line.len() < GUESSED && self.held.len() <= 2 * GUESSED && !self.held.contains(&b'\n') {
            return;
        }
        let letters = line.get(..GUESSED).is_some_and(|line| line.iter().all(|byte| is_letter(*byte)));
        let mail_encoding: &[u8] = if letters { b"base64" } else { b"" };
        let mut reader = Body { mail_encoding, ..Body::default() }.open(page);
        reader.read(page, &std::mem::take(&mut self.held));
        self.reader = Some(reader);
    }
}

impl Reader for Guess {
    fn read(&mut self, page: &mut Page, data: &[u8]) {
        match &mut self.reader {
            Some(reader) => reader.read(page, data),
            None => {
                self.held.extend_from_slice(data);
                self.begin(page, false);
            }
        }
    }

    fn end(&mut self, page: &mut Page) {
        if self.reader.is_none() {
            self.begin(page, true);
        }
        if let Some(reader) = &mut self.reader {
            reader.end(page);
        }
    }
}

/// Turns bytes for another reader.
struct Decoded {
    stage: Box<dyn Stage>,
    next: Box<dyn Reader>,
    out: Vec<u8>,
}

impl Decoded {
    fn new(stage: Box<dyn Stage>, next: Box<dyn Reader>) -> Self {
        Self { stage, next, out: Vec::new() }
    }
}

impl Reader for Decoded {
    fn read(&mut self, page: &mut Page, data: &[u8]) {
        self.out.clear();
        self.stage.turn(data, false, &mut self.out);
        self.next.read(page, &self.out);
    }

    fn end(&mut self, page: &mut Page) {
        self.out.clear();
        self.stage.turn(&[], true, &mut self.out);
        self.next.read(page, &self.out);
        self.next.end(page);
    }
}
