//! An input as a conversation of two sides: what is told must not depend on how their bytes are cut into pieces.

use std::fmt::Write;

use dataplane::apps::Conversation;
use dataplane::apps::talk::{Scene, Step, Talk};
use dataplane::model::Address;
use dataplane::names::dns::{DnsEvent, DnsLog};
use dataplane::names::transfers::{Ends, FlowRef, Transfers};
use dataplane::names::{List, Names, Text};

use crate::Input;

const TEXTS: [Text; 9] = [
    Text::Alpn,
    Text::Ja4,
    Text::CertSubject,
    Text::CertIssuer,
    Text::HttpHost,
    Text::HttpMethod,
    Text::HttpPath,
    Text::HttpContentType,
    Text::DnsRcode,
];

/// One thing that happens in a conversation.
pub struct Line<'a> {
    pub outward: bool,
    /// Bytes of this direction are missing before it.
    pub gap: bool,
    /// Bytes of a piece when it is cut, one at least.
    pub piece: usize,
    pub data: &'a [u8],
}

/// Who listens.
pub trait Ear: Default {
    /// It knows the protocol from the first.
    const KNOWS: bool;

    /// Takes bytes; false when it wants no more.
    fn feed(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> bool;
    fn gap(&mut self, scene: &mut Scene<'_>, outward: bool);
}

/// A talk alone.
#[derive(Default)]
pub struct Alone<T>(T);

impl<T: Talk + Default> Ear for Alone<T> {
    const KNOWS: bool = true;

    fn feed(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> bool {
        self.0.feed(scene, outward, data) == Step::More
    }

    fn gap(&mut self, scene: &mut Scene<'_>, outward: bool) {
        self.0.gap(scene, outward);
    }
}

/// A whole conversation, a stream or datagrams, from the probes on.
pub struct Whole<const STREAM: bool>(Conversation);

impl<const STREAM: bool> Default for Whole<STREAM> {
    fn default() -> Self {
        Self(Conversation::new(STREAM))
    }
}

impl<const STREAM: bool> Ear for Whole<STREAM> {
    const KNOWS: bool = false;

    fn feed(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> bool {
        self.0.feed(scene, outward, data)
    }

    fn gap(&mut self, scene: &mut Scene<'_>, outward: bool) {
        self.0.gap(scene, outward);
    }
}

/// The lines of an input: direction, gap and size of pieces in a byte, length in two, and the bytes.
pub fn lines(data: &[u8]) -> Vec<Line<'_>> {
    let (mut input, mut lines) = (Input(data), Vec::new());
    while !input.0.is_empty() {
        let head = input.u8();
        let size = input.u16();
        let data = input.take(size.into());
        lines.push(Line { outward: head & 1 != 0, gap: head & 2 != 0, piece: usize::from(head >> 2) + 1, data });
    }
    lines
}

/// What is told of lines, cut into their pieces or as they are.
pub fn told<E: Ear>(lines: &[Line<'_>], cut: bool) -> (Option<&'static str>, String) {
    let (mut names, mut dns, mut transfers) = (Names::default(), DnsLog::default(), Transfers::default());
    let ends = Ends { server: Address::v4([203, 0, 113, 9]), client: Address::v4([10, 1, 0, 5]) };
    let (flow, ends) = (Some(FlowRef { slot: 1, generation: 1 }), Some(ends));
    let mut scene = Scene { names: &mut names, dns: &mut dns, transfers: &mut transfers, flow, ends, reading: None };
    let mut ear = E::default();
    hear(&mut ear, &mut scene, lines, cut);
    let mut told = if E::KNOWS { format!("{names:?} {:?}", names.inspected(true)) } else { certain(&names) };
    let _ = write!(told, " {}", transfers.is_empty());
    for event in &dns.events {
        let _ = match event {
            DnsEvent::Learn { address, name, .. } => write!(told, " {address} is {name}"),
            DnsEvent::Ask { address, .. } => write!(told, " {address}?"),
        };
    }
    (names.app_protocol, told)
}

/// What is known of a whole conversation however it is cut.
///
/// Whether an unknown protocol can be read is judged by what had come when the last probe said no, and the type of a file
/// is noted while probes still wait; so these two tell of the pieces.
fn certain(names: &Names) -> String {
    let mut told = format!("{:?} {:?}", names.app_protocol, names.server());
    if names.app_protocol.is_some() {
        let lists = [List::DnsQuery, List::MailDomains, List::FileNames, List::TlsSan].map(|column| names.list(column));
        let texts = TEXTS.map(|column| names.text(column));
        let Names { tls_version, ech, http_upload_bytes, .. } = names;
        let _ = write!(told, " {lists:?} {texts:?} {tls_version:?} {ech:?} {http_upload_bytes:?}");
        let _ = write!(told, " {:?}", names.inspected(true));
    }
    told
}

/// After a gap nothing is cut: talks wait for a piece that begins like a message, so where one begins says something.
fn hear(ear: &mut impl Ear, scene: &mut Scene<'_>, lines: &[Line<'_>], mut cut: bool) {
    for Line { outward, gap, piece, data } in lines {
        if *gap {
            ear.gap(scene, *outward);
            cut = false;
        }
        let piece = if cut { *piece } else { usize::MAX };
        if !data.chunks(piece).all(|data| ear.feed(scene, *outward, data)) {
            return;
        }
    }
}

/// Checks that the cutting makes no difference.
///
/// Of a stream that could be two protocols the first probe with an answer decides, and that may be another when less had
/// come. But a protocol is known or not, however it is cut, and what is told of the same is the same.
pub fn check_cuts<E: Ear>(data: &[u8]) {
    let lines = lines(data);
    let ((protocol, whole), (other, cut)) = (told::<E>(&lines, false), told::<E>(&lines, true));
    assert_eq!(protocol.is_some(), other.is_some());
    if protocol == other {
        assert_eq!(whole, cut);
    }
}
