//! Members of ZIP archives (APPNOTE.TXT), by their local heads as they come; of office documents the text.

use flate2::Decompress;
use memchr::memmem;

use super::body::Reader;
use super::file::File;
use super::page::{Limit, Page};
use super::text::{Syntax, Text};
use super::unpack::{Inflated, inflate};

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
/// Bytes of a local head, names left out.
const HEAD: usize = 30;
/// Bytes of a member's name and extra field.
const MAX_NAMES: usize = 8192;
const ENCRYPTED: u16 = 1;
const SIZE_LATER: u16 = 8;
/// A size that stands in an extra field.
const SIZE_ELSEWHERE: u32 = u32::MAX;

enum Place {
    /// Before a local head.
    Between,
    Deflated(Box<Decompress>, Box<dyn Reader>),
    Stored(u64, Box<dyn Reader>),
    /// In a member that cannot be read: so many bytes.
    Skipped(u64),
    /// In the directory behind all members.
    Over,
}

/// Reads the members of an archive, each by itself.
pub struct Archive {
    depth: u8,
    office: bool,
    place: Place,
    /// A head that is not whole, and how much of what is held was taken.
    held: Vec<u8>,
    at: usize,
}

/// What a local head says.
struct Member {
    flags: u16,
    method: u16,
    packed: u32,
    /// Where the name and where the data begin and end.
    name: (usize, usize),
    data: usize,
}

impl Member {
    fn read(head: &[u8]) -> Option<Self> {
        let short = |at: usize| Some(u16::from_le_bytes(*head.get(at..)?.first_chunk()?));
        let packed = u32::from_le_bytes(*head.get(18..)?.first_chunk()?);
        let (name, extra) = (usize::from(short(26)?), usize::from(short(28)?));
        let end = HEAD + name;
        Some(Self { flags: short(6)?, method: short(8)?, packed, name: (HEAD, end), data: end + extra })
    }
}

impl Archive {
    pub fn new(depth: u8, office: bool) -> Self {
        Self { depth, office, place: Place::Between, held: Vec::new(), at: 0 }
    }

    /// Takes a local head; false while none is whole.
    fn head(&mut self, page: &mut Page) -> bool {
        let held = self.held.get(self.at..).unwrap_or_default();
        let marked =
            |at: &usize| held.get(*at..).is_some_and(|mark| mark.starts_with(LOCAL) || mark.starts_with(CENTRAL));
        let Some(start) = memmem::find_iter(held, b"PK").find(marked) else {
            self.at += held.len().saturating_sub(LOCAL.len() - 1);
            return false;
        };
        self.at += start;
        let held = self.held.get(self.at..).unwrap_or_default();
        if held.starts_with(CENTRAL) {
            self.place = Place::Over;
            return false;
        }
        let Some(member) = Member::read(held) else { return false };
        if member.data - HEAD > MAX_NAMES {
            page.meet(Limit::Memory);
            self.at += LOCAL.len();
            return true;
        }
        let Some(name) = held.get(..member.data).and_then(|head| head.get(member.name.0..member.name.1)) else {
            return false;
        };
        page.put(name);
        page.end_text();
        self.place = self.begin(&member, name);
        self.at += member.data;
        true
    }

    fn begin(&self, member: &Member, name: &[u8]) -> Place {
        let later = member.flags & SIZE_LATER != 0;
        let size = if member.packed == SIZE_ELSEWHERE { u64::MAX } else { u64::from(member.packed) };
        match member.method {
            _ if member.flags & ENCRYPTED != 0 => Place::Skipped(if later { 0 } else { size }),
            8 => Place::Deflated(Box::new(Decompress::new(false)), self.reader(name)),
            0 if !later => Place::Stored(size, self.reader(name)),
            _ => Place::Skipped(if later { 0 } else { size }),
        }
    }

    fn reader(&self, name: &[u8]) -> Box<dyn Reader> {
        if self.office && name.ends_with(b".xml") {
            return Box::new(Text::new(Syntax::Office, None));
        }
        Box::new(File::new(Syntax::Plain, None, self.depth))
    }

    /// Takes what belongs to where it stands; false when nothing more can be taken of what is held.
    fn step(&mut self, page: &mut Page) -> bool {
        let held = self.held.get(self.at..).unwrap_or_default();
        let (reader, ends) = match &mut self.place {
            Place::Between => return self.head(page),
            Place::Over => {
                self.at = self.held.len();
                return false;
            }
            Place::Deflated(zlib, reader) => {
                let (read, ends) = match inflate(zlib, page, held, reader.as_mut()) {
                    Inflated::More => (held.len(), false),
                    Inflated::End(read) => (read, true),
                };
                self.at += read;
                (Some(reader), ends)
            }
            Place::Stored(left, reader) => {
                let now = held.get(..usize::try_from(*left).unwrap_or(usize::MAX)).unwrap_or(held);
                *left -= now.len() as u64;
                reader.read(page, now);
                self.at += now.len();
                (Some(reader), *left == 0)
            }
            Place::Skipped(left) => {
                let now = held.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= now as u64;
                self.at += now;
                (None, *left == 0)
            }
        };
        if ends {
            if let Some(reader) = reader {
                reader.end(page);
                page.end_text();
            }
            self.place = Place::Between;
        }
        ends
    }
}

impl Reader for Archive {
    fn read(&mut self, page: &mut Page, data: &[u8]) {
        self.held.extend_from_slice(data);
        while !page.over && self.step(page) {}
        self.held.drain(..self.at.min(self.held.len()));
        self.at = 0;
    }

    fn end(&mut self, page: &mut Page) {
        if let Place::Deflated(_, reader) | Place::Stored(_, reader) = &mut self.place {
            reader.end(page);
        }
    }
}
