//! Follows TLS over a stream: the hellos and the server's certificate, across records and segments.

use super::certificate::certificate_names;
use super::handshakes::{Handshakes, Heard, Message};
use super::ja4::{Transport, ja4};
use super::talk::{Scene, Step, Talk};
use super::tls::{self, ClientHello, extension, handshake};
use super::tor::is_tor;
use crate::names::{Ech, List, Names, Source, Text};

/// Bytes after which a handshake that has not come is not waited for.
pub const BUDGET: usize = 262_144;

/// Writes what a client hello says into the names; only the first hello of a flow counts.
pub fn note_client_hello(hello: &ClientHello<'_>, names: &mut Names, source: Source, transport: Transport) {
    if let Some(name) = hello.server_name {
        names.name_server(name, source);
    }
    if let Some(protocol) = hello.alpn {
        names.first(Text::Alpn, protocol);
    }
    let offers = || hello.extensions.as_slice().contains(&extension::SUPPORTED_VERSIONS);
    if names.tls_version.is_none() && (hello.whole || offers()) {
        names.tls_version = Some(hello.offered_version);
    }
    if names.ech.is_none() && (hello.whole || hello.ech != Ech::None) {
        names.ech = Some(hello.ech);
    }
    if hello.whole && names.text(Text::Ja4).is_none() {
        names.first(Text::Ja4, &ja4(hello, transport));
    }
}

/// TLS and SSL 3 over a stream, hellos in the format of SSL 2 tolerated.
#[derive(Default)]
pub struct TlsTalk {
    outward: Handshakes,
    inward: Handshakes,
    /// The direction that said a client hello.
    client: Option<bool>,
    fed: usize,
}

impl Talk for TlsTalk {
    fn feed(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> Step {
        let Self { outward: out, inward, client, fed } = self;
        let (side, other) = if outward { (out, inward) } else { (inward, out) };
        *fed = fed.saturating_add(data.len());
        let mut heard =
            Hearing { names: scene.names, client, way: outward, answered: other.finished(), answers: false };
        side.feed(data, &mut |message| heard.hear(message));
        if heard.answers {
            other.finish();
        }
        if *fed > BUDGET || (side.finished() && other.finished()) { Step::Done } else { Step::More }
    }

    /// Takes what a hello that breaks off says of the server's name, and gives that direction up.
    fn gap(&mut self, scene: &mut Scene<'_>, outward: bool) {
        let side = if outward { &mut self.outward } else { &mut self.inward };
        if let Some((handshake::CLIENT_HELLO, body)) = side.unfinished()
            && let Some(mut hello) = tls::parse_client_hello(&body, false)
        {
            hello.whole = false;
            note_client_hello(&hello, scene.names, Source::Tls, Transport::Tcp);
        }
        side.finish();
    }
}

/// What messages of the direction `way` are told to.
struct Hearing<'a> {
    names: &'a mut Names,
    client: &'a mut Option<bool>,
    way: bool,
    /// The other direction has said all.
    answered: bool,
    /// This one has answered the client's hello.
    answers: bool,
}

impl Hearing<'_> {
    fn hear(&mut self, message: Message<'_>) -> Heard {
        let speaks_first = *self.client == Some(self.way);
        match message {
            Message::Handshake { kind: handshake::CLIENT_HELLO, body } => {
                *self.client = Some(self.way);
                self.client_hello(body, speaks_first)
            }
            Message::Ssl2ClientHello(body) => {
                ssl2_hello(body, self.names);
                *self.client = Some(self.way);
                Heard::Enough
            }
            Message::Handshake { kind: handshake::SERVER_HELLO, body } => {
                self.answers |= *self.client == Some(!self.way) && !tls::is_retry(body);
                server_hello(body, self.names)
            }
            Message::Handshake { kind: handshake::CERTIFICATE, body } if !speaks_first => {
                certificate(body, self.names);
                Heard::Enough
            }
            Message::Handshake { .. } => Heard::More,
        }
    }

    /// Takes the first hello, and waits for a second one where it can tell that ECH was accepted (RFC 9849 6.1.5).
    fn client_hello(&mut self, body: &[u8], second: bool) -> Heard {
        let Some(hello) = tls::parse_client_hello(body, false) else { return Heard::Enough };
        if second {
            if hello.ech == Ech::Accepted {
                self.names.ech = Some(hello.ech);
            }
            return Heard::Enough;
        }
        note_client_hello(&hello, self.names, Source::Tls, Transport::Tcp);
        let waits = matches!(hello.ech, Ech::Grease | Ech::Offered) && !self.answered;
        if waits { Heard::Again } else { Heard::Enough }
    }
}

/// Takes the version (RFC 5246 E.2); such a hello has no extensions.
fn ssl2_hello(body: &[u8], names: &mut Names) {
    if let ([_, major, minor, ..], None) = (body, names.tls_version) {
        names.tls_version = Some(u16::from_be_bytes([*major, *minor]));
        names.ech = Some(Ech::None);
    }
}

/// Takes the version that is spoken; from 1.3 on the rest is encrypted.
fn server_hello(body: &[u8], names: &mut Names) -> Heard {
    let Some(version) = tls::parse_server_hello(body) else { return Heard::More };
    names.tls_version = Some(version);
    if tls::version_name(version) == "1.3" { Heard::Enough } else { Heard::More }
}

fn certificate(body: &[u8], names: &mut Names) {
    let Some(der) = tls::first_certificate(body) else { return };
    let read = certificate_names(der);
    let asked = names.server().filter(|(_, source)| *source == Source::Tls).map(|(name, _)| name);
    if names.app_protocol == Some("tls") && is_tor(&read, asked) {
        names.app_protocol = Some("tor");
    }
    names.first(Text::CertSubject, &read.subject.unwrap_or_default());
    names.first(Text::CertIssuer, &read.issuer.unwrap_or_default());
    for name in read.dns_names {
        names.add(List::TlsSan, name);
    }
}
