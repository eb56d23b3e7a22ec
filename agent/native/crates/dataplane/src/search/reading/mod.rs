//! Reads what talks hand over: bodies are unpacked and decoded, each part by itself, and shown to detectors as text.
//!
//! A talk that knows its protocol takes over: from then on detectors see the texts it hands over instead of the stream. A
//! body goes through readers, one inside the other (`body`): what packs, what divides into parts, and at the end `text`,
//! which makes UTF-8 of it. `crossborder/engine/portable/search/reading` reads the same in Python, files excepted.

mod archive;
mod base64;
mod body;
mod charset;
mod compose;
mod escapes;
mod file;
mod mediatype;
mod message;
mod multipart;
mod office;
mod page;
mod pdf;
mod stream;
mod text;
mod unpack;
mod vietnamese;
mod workbook;
mod xml;

use std::sync::Arc;

use memchr::memchr;

use super::definition::Detectors;
use super::found::Found;
use body::Reader;
pub use body::{Body, MessageOf};
use escapes::{Escapes, Stage};
use page::Page;
pub use page::{Limit, Limits};
pub use stream::Clear;
use stream::Stream;

/// Who reads what goes out of one flow, for detectors.
pub struct Reading {
    page: Page,
    /// What goes out as long as no talk hands over what is said.
    stream: Stream,
    taken: bool,
    /// A talk has given back so many bytes at the end of what it was fed last.
    given_back: Option<usize>,
    body: Option<Box<dyn Reader>>,
}

impl Reading {
    /// Begins with nothing read.
    #[must_use]
    pub fn new(detectors: &Arc<Detectors>) -> Self {
        Self { page: Page::new(detectors), stream: Stream::default(), taken: false, given_back: None, body: None }
    }

    /// Has the next text searched by other detectors.
    pub fn search_for(&mut self, detectors: &Arc<Detectors>) {
        self.page.search_for(detectors);
    }

    /// Learns that bytes come, which talks hear first.
    pub fn begin_piece(&mut self) {
        self.given_back = None;
    }

    /// Shows the stream unless a talk has taken over: as it is, or as the `file` that it may be.
    pub fn show(&mut self, data: &[u8], clear: Clear, file: bool) {
        let given_back = self.given_back.take().map_or(data.len(), |rest| rest.min(data.len()));
        if !self.taken && given_back > 0 && !self.page.over {
            let data = data.get(data.len() - given_back..).unwrap_or_default();
            self.stream.read(&mut self.page, data, clear, file);
        }
    }

    /// Tells whether nothing more is looked at.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.page.over
    }

    /// Learns that a talk hands over what is said: what was shown before, and is not decided, is shown by it again.
    pub fn take_over(&mut self) {
        if !self.taken {
            self.taken = true;
            self.stream = Stream::default();
            self.page.drop_undecided();
        }
    }

    /// Learns that the talk that took over knows no more; `rest`: bytes of what it was fed last that it did not hand over.
    pub fn give_back(&mut self, rest: usize) {
        if self.taken {
            self.finish();
            self.taken = false;
            self.given_back = Some(rest);
        }
    }

    /// Takes text that stands by itself between bodies: heads, commands.
    pub fn text(&mut self, text: &[u8]) {
        if self.taken {
            self.end_body();
            self.page.put(text);
        }
    }

    /// Takes the head of a message, a text of its own; of a request the target is read as it is meant (RFC 3986 2.1).
    pub fn head(&mut self, head: &[u8]) {
        let (first, rest) = head.split_at_checked(memchr(b'\n', head).unwrap_or(head.len())).unwrap_or((head, &[]));
        let target = memchr(b'?', first).unwrap_or(first.len());
        let (path, query) = first.split_at_checked(target).unwrap_or((first, &[]));
        let mut plain = Vec::with_capacity(first.len());
        Escapes::percent().turn(path, true, &mut plain);
        Escapes::form().turn(query, true, &mut plain);
        self.text(&plain);
        self.text(rest);
        self.end_text();
    }

    /// Learns that another text begins.
    pub fn end_text(&mut self) {
        if self.taken {
            self.end_body();
            self.page.end_text();
        }
    }

    /// Begins a body, a text of its own or several.
    pub fn begin_body(&mut self, body: &Body<'_>) {
        if self.taken && !self.page.over {
            self.end_text();
            self.body = Some(body.open(&mut self.page));
        }
    }

    /// Takes the next bytes of a body.
    pub fn body(&mut self, data: &[u8]) {
        if let Some(body) = self.body.as_mut().filter(|_| !self.page.over) {
            body.read(&mut self.page, data);
        }
    }

    /// Learns that a body is whole.
    pub fn end_body(&mut self) {
        if let Some(mut body) = self.body.take() {
            if !self.page.over {
                body.end(&mut self.page);
            }
            self.page.end_text();
        }
    }

    /// Shows no more; tells whether more would have been seen.
    pub fn hide(&mut self) -> bool {
        if self.page.over {
            return false;
        }
        self.finish();
        self.page.over = true;
        true
    }

    fn finish(&mut self) {
        self.end_body();
        self.stream.end(&mut self.page);
        self.page.end_text();
    }

    /// Takes out what was found since this was asked last; `last`: nothing follows.
    pub fn take_found(&mut self, last: bool) -> Found {
        if last && !self.page.over {
            self.finish();
        }
        self.page.take_found(last)
    }

    /// Takes out at which limits reading ended since this was asked last.
    pub fn take_limited(&mut self) -> Limits {
        self.page.take_limited()
    }
}

#[cfg(test)]
mod tests;
