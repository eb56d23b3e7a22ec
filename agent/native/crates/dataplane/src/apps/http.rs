//! Heads of HTTP/1.x messages (RFC 9112), read the way lenient servers read them: bytes to values.

use std::borrow::Cow;

use memchr::{memchr, memmem, memrchr};

/// Bytes of one head; what is longer is read up to here.
pub const MAX_HEAD: usize = 65_536;
/// Bytes in which a first line must end.
pub const MAX_FIRST_LINE: usize = 16_384;
/// Lines of one head that are looked at, the first among them.
pub const MAX_FIELDS: usize = 256;
/// Of a Content-Length or chunk that is believed.
pub const MAX_LENGTH: u64 = (1 << 62) - 1;
/// Bytes of a method, and of the empty lines before it.
const MAX_METHOD: usize = 32;
const MAX_DIGITS: usize = 64;
const MAX_HEX: usize = 16;

/// A field that is kept of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Host,
    ContentType,
    ContentLength,
    ContentDisposition,
    TransferEncoding,
    ContentEncoding,
    /// Of mail.
    ContentTransferEncoding,
}

impl Field {
    /// The field of a name; None of one that is not kept.
    #[must_use]
    pub fn named(name: &[u8]) -> Option<Self> {
        let (field, known): (Self, &[u8]) = match name.len() {
            4 => (Self::Host, b"host"),
            12 => (Self::ContentType, b"content-type"),
            14 => (Self::ContentLength, b"content-length"),
            16 => (Self::ContentEncoding, b"content-encoding"),
            17 => (Self::TransferEncoding, b"transfer-encoding"),
            19 => (Self::ContentDisposition, b"content-disposition"),
            25 => (Self::ContentTransferEncoding, b"content-transfer-encoding"),
            _ => return None,
        };
        name.eq_ignore_ascii_case(known).then_some(field)
    }
}

/// Fields of a head; of several of one name the first.
#[derive(Debug, Default)]
pub struct Fields<'a> {
    values: [Option<Cow<'a, [u8]>>; 7],
}

impl<'a> Fields<'a> {
    /// Reads lines of fields. White space continues the field of the line before (RFC 9112 5.2), whichever that is.
    pub fn read(lines: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut found = Self::default();
        let mut last: Option<Field> = None;
        for line in lines {
            if let [b' ' | b'\t', ..] = line {
                last.inspect(|field| found.go_on(*field, strip(line)));
                continue;
            }
            last = found.begin(line);
        }
        found
    }

    /// Begins the field of a line; None where it is none that is kept, as its first letter most often tells.
    fn begin(&mut self, line: &'a [u8]) -> Option<Field> {
        let first = line.first()?;
        if first.is_ascii_alphanumeric() && !b"HhCcTt".contains(first) {
            return None;
        }
        let (name, value) = line.split_at_checked(memchr(b':', line)?)?;
        let field = Field::named(strip(name))?;
        self.keep(field, Cow::Borrowed(strip(value.get(1..)?))).then_some(field)
    }

    /// Keeps a field unless there is one of its name.
    pub fn keep(&mut self, field: Field, value: Cow<'a, [u8]>) -> bool {
        let place = self.values.get_mut(field as usize).filter(|place| place.is_none());
        place.is_some_and(|place| place.replace(value).is_none())
    }

    fn go_on(&mut self, field: Field, more: &[u8]) {
        if let Some(Some(value)) = self.values.get_mut(field as usize) {
            let value = value.to_mut();
            value.push(b' ');
            value.extend_from_slice(more);
        }
    }

    /// The value of a field; empty where there is none.
    #[must_use]
    pub fn get(&self, field: Field) -> &[u8] {
        self.values.get(field as usize).and_then(Option::as_deref).unwrap_or_default()
    }
}

/// The head of a request (status 0) or of a response (method and target empty).
#[derive(Debug)]
pub struct Head<'a> {
    pub method: &'a [u8],
    pub target: &'a [u8],
    pub status: u16,
    pub fields: Fields<'a>,
}

