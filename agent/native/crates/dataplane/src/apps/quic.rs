//! QUIC Initial packets (RFC 9000, RFC 9001, RFC 9369): headers, keys, and the CRYPTO frames inside.

use std::ops::Range;

use aes_gcm::aead::AeadInOut;
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes_gcm::{Aes128Gcm, Tag};
use hkdf::Hkdf;
use sha2::Sha256;

use super::reader::Reader;

pub const V1: u32 = 0x0000_0001;
pub const V2: u32 = 0x6B33_43CF;
pub const DRAFT_29: u32 = 0xFF00_001D;

/// RFC 9000 17.2.
pub const MAX_CID: usize = 20;
/// Coalesced in one datagram that are looked at.
pub const MAX_PACKETS: usize = 8;
/// Of one packet that are looked at, runs of padding counted once.
pub const MAX_FRAMES: usize = 256;

/// Bytes sampled for header protection (RFC 9001 5.4.2).
const SAMPLE: usize = 16;
const TAG: usize = 16;

/// All frames an Initial may carry but CONNECTION_CLOSE (RFC 9000 12.4).
mod frame {
    pub const PADDING: u64 = 0x00;
    pub const PING: u64 = 0x01;
    pub const ACK: u64 = 0x02;
    pub const ACK_ECN: u64 = 0x03;
    pub const CRYPTO: u64 = 0x06;
}

/// What differs between versions.
struct Flavour {
    salt: &'static [u8; 20],
    /// Labels of key, iv and hp, as HKDF-Expand-Label takes them (RFC 8446 7.1): length, label, no context.
    labels: [&'static [u8]; 3],
    /// The packet type that means Initial.
    initial: u8,
}

const QUIC_LABELS: [&[u8]; 3] =
    [b"\x00\x10\x0etls13 quic key\0", b"\x00\x0c\x0dtls13 quic iv\0", b"\x00\x10\x0dtls13 quic hp\0"];
const QUIC_2_LABELS: [&[u8]; 3] =
    [b"\x00\x10\x10tls13 quicv2 key\0", b"\x00\x0c\x0ftls13 quicv2 iv\0", b"\x00\x10\x0ftls13 quicv2 hp\0"];

/// RFC 9001 5.2.
const FLAVOUR_1: Flavour = Flavour {
    salt: b"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a",
    labels: QUIC_LABELS,
    initial: 0,
};
/// RFC 9369 3.3.
const FLAVOUR_2: Flavour = Flavour {
    salt: b"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9",
    labels: QUIC_2_LABELS,
    initial: 1,
};
/// draft-ietf-quic-tls-29 to 32.
const FLAVOUR_29: Flavour = Flavour {
    salt: b"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99",
    labels: QUIC_LABELS,
    initial: 0,
};
/// draft-ietf-quic-tls-23 to 28.
const FLAVOUR_23: Flavour = Flavour {
    salt: b"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02",
    labels: QUIC_LABELS,
    initial: 0,
};

const fn flavour(version: u32) -> Option<&'static Flavour> {
    match version {
        V1 => Some(&FLAVOUR_1),
        V2 => Some(&FLAVOUR_2),
        DRAFT_29..=0xFF00_0020 => Some(&FLAVOUR_29),
        0xFF00_0017..DRAFT_29 => Some(&FLAVOUR_23),
        _ => None,
    }
}

/// Whose packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

/// Keys of one direction's Initial packets: AES-128-GCM key, its nonce base, and the header protection key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InitialKeys {
    pub key: [u8; 16],
    pub iv: [u8; 12],
    pub hp: [u8; 16],
}

/// A protected Initial packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Initial<'a> {
    pub version: u32,
    pub dcid: &'a [u8],
    pub packet: &'a [u8],
    /// Where in the packet its protected number begins.
    pub number_at: usize,
}

/// The content of a CRYPTO frame and where in the handshake it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    pub offset: u64,
    pub data: &'a [u8],
}

/// The keys that protect the Initial packets a side sends (RFC 9001 5.2, RFC 9369 3.3); None for an unknown version.
///
/// `dcid` is the destination connection id of the client's first Initial (or of its first after a Retry).
#[must_use]
pub fn initial_keys(version: u32, dcid: &[u8], side: Side) -> Option<InitialKeys> {
    let flavour = flavour(version)?;
    let label: &[u8] = match side {
        Side::Client => b"\x00\x20\x0ftls13 client in\0",
        Side::Server => b"\x00\x20\x0ftls13 server in\0",
    };
    let mut secret = [0; 32];
    Hkdf::<Sha256>::new(Some(flavour.salt), dcid).expand(label, &mut secret).ok()?;
    let secret = Hkdf::<Sha256>::from_prk(&secret).ok()?;
    let mut keys = InitialKeys::default();
    let [key, iv, hp] = flavour.labels;
    secret.expand(key, &mut keys.key).ok()?;
    secret.expand(iv, &mut keys.iv).ok()?;
    secret.expand(hp, &mut keys.hp).ok()?;
    Some(keys)
}

/// Tells whether a datagram begins with a long header of a version that exists, or negotiates one (RFC 8999).
#[must_use]
pub fn looks_like_quic(datagram: &[u8]) -> bool {
    let mut reader = Reader::new(datagram);
    let (Some(0x80..), Some(version)) = (reader.u8(), reader.u32()) else { return false };
    if version != 0 && !is_known(version) {
        return false;
    }
    let mut cid_fits = || reader.block8().is_some_and(|cid| cid.len() <= MAX_CID);
    if !cid_fits() || !cid_fits() {
        return false;
    }
    let (offered, rest) = reader.left().as_chunks();
    let exists = |offered: &[u8; 4]| matches!(u32::from_be_bytes(*offered), V1 | V2 | DRAFT_29);
    version != 0 || (rest.is_empty() && offered.iter().any(exists)) // version negotiation (RFC 9000 17.2.1)
}

