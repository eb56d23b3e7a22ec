//! Text of PDF (ISO 32000-1): the strings of its streams, packed by Flate or not, as the fonts say that they are shown in.

mod cmap;
mod content;
mod fonts;
mod strings;

use flate2::Decompress;
use memchr::memmem;

use super::body::Reader;
use super::page::Page;
use super::unpack::{BLOCK, Inflated, inflate};
use content::Content;
use fonts::Scanner;

/// Bytes that are held at once.
const PIECE: usize = 16_384;
/// Bytes before a stream in which its dictionary stands.
const DICTIONARY: usize = 2048;
const BEGIN: &[u8] = b"stream";
const END: &[u8] = b"endstream";

enum Place {
    Outside,
    Packed(Box<Decompress>),
    Plain,
    Skipped,
}

/// Reads the text of a PDF file.
pub struct Pdf {
    place: Place,
    held: Vec<u8>,
    /// No stream begins before this place in what is held.
    sought: usize,
    /// Bytes of what is held that were looked through for objects.
    scanned: usize,
    objects: Scanner,
    content: Content,
}

impl Default for Pdf {
    fn default() -> Self {
        Self {
            place: Place::Outside,
            held: Vec::new(),
            sought: 0,
            scanned: 0,
            objects: Scanner::default(),
            content: Content::default(),
        }
    }
}

impl Pdf {
    /// Looks for the next stream; true when one begins.
    fn seek(&mut self, page: &mut Page) -> bool {
        let mut from = self.sought;
        while let Some(at) = self.held.get(from..).and_then(|rest| memmem::find(rest, BEGIN)).map(|at| from + at) {
            let behind = self.held.get(at + BEGIN.len()..).unwrap_or_default();
            let size = match behind {
                [b'\r', b'\n', ..] => 2,
                [b'\n', ..] => 1,
                [] | [b'\r'] => {
                    self.sought = at;
                    return self.forget(page, at.saturating_sub(DICTIONARY));
                }
                _ => 0,
            };
            let start = at + BEGIN.len() + size;
            let named = self.held.get(..at).is_some_and(|before| !before.ends_with(b"end"));
            if size > 0 && named {
                self.scan(page, at);
                self.place = self.stream(at);
                self.held.drain(..start);
                (self.sought, self.scanned) = (0, 0);
                return true;
            }
            from = at + BEGIN.len();
        }
        self.sought = from.max(self.held.len().saturating_sub(BEGIN.len() - 1));
        self.forget(page, self.held.len().saturating_sub(DICTIONARY + BEGIN.len()))
    }

    fn forget(&mut self, page: &mut Page, bytes: usize) -> bool {
        self.scan(page, bytes);
        self.held.drain(..bytes);
        self.scanned -= bytes;
        self.sought -= bytes;
        false
    }

    /// Looks through what is held up to a place for objects.
    fn scan(&mut self, page: &mut Page, end: usize) {
        let new = self.held.get(self.scanned..end).unwrap_or_default();
        self.objects.read(page, new, &mut self.content.fonts);
        self.scanned = self.scanned.max(end);
    }

    /// Begins a stream and tells how it is read, by the dictionary that is held before it.
    fn stream(&mut self, at: usize) -> Place {
        let before = self.held.get(at.saturating_sub(DICTIONARY)..at).unwrap_or_default();
        let dictionary = memmem::rfind(before, b"obj").and_then(|at| before.get(at..)).unwrap_or(before);
        let says = |word: &[u8]| memmem::find(dictionary, word).is_some();
        let filters = [&b"DCTDecode"[..], b"LZWDecode", b"ASCII85Decode", b"ASCIIHexDecode", b"Crypt", b"JPXDecode"];
        let objects = says(b"/ObjStm");
        self.content.begin(objects.then(|| number_behind(dictionary, b"/First")).flatten());
        let other = [&b"/Image"[..], b"/XRef", b"/FontFile", b"/Length1", b"/Metadata"];
        if filters.iter().chain(&other).any(|word| says(word)) {
            Place::Skipped
        } else if says(b"FlateDecode") {
            Place::Packed(Box::new(Decompress::new(true)))
        } else if says(b"/Filter") {
            Place::Skipped
        } else {
            Place::Plain
        }
    }

    /// Reads up to the end of a stream that is not packed; true when it ends.
    fn up_to_end(&mut self, page: &mut Page, read: bool) -> bool {
        let end = memmem::find(&self.held, END);
        let size = end.unwrap_or_else(|| self.held.len().saturating_sub(END.len() - 1));
        if read {
            self.content.read(page, self.held.get(..size).unwrap_or_default());
        }
        self.held.drain(..end.map_or(size, |end| end + END.len()));
        if end.is_some() {
            self.place = Place::Outside;
            self.content.end_stream(page, self.objects.object);
        }
        end.is_some()
    }

    /// Takes what belongs to where it stands; false when nothing more can be taken of what is held.
    fn step(&mut self, page: &mut Page, last: bool) -> bool {
        match &mut self.place {
            Place::Outside => self.seek(page),
            Place::Plain => self.up_to_end(page, true),
            Place::Skipped => self.up_to_end(page, false),
            Place::Packed(zlib) => {
                if self.held.is_empty() || self.held.len() < BLOCK && !last {
                    return false;
                }
                let block = self.held.get(..BLOCK).unwrap_or(&self.held);
                let read = match inflate(zlib, page, block, &mut self.content) {
                    Inflated::More => block.len(),
                    Inflated::End(read) => {
                        self.place = Place::Skipped;
                        read
                    }
                };
                self.held.drain(..read);
                true
            }
        }
    }
}

impl Reader for Pdf {
    fn read(&mut self, page: &mut Page, data: &[u8]) {
        for piece in data.chunks(PIECE) {
            self.held.extend_from_slice(piece);
            while !page.over && self.step(page, false) {}
        }
    }

    fn end(&mut self, page: &mut Page) {
        while !page.over && self.step(page, true) {}
        self.scan(page, self.held.len());
        self.content.end(page);
    }
}

/// The number that stands behind a key.
fn number_behind(dictionary: &[u8], key: &[u8]) -> Option<usize> {
    let rest = dictionary.get(memmem::find(dictionary, key)? + key.len()..)?.trim_ascii_start();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
