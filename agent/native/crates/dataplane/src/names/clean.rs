//! Cleans text from the wire so that it may stand in JSON, a terminal and a metric.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

use super::{List, NAME_LIMIT, PATH_LIMIT, Source, Text};

/// A raw value longer than this is cut before it is normalised.
const SCAN: usize = 4096;

/// A value as its text column holds it; empty when nothing was told.
#[must_use]
pub fn text(column: Text, value: &[u8]) -> Cow<'_, str> {
    let as_it_is = match column {
        Text::HttpHost => plain(value, b"[:", true).filter(|text| !text.ends_with('.')),
        Text::HttpPath => plain(value, b"?#:", false).filter(|text| text.starts_with('/')),
        Text::HttpContentType => plain(value, b";", true),
        _ => plain(value, b"", false),
    };
    as_it_is.map_or_else(|| Cow::Owned(reworked(column, &read(value, SCAN))), Cow::Borrowed)
}

fn reworked(column: Text, text: &str) -> String {
    match column {
        Text::HttpHost => clean(&host(text), NAME_LIMIT),
        Text::HttpPath => clean(path(text), PATH_LIMIT),
        Text::HttpContentType => clean(&media_type(text), NAME_LIMIT),
        _ => clean(strip(text), NAME_LIMIT),
    }
}

/// A value that every column would hold as it is: short, printable ASCII without spaces around it, without these marks,
/// in lower case if it must be. Nearly all are.
fn plain<'a>(value: &'a [u8], marks: &[u8], lower: bool) -> Option<&'a str> {
    let stays =
        |byte: &u8| matches!(byte, b' '..=b'~') && !(lower && byte.is_ascii_uppercase()) && !marks.contains(byte);
    let [b'!'..=b'~', .., b'!'..=b'~'] = value else { return None };
    if value.len() > NAME_LIMIT || !value.iter().all(stays) {
        return None;
    }
    std::str::from_utf8(value).ok()
}

/// A value as its list column holds it; empty when nothing was told.
#[must_use]
pub fn entry(column: List, value: &[u8]) -> Cow<'_, str> {
    let as_it_is = match column {
        List::DnsQuery | List::MailDomains | List::TlsSan => {
            plain(value, b"", true).filter(|text| !text.ends_with('.'))
        }
        List::FileTypes => plain(value, b";", true),
        List::FileNames => plain(value, b"/\\", false),
    };
    if let Some(text) = as_it_is {
        return Cow::Borrowed(text);
    }
    Cow::Owned(match column {
        List::DnsQuery | List::MailDomains | List::TlsSan => clean(&domain(&read(value, SCAN)), NAME_LIMIT),
        List::FileNames => clean(&read(file_name(value.get(..SCAN).unwrap_or(value)), SCAN), NAME_LIMIT),
        List::FileTypes => clean(&media_type(&read(value, SCAN)), NAME_LIMIT),
    })
}

/// The name of a server as its column holds it; empty when nothing was told.
#[must_use]
pub fn server(value: &[u8], source: Source) -> Cow<'_, str> {
    if source == Source::Http {
        return text(Text::HttpHost, value);
    }
    if let Some(text) = plain(value, b"", true).filter(|text| !text.ends_with('.')) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(clean(&domain(&clean(&read(value, 4 * NAME_LIMIT), NAME_LIMIT)), NAME_LIMIT))
}

/// Bytes as UTF-8; those that are none become escapes as `\xff`.
fn read(value: &[u8], limit: usize) -> Cow<'_, str> {
    let value = value.get(..limit).unwrap_or(value);
    if let Ok(text) = std::str::from_utf8(value) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(value.len() + 16);
    for chunk in value.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}"); // a String takes all
        }
    }
    Cow::Owned(text)
}

/// Text of so many characters at most, in which what is not printable (controls, direction marks) is escaped as `\x1b`
/// or `\u202e`.
fn clean(text: &str, limit: usize) -> String {
    if text.len() <= limit && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let text = cut(text, limit);
    if text.chars().all(is_printable) {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        let _ = match u32::from(c) {
            _ if is_printable(c) => write!(escaped, "{c}"),
            0x09 => write!(escaped, "\\t"),
            0x0A => write!(escaped, "\\n"),
            0x0D => write!(escaped, "\\r"),
            code @ ..0x100 => write!(escaped, "\\x{code:02x}"),
            code @ ..0x1_0000 => write!(escaped, "\\u{code:04x}"),
            code => write!(escaped, "\\U{code:08x}"),
        };
    }
    escaped.truncate(cut(&escaped, limit).len());
    escaped
}

/// The first characters of a text.
fn cut(text: &str, limit: usize) -> &str {
    let end = text.char_indices().nth(limit).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or(text)
}

/// Neither control, format mark, surrogate, unassigned, nor a separator other than the space.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    !matches!(c.general_category_group(), GeneralCategoryGroup::Other | GeneralCategoryGroup::Separator)
}

/// Whether a character is a digit of any script, superscripts and the like among them (Numeric_Type of Unicode).
pub(crate) fn is_digit(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_digit();
    }
    c.general_category() == GeneralCategory::DecimalNumber
        || matches!(c,
            '²' | '³' | '¹' | '፩'..='፱' | '᧚' | '⁰' | '⁴'..='⁹' | '₀'..='₉' | '①'..='⑨' | '⑴'..='⑼' | '⒈'..='⒐' | '⓪'
            | '⓵'..='⓽' | '⓿' | '❶'..='❾' | '➀'..='➈' | '➊'..='➒' | '𐩀'..='𐩃' | '𐹠'..='𐹨' | '𑁒'..='𑁚' | '🄀'..='🄊')
}

/// White space of Unicode, and the separators of ASCII.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1C'..='\x1F')
}

fn strip(text: &str) -> &str {
    match text.as_bytes() {
        [b'!'..=b'~', .., b'!'..=b'~'] => text,
        _ => text.trim_matches(is_space),
    }
}

/// What stands before the first of some ASCII characters, or all.
fn before<'a>(text: &'a str, marks: &[u8]) -> &'a str {
    let end = text.bytes().position(|byte| marks.contains(&byte));
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

fn domain(text: &str) -> Cow<'_, str> {
    lower(strip(text).trim_end_matches('.'))
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.to_lowercase())
}

/// Cuts the port off a Host header; the brackets of an IPv6 literal too.
fn host(text: &str) -> Cow<'_, str> {
    let text = strip(text);
    if let Some(literal) = text.strip_prefix('[') {
        return lower(literal.split_once(']').map_or(literal, |(address, _)| address));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if port.chars().all(is_digit) => domain(host),
        _ => domain(text),
    }
}

/// Keeps the path of a request target: the query may hold identifiers, the absolute form repeats the host.
fn path(text: &str) -> &str {
    let text = strip(text);
    let path = origin_form(text).unwrap_or(text);
    let path = if path.is_empty() { "/" } else { path };
    before(path, b"?#")
}

/// What stands behind scheme and authority of an absolute target.
fn origin_form(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let follows = |c: char| c.is_ascii_alphanumeric() || "+.-".contains(c);
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(follows) {
        return None;
    }
    rest.get(before(rest, b"/?#").len()..)
}

fn media_type(text: &str) -> Cow<'_, str> {
    lower(strip(before(text, b";")))
}

/// The last part of a path of any system. It is looked for in the bytes: an escape of one that is no UTF-8 has a
/// backslash.
fn file_name(path: &[u8]) -> &[u8] {
    let parts = path.rsplit(|byte| b"/\\".contains(byte));
    parts.into_iter().find(|part| !part.is_empty()).unwrap_or_default()
}
