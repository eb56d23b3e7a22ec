//! Files that hold others, told by their first bytes: archives, packed files, PDF. All else is text.

use memchr::memmem;

use super::archive::Archive;
use super::body::Reader;
use super::page::{Limit, Page};
use super::pdf::Pdf;
use super::text::{Syntax, Text};
use super::unpack::{Coding, Unpack};

/// Bytes of the beginning of a file that are shown as they are: they say what it is.
const HEAD: usize = 2048;
const MARKS: [&[u8]; 4] = [ZIP, PDF, GZIP, ZSTD];
const ZIP: &[u8] = b"PK\x03\x04";
const PDF: &[u8] = b"%PDF-";
const GZIP: &[u8] = b"\x1f\x8b\x08";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// Reads a file of some kind.
pub struct File {
    syntax: Syntax,
    charset: Option<String>,
    depth: u8,
    held: Vec<u8>,
    reader: Option<Box<dyn Reader>>,
}

impl File {
    /// Begins a file; if it is text, of this type and charset.
    pub fn new(syntax: Syntax, charset: Option<String>, depth: u8) -> Self {
        Self { syntax, charset, depth, held: Vec::new(), reader: None }
    }

    /// Chooses who reads it, once enough has come.
    fn begin(&mut self, page: &mut Page, last: bool) {
        let held = self.held.as_slice();
        let mark = MARKS.into_iter().find(|mark| held.starts_with(mark));
        let wait = if mark.is_some() { HEAD } else { PDF.len() };
        let may_be = mark.is_some() || MARKS.iter().any(|mark| mark.starts_with(held));
        if !last && may_be && held.len() < wait {
            return;
        }
        let mut reader: Box<dyn Reader> = match mark {
            Some(_) if self.depth >= page.depth() => {
                page.meet(Limit::Depth);
                Box::new(Text::new(Syntax::Plain, None))
            }
            Some(mark) => {
                page.put(held.get(..HEAD).unwrap_or(held));
                page.end_text();
                match mark {
                    ZIP => Box::new(Archive::new(self.depth + 1, is_office(held.get(..HEAD).unwrap_or(held)))),
                    PDF => Box::new(Pdf::default()),
                    _ => {
                        let coding = if mark == ZSTD { Coding::Zstd } else { Coding::Gzip };
                        Box::new(Unpack::new(coding, Box::new(Self::new(Syntax::Plain, None, self.depth + 1))))
                    }
                }
            }
            None => Box::new(Text::new(self.syntax, self.charset.as_deref())),
        };
        reader.read(page, &std::mem::take(&mut self.held));
        self.reader = Some(reader);
    }
}

/// Tells an office document by the members that stand first (ECMA-376 Part 2).
fn is_office(head: &[u8]) -> bool {
    [&b"[Content_Types].xml"[..], b"_rels/.rels", b"docProps/", b"word/", b"xl/", b"ppt/"]
        .iter()
        .any(|name| memmem::find(head, name).is_some())
}

impl Reader for File {
    fn read(&mut self, page: &mut Page, data: &[u8]) {
        match &mut self.reader {
            Some(reader) => reader.read(page, data),
            None => {
                self.held.extend_from_slice(data);
                if !data.is_empty() {
                    self.begin(page, false);
                }
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
