//! Text of PDF (ISO 32000-1): the strings of its streams, packed by Flate or not, in WinAnsi or UTF-16.
//!
//! Text in fonts with encodings of their own (hexadecimal strings) is not read.

use encoding_rs::{UTF_16BE, WINDOWS_1252};
use flate2::Decompress;
use memchr::memmem;

use super::body::Reader;
use super::compose::Compose;
use super::escapes::Stage;
use super::page::Page;
use super::unpack::{Inflated, inflate};

/// Bytes before a stream in which its dictionary stands.
const DICTIONARY: usize = 2048;
/// Bytes of a string that are read at once.
const MAX_STRING: usize = 4096;
/// Bytes of an operator or number.
const MAX_TOKEN: usize = 16;
/// Thousandths of a letter that part words.
const WORD_GAP: f32 = -200.0;
const BEGIN: &[u8] = b"stream";
const END: &[u8] = b"endstream";

enum Place {
    Outside,
    Packed(Box<Decompress>),
    Plain,
    Skipped,
}

/// Reads the text of a PDF file.
pub struct Pdf {
    place: Place,
    held: Vec<u8>,
    strings: Strings,
}

impl Default for Pdf {
    fn default() -> Self {
        Self { place: Place::Outside, held: Vec::new(), strings: Strings::default() }
    }
}

impl Pdf {
    /// Looks for the next stream; true when one begins.
    fn seek(&mut self) -> bool {
        let mut from = 0;
        while let Some(at) = self.held.get(from..).and_then(|rest| memmem::find(rest, BEGIN)).map(|at| from + at) {
            let behind = self.held.get(at + BEGIN.len()..).unwrap_or_default();
            let size = match behind {
                [b'\r', b'\n', ..] => 2,
                [b'\n', ..] => 1,
                [] | [b'\r'] => return self.forget(at.saturating_sub(DICTIONARY)),
                _ => 0,
            };
            let start = at + BEGIN.len() + size;
            let named = self.held.get(..at).is_some_and(|before| !before.ends_with(b"end"));
            if size > 0 && named {
                self.place = self.stream(self.held.get(at.saturating_sub(DICTIONARY)..at).unwrap_or_default());
                self.held.drain(..start);
                return true;
            }
            from = at + BEGIN.len();
        }
        self.forget(self.held.len().saturating_sub(DICTIONARY + BEGIN.len()))
    }

    fn forget(&mut self, bytes: usize) -> bool {
        self.held.drain(..bytes);
        false
    }

    /// How a stream is read that has this dictionary before it.
    fn stream(&self, before: &[u8]) -> Place {
        let dictionary = memmem::rfind(before, b"obj").and_then(|at| before.get(at..)).unwrap_or(before);
        let says = |word: &[u8]| memmem::find(dictionary, word).is_some();
        let filters = [&b"DCTDecode"[..], b"LZWDecode", b"ASCII85Decode", b"ASCIIHexDecode", b"Crypt", b"JPXDecode"];
        let other = [&b"/Image"[..], b"/XRef", b"/FontFile", b"/Length1", b"/Metadata"];
        if filters.iter().chain(&other).any(|word| says(word)) {
            Place::Skipped
        } else if says(b"FlateDecode") {
            Place::Packed(Box::new(Decompress::new(true)))
        } else if says(b"/Filter") {
            Place::Skipped
        } else {
            Place::Plain
        }
    }

    /// Reads up to the end of a stream that is not packed; true when it ends.
    fn up_to_end(&mut self, page: &mut Page, read: bool) -> bool {
        let end = memmem::find(&self.held, END);
        let size = end.unwrap_or_else(|| self.held.len().saturating_sub(END.len() - 1));
        if read {
            self.strings.read(page, self.held.get(..size).unwrap_or_default());
        }
        self.held.drain(..end.map_or(size, |end| end + END.len()));
        if end.is_some() {
            self.place = Place::Outside;
        }
        end.is_some()
    }

    fn step(&mut self, page: &mut Page) -> bool {
        match &mut self.place {
            Place::Outside => self.seek(),
            Place::Plain => self.up_to_end(page, true),
            Place::Skipped => self.up_to_end(page, false),
            Place::Packed(zlib) => {
                let held = std::mem::take(&mut self.held);
                match inflate(zlib, page, &held, &mut self.strings) {
                    Inflated::More => false,
                    Inflated::End(read) => {
                        self.held = held.get(read..).unwrap_or_default().to_vec();
                        self.place = Place::Skipped;
                        true
                    }
                }
            }
        }
    }
}

impl Reader for Pdf {
    fn read(&mut self, page: &mut Page, data: &[u8]) {
        self.held.extend_from_slice(data);
        while !page.over && self.step(page) {}
    }

