//! What the pages of a PDF file show (ISO 32000-1 9.4): strings, by the fonts that they are shown in.
//!
//! What a font's codes mean often stands behind the pages: all is held until the file ends, as far as bounds let.

use hashbrown::HashMap;

use super::super::body::Reader;
use super::super::page::{Limit, Page};
use super::cmap::{Section, Told};
use super::fonts::{Fonts, Scanner};
use super::strings::{PLAIN, Strings};

/// Bytes of a string that are read at once.
const MAX_STRING: usize = 4096;
/// Bytes of an operator, a name or a number.
const MAX_TOKEN: usize = 64;
/// Bytes that wait for the end of the file.
const MAX_HELD: usize = 4 << 20;
/// Names of fonts in pages.
const MAX_CALLED: usize = 4096;
/// Thousandths of a letter that part words.
const WORD_GAP: f32 = -200.0;

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

/// Where in a stream its reader stands.
#[derive(Default)]
enum Place {
    #[default]
    Outside,
    /// In a string, so many brackets deep.
    String(u32),
    /// Behind one angle bracket: two begin a dictionary.
    Angle,
    /// In a string of hexadecimal digits, perhaps behind one of a pair.
    Hex(Option<u8>),
}

/// Reads what streams show, and what their codes mean.
#[derive(Default)]
pub struct Content {
    pub fonts: Fonts,
    /// A stream of objects is read.
    objects: Option<Scanner>,
    told: Told,
    place: Place,
    string: Vec<u8>,
    escape: Escape,
    /// The string goes on from before and is UTF-16.
    wide: bool,
    token: Vec<u8>,
    named: bool,
    name: Vec<u8>,
    number: f32,
    array: bool,
    /// Between BT and ET.
    showing: bool,
    blank: bool,
    called: HashMap<Vec<u8>, u16>,
    font: u16,
    strings: Strings,
}

impl Content {
    /// Begins a stream; `first`: it holds objects, the first of them there.
    pub fn begin(&mut self, first: Option<usize>) {
        self.objects = first.map(Scanner::of_stream);
        (self.told, self.place) = (Told::default(), Place::Outside);
        (self.array, self.named) = (false, false);
        self.token.clear();
        self.string.clear();
    }

    /// Learns that a stream ends that stands in an object.
    pub fn end_stream(&mut self, page: &mut Page, object: u32) {
        if let Some(scanner) = &mut self.objects {
            scanner.read(page, b" ", &mut self.fonts);
        }
        if !matches!(self.place, Place::Outside) {
            self.close(page);
        }
        let (cmap, entries) = std::mem::take(&mut self.told).cmap();
        if !cmap.is_empty() {
            self.fonts.keep(object, cmap, entries);
        }
    }

    fn byte(&mut self, page: &mut Page, byte: u8) {
        match self.place {
            Place::Outside => self.outside(byte),
            Place::String(open) => self.in_string(page, open, byte),
            Place::Angle if byte == b'<' => self.place = Place::Outside,
            Place::Angle => {
                self.place = Place::Hex(None);
                self.in_hex(page, None, byte);
            }
            Place::Hex(half) => self.in_hex(page, half, byte),
        }
        if self.string.len() >= MAX_STRING {
            self.close(page);
        }
    }

    fn in_hex(&mut self, page: &mut Page, half: Option<u8>, byte: u8) {
        let digit = char::from(byte).to_digit(16).map(|digit| digit as u8);
        self.place = match (half, digit) {
            (_, None) if byte == b'>' => {
                self.string.extend(half.map(|high| high << 4)); // the last digit may be left out
                self.close(page);
                Place::Outside
            }
            (half, None) => Place::Hex(half),
            (None, digit) => Place::Hex(digit),
            (Some(high), Some(low)) => {
                self.string.push(high << 4 | low);
                Place::Hex(None)
            }
        };
    }

