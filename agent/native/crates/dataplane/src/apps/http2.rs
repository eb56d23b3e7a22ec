//! HTTP/2 without TLS (RFC 9113): who is asked for what, how much goes out, and DNS questions inside (RFC 8484).

use std::borrow::Cow;

use super::dns;
use super::dnstalk::DnsDatagrams;
use super::hpack::{FieldTable, MAX_BLOCK};
use super::http::{Field, Fields, Head};
use super::httptalk::{note_body, note_request};
use super::talk::{Scene, Step, Talk};

/// RFC 9113 3.4.
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// RFC 9113 4.1.
const FRAME_HEADER: usize = 9;
/// Bytes of a DATA frame that may be a DNS message.
const MAX_MESSAGE: usize = 4096;

/// Kinds of frames (RFC 9113 6).
mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const PUSH_PROMISE: u8 = 5;
    pub const CONTINUATION: u8 = 9;
}

/// Flags of frames that hold fields (RFC 9113 6.2).
mod flag {
    pub const END_STREAM: u8 = 0x01;
    pub const END_HEADERS: u8 = 0x04;
    pub const PADDED: u8 = 0x08;
    pub const PRIORITY: u8 = 0x20;
}

/// Tells whether bytes begin with the client's preface; None when more are needed.
#[must_use]
pub fn looks_like_http2(head: &[u8]) -> Option<bool> {
    match head.get(..PREFACE.len()) {
        Some(head) => Some(head == PREFACE),
        None if PREFACE.starts_with(head) => None,
        None => Some(false),
    }
}

/// Bytes of a frame of this kind up to which it is kept; None where it is not looked at.
const fn kept(kind: u8) -> Option<usize> {
    match kind {
        kind::DATA => Some(MAX_MESSAGE),
        kind::HEADERS | kind::PUSH_PROMISE | kind::CONTINUATION => Some(MAX_BLOCK),
        _ => None,
    }
}

/// What a frame holds of a block of fields (RFC 9113 6.2, 6.6, 6.10); None when it contradicts itself.
fn fragment_of(kind: u8, flags: u8, payload: &[u8]) -> Option<&[u8]> {
    if kind == kind::CONTINUATION {
        return Some(payload);
    }
    let (padding, payload) = match payload.split_first() {
        Some((padding, rest)) if flags & flag::PADDED != 0 => (usize::from(*padding), rest),
        _ => (0, payload),
    };
    let before = match kind {
        kind::PUSH_PROMISE => 4,
        _ if flags & flag::PRIORITY != 0 => 5,
        _ => 0,
    };
    payload.get(before..payload.len().checked_sub(padding)?)
}

/// One direction.
struct Side {
    /// Of each frame its header, and a small one of some kinds whole.
    held: Vec<u8>,
    skip: u64,
    begun: bool,
    /// None: fields cannot be read any more.
    table: Option<Box<FieldTable>>,
    /// Of fields that is not whole.
    block: Vec<u8>,
    /// Kind and flags of the frame that began it.
    opened: (u8, u8),
}

impl Default for Side {
    fn default() -> Self {
        let opened = (kind::HEADERS, 0);
        Self { held: Vec::new(), skip: 0, begun: false, table: Some(Box::default()), block: Vec::new(), opened }
    }
}

impl Side {
    /// How many bytes of what comes next are kept.
    fn wanted(&self) -> usize {
        let Some(([a, b, c, kind, ..], _)) = self.held.split_first_chunk::<FRAME_HEADER>() else {
            return FRAME_HEADER;
        };
        if !self.begun && is_preface(&self.held) {
            return PREFACE.len();
        }
        let size = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        FRAME_HEADER + kept(*kind).filter(|most| size <= *most).map_or(0, |_| size)
    }

    fn lose_fields(&mut self) {
        self.table = None;
        self.block = Vec::new();
    }

    /// Takes a frame of fields; returns them once their block is whole.
    fn fields(&mut self, kind: u8, flags: u8, payload: &[u8]) -> Option<Said> {
        let table = self.table.as_mut()?;
        if kind != kind::CONTINUATION {
            self.opened = (kind, flags);
            self.block.clear();
        }
        let fragment = fragment_of(kind, flags, payload).filter(|more| self.block.len() + more.len() <= MAX_BLOCK);
        let Some(fragment) = fragment else {
            self.lose_fields();
            return None;
        };
        self.block.extend_from_slice(fragment);
        if flags & flag::END_HEADERS == 0 {
            return None;
        }
        let mut said = Said::default();
        let read = table.read(&self.block, |name, value| said.take(name, value));
        self.block.clear();
        if read.is_none() {
            self.lose_fields();
        }
        read.map(|()| said)
    }
}

