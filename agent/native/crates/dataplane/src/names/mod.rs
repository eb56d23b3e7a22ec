//! What the wire tells of a flow beside its counts: protocol, names, files. Bounded and safe to print.

pub mod clean;
pub mod dns;
pub mod recent;
pub mod transfers;

use crate::model::Inspection;

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
}

/// The state columns of a flow that the wire tells. Values from the wire are set through methods that clean and bound
/// them; constants of our own code (`app_protocol`, `tls_version`, `ech`, `inspection`) may be assigned.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub app_protocol: Option<&'static str>,
    pub inspection: Option<Inspection>,
    pub tls_version: Option<std::borrow::Cow<'static, str>>,
    pub ech: Option<Ech>,
    pub http_upload_bytes: Option<u64>,
    pub(crate) server_name: Option<Box<str>>,
    pub(crate) server_name_source: Option<Source>,
    pub(crate) texts: [Option<Box<str>>; 9],
    pub(crate) lists: [Vec<Box<str>>; 4],
}

impl Names {
    /// The value of a text column.
    #[must_use]
    pub fn text(&self, column: Text) -> Option<&str> {
        self.texts.get(column as usize)?.as_deref()
    }

    /// The entries of a list column; none: nothing was told.
    #[must_use]
    pub fn list(&self, column: List) -> &[Box<str>] {
        self.lists.get(column as usize).map_or(&[], Vec::as_slice)
    }

    /// The server's name and where it comes from.
    #[must_use]
    pub fn server(&self) -> Option<(&str, Source)> {
        Some((self.server_name.as_deref()?, self.server_name_source?))
    }

    /// Sets a text column unless it is set: the first sighting counts. Empty text says nothing.
    pub fn first(&mut self, column: Text, value: &[u8]) {
        if self.text(column).is_none() {
            self.latest(column, value);
        }
    }

    /// Sets a text column, replacing what was known. Empty text says nothing.
    pub fn latest(&mut self, column: Text, value: &[u8]) {
        let text = clean::text(column, value);
        if let Some(place) = self.texts.get_mut(column as usize).filter(|_| !text.is_empty()) {
            *place = Some(text.into());
        }
    }

    /// Adds to a list column: distinct, in order, bounded.
    pub fn add(&mut self, column: List, value: &[u8]) {
        let text = clean::entry(column, value);
        let limit = if column == List::DnsQuery { QUERY_LIMIT } else { LIST_LIMIT };
        let Some(known) = self.lists.get_mut(column as usize) else { return };
        if !text.is_empty() && known.len() < limit && !known.iter().any(|entry| **entry == *text) {
            known.push(text.into());
        }
    }

    /// Names the server; a stronger source replaces a weaker one, an equal one does not (the first name counts).
    pub fn name_server(&mut self, name: &[u8], source: Source) {
        if self.server_name_source.is_some_and(|known| rank(source) >= rank(known)) {
            return;
        }
        let text = clean::server(name, source);
        if !text.is_empty() {
            self.server_name = Some(text.into());
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
        if hello || [Text::Ja4, Text::Alpn, Text::CertSubject].iter().any(|column| self.text(*column).is_some()) {
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
