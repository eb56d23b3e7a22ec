//! Divides XML into tags and text, however cut. Nothing is checked: what is no XML comes out as something.

use memchr::{memchr, memmem};

/// Bytes of a tag that are kept.
const MAX_TAG: usize = 512;

/// A tag, or text between tags, which may go on.
pub enum Piece<'a> {
    Tag(Tag<'a>),
    Text(&'a [u8]),
}

/// What stands between brackets.
#[derive(Clone, Copy)]
pub struct Tag<'a> {
    /// Without what names its namespace; a slash before it closes.
    pub name: &'a [u8],
    pub closes: bool,
    /// It closes itself.
    pub empty: bool,
    attributes: &'a [u8],
}

impl<'a> Tag<'a> {
    fn read(tag: &'a [u8]) -> Self {
        let (tag, closes) = tag.strip_prefix(b"/").map_or((tag, false), |tag| (tag, true));
        let (tag, empty) = tag.strip_suffix(b"/").map_or((tag, false), |tag| (tag, true));
        let end = tag.iter().position(u8::is_ascii_whitespace).unwrap_or(tag.len());
        let (name, attributes) = tag.split_at_checked(end).unwrap_or((tag, &[]));
        let local = memchr(b':', name).and_then(|at| name.get(at + 1..)).unwrap_or(name);
        Self { name: local, closes, empty, attributes }
    }

    /// Tells whether an attribute has a value; `given` is both, as ` t="s"`.
    pub fn says(&self, given: &[u8]) -> bool {
        memmem::find(self.attributes, given).is_some()
    }
}

/// Where in a document its reader stands.
#[derive(Default)]
pub struct Xml {
    /// The tag that is not whole; None: text.
    tag: Option<Vec<u8>>,
}

impl Xml {
    /// Takes the next bytes and hands on what is whole of them.
    pub fn read(&mut self, data: &[u8], mut take: impl FnMut(Piece<'_>)) {
        let mut left = data;
        while !left.is_empty() {
            let Some(mut tag) = self.tag.take() else {
                let begin = memchr(b'<', left);
                let (text, rest) = left.split_at_checked(begin.unwrap_or(left.len())).unwrap_or((left, &[]));
                if !text.is_empty() {
                    take(Piece::Text(text));
                }
                self.tag = begin.map(|_| Vec::new());
                left = rest.get(1..).unwrap_or_default();
                continue;
            };
            let end = memchr(b'>', left);
            let (inside, rest) = left.split_at_checked(end.unwrap_or(left.len())).unwrap_or((left, &[]));
            for byte in inside {
                if tag.len() < MAX_TAG {
                    tag.push(*byte);
                } else if let Some(last) = tag.last_mut() {
                    *last = *byte; // it may be the slash that closes
                }
            }
            match end {
                Some(_) => take(Piece::Tag(Tag::read(&tag))),
                None => self.tag = Some(tag),
            }
            left = rest.get(1..).unwrap_or_default();
        }
    }
}
