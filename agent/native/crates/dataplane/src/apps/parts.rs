//! Finds the names of files in MIME parts of a body: forms (RFC 7578) and mail (RFC 2045, RFC 2183).

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::disposition::file_name;
use super::encodedwords::decoded;
use super::http::{Field, Fields, Lines, head_end};

/// Bytes of one body that are searched.
pub const MAX_SCAN: usize = 1 << 20;
/// Bytes of one part's header.
pub const MAX_PART_HEAD: usize = 4096;
/// A field's name, its colon and white space around them.
const FIELD: usize = 64;
/// White space between the field's name and its colon.
const MAX_BLANKS: usize = 16;
const DISPOSITION: &[u8] = b"\ncontent-disposition";

/// A part that is a file. The media type is empty where the part does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub name: Vec<u8>,
    pub media_type: Vec<u8>,
}

/// Takes a body in pieces, however cut, and returns the files that its parts name.
pub struct PartScanner {
    /// The end of what was fed, long enough to hold a part's header.
    held: Vec<u8>,
    /// No name of the field begins before this place in what is held.
    searched: usize,
    /// No empty line begins before this place, and after the field that is looked at.
    quiet: usize,
    /// Where the header of the next part may begin.
    floor: usize,
    scanned: usize,
}

impl Default for PartScanner {
    /// Begins at the first byte of the body, or of a part's header.
    fn default() -> Self {
        Self { held: b"\n".to_vec(), searched: 0, quiet: 0, floor: 0, scanned: 0 }
    }
}

impl PartScanner {
    /// Tells whether as much was searched as ever is.
    #[must_use]
    pub const fn full(&self) -> bool {
        self.scanned >= MAX_SCAN
    }

    /// Returns the files whose part header became whole with these bytes.
    pub fn feed(&mut self, data: &[u8]) -> Vec<Part> {
        let data = data.get(..MAX_SCAN - self.scanned).unwrap_or(data);
        self.scanned += data.len();
        self.held.extend_from_slice(data);
        let found = self.search();
        if self.full() {
            *self = Self { held: Vec::new(), searched: 0, quiet: 0, floor: 0, scanned: MAX_SCAN };
        }
        self.forget();
        found
    }

    fn search(&mut self) -> Vec<Part> {
        let mut found = Vec::new();
        while let Some((start, after)) = next_field(&self.held, self.searched) {
            let limit = self.held.len().min(start + MAX_PART_HEAD);
            let head = self.held.get(..limit).unwrap_or_default();
            let end = head_end(head, after.max(self.quiet));
            if end.is_none() {
                self.quiet = limit.saturating_sub(3);
                if limit < start + MAX_PART_HEAD {
                    self.searched = start;
                    return found;
                }
            }
            if let Some(end) = end.filter(|_| start >= self.floor) {
                let begin = header_start(&self.held, self.floor, start);
                found.extend(self.held.get(begin..end).and_then(part));
                self.floor = end - 1;
            }
            self.searched = after;
        }
        self.searched = self.searched.max(self.held.len().saturating_sub(FIELD));
        found
    }

    /// Lets go of what no header can hold any more; seldom, so that small pieces cost no more than their bytes.
    fn forget(&mut self) {
        if self.held.len() > 4 * MAX_PART_HEAD {
            let gone = self.held.len() - 2 * MAX_PART_HEAD;
            self.held.drain(..gone);
            for place in [&mut self.searched, &mut self.quiet, &mut self.floor] {
                *place = place.saturating_sub(gone);
            }
        }
    }
}

/// The next Content-Disposition field: where the line feed before it stands, and what is behind its colon.
fn next_field(data: &[u8], from: usize) -> Option<(usize, usize)> {
    let mut at = from;
    loop {
        at += memchr(b'\n', data.get(at..)?)?;
        let line = data.get(at..)?;
        if line.get(..DISPOSITION.len()).is_some_and(|name| name.eq_ignore_ascii_case(DISPOSITION)) {
            let rest = line.get(DISPOSITION.len()..)?;
            let blanks = rest.iter().take(MAX_BLANKS).take_while(|byte| b" \t".contains(byte)).count();
            if rest.get(blanks) == Some(&b':') {
                return Some((at, at + DISPOSITION.len() + blanks + 1));
            }
        }
        at += 1;
    }
}

/// Where the header block of a part begins: behind its boundary line, or behind an empty line.
fn header_start(data: &[u8], floor: usize, at: usize) -> usize {
    let low = floor.max(at.saturating_sub(MAX_PART_HEAD));
    let before = data.get(low..at).unwrap_or_default();
    let last = |mark: &[u8]| memmem::rfind(before, mark);
    let begin = last(b"\n--").map(|at| at + 1).max(last(b"\n\n")).max(last(b"\n\r\n"));
    low + begin.unwrap_or(0)
}

fn part(head: &[u8]) -> Option<Part> {
    let fields = Fields::read(Lines { left: Some(head) });
    let name = file_name(fields.get(Field::ContentDisposition)).filter(|name| !name.is_empty())?;
    let name = match decoded(&name) {
        Cow::Owned(name) => name,
        Cow::Borrowed(name) => name.to_vec(),
    };
    Some(Part { name, media_type: fields.get(Field::ContentType).to_vec() })
}
