//! Workbooks of spreadsheets (ECMA-376 Part 1, 18): cells and the strings they share become rows, cell beside cell.
//!
//! Programs write shared strings behind the sheets that need them: sheets are held until they come, as far as bounds let.

use super::body::Reader;
use super::charset::Charset;
use super::compose::Compose;
use super::escapes::{Escapes, Stage};
use super::page::{Limit, Page};
use super::xml::{Piece, Tag, Xml};

/// Bytes of sheets that wait for strings, and of strings.
const MAX_HELD: usize = 4 << 20;
/// Bytes of a value that are taken at once (a cell holds 32,767 characters).
const MAX_VALUE: usize = 1 << 17;

/// Strings that cells share, by their number.
#[derive(Default)]
struct Strings {
    text: Vec<u8>,
    /// Where each ends, and whether a cell has it.
    all: Vec<(u32, bool)>,
    /// No more are held: they are text of their own.
    full: bool,
}

impl Strings {
    fn held(&self) -> usize {
        self.text.len() + self.all.len() * size_of::<(u32, bool)>()
    }

    /// Ends a string: it has a number.
    fn end(&mut self) {
        self.all.push((self.text.len() as u32, false));
    }

    /// The string of a number; nothing where there is none.
    fn get(&mut self, number: u32) -> &[u8] {
        let at = number as usize;
        let start = at.checked_sub(1).and_then(|before| self.all.get(before)).map_or(0, |(end, _)| *end);
        let Some((end, used)) = self.all.get_mut(at) else { return &[] };
        *used = true;
        self.text.get(start as usize..*end as usize).unwrap_or_default()
    }

    /// Writes those that no cell has, one a line, and forgets all.
    fn write_rest(&mut self, page: &mut Page) {
        let mut start = 0;
        for (end, used) in std::mem::take(&mut self.all) {
            if !used {
                page.put(self.text.get(start..end as usize).unwrap_or_default());
                page.put(b"\n");
            }
            start = end as usize;
        }
        (self.text, self.full) = (Vec::new(), false);
        page.end_text();
    }
}

/// Rows, and where in them strings belong.
#[derive(Default)]
struct Rows {
    text: Vec<u8>,
    shared: Vec<(u32, u32)>,
}

impl Rows {
    fn held(&self) -> usize {
        self.text.len() + self.shared.len() * size_of::<(u32, u32)>()
    }

    /// Writes what there is, and forgets it.
    fn write(&mut self, page: &mut Page, strings: &mut Strings) {
        let mut done = 0;
        for (at, number) in self.shared.drain(..) {
            if page.over {
                break;
            }
            page.put(self.text.get(done..at as usize).unwrap_or_default());
            page.put(strings.get(number));
            done = at as usize;
        }
        page.put(self.text.get(done..).unwrap_or_default());
        self.text.clear();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Sheet,
    Strings,
}

/// Where in a part its reader stands.
#[derive(Default)]
struct Place {
    /// In a cell, or in a string that cells share.
    inside: bool,
    /// In its value.
    value: bool,
    /// The value is the number of a string.
    shared: bool,
    /// In what says how a string is pronounced.
    phonetic: bool,
    /// A cell stands before this one in its row.
    beside: bool,
    /// The value so far, or what stands outside of cells.
    raw: Vec<u8>,
}

/// Reads the sheets and shared strings of a workbook, one part after the other.
pub struct Workbook {
    part: Part,
    charset: Charset,
    xml: Xml,
    place: Place,
    rows: Rows,
    /// Sheets that wait for strings, and how much they hold.
    sheets: Vec<Rows>,
    held: usize,
    strings: Strings,
    /// Nothing waits for strings any more.
    known: bool,
}

impl Default for Workbook {
    fn default() -> Self {
        Self {
            part: Part::Sheet,
            charset: Charset::new(None),
            xml: Xml::default(),
            place: Place::default(),
            rows: Rows::default(),
            sheets: Vec::new(),
            held: 0,
            strings: Strings::default(),
            known: false,
        }
    }
}

impl Workbook {
    /// Begins a part of an archive, if it is one that is read here.
    pub fn begin(&mut self, page: &mut Page, name: &[u8]) -> bool {
        let name = name.to_ascii_lowercase();
        self.part = match name.as_slice() {
            b"xl/sharedstrings.xml" => Part::Strings,
            sheet if sheet.starts_with(b"xl/worksheets/") && sheet.ends_with(b".xml") => Part::Sheet,
            _ => return false,
        };
        if self.part == Part::Strings {
            self.strings.write_rest(page); // of strings that came before, if any
        }
        (self.charset, self.xml, self.place) = (Charset::new(None), Xml::default(), Place::default());
        true
    }

    /// Learns that no part follows.
    pub fn finish(&mut self, page: &mut Page) {
        self.write_held(page);
        self.strings.write_rest(page);
    }

    /// Writes the sheets that wait, with the strings that are known.
    fn write_held(&mut self, page: &mut Page) {
        self.known = true;
        self.held = 0;
        for mut sheet in std::mem::take(&mut self.sheets) {
            sheet.write(page, &mut self.strings);
            page.end_text();
        }
    }

