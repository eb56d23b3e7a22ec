//! Follows QUIC until the client's hello is known: Initial packets split, shuffled, coalesced and sent again.

use std::ops::Range;

use super::handshakes::Pieces;
use super::ja4::Transport;
use super::quic::{self, Initial, InitialKeys, Side};
use super::talk::{Scene, Step, Talk};
use super::tls::{self, handshake};
use super::tlstalk::note_client_hello;
use crate::names::{Names, Source};

/// Bytes of handshake kept.
pub const MAX_HELLO: usize = 65_536;
/// CRYPTO frames kept.
pub const MAX_PIECES: usize = 256;
/// Packets that no key opens; the server's Initials are among them.
pub const MAX_FAILURES: u16 = 32;
/// After which a hello that has not come is not waited for.
pub const MAX_DATAGRAMS: u16 = 256;

/// QUIC v1, v2 and drafts 23 to 32 over UDP, from the first Initial on.
#[derive(Default)]
pub struct QuicTalk {
    keys: Option<InitialKeys>,
    pieces: Pieces,
    failures: u16,
    datagrams: u16,
}

impl Talk for QuicTalk {
    /// Takes one datagram, of either direction: only the client's Initials open with the keys tried.
    fn feed(&mut self, scene: &mut Scene<'_>, _outward: bool, data: &[u8]) -> Step {
        self.datagrams = self.datagrams.saturating_add(1);
        let mut room = Vec::new();
        for packet in quic::initials(data) {
            let payload = self.open(&packet, &mut room).and_then(|payload| room.get(payload));
            if payload.is_some_and(|payload| self.learn(payload, scene.names)) {
                return Step::Done;
            }
        }
        let patient = self.failures <= MAX_FAILURES && self.datagrams <= MAX_DATAGRAMS;
        if patient && self.pieces.kept() <= MAX_HELLO { Step::More } else { Step::Done }
    }

    /// Datagrams have no gaps.
    fn gap(&mut self, _scene: &mut Scene<'_>, _outward: bool) {}
}

impl QuicTalk {
    /// Tries the keys that fitted before, then those of this packet's id: first Initial, or after Retry.
    fn open(&mut self, packet: &Initial<'_>, room: &mut Vec<u8>) -> Option<Range<usize>> {
        let opened = self.keys.and_then(|keys| quic::open_initial(packet, &keys, room));
        if opened.is_some() {
            return opened;
        }
        let keys =
            quic::initial_keys(packet.version, packet.dcid, Side::Client).filter(|keys| Some(*keys) != self.keys);
        let opened = keys.and_then(|keys| quic::open_initial(packet, &keys, room));
        if opened.is_some() {
            self.keys = keys;
            self.pieces.clear(); // another connection, or the same one begun again
        } else {
            self.failures = self.failures.saturating_add(1);
        }
        opened
    }

    /// Keeps what a payload brings of the handshake; tells whether the talk is over.
    fn learn(&mut self, payload: &[u8], names: &mut Names) -> bool {
        let mut new = false;
        for piece in quic::crypto_pieces(payload) {
            new |= self.pieces.add(piece.offset, piece.data, MAX_PIECES);
        }
        new && hello(&self.pieces.joined(), names)
    }
}

/// Reads the hello once it is whole; tells whether it is, or something else that ends the talk.
fn hello(joined: &[u8], names: &mut Names) -> bool {
    let Some(([kind, a, b, c], rest)) = joined.split_first_chunk() else { return false };
    let Some(body) = rest.get(..u32::from_be_bytes([0, *a, *b, *c]) as usize) else { return false };
    if *kind == handshake::CLIENT_HELLO
        && let Some(hello) = tls::parse_client_hello(body, false)
    {
        note_client_hello(&hello, names, Source::Quic, Transport::Quic);
    }
    true
}
