//! TLS records and hellos (RFC 8446, RFC 5246, RFC 6066, RFC 7301): bytes to values.

use std::borrow::Cow;

use super::ja4::is_grease;
use super::reader::Reader;
use crate::names::Ech;

/// RFC 8446 5.1.
pub const RECORD_HEADER: usize = 5;
/// Of a hello in the format of SSL 2, its length among it.
pub const SSL2_HEADER: usize = 11;
/// RFC 5246 6.2.3, the most a TLSCiphertext may hold.
pub const MAX_RECORD: u16 = (1 << 14) + 2048;
/// Read of one hello.
pub const MAX_EXTENSIONS: usize = 128;

/// Types of records.
pub mod record {
    pub const CHANGE_CIPHER_SPEC: u8 = 20;
    pub const HANDSHAKE: u8 = 22;
    pub const APPLICATION_DATA: u8 = 23;
    pub const HEARTBEAT: u8 = 24;
}

/// Types of handshake messages.
pub mod handshake {
    pub const CLIENT_HELLO: u8 = 1;
    pub const SERVER_HELLO: u8 = 2;
    pub const CERTIFICATE: u8 = 11;
}

/// Types of extensions.
pub mod extension {
    pub const SERVER_NAME: u16 = 0;
    pub const SIGNATURE_ALGORITHMS: u16 = 13;
    pub const ALPN: u16 = 16;
    pub const SUPPORTED_VERSIONS: u16 = 43;
    /// `encrypted_client_hello` (RFC 9849).
    pub const ECH: u16 = 0xFE0D;
    /// `encrypted_server_name`, the draft before it.
    pub const ESNI: u16 = 0xFFCE;
}

/// The random value of a HelloRetryRequest (RFC 8446 4.1.3).
const RETRY: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, 0xC2, 0xA2, 0x11,
    0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

/// Outer server names of well-known ECH configurations, seen in their DNS HTTPS records.
const ECH_PUBLIC_NAMES: [&[u8]; 5] =
    [b"cloudflare-ech.com", b"crypto.cloudflare.com", b"public.tls-ech.dev", b"cover.defo.ie", b"tls-ech.dev"];

/// What a client says first. Numbers are kept as on the wire, known or not.
#[derive(Clone, Debug)]
pub struct ClientHello<'a> {
    /// The highest, GREASE left out.
    pub offered_version: u16,
    /// Cipher suites, two bytes each.
    pub ciphers: &'a [u8],
    pub extensions: ExtensionTypes,
    pub server_name: Option<&'a [u8]>,
    /// The first protocol offered.
    pub alpn: Option<&'a [u8]>,
    /// Two bytes each.
    pub signature_algorithms: &'a [u8],
    pub ech: Ech,
    /// False: the hello ends early, counts and fingerprints mean nothing.
    pub whole: bool,
}

/// The types of a hello's extensions, in order.
#[derive(Clone, Debug)]
pub struct ExtensionTypes {
    types: [u16; MAX_EXTENSIONS],
    count: usize,
}

impl Default for ExtensionTypes {
    fn default() -> Self {
        Self { types: [0; MAX_EXTENSIONS], count: 0 }
    }
}

impl ExtensionTypes {
    #[must_use]
    pub fn as_slice(&self) -> &[u16] {
        self.types.get(..self.count).unwrap_or_default()
    }

    fn push(&mut self, extension: u16) {
        if let Some(place) = self.types.get_mut(self.count) {
            *place = extension;
            self.count += 1;
        }
    }
}

/// The bodies of the extensions that are read; the first of two counts.
#[derive(Default)]
struct Bodies<'a> {
    server_name: Option<&'a [u8]>,
    alpn: Option<&'a [u8]>,
    signature_algorithms: Option<&'a [u8]>,
    supported_versions: Option<&'a [u8]>,
    ech: Option<&'a [u8]>,
    esni: Option<&'a [u8]>,
}

impl<'a> Bodies<'a> {
    fn note(&mut self, extension: u16, body: &'a [u8]) {
        let place = match extension {
            extension::SERVER_NAME => &mut self.server_name,
            extension::ALPN => &mut self.alpn,
            extension::SIGNATURE_ALGORITHMS => &mut self.signature_algorithms,
            extension::SUPPORTED_VERSIONS => &mut self.supported_versions,
            extension::ECH => &mut self.ech,
            extension::ESNI => &mut self.esni,
            _ => return,
        };
        place.get_or_insert(body);
    }
}

