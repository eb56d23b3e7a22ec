//! Speaks TLS and QUIC in tests: hellos made by hand, and a scene in which talks hear them.

#![allow(dead_code)] // each test takes what it needs

use aes_gcm::Aes128Gcm;
use aes_gcm::aead::AeadInOut;
use aes_gcm::aes::Aes128;
use aes_gcm::aes::cipher::{BlockCipherEncrypt, KeyInit};
use dataplane::apps::quic::{Side, V1, V2, initial_keys};
use dataplane::apps::talk::{Scene, Step, Talk};
use dataplane::names::dns::DnsLog;
use dataplane::names::transfers::Transfers;
use dataplane::names::{Ech, Names, Source, Text};

/// What is known after a play.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub server: Option<(String, Source)>,
    pub alpn: Option<String>,
    pub ja4: Option<String>,
    pub version: Option<String>,
    pub ech: Option<Ech>,
    pub subject: Option<String>,
    pub issuer: Option<String>,
}

impl Told {
    pub fn name(&self) -> &str {
        self.server.as_ref().map_or("", |(name, _)| name)
    }
}

/// One thing that happens: bytes of a direction (true: outward), or bytes lost there.
#[derive(Clone)]
pub enum Event<'a> {
    Data(bool, &'a [u8]),
    Gap(bool),
}

/// Plays events to a talk until it is done; returns what is known and whether it was done.
pub fn play<'a>(talk: &mut dyn Talk, events: impl IntoIterator<Item = Event<'a>>) -> (Told, bool) {
    let (mut names, mut dns, mut transfers) = (Names::default(), DnsLog::default(), Transfers::default());
    let mut scene =
        Scene { names: &mut names, dns: &mut dns, transfers: &mut transfers, flow: None, ends: None, reading: None };
    let done = events.into_iter().any(|event| match event {
        Event::Data(outward, data) => talk.feed(&mut scene, outward, data) == Step::Done,
        Event::Gap(outward) => {
            talk.gap(&mut scene, outward);
            false
        }
    });
    let text = |column| names.text(column).map(str::to_owned);
    let told = Told {
        server: names.server().map(|(name, source)| (name.to_owned(), source)),
        alpn: text(Text::Alpn),
        ja4: text(Text::Ja4),
        version: names.tls_version.map(|version| dataplane::apps::tls::version_name(version).into()),
        ech: names.ech,
        subject: text(Text::CertSubject),
        issuer: text(Text::CertIssuer),
    };
    (told, done)
}

/// Plays lines, each cut into pieces of at most so many bytes.
pub fn hear(talk: &mut dyn Talk, lines: &[(bool, Vec<u8>)], piece: usize) -> Told {
    let pieces = lines.iter().flat_map(|(way, line)| line.chunks(piece).map(|data| Event::Data(*way, data)));
    play(talk, pieces).0
}

pub fn block8(data: &[u8]) -> Vec<u8> {
    [&[data.len() as u8], data].concat()
}

pub fn block16(data: &[u8]) -> Vec<u8> {
    [&(data.len() as u16).to_be_bytes(), data].concat()
}

pub fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &block16(body)].concat()
}

pub fn server_name(name: &[u8]) -> Vec<u8> {
    extension(0, &block16(&[b"\0".as_slice(), &block16(name)].concat()))
}

pub fn alpn(protocol: &[u8]) -> Vec<u8> {
    extension(16, &block16(&block8(protocol)))
}

/// The body of a client hello.
pub fn hello_body(extensions: &[Vec<u8>], ciphers: &[u16], version: u16) -> Vec<u8> {
    let random: Vec<u8> = (0..32).collect();
    let suites: Vec<u8> = ciphers.iter().flat_map(|cipher| cipher.to_be_bytes()).collect();
    let tail = extensions.concat();
    let tail = if tail.is_empty() { tail } else { block16(&tail) };
    [&version.to_be_bytes()[..], &random, b"\0", &block16(&suites), b"\x01\0", &tail].concat()
}

pub fn hello(extensions: &[Vec<u8>]) -> Vec<u8> {
    message(1, &hello_body(extensions, &[0x1301], 0x0303))
}

pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&((u32::from(kind) << 24) | body.len() as u32).to_be_bytes()[..], body].concat()
}