    fn end(&mut self, page: &mut Page) {
        self.strings.end(page);
    }
}

/// Reads the strings that a stream shows (ISO 32000-1 9.4.3).
#[derive(Default)]
struct Strings {
    string: Vec<u8>,
    /// Brackets that are open; 0: no string.
    open: u32,
    escape: Escape,
    /// The string goes on from before and is not told by its own first bytes.
    wide: bool,
    token: Vec<u8>,
    number: f32,
    array: bool,
    blank: bool,
    text: Vec<u8>,
    compose: Compose,
}

#[derive(Default, Clone, Copy)]
enum Escape {
    #[default]
    No,
    Begun,
    /// Digits so far, and what they make.
    Octal(u8, u8),
    /// Behind a carriage return, which a line feed may follow.
    Return,
}

impl Strings {
    fn byte(&mut self, byte: u8) {
        if self.open == 0 {
            return self.outside(byte);
        }
        match self.escape {
            Escape::Begun => return self.escaped(byte),
            Escape::Octal(digits, code) if digits < 3 && matches!(byte, b'0'..=b'7') => {
                self.escape = Escape::Octal(digits + 1, code << 3 | (byte - b'0'));
                return;
            }
            Escape::Octal(_, code) => self.string.push(code),
            Escape::Return if byte == b'\n' => {
                self.escape = Escape::No;
                return;
            }
            Escape::Return | Escape::No => {}
        }
        self.escape = Escape::No;
        match byte {
            b'\\' => self.escape = Escape::Begun,
            b'(' => {
                self.open = self.open.saturating_add(1);
                self.string.push(byte);
            }
            b')' => {
                self.open -= 1;
                if self.open == 0 { self.close() } else { self.string.push(byte) }
            }
            _ => self.string.push(byte),
        }
        if self.string.len() >= MAX_STRING {
            self.close();
        }
    }

    fn escaped(&mut self, byte: u8) {
        self.escape = Escape::No;
        match byte {
            b'0'..=b'7' => self.escape = Escape::Octal(1, byte - b'0'),
            b'\r' => self.escape = Escape::Return,
            b'\n' => {}
            b'n' => self.string.push(b'\n'),
            b'r' | b't' | b'b' | b'f' => self.string.push(b' '),
            _ => self.string.push(byte),
        }
    }

    /// Takes a string that is whole, or a long piece of one.
    fn close(&mut self) {
        let marked = self.string.strip_prefix(b"\xFE\xFF");
        let encoding = if marked.is_some() || self.wide { UTF_16BE } else { WINDOWS_1252 };
        let text = encoding.decode_without_bom_handling(marked.unwrap_or(&self.string)).0;
        self.blank = text.is_empty() && self.blank;
        self.text.extend_from_slice(text.as_bytes());
        self.wide = self.open > 0 && (marked.is_some() || self.wide);
        self.string.clear();
    }

    fn outside(&mut self, byte: u8) {
        let ends = byte.is_ascii_whitespace() || b"()[]<>{}/%".contains(&byte);
        if !ends {
            if self.token.len() < MAX_TOKEN {
                self.token.push(byte);
            }
            return;
        }
        self.operator();
        match byte {
            b'(' => self.open = 1,
            b'[' => self.array = true,
            b']' => self.array = false,
            _ => {}
        }
    }

    fn operator(&mut self) {
        let token = std::mem::take(&mut self.token);
        let number = str::from_utf8(&token).ok().and_then(|text| text.parse::<f32>().ok());
        match (token.as_slice(), number) {
            (b"", _) => return,
            (_, Some(number)) => {
                if self.array && number < WORD_GAP {
                    self.separate(b' ');
                }
                self.number = number;
            }
            (b"Td" | b"TD", _) => self.separate(if self.number == 0.0 { b' ' } else { b'\n' }),
            (b"T*" | b"'" | b"\"" | b"ET" | b"Tm", _) => self.separate(b'\n'),
            _ => {}
        }
        self.token = token;
        self.token.clear();
    }

    fn separate(&mut self, mark: u8) {
        if !self.blank {
            self.text.push(mark);
            self.blank = true;
        }
    }

    fn flush(&mut self, page: &mut Page, last: bool) {
        let mut composed = Vec::with_capacity(self.text.len());
        self.compose.turn(&self.text, last, &mut composed);
        page.put(&composed);
        self.text.clear();
    }
}

impl Reader for Strings {
    fn read(&mut self, page: &mut Page, data: &[u8]) {
        for byte in data {
            self.byte(*byte);
        }
        self.flush(page, false);
    }

    fn end(&mut self, page: &mut Page) {
        self.close();
        self.flush(page, true);
    }
}
