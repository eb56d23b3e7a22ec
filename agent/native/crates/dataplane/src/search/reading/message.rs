//! A mail message (RFC 5322): its head with encoded words read (RFC 2047), then its body by what the head says of it.

use super::body::{Body, Reader};
use super::page::{Limit, Page};
use crate::apps::encodedwords::decoded;
use crate::apps::http::{Field, Fields, Lines, head_end};

/// Bytes of the head of a message.
const MAX_HEAD: usize = 65_536;

/// Reads one message.
pub struct Message {
    depth: u8,
    /// The head that is not whole, a line feed before it.
    held: Vec<u8>,
    body: Option<Box<dyn Reader>>,
}

impl Message {
    pub fn new(depth: u8) -> Self {
        Self { depth, held: b"\n".to_vec(), body: None }
    }

    fn begin(&mut self, page: &mut Page, last: bool) {
        let near = self.held.get(..MAX_HEAD).unwrap_or(&self.held);
        let end = match head_end(near, 0) {
            Some(end) => end,
            None if near.len() < MAX_HEAD && last => near.len(),
            None if near.len() < MAX_HEAD => return,
            None => {
                page.meet(Limit::Memory);
                MAX_HEAD
            }
        };
        let held = std::mem::take(&mut self.held);
        let (head, rest) = held.split_at_checked(end).unwrap_or((&held, &[]));
        let head = head.get(1..).unwrap_or_default();
        page.put(&plain(head));
        page.end_text();
        let fields = Fields::read(Lines { left: Some(head) });
        let body = Body {
            content_type: fields.get(Field::ContentType),
            encoding: fields.get(Field::ContentEncoding),
            mail_encoding: fields.get(Field::ContentTransferEncoding),
            depth: self.depth + 1,
            ..Body::default()
        };
        let mut body = body.open(page);
        body.read(page, rest);
        self.body = Some(body);
    }
}

impl Reader for Message {
    fn read(&mut self, page: &mut Page, data: &[u8]) {
        match &mut self.body {
            Some(body) => body.read(page, data),
            None => {
                self.held.extend_from_slice(data);
                self.begin(page, false);
            }
        }
    }

    fn end(&mut self, page: &mut Page) {
        if self.body.is_none() {
            self.begin(page, true);
        }
        if let Some(body) = &mut self.body {
            body.end(page);
        }
    }
}

/// A head with its encoded words read, field by field; a line that goes on is one with the line before.
fn plain(head: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(head.len());
    let mut field: Vec<u8> = Vec::new();
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        if !matches!(line.first(), Some(b' ' | b'\t')) {
            read(&field, &mut text);
            field.clear();
        }
        field.extend_from_slice(line);
    }
    read(&field, &mut text);
    text
}

/// Reads a field; its last line end stays.
fn read(field: &[u8], text: &mut Vec<u8>) {
    let size = field.iter().rposition(|byte| !b"\r\n".contains(byte)).map_or(0, |last| last + 1);
    let (field, end) = field.split_at_checked(size).unwrap_or((field, &[]));
    text.extend_from_slice(&decoded(field));
    text.extend_from_slice(end);
}
