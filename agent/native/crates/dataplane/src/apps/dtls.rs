//! DTLS 1.0 to 1.3 (RFC 6347, RFC 9147): the client's hello, put together from its fragments.

use super::handshakes::Pieces;
use super::ja4::Transport;
use super::reader::Reader;
use super::talk::{Scene, Step, Talk};
use super::tls::{self, handshake, record};
use super::tlstalk::note_client_hello;
use crate::names::{Names, Source};

/// RFC 6347 4.1.
pub const RECORD_HEADER: usize = 13;
/// Bytes of a fragmented hello.
pub const MAX_HELLO: u32 = 16_384;
/// Fragments of it.
pub const MAX_FRAGMENTS: usize = 64;
/// Bytes of fragments kept: they may overlap.
pub const MAX_KEPT: usize = 65_536;
/// After which a hello that has not come is not waited for.
pub const MAX_DATAGRAMS: u8 = 64;

/// Tells whether a datagram begins with a DTLS record that fits into it.
#[must_use]
pub fn looks_like_dtls(datagram: &[u8]) -> bool {
    let Some((header, content)) = datagram.split_first_chunk::<RECORD_HEADER>() else { return false };
    let [kind, major, minor, .., high, low] = *header;
    (record::CHANGE_CIPHER_SPEC..=record::HEARTBEAT).contains(&kind)
        && matches!((major, minor), (0xFE, 0xFF | 0xFD)) // on the wire DTLS 1.3 says 1.2 (RFC 9147 5.3)
        && (1..=content.len()).contains(&usize::from(u16::from_be_bytes([high, low])))
}

/// A part of a handshake message (RFC 6347 4.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment<'a> {
    pub kind: u8,
    /// Bytes of the whole message.
    pub whole: u32,
    pub offset: u32,
    pub data: &'a [u8],
}

/// The fragments of epoch 0 in a datagram, up to the first thing that does not fit.
pub fn handshake_fragments(datagram: &[u8]) -> impl Iterator<Item = Fragment<'_>> {
    let mut records = Reader::new(datagram);
    let mut record = Reader::new(&[]);
    std::iter::from_fn(move || {
        while record.left().is_empty() {
            record = Reader::new(next_record(&mut records)?);
        }
        let (kind, whole) = (record.u8()?, record.u24()?);
        record.take(2)?; // number of the message
        Some(Fragment { kind, whole, offset: record.u24()?, data: record.block24()? })
    })
    .fuse()
}

/// The content of the next record; empty when it is no handshake in the clear.
fn next_record<'a>(records: &mut Reader<'a>) -> Option<&'a [u8]> {
    let kind = records.u8()?;
    records.take(2)?; // version
    let epoch = records.u16()?;
    records.take(6)?; // sequence number
    let content = records.block16()?;
    Some(if (kind, epoch) == (record::HANDSHAKE, 0) { content } else { &[] })
}

/// DTLS over UDP until both hellos are known.
#[derive(Default)]
pub struct DtlsTalk {
    pieces: Pieces,
    known: bool,
    datagrams: u8,
}

impl Talk for DtlsTalk {
    fn feed(&mut self, scene: &mut Scene<'_>, _outward: bool, data: &[u8]) -> Step {
        self.datagrams = self.datagrams.saturating_add(1);
        for fragment in handshake_fragments(data) {
            match fragment.kind {
                handshake::SERVER_HELLO => {
                    if let Some(version) = tls::parse_server_hello(fragment.data) {
                        scene.names.tls_version = Some(version);
                        return Step::Done;
                    }
                }
                handshake::CLIENT_HELLO if !self.known => self.client_hello(&fragment, scene.names),
                _ => {}
            }
        }
        if self.datagrams > MAX_DATAGRAMS { Step::Done } else { Step::More }
    }

    /// Datagrams have no gaps.
    fn gap(&mut self, _scene: &mut Scene<'_>, _outward: bool) {}
}

impl DtlsTalk {
    fn client_hello(&mut self, fragment: &Fragment<'_>, names: &mut Names) {
        let fits = fragment.offset as usize + fragment.data.len() <= fragment.whole as usize;
        if !fits || fragment.whole > MAX_HELLO || self.pieces.kept() + fragment.data.len() > MAX_KEPT {
            return;
        }
        if !self.pieces.add(fragment.offset.into(), fragment.data, MAX_FRAGMENTS) {
            return;
        }
        let joined = self.pieces.joined();
        let Some(body) = joined.get(..fragment.whole as usize) else { return };
        if let Some(hello) = tls::parse_client_hello(body, true) {
            note_client_hello(&hello, names, Source::Tls, Transport::Dtls);
        }
        self.known = true;
        self.pieces.clear();
    }
}