    fn in_string(&mut self, page: &mut Page, open: u32, byte: u8) {
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
                self.place = Place::String(open.saturating_add(1));
                self.string.push(byte);
            }
            b')' if open <= 1 => {
                self.place = Place::Outside;
                self.close(page);
            }
            b')' => {
                self.place = Place::String(open - 1);
                self.string.push(byte);
            }
            _ => self.string.push(byte),
        }
    }

    fn escaped(&mut self, byte: u8) {
        self.escape = Escape::No;
        match byte {
            b'0'..=b'7' => self.escape = Escape::Octal(1, byte - b'0'),
            b'\r' => self.escape = Escape::Return,
            b'\n' => {}
            b'n' => self.string.push(b'\n'),
            b'r' => self.string.push(b'\r'),
            b't' => self.string.push(b'\t'),
            b'b' => self.string.push(8),
            b'f' => self.string.push(12),
            _ => self.string.push(byte),
        }
    }

    /// Takes a string that is whole, or a long piece of one.
    fn close(&mut self, page: &mut Page) {
        let string = std::mem::take(&mut self.string);
        let hex = matches!(self.place, Place::Hex(_));
        if self.told.section.is_some() {
            if self.fonts.has_room(self.told.entries) {
                self.told.learn(string, self.array);
            } else {
                page.meet(Limit::Memory);
            }
        } else if self.showing || !hex {
            self.show(&string);
        }
        if self.strings.held() > MAX_HELD {
            page.meet(Limit::Memory);
            self.strings.write(page, &self.fonts.of(&self.called), false);
        }
    }

    fn show(&mut self, string: &[u8]) {
        let marked = string.strip_prefix(b"\xFE\xFF");
        let wide = marked.is_some() || self.wide;
        if wide {
            self.strings.put_utf16(marked.unwrap_or(string));
        } else {
            self.strings.put(self.font, string);
        }
        self.blank = string.is_empty() && self.blank;
        self.wide = wide && matches!(self.place, Place::String(_));
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
        self.named = byte == b'/';
        match byte {
            b'(' => self.place = Place::String(1),
            b'<' => self.place = Place::Angle,
            b'[' => self.array = true,
            b']' => {
                self.array = false;
                self.told.end_array();
            }
            _ => {}
        }
    }

    fn operator(&mut self) {
        let token = std::mem::take(&mut self.token);
        if token.is_empty() {
            return;
        }
        if self.named {
            self.name = token;
            return;
        }
        let number = str::from_utf8(&token).ok().and_then(|text| text.parse::<f32>().ok());
        match (token.as_slice(), number) {
            (_, Some(number)) => {
                if self.array && number < WORD_GAP {
                    self.separate(b' ');
                }
                self.number = number;
            }
            (b"Td" | b"TD", _) => self.separate(if self.number == 0.0 { b' ' } else { b'\n' }),
            (b"T*" | b"'" | b"\"" | b"Tm", _) => self.separate(b'\n'),
            (b"BT", _) => self.showing = true,
            (b"ET", _) => {
                self.showing = false;
                self.separate(b'\n');
            }
            (b"Tf", _) => self.choose(),
            (b"beginbfchar", _) => self.told.begin(Some(Section::Chars)),
            (b"beginbfrange", _) => self.told.begin(Some(Section::Ranges)),
            (b"endbfchar" | b"endbfrange", _) => self.told.begin(None),
            _ => {}
        }
        self.token = token;
        self.token.clear();
    }

    /// Chooses the font that is called by the last name.
    fn choose(&mut self) {
        let next = self.called.len() + 1;
        let name = std::mem::take(&mut self.name);
        let known = self.called.get(&name).copied();
        self.font = known.unwrap_or(if next > MAX_CALLED { PLAIN } else { next as u16 });
        if known.is_none() && self.font != PLAIN {
            self.called.insert(name, self.font);
        }
    }

    fn separate(&mut self, mark: u8) {
        if !self.blank {
            self.strings.separate(mark);
            self.blank = true;
        }
    }
}

impl Reader for Content {
    fn read(&mut self, page: &mut Page, data: &[u8]) {
        if let Some(scanner) = &mut self.objects {
            scanner.read(page, data, &mut self.fonts);
        }
        for byte in data {
            self.byte(page, *byte);
        }
    }

    /// Learns that the file ends.
    fn end(&mut self, page: &mut Page) {
        self.close(page);
        self.strings.write(page, &self.fonts.of(&self.called), true);
    }
}