impl Head<'_> {
    /// Tells whether the body is in chunks (RFC 9112 6.1).
    #[must_use]
    pub fn chunked(&self) -> bool {
        let value = self.fields.get(Field::TransferEncoding);
        value.windows(b"chunked".len()).any(|word| word.eq_ignore_ascii_case(b"chunked"))
    }

    /// The announced length of the body; None when there is none that can be read.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        let value = self.fields.get(Field::ContentLength);
        let start = value.iter().position(|byte| !is_space(*byte) && !b"\"'+".contains(byte))?;
        let digits = value.get(start..)?.iter().take(MAX_DIGITS).take_while(|byte| byte.is_ascii_digit());
        let add = |sum: Option<u64>, byte: &u8| {
            Some(sum.unwrap_or(0).saturating_mul(10).saturating_add(u64::from(byte - b'0')).min(MAX_LENGTH))
        };
        digits.fold(None, add)
    }

    /// Whom a request is for: an absolute target says it (RFC 9112 3.2.2), else the Host field.
    #[must_use]
    pub fn host(&self) -> &[u8] {
        if self.method == b"CONNECT" {
            return self.target;
        }
        self.authority().filter(|host| !host.is_empty()).unwrap_or_else(|| self.fields.get(Field::Host))
    }

    fn authority(&self) -> Option<&[u8]> {
        self.target.first().filter(|first| first.is_ascii_alphabetic())?;
        let (scheme, rest) = self.target.split_at_checked(memmem::find(self.target, b"://")?)?;
        let rest = rest.get(3..)?;
        if !scheme.iter().all(u8::is_ascii_alphabetic) {
            return None;
        }
        let authority = rest.split(|byte| b"/?#".contains(byte)).next()?;
        authority.rsplit(|byte| *byte == b'@').next()
    }
}

/// Tells whether bytes begin an HTTP/1.x message; None when more are needed.
#[must_use]
pub fn looks_like_http(head: &[u8]) -> Option<bool> {
    let text = unled(head);
    if head.len() - text.len() >= MAX_METHOD {
        return Some(false);
    }
    if text.len() < 5 && b"HTTP/".starts_with(text) {
        return None;
    }
    if text.starts_with(b"HTTP/") {
        return Some(true);
    }
    let shown = text.get(..MAX_METHOD).unwrap_or(text);
    let Some((method, target)) = memchr(b' ', shown).and_then(|space| shown.split_at_checked(space)) else {
        return if is_token(shown) && text.len() < MAX_METHOD { None } else { Some(false) };
    };
    if is_method(method) && target.get(1) == Some(&b'/') {
        return Some(true);
    }
    if !is_token(method) || method == b"PRI" {
        return Some(false); // PRI: the preface of HTTP/2 (RFC 9113 3.4)
    }
    let line = text.get(..MAX_FIRST_LINE).unwrap_or(text);
    match memchr(b'\n', line) {
        Some(end) => Some(names_version(line.get(..end).unwrap_or_default())),
        None => {
            if text.len() < MAX_FIRST_LINE {
                None
            } else {
                Some(false)
            }
        }
    }
}

/// RFC 9110, RFC 5789, RFC 4918 and what Microsoft's programs speak.
fn is_method(method: &[u8]) -> bool {
    matches!(
        method,
        b"GET"
            | b"POST"
            | b"PUT"
            | b"HEAD"
            | b"DELETE"
            | b"OPTIONS"
            | b"PATCH"
            | b"CONNECT"
            | b"TRACE"
            | b"PROPFIND"
            | b"PROPPATCH"
            | b"MKCOL"
            | b"COPY"
            | b"MOVE"
            | b"LOCK"
            | b"UNLOCK"
            | b"SEARCH"
            | b"REPORT"
            | b"MERGE"
            | b"CHECKOUT"
            | b"SUBSCRIBE"
            | b"NOTIFY"
            | b"RPC_IN_DATA"
            | b"RPC_OUT_DATA"
            | b"BITS_POST"
            | b"CCM_POST"
    )
}

/// RFC 9110 5.6.2; methods begin with a letter.
fn is_token(word: &[u8]) -> bool {
    let follows = |byte: &u8| byte.is_ascii_alphanumeric() || b"_!#$%&'*+.^`|~-".contains(byte);
    word.split_first().is_some_and(|(first, rest)| first.is_ascii_alphabetic() && rest.iter().all(follows))
}