/// The fields that are looked at, the first of equal ones.
#[derive(Default)]
struct Said {
    method: Option<Box<[u8]>>,
    path: Option<Box<[u8]>>,
    authority: Option<Box<[u8]>>,
    host: Option<Box<[u8]>>,
    media_type: Option<Box<[u8]>>,
    disposition: Option<Box<[u8]>>,
}

impl Said {
    fn take(&mut self, name: &[u8], value: &[u8]) {
        let place = match name {
            b":method" => &mut self.method,
            b":path" => &mut self.path,
            b":authority" => &mut self.authority,
            b"host" => &mut self.host,
            b"content-type" => &mut self.media_type,
            b"content-disposition" => &mut self.disposition,
            _ => return,
        };
        place.get_or_insert_with(|| value.into());
    }

    /// Notes what the fields of a request or response say (RFC 9113 8.3).
    fn note(&self, scene: &mut Scene<'_>, outward: bool, ended: bool) {
        let [method, target, media_type, disposition] = [&self.method, &self.path, &self.media_type, &self.disposition]
            .map(|text| text.as_deref().unwrap_or_default());
        if !method.is_empty() {
            let authority = self.authority.as_deref().filter(|authority| !authority.is_empty());
            note_request(scene.names, method, target, authority.or(self.host.as_deref()).unwrap_or_default());
        }
        if outward && !ended {
            let mut fields = Fields::default();
            fields.keep(Field::ContentType, Cow::Borrowed(media_type));
            fields.keep(Field::ContentDisposition, Cow::Borrowed(disposition));
            note_body(scene.names, &Head { method, target, status: 0, fields });
        }
    }
}

fn is_preface(held: &[u8]) -> bool {
    PREFACE.first_chunk::<FRAME_HEADER>().is_some_and(|start| held.starts_with(start))
}

/// HTTP/2 with prior knowledge.
#[derive(Default)]
pub struct Http2Talk {
    sides: [Side; 2],
}

impl Talk for Http2Talk {
    fn feed(&mut self, scene: &mut Scene<'_>, outward: bool, mut data: &[u8]) -> Step {
        let Some(side) = self.sides.get_mut(usize::from(outward)) else { return Step::More };
        while !data.is_empty() {
            let skipped = side.skip.min(data.len() as u64);
            side.skip -= skipped;
            data = data.get(skipped as usize..).unwrap_or_default();
            let size = data.len().min(side.wanted() - side.held.len());
            let (piece, rest) = data.split_at_checked(size).unwrap_or((data, &[]));
            side.held.extend_from_slice(piece);
            data = rest;
            if side.held.len() >= FRAME_HEADER && side.held.len() == side.wanted() {
                let frame = std::mem::take(&mut side.held);
                read(side, scene, outward, &frame);
                side.held = frame;
                side.held.clear();
            }
        }
        Step::More
    }

    /// Gives that direction up: frames have no mark to find them again by.
    fn gap(&mut self, _scene: &mut Scene<'_>, outward: bool) {
        if let Some(side) = self.sides.get_mut(usize::from(outward)) {
            *side = Side { skip: 1 << 62, begun: true, table: None, ..Side::default() };
        }
    }
}

/// Reads what is kept of a frame.
fn read(side: &mut Side, scene: &mut Scene<'_>, outward: bool, frame: &[u8]) {
    let Some(([a, b, c, kind, flags, ..], payload)) = frame.split_first_chunk::<FRAME_HEADER>() else { return };
    if !std::mem::replace(&mut side.begun, true) && is_preface(frame) {
        return;
    }
    let size = u32::from_be_bytes([0, *a, *b, *c]);
    side.skip = u64::from(size) - payload.len() as u64;
    match *kind {
        kind::DATA => read_data(scene, outward, size, payload),
        _ if kept(*kind).is_none() => {}
        _ if side.skip > 0 => side.lose_fields(),
        kind => {
            let said = side.fields(kind, *flags, payload);
            if let Some(said) = said.filter(|_| side.opened.0 == kind::HEADERS) {
                said.note(scene, outward, side.opened.1 & flag::END_STREAM != 0);
            }
        }
    }
}

fn read_data(scene: &mut Scene<'_>, outward: bool, size: u32, message: &[u8]) {
    if outward {
        scene.names.add_upload(size.into()); // padding included, where there is any
    }
    if !message.is_empty() && dns::looks_like_dns(message, message.len()) == Some(true) {
        DnsDatagrams::default().feed(scene, outward, message);
    }
}
