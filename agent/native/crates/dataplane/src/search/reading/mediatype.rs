//! Media types and their parameters, as heads of messages and parts name them (RFC 9110 8.3, RFC 2045 5.1).

use std::sync::LazyLock;

use regex::bytes::Regex;

/// Bytes of a field that are looked at.
const MAX_FIELD: usize = 1024;
/// The longest boundary (RFC 2046 5.1.1 allows 70).
const MAX_BOUNDARY: usize = 128;

pub(super) static BOUNDARY: LazyLock<Option<Regex>> = LazyLock::new(|| parameter("boundary"));
pub(super) static CHARSET: LazyLock<Option<Regex>> = LazyLock::new(|| parameter("charset"));
pub(super) static FILE_NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i-u)[;\s]filename\*?[0-9]*\*?[ \t]*=").ok());

fn parameter(name: &str) -> Option<Regex> {
    Regex::new(&format!(r#"(?i-u)[;\s]{name}[ \t]*=[ \t]*(?:"([^"\r\n]*)"|([^;"\s]+))"#)).ok()
}

/// The type itself, small, without parameters.
pub fn essence(field: &[u8]) -> Vec<u8> {
    let plain = field.get(..MAX_FIELD).unwrap_or(field).split(|byte| b";, \t\r\n".contains(byte));
    plain.map(<[u8]>::to_ascii_lowercase).find(|word| !word.is_empty()).unwrap_or_default()
}

/// The boundary between parts.
pub fn boundary(field: &[u8]) -> Option<&[u8]> {
    value(&BOUNDARY, field).filter(|boundary| !boundary.is_empty() && boundary.len() <= MAX_BOUNDARY)
}

/// The name of a charset, small.
pub fn charset(field: &[u8]) -> Option<String> {
    value(&CHARSET, field).map(|name| String::from_utf8_lossy(name).trim().to_ascii_lowercase())
}

/// Tells whether a Content-Disposition names a file.
pub fn names_file(disposition: &[u8]) -> bool {
    let field = disposition.get(..MAX_FIELD).unwrap_or(disposition);
    FILE_NAME.as_ref().is_some_and(|pattern| pattern.is_match(field))
}

fn value<'a>(pattern: &Option<Regex>, field: &'a [u8]) -> Option<&'a [u8]> {
    let groups = pattern.as_ref()?.captures(field.get(..MAX_FIELD).unwrap_or(field))?;
    groups.get(1).or_else(|| groups.get(2)).map(|value| value.as_bytes())
}