/// Whether a line holds ` HTTP/1` or the like.
fn names_version(line: &[u8]) -> bool {
    memmem::find_iter(line, b"HTTP/").any(|at| {
        let before = at.checked_sub(1).and_then(|before| line.get(before));
        matches!(before, Some(b' ' | b'\t')) && line.get(at + 5).is_some_and(u8::is_ascii_digit)
    })
}

/// Where the body begins, looking for the empty line from `start` on; None while the head is not whole. Bare line feeds
/// and doubled carriage returns end a line too (RFC 9112 2.2).
#[must_use]
pub fn head_end(data: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        at += memchr(b'\n', data.get(at..)?)? + 1;
        match data.get(at..)? {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            [b'\r', b'\r', b'\n', ..] => return Some(at + 3),
            _ => {}
        }
    }
}

/// What a head says; None when its first line is neither a request nor a status line.
#[must_use]
pub fn parse_head(head: &[u8]) -> Option<Head<'_>> {
    let mut lines = Lines { left: Some(unled(head)) }.take(MAX_FIELDS);
    let first = strip(lines.next()?);
    if first.starts_with(b"HTTP/") {
        return Some(Head { method: b"", target: b"", status: status(first), fields: Fields::read(lines) });
    }
    let (method, rest) = first.split_at_checked(memchr(b' ', first)?)?;
    let target = strip(target_of(strip(rest)));
    (!method.is_empty() && !target.is_empty()).then(|| Head { method, target, status: 0, fields: Fields::read(lines) })
}

/// What stands between a method and a version; without a version (HTTP/0.9, or a target with spaces) all of it.
fn target_of(rest: &[u8]) -> &[u8] {
    let space = memrchr(b' ', rest);
    let version = space.map_or(rest, |space| rest.get(space + 1..).unwrap_or_default());
    if version.starts_with(b"HTTP/") { rest.get(..space.unwrap_or(0)).unwrap_or_default() } else { rest }
}

/// The status of a status line; 200 where there is none.
fn status(first: &[u8]) -> u16 {
    let number = || {
        let rest = first.get(first.iter().position(|byte| is_space(*byte))?..)?;
        let digits = rest.get(rest.iter().position(|byte| !b" \t".contains(byte)).filter(|blank| *blank > 0)?..)?;
        let [a, b, c] = digits.first_chunk::<3>()?;
        let value = |byte: &u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
        Some(value(a)? * 100 + value(b)? * 10 + value(c)?)
    };
    number().unwrap_or(200)
}

/// Lines as they lie in bytes, the line feeds cut off.
pub struct Lines<'a> {
    pub left: Option<&'a [u8]>,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let left = self.left?;
        let Some((line, rest)) = memchr(b'\n', left).and_then(|end| left.split_at_checked(end)) else {
            return self.left.take();
        };
        self.left = rest.get(1..);
        Some(line)
    }
}

/// The size a chunk line announces (RFC 9112 7.1); None when it is none.
#[must_use]
pub fn chunk_size(line: &[u8]) -> Option<u64> {
    let line = line.get(line.iter().position(|byte| !b" \t".contains(byte))?..)?;
    let line = match line {
        [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => rest,
        _ => line,
    };
    let digits = line.iter().take(MAX_HEX).map_while(|byte| char::from(*byte).to_digit(16));
    let size = digits.fold(None, |sum: Option<u64>, digit| Some(sum.unwrap_or(0) << 4 | u64::from(digit)));
    size.map(|size| size.min(MAX_LENGTH))
}

/// Without the empty lines and spaces that may stand before a message.
pub(super) fn unled(head: &[u8]) -> &[u8] {
    let start = head.iter().position(|byte| !b"\r\n \t".contains(byte)).unwrap_or(head.len());
    head.get(start..).unwrap_or_default()
}

/// White space of ASCII, the vertical tab among it.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Without the white space at both ends.
pub(super) fn strip(text: &[u8]) -> &[u8] {
    let first = text.iter().position(|byte| !is_space(*byte)).unwrap_or(text.len());
    let last = text.iter().rposition(|byte| !is_space(*byte)).map_or(first, |last| last + 1);
    text.get(first..last).unwrap_or_default()
}
