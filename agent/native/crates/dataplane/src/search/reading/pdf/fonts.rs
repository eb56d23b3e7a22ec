//! Which fonts a PDF file has: by which names its pages call them, and which CMaps they have.
//!
//! No tree of objects is followed: a name and an object behind it name a font if the object is one.

use hashbrown::{HashMap, HashSet};

use super::super::page::{Limit, Page};
use super::cmap::CMap;

/// Names of objects, of which few are fonts.
const MAX_NAMES: usize = 1 << 16;
/// Fonts.
const MAX_FONTS: usize = 4096;
/// Codes, or rows of codes, of all fonts.
const MAX_ENTRIES: usize = 1 << 17;
/// Objects in one stream of them.
const MAX_OBJECTS: usize = 1 << 16;
/// Bytes of a name, a number or a word.
const MAX_TOKEN: usize = 64;
/// Fonts that one name may mean, on one page or another.
const MAX_MEANT: usize = 8;
/// Names of objects that are no fonts and of which there are many.
const OTHERS: [&[u8]; 8] = [b"Parent", b"Contents", b"Prev", b"Next", b"Pg", b"Resources", b"Length", b"Dest"];

/// What is known of the fonts of a file.
#[derive(Default)]
pub struct Fonts {
    /// Names, and the objects that they stand before.
    names: HashSet<(Vec<u8>, u32)>,
    /// The CMap of each object that has one: the object in which it stands.
    cmap_of: HashMap<u32, u32>,
    cmaps: HashMap<u32, CMap>,
    entries: usize,
}

impl Fonts {
    /// Learns that a name in an object stands before another.
    fn refer(&mut self, page: &mut Page, object: u32, name: &[u8], to: u32) {
        if name == b"ToUnicode" && self.cmap_of.len() < MAX_FONTS {
            self.cmap_of.insert(object, to);
        } else if name != b"ToUnicode" && self.names.len() < MAX_NAMES && !OTHERS.contains(&name) {
            self.names.insert((name.to_vec(), to));
        } else if self.names.len() >= MAX_NAMES {
            page.meet(Limit::Memory);
        }
    }

    /// Tells whether codes of so many entries more can be kept.
    pub fn has_room(&self, entries: usize) -> bool {
        self.entries + entries < MAX_ENTRIES
    }

    /// Keeps the CMap that stands in an object.
    pub fn keep(&mut self, object: u32, mut cmap: CMap, entries: usize) {
        cmap.close();
        self.entries += entries;
        self.cmaps.insert(object, cmap);
    }

    /// The CMaps that fonts of each of these names have.
    pub fn of<'a>(&'a self, called: &HashMap<Vec<u8>, u16>) -> HashMap<u16, Vec<&'a CMap>> {
        let mut found: HashMap<u16, Vec<&CMap>> = HashMap::new();
        let mut names: Vec<_> = self.names.iter().collect();
        names.sort_unstable();
        for (name, object) in names {
            let cmap = self.cmap_of.get(object).and_then(|at| self.cmaps.get(at));
            if let (Some(font), Some(cmap)) = (called.get(name), cmap) {
                let meant = found.entry(*font).or_default();
                if meant.len() < MAX_MEANT {
                    meant.push(cmap);
                }
            }
        }
        found
    }
}

/// What stood last, as far as a reference needs it.
#[derive(Default)]
enum Token {
    Name(Vec<u8>),
    Number(u32),
    #[default]
    Other,
}

/// Objects in a stream: numbers and places first, then the objects.
struct Index {
    first: usize,
    at: usize,
    numbers: Vec<u32>,
    next: usize,
}

/// Looks through objects for references: of the file itself, or of a stream of objects.
#[derive(Default)]
pub struct Scanner {
    /// The object that is looked through.
    pub object: u32,
    word: Vec<u8>,
    named: bool,
    before: [Token; 3],
    index: Option<Index>,
}

impl Scanner {
    /// Begins a stream of objects; `first`: where the first stands.
    pub fn of_stream(first: usize) -> Self {
        Self { index: Some(Index { first, at: 0, numbers: Vec::new(), next: 0 }), ..Self::default() }
    }

    pub fn read(&mut self, page: &mut Page, data: &[u8], fonts: &mut Fonts) {
        for byte in data {
            if byte.is_ascii_whitespace() || b"()[]<>{}/%\0".contains(byte) {
                if !self.word.is_empty() {
                    self.end_word(page, fonts);
                }
                self.named = *byte == b'/';
            } else {
                if self.word.is_empty() {
                    self.enter();
                }
                if self.word.len() < MAX_TOKEN {
                    self.word.push(*byte);
                }
            }
            if let Some(index) = &mut self.index {
                index.at += 1;
            }
        }
    }

    /// Learns which object of a stream the word that begins stands in.
    fn enter(&mut self) {
        let Some(index) = &mut self.index else { return };
        let Some(place) = index.at.checked_sub(index.first) else { return };
        while let Some([number, begins]) = index.numbers.get(index.next..).and_then(|rest| rest.first_chunk()) {
            if *begins as usize > place {
                return;
            }
            self.object = *number;
            index.next += 2;
        }
    }

    fn end_word(&mut self, page: &mut Page, fonts: &mut Fonts) {
        let word = std::mem::take(&mut self.word);
        let number = str::from_utf8(&word).ok().and_then(|text| text.parse().ok()).filter(|_| !self.named);
        if let (Some(index), Some(number)) = (&mut self.index, number)
            && index.at <= index.first
            && index.numbers.len() < 2 * MAX_OBJECTS
        {
            index.numbers.push(number);
        }
        match (&self.before, word.as_slice()) {
            ([_, Token::Number(object), Token::Number(_)], b"obj") => self.object = *object,
            ([Token::Name(name), Token::Number(to), Token::Number(_)], b"R") => {
                fonts.refer(page, self.object, name, *to);
            }
            _ => {}
        }
        self.before.rotate_left(1);
        if let Some(last) = self.before.last_mut() {
            *last = match number {
                _ if self.named => Token::Name(word),
                Some(number) => Token::Number(number),
                None => Token::Other,
            };
        }
    }
}