pub fn record(kind: u8, payload: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1], &block16(payload)[..]].concat()
}

pub fn server_hello(version: u16) -> Vec<u8> {
    message(2, &[&version.to_be_bytes()[..], &[0; 32], b"\0\x13\x01\0"].concat())
}

/// The connection id of the standards' examples (RFC 9001 A).
pub const DCID: [u8; 8] = [0x83, 0x94, 0xC8, 0xF0, 0x3E, 0x51, 0x57, 0x08];

fn varint(value: usize) -> Vec<u8> {
    if value < 1 << 14 {
        (value as u16 | 0x4000).to_be_bytes().to_vec()
    } else {
        (value as u32 | 0x8000_0000).to_be_bytes().to_vec()
    }
}

/// A CRYPTO frame with a part of a handshake, up to its end at most.
pub fn crypto(handshake: &[u8], start: usize, stop: usize) -> Vec<u8> {
    let piece = &handshake[start..stop.min(handshake.len())];
    [&b"\x06"[..], &varint(start), &varint(piece.len()), piece].concat()
}

/// What a packet is made of beside its payload.
#[derive(Clone, Copy)]
pub struct Made<'a> {
    pub number: u32,
    pub version: u32,
    pub dcid: &'a [u8],
    pub scid: &'a [u8],
    pub token: &'a [u8],
    pub keys_of: &'a [u8],
}

pub const MADE: Made<'static> =
    Made { number: 0, version: V1, dcid: &DCID, scid: b"abcd", token: b"tk", keys_of: &DCID };

/// A protected Initial packet of a client, made as RFC 9001 5 says.
pub fn initial(payload: &[u8], made: Made<'_>) -> Vec<u8> {
    let keys = initial_keys(made.version, made.keys_of, Side::Client).unwrap();
    let mut content = payload.to_vec();
    content.resize(payload.len().max(24), 0);
    let first = if made.version == V2 { 0xD3 } else { 0xC3 };
    let mut packet = [&[first][..], &made.version.to_be_bytes()].concat();
    packet.extend([&[made.dcid.len() as u8], made.dcid, &[made.scid.len() as u8], made.scid].concat());
    packet.extend([&[made.token.len() as u8], made.token, &varint(content.len() + 20)].concat());
    let at = packet.len();
    packet.extend(made.number.to_be_bytes());
    let mut nonce = keys.iv;
    nonce.iter_mut().rev().zip(made.number.to_le_bytes()).for_each(|(place, byte)| *place ^= byte);
    let cipher = Aes128Gcm::new(&keys.key.into());
    let tag = cipher.encrypt_inout_detached(&nonce.into(), &packet, content.as_mut_slice().into()).unwrap();
    packet.extend(content);
    packet.extend(tag);
    let mut mask = <[u8; 16]>::try_from(&packet[at + 4..at + 20]).unwrap().into();
    Aes128::new(&keys.hp.into()).encrypt_block(&mut mask);
    packet[0] ^= mask[0] & 0x0F;
    (0..4).for_each(|i| packet[at + i] ^= mask[1 + i]);
    packet
}

/// An element of DER whose content is shorter than 64 KiB.
pub fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let size = content.len() as u16;
    let head = if size < 128 { vec![tag, size as u8] } else { [&[tag, 0x82], &size.to_be_bytes()[..]].concat() };
    [head, content.to_vec()].concat()
}

pub fn attribute(oid: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
    der(0x30, &[der(6, oid), der(tag, value)].concat())
}

pub fn name(relative: &[Vec<u8>]) -> Vec<u8> {
    der(0x30, &relative.iter().flat_map(|attributes| der(0x31, attributes)).collect::<Vec<_>>())
}

pub fn certificate(issuer: &[u8], subject: &[u8]) -> Vec<u8> {
    let fields = [&der(0xA0, &der(2, b"\x02")), &der(2, b"\x01"), &der(0x30, b""), issuer, &der(0x30, b""), subject];
    der(0x30, &[der(0x30, &fields.concat()), vec![0; 9]].concat())
}

pub const CN: &[u8] = b"\x55\x04\x03";
pub const O: &[u8] = b"\x55\x04\x0a";
pub const C: &[u8] = b"\x55\x04\x06";