/// A version as the report writes it; drafts of TLS 1.3 (0x7fxx, 0xfbxx) are 1.3.
#[must_use]
pub fn version_name(version: u16) -> Cow<'static, str> {
    Cow::Borrowed(match version {
        0x0002 => "ssl2",
        0x0300 => "ssl3",
        0x0301 | 0xFEFF => "1.0", // DTLS counts downwards (RFC 6347 4.1); app_protocol tells it apart
        0x0302 => "1.1",
        0x0303 | 0xFEFD => "1.2",
        0x0304 | 0xFEFC | 0x7F00..=0x7FFF | 0xFB00..=0xFBFF => "1.3",
        _ => return Cow::Owned(format!("0x{version:04x}")),
    })
}

/// Tells whether bytes begin a TLS record; None when more are needed.
#[must_use]
pub fn looks_like_record(head: &[u8]) -> Option<bool> {
    let (kind, rest) = head.split_first()?;
    if !(record::CHANGE_CIPHER_SPEC..=record::HEARTBEAT).contains(kind) || rest.first().is_some_and(|major| *major != 3)
    {
        return Some(false);
    }
    let [_, minor, high, low] = *rest.first_chunk()?;
    Some(minor <= 4 && (1..=MAX_RECORD).contains(&u16::from_be_bytes([high, low])))
}

/// Tells whether bytes begin a client hello in the format of SSL 2 (RFC 5246 E.2); None when more are needed.
#[must_use]
pub fn looks_like_ssl2_hello(head: &[u8]) -> Option<bool> {
    if head.first()? & 0x80 == 0 {
        return Some(false);
    }
    let [s0, s1, kind, major, minor, c0, c1, i0, i1, r0, r1] = *head.first_chunk::<SSL2_HEADER>()?;
    let [size, ciphers, session, challenge] =
        [[s0 & 0x7F, s1], [c0, c1], [i0, i1], [r0, r1]].map(|two| u32::from(u16::from_be_bytes(two)));
    Some(
        kind == handshake::CLIENT_HELLO
            && (major == 3 || (major, minor) == (0, 2))
            && ciphers % 3 == 0
            && matches!(session, 0 | 16)
            && (16..=32).contains(&challenge)
            && size == 9 + ciphers + session + challenge,
    )
}

/// What the body of a ClientHello says (RFC 8446 4.1.2; with `dtls` RFC 6347 4.2.1); None when it is none.
///
/// Extensions that break off leave what stands before them, with `whole` false.
#[must_use]
pub fn parse_client_hello(body: &[u8], dtls: bool) -> Option<ClientHello<'_>> {
    let mut reader = Reader::new(body);
    let legacy_version = reader.u16()?;
    reader.take(32)?;
    reader.block8()?;
    if dtls {
        reader.block8()?; // cookie
    }
    let ciphers = reader.block16()?;
    let mut extensions = ExtensionTypes::default();
    let mut bodies = Bodies::default();
    let whole = client_extensions(reader, |extension, body| {
        extensions.push(extension);
        bodies.note(extension, body);
    });
    let server_name = bodies.server_name.and_then(first_server_name);
    Some(ClientHello {
        offered_version: highest(bodies.supported_versions.unwrap_or_default(), legacy_version),
        ciphers,
        extensions,
        server_name,
        alpn: bodies.alpn.and_then(first_alpn),
        signature_algorithms: bodies.signature_algorithms.and_then(|body| body.get(2..)).unwrap_or_default(),
        ech: ech(&bodies, server_name),
        whole,
    })
}

fn client_extensions<'a>(mut reader: Reader<'a>, each: impl FnMut(u16, &'a [u8])) -> bool {
    if reader.block8().is_none() {
        return false; // compression methods
    }
    reader.left().is_empty() || read_extensions(reader, each) // before extensions were invented (RFC 5246 7.4.1.2)
}

/// Reads extensions in order; false when they break off. The last one may reach over the end they claim.
fn read_extensions<'a>(mut reader: Reader<'a>, mut each: impl FnMut(u16, &'a [u8])) -> bool {
    let Some(claimed) = reader.u16().map(usize::from) else { return false };
    let there = reader.left().len();
    for _ in 0..MAX_EXTENSIONS {
        if there.saturating_sub(reader.left().len()) >= claimed {
            break;
        }
        let (Some(extension), Some(body)) = (reader.u16(), reader.block16()) else { return false };
        each(extension, body);
    }
    claimed <= there
}