    fn take(&mut self, page: &mut Page, data: &[u8], last: bool) {
        let mut text = Vec::with_capacity(data.len());
        self.charset.turn(data, last, &mut text);
        let mut xml = std::mem::take(&mut self.xml);
        xml.read(&text, |piece| match piece {
            Piece::Text(text) => self.text(page, text),
            Piece::Tag(tag) if self.part == Part::Sheet => self.sheet_tag(page, &tag),
            Piece::Tag(tag) => self.string_tag(page, &tag),
        });
        self.xml = xml;
        if self.known && self.part == Part::Sheet {
            self.rows.write(page, &mut self.strings);
        }
    }

    fn text(&mut self, page: &mut Page, text: &[u8]) {
        let outside = self.part == Part::Sheet && !self.place.inside;
        if (self.place.value && !self.place.phonetic) || outside {
            self.place.raw.extend_from_slice(text);
            while let Some((now, rest)) = self.place.raw.split_at_checked(MAX_VALUE) {
                let (now, rest) = (now.to_vec(), rest.to_vec());
                self.place.raw = rest;
                self.put(page, &now);
            }
        }
    }

    /// Takes a tag of a sheet.
    fn sheet_tag(&mut self, page: &mut Page, tag: &Tag<'_>) {
        if !self.place.inside && self.place.raw.trim_ascii().is_empty() {
            self.place.raw.clear();
        } else if !self.place.inside {
            self.end_value(page);
            self.rows.text.push(b' ');
        }
        match (tag.name, tag.closes) {
            (b"c", false) => {
                self.rows.text.extend(self.place.beside.then_some(b'\t'));
                (self.place.beside, self.place.inside) = (true, !tag.empty);
                self.place.shared = tag.says(b" t=\"s\"") || tag.says(b" t='s'");
            }
            (b"c", true) => (self.place.inside, self.place.value) = (false, false),
            (b"row", closes) if closes || tag.empty => {
                self.rows.text.push(b'\n');
                self.place.beside = false;
            }
            _ => self.value_tag(page, tag),
        }
        if !self.known && self.held + self.rows.held() > MAX_HELD {
            page.meet(Limit::Memory);
            self.write_held(page);
        }
    }

    /// Takes a tag of shared strings.
    fn string_tag(&mut self, page: &mut Page, tag: &Tag<'_>) {
        match (tag.name, tag.closes) {
            (b"si", false) if !tag.empty => self.place.inside = true,
            (b"si", _) => {
                (self.place.inside, self.place.value) = (false, false);
                if self.strings.full {
                    page.put(b"\n");
                } else {
                    self.strings.end();
                    self.bound_strings(page);
                }
            }
            _ => self.value_tag(page, tag),
        }
    }

    /// Holds no more strings once there are too many.
    fn bound_strings(&mut self, page: &mut Page) -> bool {
        self.strings.full = self.strings.held() + self.held > MAX_HELD;
        if self.strings.full {
            page.meet(Limit::Memory);
        }
        self.strings.full
    }

    /// Takes a tag inside of a cell or string.
    fn value_tag(&mut self, page: &mut Page, tag: &Tag<'_>) {
        match tag.name {
            b"v" | b"t" if tag.closes => {
                self.end_value(page);
                self.place.value = false;
            }
            b"v" | b"t" => self.place.value = self.place.inside && !tag.empty,
            b"rPh" => self.place.phonetic = !tag.closes && !tag.empty,
            _ => {}
        }
    }

    fn end_value(&mut self, page: &mut Page) {
        let raw = std::mem::take(&mut self.place.raw);
        self.put(page, &raw);
    }

    /// Puts a value, or a piece of a long one, where it belongs.
    fn put(&mut self, page: &mut Page, raw: &[u8]) {
        if self.part == Part::Sheet && self.place.inside && self.place.shared {
            let number = str::from_utf8(raw).ok().and_then(|number| number.trim().parse().ok());
            self.rows.shared.extend(number.map(|number| (self.rows.text.len() as u32, number)));
        } else if self.part == Part::Sheet {
            write(raw, &mut self.rows.text);
        } else if !self.strings.full {
            write(raw, &mut self.strings.text);
            if self.bound_strings(page) {
                self.strings.end();
            }
        } else {
            let mut text = Vec::new();
            write(raw, &mut text);
            page.put(&text);
        }
    }
}

impl Reader for Workbook {
    fn read(&mut self, page: &mut Page, data: &[u8]) {
        self.take(page, data, false);
    }

    /// Learns that a part ends; what waits for strings is written with those that came.
    fn end(&mut self, page: &mut Page) {
        self.take(page, &[], true);
        page.end_text();
        if self.part == Part::Strings {
            self.write_held(page);
        } else if !self.known {
            let rows = std::mem::take(&mut self.rows);
            self.held += rows.held();
            self.sheets.push(rows);
        }
        if page.room() == 0 {
            self.finish(page);
        }
    }
}

/// Writes a value as it is meant, in one line and one cell.
fn write(raw: &[u8], out: &mut Vec<u8>) {
    let mut plain = Vec::with_capacity(raw.len());
    Escapes::markup().turn(raw, true, &mut plain);
    let from = out.len();
    Compose::default().turn(&plain, true, out);
    out.iter_mut().skip(from).filter(|byte| b"\t\n\r".contains(byte)).for_each(|byte| *byte = b' ');
}

#[cfg(test)]
mod tests;
