//! JA4, the fingerprint of a TLS client hello.
//!
//! After the public specification of JA4 (TLS client), BSD-3-Clause, by FoxIO. The other methods of the JA4+ suite stand
//! under another licence and are not built.

use sha2::{Digest, Sha256};

use super::tls::{ClientHello, MAX_EXTENSIONS, extension, numbers};

/// Of every fingerprint: ten characters that speak, and two hashes of twelve.
pub const LENGTH: usize = 36;

const HASH: usize = 12;
/// Numbers that are sorted without asking for memory; a usual hello has about twenty ciphers.
const FEW: usize = MAX_EXTENSIONS;
/// Numbers written out at once: five blocks of the hash.
const BATCH: usize = 64;

/// What a hello came over; its letter begins the fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Transport {
    Tcp = b't',
    Quic = b'q',
    Dtls = b'd',
}

/// Tells whether a 16-bit value is reserved to keep servers tolerant (RFC 8701).
#[must_use]
pub const fn is_grease(value: u16) -> bool {
    value & 0x0F0F == 0x0A0A && value >> 8 == value & 0xFF
}

/// The JA4 of a client hello, in ASCII.
#[must_use]
pub fn ja4(hello: &ClientHello<'_>, transport: Transport) -> [u8; LENGTH] {
    let without_grease = |value: &u16| !is_grease(*value);
    let ciphers = numbers(hello.ciphers).filter(without_grease);
    let extensions = hello.extensions.as_slice().iter().copied().filter(without_grease);
    let algorithms = numbers(hello.signature_algorithms).filter(without_grease);

    let [v0, v1] = version(hello.offered_version);
    let named = if extensions.clone().any(|kind| kind == extension::SERVER_NAME) { b'd' } else { b'i' };
    let ([c0, c1], [e0, e1]) = (two_digits(ciphers.clone().count()), two_digits(extensions.clone().count()));
    let [a0, a1] = alpn(hello.alpn.unwrap_or_default());
    let first = hash_sorted(ciphers, std::iter::empty());
    let told = |kind: &u16| !matches!(*kind, extension::SERVER_NAME | extension::ALPN);
    let second = hash_sorted(extensions.filter(told), algorithms);

    let mut text = [b'_'; LENGTH];
    let parts = [&[transport as u8, v0, v1, named, c0, c1, e0, e1, a0, a1][..], b"_", &first, b"_", &second];
    for (place, byte) in text.iter_mut().zip(parts.into_iter().flatten()) {
        *place = *byte;
    }
    text
}

const fn version(version: u16) -> [u8; 2] {
    match version {
        0x0304 => *b"13",
        0x0303 => *b"12",
        0x0302 => *b"11",
        0x0301 => *b"10",
        0x0300 => *b"s3",
        0x0002 => *b"s2",
        0xFEFF => *b"d1",
        0xFEFD => *b"d2",
        0xFEFC => *b"d3",
        _ => *b"00",
    }
}

fn two_digits(count: usize) -> [u8; 2] {
    let count = count.min(99) as u8;
    [b'0' + count / 10, b'0' + count % 10]
}

/// The first and last character of the first ALPN value, of its hex form where one is no ASCII letter or digit.
fn alpn(value: &[u8]) -> [u8; 2] {
    match (value.first(), value.last()) {
        (Some(first), Some(last)) if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() => [*first, *last],
        (Some(first), Some(last)) => [digit(first >> 4), digit(last & 0xF)],
        _ => *b"00",
    }
}

const fn digit(nibble: u8) -> u8 {
    nibble + if nibble < 10 { b'0' } else { b'a' - 10 }
}

/// The digits of each byte.
#[allow(clippy::indexing_slicing)] // checked when it is compiled
const DIGITS: [[u8; 2]; 256] = {
    let mut digits = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        digits[byte] = [digit(byte as u8 >> 4), digit(byte as u8 & 0xF)];
        byte += 1;
    }
    digits
};

fn digits(byte: u8) -> [u8; 2] {
    DIGITS.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Hashes numbers in ascending order, and behind them others in their own.
fn hash_sorted(numbers: impl Iterator<Item = u16> + Clone, others: impl Iterator<Item = u16>) -> [u8; HASH] {
    let mut few = [0; FEW];
    let mut many = Vec::new();
    let count = numbers.clone().count();
    let sorted = match few.get_mut(..count) {
        Some(places) => {
            places.iter_mut().zip(numbers).for_each(|(place, number)| *place = number);
            places
        }
        None => {
            many.extend(numbers);
            many.as_mut_slice()
        }
    };
    sorted.sort_unstable();
    let mut written = Written::default();
    sorted.iter().for_each(|number| written.add(b',', *number));
    let mut mark = b'_';
    for number in others {
        written.add(mark, number);
        mark = b',';
    }
    written.hash()
}

/// Numbers as the specification writes them, four digits each behind a mark, on their way into the hash.
struct Written {
    hash: Sha256,
    batch: [[u8; 5]; BATCH],
    count: usize,
    /// Nothing was written so far: a comma is not a list's first character.
    empty: bool,
}

impl Default for Written {
    fn default() -> Self {
        Self { hash: Sha256::new(), batch: [[0; 5]; BATCH], count: 0, empty: true }
    }
}

impl Written {
    fn add(&mut self, mark: u8, number: u16) {
        let [[a, b], [c, d]] = number.to_be_bytes().map(digits);
        if let Some(place) = self.batch.get_mut(self.count) {
            *place = [mark, a, b, c, d];
            self.count += 1;
        }
        if self.count == BATCH {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let text = self.batch.get(..self.count).unwrap_or_default().as_flattened();
        let text = if self.empty { text.strip_prefix(b",").unwrap_or(text) } else { text };
        self.empty &= text.is_empty();
        self.hash.update(text);
        self.count = 0;
    }

    /// The first twelve digits of the hash; zeros when nothing was written.
    fn hash(mut self) -> [u8; HASH] {
        self.flush();
        let mut text = [b'0'; HASH];
        if !self.empty {
            let hash = self.hash.finalize();
            for (place, byte) in text.as_chunks_mut().0.iter_mut().zip(hash) {
                *place = digits(byte);
            }
        }
        text
    }
}
