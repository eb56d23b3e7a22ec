//! Decodes encoded words (RFC 2047), as mail programs still write the names of files.

use std::borrow::Cow;

use encoding_rs::{Encoding, KOI8_U, UTF_16BE, UTF_16LE, WINDOWS_1255};
use memchr::memmem;

const REPLACED: char = char::REPLACEMENT_CHARACTER;

/// One stretch of a header.
enum Word<'a> {
    Plain(&'a [u8]),
    Encoded { charset: &'a [u8], base64: bool, text: &'a [u8] },
}

impl<'a> Word<'a> {
    const fn text(&self) -> &'a [u8] {
        match self {
            Self::Plain(text) | Self::Encoded { text, .. } => text,
        }
    }

    const fn encoded(&self) -> bool {
        matches!(self, Self::Encoded { .. })
    }
}

/// A name as UTF-8 where it has encoded words; as it is where it has none, or one that cannot be read.
#[must_use]
pub fn decoded(name: &[u8]) -> Cow<'_, [u8]> {
    let readable = name.is_ascii() && next_word(name).is_some();
    readable.then(|| joined(&words(name))).flatten().map_or(Cow::Borrowed(name), |text| Cow::Owned(text.into_bytes()))
}

/// The words of a header, what is between them, and no white space between two encoded ones.
fn words(header: &[u8]) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    for line in header.split(|byte| matches!(byte, b'\n'..=b'\r' | 0x1C..=0x1E)) {
        let start = line.iter().position(|byte| !is_blank(*byte)).unwrap_or(line.len());
        let mut left = line.get(start..).unwrap_or_default();
        while let Some((before, word, rest)) = next_word(left) {
            words.extend((!before.is_empty()).then_some(Word::Plain(before)));
            words.push(word);
            left = rest;
        }
        words.extend((!left.is_empty()).then_some(Word::Plain(left)));
    }
    let between = |at: usize| {
        let encoded = |at: usize| words.get(at).is_some_and(Word::encoded);
        let text = words.get(at).map_or(&[][..], Word::text);
        at > 0 && encoded(at - 1) && encoded(at + 1) && !text.is_empty() && text.iter().all(|byte| is_blank(*byte))
    };
    let kept: Vec<bool> = (0..words.len()).map(|at| !between(at)).collect();
    let mut kept = kept.into_iter();
    words.retain(|_| kept.next().unwrap_or(true));
    words
}

/// The first encoded word: what stands before it, itself, and what stands behind it.
fn next_word(line: &[u8]) -> Option<(&[u8], Word<'_>, &[u8])> {
    memmem::find_iter(line, b"=?").find_map(|start| {
        let (before, rest) = line.split_at_checked(start)?;
        let (charset, rest) = split_mark(rest.get(2..)?)?;
        let (kind, rest) = split_mark(rest)?;
        let base64 = match kind {
            b"b" | b"B" => true,
            b"q" | b"Q" => false,
            _ => return None,
        };
        let (text, rest) = rest.split_at_checked(memmem::find(rest, b"?=")?)?;
        Some((before, Word::Encoded { charset, base64, text }, rest.get(2..)?))
    })
}

fn split_mark(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, rest) = text.split_at_checked(memchr::memchr(b'?', text)?)?;
    Some((before, rest.get(1..)?))
}

