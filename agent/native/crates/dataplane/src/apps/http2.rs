//! HTTP/2 without TLS (RFC 9113): how much goes out, and DNS questions inside (RFC 8484).
//!
//! Header fields are compressed (HPACK, RFC 7541) and are not read: host, method and path stay unknown.

use super::dns;
use super::dnstalk::DnsDatagrams;
use super::talk::{Scene, Step, Talk};

/// RFC 9113 3.4.
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// RFC 9113 4.1.
const FRAME_HEADER: usize = 9;
const DATA: u8 = 0;
/// Bytes of a DATA frame that may be a DNS message.
const MAX_MESSAGE: usize = 4096;

/// Tells whether bytes begin with the client's preface; None when more are needed.
#[must_use]
pub fn looks_like_http2(head: &[u8]) -> Option<bool> {
    match head.get(..PREFACE.len()) {
        Some(head) => Some(head == PREFACE),
        None if PREFACE.starts_with(head) => None,
        None => Some(false),
    }
}

/// One direction.
#[derive(Default)]
struct Side {
    /// Of each frame its header is kept, and a small DATA frame whole.
    held: Vec<u8>,
    skip: u64,
    begun: bool,
}

impl Side {
    /// How many bytes of what comes next are kept.
    fn wanted(&self) -> usize {
        let Some(([a, b, c, kind, ..], _)) = self.held.split_first_chunk::<FRAME_HEADER>() else {
            return FRAME_HEADER;
        };
        if !self.begun && PREFACE.starts_with(self.held.get(..FRAME_HEADER).unwrap_or_default()) {
            return PREFACE.len();
        }
        let size = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        FRAME_HEADER + if *kind == DATA && size <= MAX_MESSAGE { size } else { 0 }
    }
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
                read(side, scene, outward);
                side.held.clear();
            }
        }
        Step::More
    }

    /// Gives that direction up: frames have no mark to find them again by.
    fn gap(&mut self, _scene: &mut Scene<'_>, outward: bool) {
        if let Some(side) = self.sides.get_mut(usize::from(outward)) {
            *side = Side { held: Vec::new(), skip: 1 << 62, begun: true };
        }
    }
}

/// Reads what is kept of a frame.
fn read(side: &mut Side, scene: &mut Scene<'_>, outward: bool) {
    let Some(([a, b, c, kind, ..], message)) = side.held.split_first_chunk::<FRAME_HEADER>() else { return };
    if !std::mem::replace(&mut side.begun, true) && side.held.starts_with(&PREFACE[..FRAME_HEADER]) {
        return;
    }
    let size = u32::from_be_bytes([0, *a, *b, *c]);
    side.skip = u64::from(size) - message.len() as u64;
    if *kind != DATA {
        return;
    }
    if outward {
        scene.names.add_upload(size.into()); // padding included, where there is any
    }
    if !message.is_empty() && dns::looks_like_dns(message, message.len()) == Some(true) {
        DnsDatagrams::default().feed(scene, outward, message);
    }
}
