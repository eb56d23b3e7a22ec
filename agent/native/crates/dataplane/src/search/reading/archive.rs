//! Members of ZIP archives (APPNOTE.TXT), by their local heads as they come; of office documents the text.

use flate2::Decompress;
use memchr::memmem;

use super::body::Reader;
use super::file::File;
use super::page::{Limit, Page};
use super::text::{Syntax, Text};
use super::unpack::{BLOCK, Inflated, inflate};
use super::workbook::Workbook;

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
    Deflated(Box<Decompress>, Content),
    Stored(u64, Content),
    /// In a member that cannot be read: so many bytes.
    Skipped(u64),
    /// In the directory behind all members.
    Over,
}

/// Who reads a member.
enum Content {
    Own(Box<dyn Reader>),
    Workbook,
}

impl Content {
    fn reader<'a>(&'a mut self, workbook: &'a mut Workbook) -> &'a mut dyn Reader {
        match self {
            Self::Own(reader) => reader.as_mut(),
            Self::Workbook => workbook,
        }
    }
}

/// Reads the members of an archive, each by itself; those of a workbook that belong together, together.
pub struct Archive {
    depth: u8,
    office: bool,
    workbook: Workbook,
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
        Self { depth, office, workbook: Workbook::default(), place: Place::Between, held: Vec::new(), at: 0 }
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
            self.workbook.finish(page);
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
        let content = if self.office && self.workbook.begin(page, name) {
            Content::Workbook
        } else {
            Content::Own(self.reader(name))
        };
        self.place = begin(&member, content);
        self.at += member.data;
        true
    }

    fn reader(&self, name: &[u8]) -> Box<dyn Reader> {
        if self.office && name.ends_with(b".xml") {
            return Box::new(Text::new(Syntax::Office, None));
        }
        Box::new(File::new(Syntax::Plain, None, self.depth))
    }

    /// Takes what belongs to where it stands; false when nothing more can be taken of what is held.
    fn step(&mut self, page: &mut Page, last: bool) -> bool {
        let held = self.held.get(self.at..).unwrap_or_default();
        let workbook = &mut self.workbook;
        let (content, ends) = match &mut self.place {
            Place::Between => return self.head(page),
            Place::Over => {
                self.at = self.held.len();
                return false;
            }
            Place::Deflated(zlib, content) => {
                if held.is_empty() || held.len() < BLOCK && !last {
                    return false;
                }
                let block = held.get(..BLOCK).unwrap_or(held);
                let (read, ends) = match inflate(zlib, page, block, content.reader(workbook)) {
                    Inflated::More => (block.len(), false),
                    Inflated::End(read) => (read, true),
                };
                self.at += read;
                (Some(content), ends)
            }
            Place::Stored(left, content) => {
                let now = held.get(..usize::try_from(*left).unwrap_or(usize::MAX)).unwrap_or(held);
                *left -= now.len() as u64;
                content.reader(workbook).read(page, now);
                self.at += now.len();
                (Some(content), *left == 0)
            }
            Place::Skipped(left) => {
                let now = held.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= now as u64;
                self.at += now;
                (None, *left == 0)
            }
        };
        if ends {
            if let Some(content) = content {
                content.reader(workbook).end(page);
                page.end_text();
            }
            self.place = Place::Between;
        }
        ends || matches!(self.place, Place::Deflated(..))
    }
}

/// Where a member's data begin, and who reads them.
fn begin(member: &Member, content: Content) -> Place {
    let later = member.flags & SIZE_LATER != 0;
    let size = if member.packed == SIZE_ELSEWHERE { u64::MAX } else { u64::from(member.packed) };
    match member.method {
        _ if member.flags & ENCRYPTED != 0 => Place::Skipped(if later { 0 } else { size }),
        8 => Place::Deflated(Box::new(Decompress::new(false)), content),
        0 if !later => Place::Stored(size, content),
        _ => Place::Skipped(if later { 0 } else { size }),
    }
}

impl Reader for Archive {
    fn read(&mut self, page: &mut Page, data: &[u8]) {
        self.held.extend_from_slice(data);
        while !page.over && self.step(page, false) {}
        self.held.drain(..self.at.min(self.held.len()));
        self.at = 0;
    }

    fn end(&mut self, page: &mut Page) {
        while !page.over && self.step(page, true) {}
        if let Place::Deflated(_, content) | Place::Stored(_, content) = &mut self.place {
            content.reader(&mut self.workbook).end(page);
            page.end_text();
        }
        self.place = Place::Over;
        self.workbook.finish(page);
    }
}
