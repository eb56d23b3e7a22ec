//! Speaks TLS in tests: hellos made by hand, and a scene in which talks hear them.

#![allow(dead_code)] // each test takes what it needs

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
pub enum Event<'a> {
    Data(bool, &'a [u8]),
    Gap(bool),
}

/// Plays events to a talk until it is done; returns what is known and whether it was done.
pub fn play<'a>(talk: &mut dyn Talk, events: impl IntoIterator<Item = Event<'a>>) -> (Told, bool) {
    let (mut names, mut dns, mut transfers) = (Names::default(), DnsLog::default(), Transfers::default());
    let mut scene = Scene { names: &mut names, dns: &mut dns, transfers: &mut transfers, flow: None, ends: None };
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
        version: names.tls_version.clone().map(Into::into),
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
