//! Bodies of several parts (RFC 2046 5.1, RFC 7578): each is read by itself, by what its own head says of it.

use memchr::memmem;

use super::body::{Body, Reader};
use super::mediatype::names_file;
use super::page::{Limit, Page};
use super::text::{Syntax, Text};
use crate::apps::http::{Field, Fields, Lines, head_end};

/// Bytes of the head of a part.
const MAX_HEAD: usize = 16_384;
/// White space behind a boundary.
const MAX_BLANKS: usize = 64;

enum Place {
    /// In a part, or before the first.
    Content,
    /// In the head of a part.
    Head,
    /// Behind the last boundary.
    Behind,
}

/// Divides a body into its parts.
pub struct Multipart {
    /// A line feed, two hyphens, and the boundary.
    mark: Vec<u8>,
    form: bool,
    depth: u8,
    place: Place,
    /// What may be a boundary, or is a head that is not whole.
    held: Vec<u8>,
    /// The first byte held is the end of the line before, and no content.
    led: bool,
    part: Box<dyn Reader>,
}

/// What stands in what is held.
enum Found {
    /// The end of the content, where the boundary's line ends, and whether it was the last.
    Boundary(usize, usize, bool),
    /// So many bytes are content, whatever follows.
    Content(usize),
}

impl Multipart {
    pub fn new(boundary: &[u8], form: bool, depth: u8) -> Self {
        let mark = [b"\n--", boundary].concat();
        Self { mark, form, depth, place: Place::Content, held: b"\n".to_vec(), led: true, part: plain() }
    }

    /// Looks for the next boundary.
    fn find(&self, last: bool) -> Found {
        let held = self.held.as_slice();
        for at in memmem::find_iter(held, &self.mark) {
            let rest = held.get(at + self.mark.len()..).unwrap_or_default();
            let (rest, closes) = rest.strip_prefix(b"--").map_or((rest, false), |rest| (rest, true));
            let blanks = rest.iter().take(MAX_BLANKS).take_while(|byte| b" \t\r".contains(byte)).count();
            let end = held.len() - rest.len() + blanks;
            match rest.get(blanks) {
                Some(b'\n') => return Found::Boundary(at, end + 1, closes),
                None if last => return Found::Boundary(at, end, closes),
                None if blanks < MAX_BLANKS => return Found::Content(unreturned(held, at)),
                // One hyphen may be followed by another.
                Some(b'-') if !closes && rest.len() == 1 && !last => return Found::Content(unreturned(held, at)),
                _ => {}
            }
        }
        if last {
            return Found::Content(held.len());
        }
        let from = held.len().saturating_sub(self.mark.len() - 1);
        let begun = (from..held.len()).find(|at| held.get(*at..).is_some_and(|end| self.mark.starts_with(end)));
        let keep = begun.unwrap_or(held.len());
        Found::Content(if begun.is_some() || held.last() == Some(&b'\r') { unreturned(held, keep) } else { keep })
    }

    /// Takes what can be taken of what is held; true when there may be more to take.
    fn step(&mut self, page: &mut Page, last: bool) -> bool {
        match self.place {
            Place::Behind => {
                self.part.read(page, &self.held);
                self.held.clear();
                false
            }
            Place::Content => match self.find(last) {
                Found::Content(size) => {
                    self.hand_on(page, size);
                    if size > 0 {
                        self.held.drain(..size);
                        self.led = false;
                    }
                    false
                }
                Found::Boundary(at, end, closes) => {
                    self.hand_on(page, unreturned(&self.held, at));
                    self.part.end(page);
                    page.end_text();
                    self.part = plain();
                    // The end of the boundary's line may be the one before the next boundary.
                    self.led = !closes;
                    self.held.drain(..end - usize::from(self.led));
                    self.place = if closes { Place::Behind } else { Place::Head };
                    true
                }
            },
            Place::Head => self.head(page, last),
        }
    }

    /// Hands content up to a place to the reader of the part.
    fn hand_on(&mut self, page: &mut Page, end: usize) {
        self.part.read(page, self.held.get(usize::from(self.led)..end).unwrap_or_default());
    }

    /// Takes the head of a part, once it is whole.
    fn head(&mut self, page: &mut Page, last: bool) -> bool {
        let near = self.held.get(..MAX_HEAD).unwrap_or(&self.held);
        let next = memmem::find(near, &self.mark);
        let end = head_end(near, 0).filter(|end| next.is_none_or(|next| *end <= next + 1));
        let size = match (end, next) {
            (Some(end), _) => end - 1, // the end of the empty line may be the one before a boundary
            (None, Some(next)) => next,
            (None, None) if near.len() < MAX_HEAD => {
                if !last {
                    return false;
                }
                near.len()
            }
            (None, None) => {
                page.meet(Limit::Memory);
                MAX_HEAD
            }
        };
        let head: Vec<u8> = self.held.get(1..size).unwrap_or_default().to_vec();
        self.held.drain(..size);
        self.led = end.is_some() || next.is_some();
        let fields = Fields::read(Lines { left: Some(&head) });
        page.put(&head);
        if !self.form || names_file(fields.get(Field::ContentDisposition)) {
            page.end_text(); // else the head is the label of the value
        }
        let body = Body {
            content_type: fields.get(Field::ContentType),
            encoding: fields.get(Field::ContentEncoding),
            mail_encoding: fields.get(Field::ContentTransferEncoding),
            depth: self.depth + 1,
            ..Body::default()
        };
        self.part = body.open(page);
        self.place = Place::Content;
        true
    }
}

impl Reader for Multipart {
    fn read(&mut self, page: &mut Page, data: &[u8]) {
        self.held.extend_from_slice(data);
        while !page.over && self.step(page, false) {}
    }

    fn end(&mut self, page: &mut Page) {
        while !page.over && self.step(page, true) {}
        self.part.end(page);
    }
}

/// Where the line feed begins that stands at a place, its carriage return counted.
fn unreturned(held: &[u8], at: usize) -> usize {
    if at > 0 && held.get(at - 1) == Some(&b'\r') { at - 1 } else { at }
}

fn plain() -> Box<dyn Reader> {
    Box::new(Text::new(Syntax::Plain, None))
}
