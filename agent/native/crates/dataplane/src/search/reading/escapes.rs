//! What stands for characters in texts: percent-encoding, JSON's backslashes, XML's entities, quoted-printable.
//!
//! Each is a pattern: what stands for something, or the beginning of that at the end of what has come. The same patterns
//! are in the portable engine.

use std::sync::LazyLock;

use memchr::{memchr, memchr2};
use regex::bytes::Regex;

const PAIR: &str = r"u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}";
const PAIR_BEGUN: &str = r"u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?\z";
const UNIT: &str = r"u[0-9a-fA-F]{4}";
const UNIT_BEGUN: &str = r"(?:u[0-9a-fA-F]{0,3})?\z";

pub(super) static JSON: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(&format!(r#"\\(?:{PAIR}|{PAIR_BEGUN}|{UNIT}|["\\/bfnrt]|{UNIT_BEGUN})"#)));
pub(super) static MARKUP: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(concat!(
        r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|lt|gt|amp|quot|apos);",
        r"|&(?:#(?:[0-9]{0,7}|[xX][0-9a-fA-F]{0,6})|[a-z]{0,4})\z",
    ))
});
pub(super) static PERCENT: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"%[0-9a-fA-F]{2}|\+|%[0-9a-fA-F]?\z"));
pub(super) static QUOTED: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"=[0-9a-fA-F]{2}|=[ \t]{0,8}\r?\n|=(?:[0-9a-fA-F]|[ \t]{0,8}\r?)\z"));

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(&format!("(?-u){text}")).ok()
}

/// What turns bytes into others, piece by piece; how they are cut changes nothing.
pub trait Stage: Send + Sync {
    /// Turns the next bytes; `last`: nothing follows.
    fn turn(&mut self, data: &[u8], last: bool, out: &mut Vec<u8>);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Percent,
    Form,
    Json,
    Markup,
    Quoted,
}

/// Reads what stands for characters as these.
pub struct Escapes {
    kind: Kind,
    /// What may go on.
    held: Vec<u8>,
}

impl Escapes {
    const fn new(kind: Kind) -> Self {
        Self { kind, held: Vec::new() }
    }

    pub const fn percent() -> Self {
        Self::new(Kind::Percent)
    }

    pub const fn form() -> Self {
        Self::new(Kind::Form)
    }

    pub const fn json() -> Self {
        Self::new(Kind::Json)
    }

    pub const fn markup() -> Self {
        Self::new(Kind::Markup)
    }

    pub const fn quoted() -> Self {
        Self::new(Kind::Quoted)
    }

    fn next_mark(&self, data: &[u8]) -> Option<usize> {
        match self.kind {
            Kind::Percent => memchr(b'%', data),
            Kind::Form => memchr2(b'%', b'+', data),
            Kind::Json => memchr(b'\\', data),
            Kind::Markup => memchr(b'&', data),
            Kind::Quoted => memchr(b'=', data),
        }
    }

    fn pattern(&self) -> Option<&'static Regex> {
        match self.kind {
            Kind::Percent | Kind::Form => PERCENT.as_ref(),
            Kind::Json => JSON.as_ref(),
            Kind::Markup => MARKUP.as_ref(),
            Kind::Quoted => QUOTED.as_ref(),
        }
    }

    /// Writes what a match stands for; false where it only may begin something.
    fn write(&self, found: &[u8], out: &mut Vec<u8>) -> bool {
        match self.kind {
            Kind::Percent if found == b"+" => out.push(b'+'),
            Kind::Percent | Kind::Form => match found {
                [b'%', high, low] => out.push(hex(&[*high, *low]) as u8),
                [b'+'] => out.push(b' '),
                _ => return false,
            },
            Kind::Quoted => match found {
                [.., b'\n'] => {}
                [b'=', high, low] if !b" \t\r".contains(low) && !b" \t".contains(high) => {
                    out.push(hex(&[*high, *low]) as u8);
                }
                _ => return false,
            },
            Kind::Json => return write_json(found, out),
            Kind::Markup => return write_entity(found, out),
        }
        true
    }
}

impl Stage for Escapes {
    fn turn(&mut self, data: &[u8], last: bool, out: &mut Vec<u8>) {
        if self.held.is_empty() && self.next_mark(data).is_none() {
            return out.extend_from_slice(data);
        }
        let mut joined = std::mem::take(&mut self.held);
        joined.extend_from_slice(data);
        let Some(pattern) = self.pattern() else { return out.extend_from_slice(&joined) };
        let mut done = 0;
        for found in pattern.find_iter(&joined) {
            out.extend_from_slice(joined.get(done..found.start()).unwrap_or_default());
            done = found.end();
            if !self.write(found.as_bytes(), out) {
                if last || done < joined.len() {
                    out.extend_from_slice(found.as_bytes());
                } else {
                    self.held = found.as_bytes().to_vec();
                }
            }
        }
        out.extend_from_slice(joined.get(done..).unwrap_or_default());
    }
}

fn hex(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |sum, digit| sum << 4 | char::from(*digit).to_digit(16).unwrap_or_default())
}

fn push(code: Option<char>, out: &mut Vec<u8>) {
    let letter = code.unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Writes what a backslash and what follows stand for (RFC 8259 7); half of a pair stays, or waits for the other half.
fn write_json(found: &[u8], out: &mut Vec<u8>) -> bool {
    match found {
        [_, b'u', unit @ ..] if unit.len() == 4 => match char::from_u32(hex(unit)) {
            Some(letter) => push(Some(letter), out),
            None => return false,
        },
        [_, b'u', pair @ ..] if pair.len() == 10 => {
            let unit = |at: usize| hex(pair.get(at..at + 4).unwrap_or_default());
            let (high, low) = (unit(0), unit(6));
            push(char::from_u32(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF)), out);
        }
        [_, letter] => match letter {
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'u' => return false,
            other => out.push(*other),
        },
        _ => return false,
    }
    true
}

/// Writes what an entity stands for; one that is none stays.
fn write_entity(found: &[u8], out: &mut Vec<u8>) -> bool {
    let Some((b';', name)) = found.split_last() else { return false };
    let code = match name {
        b"&lt" => Some('<'),
        b"&gt" => Some('>'),
        b"&amp" => Some('&'),
        b"&quot" => Some('"'),
        b"&apos" => Some('\''),
        [b'&', b'#', b'x' | b'X', digits @ ..] => char::from_u32(hex(digits)),
        [b'&', b'#', digits @ ..] => {
            let add = |sum: u32, digit: &u8| sum * 10 + u32::from(digit - b'0');
            char::from_u32(digits.iter().fold(0, add))
        }
        _ => None,
    };
    match code {
        Some(code) if code != '\0' => push(Some(code), out),
        _ => out.extend_from_slice(found),
    }
    true
}
