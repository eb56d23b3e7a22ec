//! What the wire tells of a flow beside its counts: protocol, names, files. Bounded and safe to print.

pub mod clean;
pub mod dns;
pub mod recent;
mod said;
pub mod transfers;

use crate::model::Inspection;
use said::Said;

/// A DNS name in text (RFC 1035 2.3.4); also the bound of all short values.
pub const NAME_LIMIT: usize = 255;
/// Of `http_path`.
pub const PATH_LIMIT: usize = 512;
/// Distinct entries kept of each list.
pub const LIST_LIMIT: usize = 16;
/// The same of `dns_query`: one flow of a resolver asks many names.
pub const QUERY_LIMIT: usize = 64;
/// A Content-Length may claim anything; the column holds 64 bits.
pub const UPLOAD_LIMIT: u64 = (1 << 63) - 1;

/// Where `server_name` comes from, the most trusted first: a later, weaker source does not replace a stronger one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Source {
    Tls,
    Quic,
    Http,
    Dns,
}

/// Encrypted client hello (draft-ietf-tls-esni), in the order of the Python model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Ech {
    None,
    Grease,
    Offered,
    Accepted,
}

/// A text column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    Alpn,
    Ja4,
    CertSubject,
    CertIssuer,
    HttpHost,
    HttpMethod,
    HttpPath,
    HttpContentType,
    DnsRcode,
}

/// A list column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    DnsQuery,
    MailDomains,
    FileNames,
    FileTypes,
    TlsSan,
}

/// The state columns of a flow that the wire tells. Values from the wire are set through methods that clean and bound
/// them; constants of our own code (`app_protocol`, `tls_version`, `ech`, `inspection`) may be assigned.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub app_protocol: Option<&'static str>,
    pub inspection: Option<Inspection>,
    /// As the wire numbers it (RFC 8446 4.1.3); `tls::version_name` says what it is called.
    pub tls_version: Option<u16>,
    pub ech: Option<Ech>,
    pub http_upload_bytes: Option<u64>,
    server_name_source: Option<Source>,
    said: Said,
}

/// The column of the server's name among what is said; before it stand text columns, then list columns.
const SERVER_NAME: u8 = 14;

impl Text {
    const fn column(self) -> u8 {
        self as u8
    }
}

impl List {
    const fn column(self) -> u8 {
        9 + self as u8
    }
}

/// A text with what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Text(usize),
    List(usize),
    ServerName,
}

impl Names {
    /// The value of a text column.
    #[must_use]
    pub fn text(&self, column: Text) -> Option<&str> {
        if self.said.has(column.column()) { self.said.of(column.column()).next() } else { None }
    }

    /// The entries of a list column; none: nothing was told.
    #[must_use]
    pub fn list(&self, column: List) -> Vec<&str> {
        self.said.of(column.column()).collect()
    }

    /// The server's name and where it comes from.
    #[must_use]
    pub fn server(&self) -> Option<(&str, Source)> {
        Some((self.said.of(SERVER_NAME).next()?, self.server_name_source?))
    }

    /// Has the memory brought in; the byte is of no use.
    pub fn touch(&self) -> u8 {
        self.said.touch()
    }

    /// Every text and entry, in the order they came.
    pub fn words(&self) -> impl Iterator<Item = (Word, &str)> {
        self.said.texts().map(|(column, text)| {
            let word = match column {
                ..9 => Word::Text(column.into()),
                9..SERVER_NAME => Word::List(usize::from(column) - 9),
                _ => Word::ServerName,
            };
            (word, text)
        })
    }

    /// Sets a text column unless it is set: the first sighting counts. Empty text says nothing.
    pub fn first(&mut self, column: Text, value: &[u8]) {
        if !self.said.has(column.column()) {
            self.latest(column, value);
        }
    }

    /// Sets a text column, replacing what was known. Empty text says nothing.
    pub fn latest(&mut self, column: Text, value: &[u8]) {
        let text = clean::text(column, value);
        if !text.is_empty() {
            self.said.remove(column.column());
            self.said.push(column.column(), &text);
        }
    }

    /// Adds to a list column: distinct, in order, bounded.
    pub fn add(&mut self, column: List, value: &[u8]) {
        let text = clean::entry(column, value);
        let limit = if column == List::DnsQuery { QUERY_LIMIT } else { LIST_LIMIT };
        let mut count = 0;
        let known = self.said.of(column.column()).inspect(|_| count += 1).any(|entry| *entry == *text);
        if !text.is_empty() && !known && count < limit {
            self.said.push(column.column(), &text);
        }
    }

    /// Names the server; a stronger source replaces a weaker one, an equal one does not (the first name counts).
    pub fn name_server(&mut self, name: &[u8], source: Source) {
        if self.server_name_source.is_some_and(|known| rank(source) >= rank(known)) {
            return;
        }
        let text = clean::server(name, source);
        if !text.is_empty() {
            self.said.remove(SERVER_NAME);
            self.said.push(SERVER_NAME, &text);
            self.server_name_source = Some(source);
        }
    }

    /// Adds a file that goes out.
    pub fn add_file(&mut self, name: &[u8], media_type: &[u8]) {
        self.add(List::FileNames, name);
        self.add(List::FileTypes, media_type);
    }

    /// Adds bytes of HTTP bodies going out.
    pub fn add_upload(&mut self, count: u64) {
        let sum = self.http_upload_bytes.unwrap_or(0).saturating_add(count);
        self.http_upload_bytes = Some(sum.min(UPLOAD_LIMIT));
    }

    /// Decides how much of the flow could be read. The rule is that of `Names.inspected` in `crossborder/engine/names.py`.
    #[must_use]
    pub fn inspected(&self, payload_seen: bool) -> Option<Inspection> {
        if self.inspection.is_some() {
            return self.inspection;
        }
        if self.app_protocol.is_some_and(|protocol| !ENCRYPTED.contains(&protocol)) {
            return Some(Inspection::Cleartext);
        }
        let hello = matches!(self.server_name_source, Some(Source::Tls | Source::Quic));
        let traits = [Text::Ja4.column(), Text::Alpn.column(), Text::CertSubject.column(), List::TlsSan.column()];
        if hello || traits.iter().any(|column| self.said.has(*column)) {
            return Some(Inspection::Metadata);
        }
        payload_seen.then_some(Inspection::Opaque)
    }
}

const fn rank(source: Source) -> u8 {
    match source {
        Source::Tls | Source::Quic => 0,
        Source::Http => 1,
        Source::Dns => 2,
    }
}

/// Application protocols whose content cannot be read. Every other protocol told by content is cleartext.
const ENCRYPTED: [&str; 12] =
    ["tls", "quic", "dtls", "ssh", "wireguard", "openvpn", "esp", "isakmp", "ipsec", "srtp", "tor", "bittorrent-mse"];