/// The words' text; None where one cannot be read. Words of one charset are one: a character may be cut in two.
fn joined(words: &[Word<'_>]) -> Option<String> {
    let mut text = String::new();
    let mut run: Option<(Option<String>, Vec<u8>)> = None;
    for word in words {
        let (charset, bytes) = match word {
            Word::Plain(plain) => (None, plain.to_vec()),
            Word::Encoded { charset, base64: true, text } => (Some(charset), from_base64(text)?),
            Word::Encoded { charset, base64: false, text } => (Some(charset), from_quoted(text)),
        };
        let charset = charset.map(|charset| String::from_utf8_lossy(charset).to_ascii_lowercase());
        match &mut run {
            Some((known, before)) if *known == charset => {
                before.extend(charset.is_none().then_some(b' '));
                before.extend(bytes);
            }
            _ => text += &read(run.replace((charset, bytes)))?,
        }
    }
    text += &read(run)?;
    Some(text)
}

fn read(run: Option<(Option<String>, Vec<u8>)>) -> Option<String> {
    match run {
        None => Some(String::new()),
        Some((None, plain)) => Some(String::from_utf8_lossy(&plain).into_owned()),
        Some((Some(charset), bytes)) => in_charset(&charset, &bytes),
    }
}

/// Text in a charset, what is wrong in it replaced; None of a charset that mail programs do not write.
fn in_charset(charset: &str, bytes: &[u8]) -> Option<String> {
    let iso = charset
        .strip_prefix("iso-8859-")
        .or_else(|| charset.strip_prefix("iso8859-"))
        .filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let label = iso.map_or_else(|| charset.to_owned(), |part| format!("iso-8859-{part}"));
    Some(match charset {
        "utf-8" | "utf8" => String::from_utf8_lossy(bytes).into_owned(),
        "utf-16" | "utf16" => match bytes {
            [0xFE, 0xFF, rest @ ..] => text_of(UTF_16BE, rest),
            [0xFF, 0xFE, rest @ ..] => text_of(UTF_16LE, rest),
            _ => text_of(UTF_16LE, bytes),
        },
        "us-ascii" => bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { REPLACED }).collect(),
        "iso-8859-1" | "iso8859-1" => bytes.iter().map(|byte| char::from(*byte)).collect(),
        _ if iso.is_none() && !is_known(charset) => return None,
        _ => {
            let encoding = Encoding::for_label(label.as_bytes())?;
            if encoding.is_single_byte() {
                bytes.iter().map(|byte| character(encoding, *byte, iso.is_some())).collect()
            } else {
                text_of(encoding, bytes)
            }
        }
    })
}

fn text_of(encoding: &'static Encoding, bytes: &[u8]) -> String {
    encoding.decode_without_bom_handling(bytes).0.into_owned()
}

/// A character of one byte. Where the Web reads more than the charset has, it is as the charset says.
fn character(encoding: &'static Encoding, byte: u8, iso: bool) -> char {
    let read = text_of(encoding, &[byte]).chars().next().unwrap_or(REPLACED);
    match byte {
        0x80..0xA0 if iso => char::from(byte),
        0xAE if encoding == KOI8_U => '╝', // RFC 2319
        0xBE if encoding == KOI8_U => '╬',
        0xCA if encoding == WINDOWS_1255 => REPLACED,
        _ if ('\u{80}'..'\u{A0}').contains(&read) => REPLACED,
        _ => read,
    }
}

/// Whether a label, other than those of ISO 8859, is one of mail.
fn is_known(charset: &str) -> bool {
    let windows = charset.strip_prefix("windows-125").or_else(|| charset.strip_prefix("cp125"));
    windows.is_some_and(|page| matches!(page.as_bytes(), [b'0'..=b'8']))
        || matches!(charset, "koi8-r" | "koi8-u" | "cp866" | "ibm866" | "big5" | "big5-hkscs" | "gbk" | "gb2312")
        || matches!(charset, "gb18030" | "euc-jp" | "euc-kr" | "iso-2022-jp" | "shift_jis")
}

/// Bytes in base64, read leniently: what is no digit is skipped, missing padding is added. None where digits miss.
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut quad, mut digits, mut pads) = (0u32, 0u32, 0u32);
    let missing = (4 - text.len() % 4) % 4;
    for byte in text.iter().chain(std::iter::repeat_n(&b'=', missing)) {
        if *byte == b'=' {
            pads += 1;
            if digits >= 2 && digits + pads >= 4 {
                return Some(bytes);
            }
            continue;
        }
        let Some(value) = base64_digit(*byte) else { continue };
        pads = 0;
        quad = quad << 6 | value;
        digits = (digits + 1) % 4;
        if digits != 1 {
            bytes.push((quad >> (6 - 2 * ((digits + 3) % 4))) as u8);
        }
    }
    (digits == 0).then_some(bytes)
}

const fn base64_digit(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    } as u32)
}

/// Bytes in the encoding Q (RFC 2047 4.2).
fn from_quoted(text: &[u8]) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text;
    while let Some((byte, rest)) = left.split_first() {
        let code = match rest {
            [high, low, ..] if *byte == b'=' => digit(high).zip(digit(low)).map(|(high, low)| (high << 4 | low) as u8),
            _ => None,
        };
        bytes.push(code.unwrap_or(if *byte == b'_' { b' ' } else { *byte }));
        left = rest.get(if code.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    bytes
}

/// White space of ASCII, the separators among it.
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r' | 0x1C..=0x1F)
}