/// A version that has a flavour, a draft, or one that Facebook or Google used.
fn is_known(version: u32) -> bool {
    flavour(version).is_some()
        || matches!(version >> 8, 0x00FF_0000 | 0x00FA_CEB0)
        || matches!(version.to_be_bytes(), [b'Q', b'0', b'4' | b'5', _] | [b'T', b'0', b'5', _])
}

/// The Initial packets coalesced in a datagram (RFC 9000 12.2, 17.2.2) whose keys can be known.
pub fn initials(datagram: &[u8]) -> impl Iterator<Item = Initial<'_>> {
    let mut left = datagram;
    let packets = std::iter::from_fn(move || {
        let (packet, rest) = first_packet(left)?;
        left = rest;
        Some(packet)
    });
    packets.take(MAX_PACKETS).flatten()
}

/// Splits the first packet off a datagram; None inside when it is no Initial, None when no packet's end can be known.
fn first_packet(datagram: &[u8]) -> Option<(Option<Initial<'_>>, &[u8])> {
    let mut reader = Reader::new(datagram);
    let first = reader.u8().filter(|first| first & 0xC0 == 0xC0)?; // a short header ends the datagram
    let version = reader.u32()?;
    let initial = flavour(version)?.initial;
    let kind = first >> 4 & 3;
    if kind == (initial + 3) % 4 {
        return None; // Retry has no length (RFC 9000 17.2.5)
    }
    let dcid = reader.block8()?;
    reader.block8()?; // source connection id
    if kind == initial {
        let token = reader.varint()?;
        reader.take(usize::try_from(token).ok()?)?;
    }
    let length = reader.varint()?;
    let number_at = datagram.len() - reader.left().len();
    reader.take(usize::try_from(length).ok()?)?;
    let (packet, rest) = datagram.split_at_checked(datagram.len() - reader.left().len())?;
    let known = kind == initial && dcid.len() <= MAX_CID;
    Some((known.then_some(Initial { version, dcid, packet, number_at }), rest))
}

/// Takes header protection and encryption off (RFC 9001 5.3, 5.4); None when the keys do not fit.
///
/// The packet is opened in `room`; returned is where in it the payload lies.
pub fn open_initial(packet: &Initial<'_>, keys: &InitialKeys, room: &mut Vec<u8>) -> Option<Range<usize>> {
    let sample: [u8; SAMPLE] = *packet.packet.get(packet.number_at + 4..)?.first_chunk()?;
    let mut mask = sample.into();
    Aes128::new(&keys.hp.into()).encrypt_block(&mut mask);
    let [m0, mask @ ..] = <[u8; SAMPLE]>::from(mask);

    room.clear();
    room.extend_from_slice(packet.packet);
    let first = room.first_mut()?;
    *first ^= m0 & 0x0F;
    let size = usize::from(*first & 3) + 1;
    let (header, sealed) = room.split_at_mut_checked(packet.number_at + size)?;
    let mut nonce = keys.iv;
    let tail = nonce.iter_mut().skip(keys.iv.len() - size);
    let (_, number) = header.split_at_mut_checked(packet.number_at)?;
    for ((byte, mask), place) in number.iter_mut().zip(mask).zip(tail) {
        *byte ^= mask;
        *place ^= *byte;
    }
    let (content, tag) = sealed.split_last_chunk_mut::<TAG>()?;
    let payload = header.len()..header.len() + content.len();
    let cipher = Aes128Gcm::new(&keys.key.into());
    cipher.decrypt_inout_detached(&nonce.into(), header, content.into(), &Tag::from(*tag)).ok()?;
    Some(payload)
}

/// The CRYPTO frames of an Initial's payload (RFC 9000 12.4, 19); a frame that does not belong ends it, and so does one
/// that claims more than there is.
pub fn crypto_pieces(payload: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut reader = Reader::new(payload);
    let frames = std::iter::from_fn(move || next_frame(&mut reader));
    frames.take(MAX_FRAMES).flatten()
}

/// Reads a frame; None inside when it is none of CRYPTO.
fn next_frame<'a>(reader: &mut Reader<'a>) -> Option<Option<Piece<'a>>> {
    let kind = reader.varint()?;
    match kind {
        frame::PADDING => {
            let zeros = reader.left().iter().take_while(|byte| **byte == 0).count();
            reader.take(zeros)?;
        }
        frame::PING => {}
        frame::ACK | frame::ACK_ECN => skip_ack(reader, kind)?,
        frame::CRYPTO => {
            let offset = reader.varint()?;
            let size = reader.varint()?;
            return Some(Some(Piece { offset, data: reader.take(usize::try_from(size).ok()?)? }));
        }
        _ => return None,
    }
    Some(None)
}

/// Skips an ACK frame (RFC 9000 19.3).
fn skip_ack(reader: &mut Reader<'_>, kind: u64) -> Option<()> {
    reader.varint()?; // largest acknowledged
    reader.varint()?; // delay
    let ranges = reader.varint()?;
    reader.varint()?; // first range
    for _ in 0..ranges.saturating_mul(2) {
        reader.varint()?;
    }
    for _ in 0..if kind == frame::ACK_ECN { 3 } else { 0 } {
        reader.varint()?;
    }
    Some(())
}
