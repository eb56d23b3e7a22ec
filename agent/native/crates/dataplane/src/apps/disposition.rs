//! The names of files in Content-Disposition fields (RFC 6266, RFC 2183, RFC 2231).

use std::borrow::Cow;

use memchr::memchr;

use super::http::{Field, Head, is_space};

/// Bytes of a Content-Disposition that are searched for a name.
const MAX_DISPOSITION: usize = 4096;

/// The name of the file that a body carries: of its Content-Disposition, else where a PUT puts it.
#[must_use]
pub fn file_of<'a>(head: &'a Head<'_>) -> Option<Cow<'a, [u8]>> {
    let told = file_name(head.fields.get(Field::ContentDisposition)).filter(|name| !name.is_empty());
    told.or_else(|| {
        let path = head.target.split(|byte| *byte == b'?').next().filter(|_| head.method == b"PUT")?;
        path.rsplit(|byte| *byte == b'/').next().filter(|name| !name.is_empty()).map(Cow::Borrowed)
    })
}

/// The file name of a Content-Disposition (RFC 6266, RFC 2231's first piece); the extended form wins.
#[must_use]
pub fn file_name(disposition: &[u8]) -> Option<Cow<'_, [u8]>> {
    let disposition = disposition.get(..MAX_DISPOSITION).unwrap_or(disposition);
    let mut best: Option<Cow<'_, [u8]>> = None;
    for start in starts(disposition) {
        match disposition.get(start..).and_then(parameter) {
            Some((value, true)) => return Some(unquoted(after_quotes(value))),
            Some((value, false)) if best.as_ref().is_none_or(|best| best.is_empty()) => best = Some(unescaped(value)),
            _ => {}
        }
    }
    best
}

/// Where a parameter begins that is called `filename`, whatever follows.
fn starts(disposition: &[u8]) -> impl Iterator<Item = usize> {
    let called = |at: &usize| {
        let name = disposition.get(*at..).and_then(|rest| rest.first_chunk::<8>());
        name.is_some_and(|name| name.eq_ignore_ascii_case(b"filename"))
    };
    let behind = disposition.iter().enumerate().filter(|(_, byte)| **byte == b';' || is_space(**byte));
    std::iter::once(0).chain(behind.map(|(at, _)| at + 1)).filter(called)
}

/// Reads `filename`, `filename*`, `filename*0` or `filename*0*`: its value, and whether it is of the extended form.
fn parameter(text: &[u8]) -> Option<(&[u8], bool)> {
    let rest = text.get(b"filename".len()..)?;
    let rest = rest.strip_prefix(b"*0").unwrap_or(rest);
    let (rest, extended) = rest.strip_prefix(b"*").map_or((rest, false), |rest| (rest, true));
    let rest = unindented(rest).strip_prefix(b"=")?;
    Some((value(unindented(rest))?, extended))
}

/// The value at the front of a text; of a quoted one what is between the quotes, backslashes and all.
fn value(text: &[u8]) -> Option<&[u8]> {
    let Some((b'"', quoted)) = text.split_first() else {
        let end = text.iter().position(|byte| *byte == b';' || is_space(*byte)).unwrap_or(text.len());
        return text.get(..end).filter(|plain| !plain.is_empty());
    };
    let mut end = 0;
    loop {
        match quoted.get(end..) {
            Some([b'\\', _, ..]) => end += 2,
            Some([byte, ..]) if !b"\"\\".contains(byte) => end += 1,
            _ => return quoted.get(..end),
        }
    }
}

/// Without the backslashes that keep quotes and backslashes from being read.
fn unescaped(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut text = Vec::with_capacity(value.len());
    let mut left = value;
    while let Some((byte, rest)) = left.split_first() {
        let escaped = rest.first().filter(|next| *byte == b'\\' && b"\"\\".contains(next));
        text.push(*escaped.unwrap_or(byte));
        left = rest.get(usize::from(escaped.is_some())..).unwrap_or_default();
    }
    Cow::Owned(text)
}

fn unindented(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !b" \t".contains(byte)).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

/// What stands behind charset and language (RFC 8187 3.2).
fn after_quotes(value: &[u8]) -> &[u8] {
    value.splitn(3, |byte| *byte == b'\'').last().unwrap_or_default()
}

/// Percent-encoded bytes decoded (RFC 3986 2.1); what is no code stays.
fn unquoted(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'%', value).is_none() {
        return Cow::Borrowed(value);
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let mut text = Vec::with_capacity(value.len());
    let mut left = value;
    while let Some((byte, rest)) = left.split_first() {
        let code = match rest {
            [high, low, ..] if *byte == b'%' => digit(high).zip(digit(low)).map(|(high, low)| (high << 4 | low) as u8),
            _ => None,
        };
        text.push(code.unwrap_or(*byte));
        left = rest.get(if code.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    Cow::Owned(text)
}