/// The version that the body of a ServerHello or HelloRetryRequest says (RFC 8446 4.1.3); None when it is none.
#[must_use]
pub fn parse_server_hello(body: &[u8]) -> Option<u16> {
    let mut reader = Reader::new(body);
    let legacy_version = reader.u16()?;
    reader.take(32)?;
    reader.block8()?;
    reader.take(3)?; // cipher suite and compression method
    let mut chosen: &[u8] = &[];
    read_extensions(reader, |extension, body| {
        if extension == extension::SUPPORTED_VERSIONS {
            chosen = body;
        }
    });
    Some(<[u8; 2]>::try_from(chosen).map_or(legacy_version, u16::from_be_bytes))
}

/// Tells whether the body of a ServerHello is that of a HelloRetryRequest.
#[must_use]
pub fn is_retry(body: &[u8]) -> bool {
    body.get(2..34) == Some(&RETRY)
}

/// The first certificate of a Certificate message up to TLS 1.2 (RFC 5246 7.4.2); None when there is none.
#[must_use]
pub fn first_certificate(body: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(body);
    reader.u24()?;
    reader.block24().filter(|certificate| !certificate.is_empty())
}

/// Numbers of two bytes each; an odd byte at the end is none.
pub fn numbers(data: &[u8]) -> impl Iterator<Item = u16> + Clone {
    data.as_chunks().0.iter().map(|two| u16::from_be_bytes(*two))
}

/// The highest version offered (RFC 8446 4.2.1); DTLS versions count downwards.
fn highest(supported: &[u8], legacy: u16) -> u16 {
    let offered = numbers(supported.get(1..).unwrap_or_default()).filter(|version| !is_grease(*version));
    let best = if legacy >> 8 == 0xFE { offered.min() } else { offered.max() };
    best.unwrap_or(legacy)
}

/// The first host name of the list (RFC 6066 3).
fn first_server_name(body: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(body.get(2..)?);
    loop {
        let (kind, name) = (reader.u8()?, reader.block16()?);
        if kind == 0 && !name.is_empty() {
            return Some(name);
        }
    }
}

fn first_alpn(body: &[u8]) -> Option<&[u8]> {
    Reader::new(body.get(2..)?).block8().filter(|protocol| !protocol.is_empty())
}

/// What a hello says of encrypted client hello, as far as its content permits.
///
/// A client without a configuration sends the extension with random content so that nobody may forbid it (GREASE,
/// RFC 9849 6.2), and random content cannot be told from cipher text. What can be told is the outer server name: with
/// a real configuration it is the configuration's public name. So `offered` where that name is known as one or calls
/// itself `ech`, and `grease` otherwise: browsers send it in every hello, so that is the likelier by far.
///
/// Two hellos are sent only where a server has accepted (RFC 9849 5, 6.1.5): the inner one, on its way from the server
/// that faces the client to the one behind it, and the second outer one, whose key is that of the first: it is empty.
fn ech(bodies: &Bodies<'_>, outer: Option<&[u8]>) -> Ech {
    if bodies.esni.is_some() {
        return Ech::Offered;
    }
    let Some(body) = bodies.ech else { return Ech::None };
    if accepted(body).unwrap_or_default() {
        return Ech::Accepted;
    }
    let name = trim_dots(outer.unwrap_or_default());
    let public = ECH_PUBLIC_NAMES.iter().any(|known| name.eq_ignore_ascii_case(known));
    let called = || name.split(|byte| matches!(byte, b'.' | b'-')).any(|label| label.eq_ignore_ascii_case(b"ech"));
    if public || called() { Ech::Offered } else { Ech::Grease }
}

/// Whether an `ECHClientHello` is an inner one, or an outer one with an empty `enc` (RFC 9849 5).
fn accepted(extension: &[u8]) -> Option<bool> {
    let mut reader = Reader::new(extension);
    match reader.u8()? {
        0 => {
            reader.take(5)?; // cipher suite and config id
            Some(reader.block16()?.is_empty() && !reader.block16()?.is_empty())
        }
        1 => Some(reader.left().is_empty()),
        _ => None,
    }
}

fn trim_dots(mut name: &[u8]) -> &[u8] {
    while let [rest @ .., b'.'] = name {
        name = rest;
    }
    name
}
