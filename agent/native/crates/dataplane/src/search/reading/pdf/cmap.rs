//! What the codes of a font mean: its CMap to Unicode (ISO 32000-1 9.10.3, Adobe Technical Note 5411).

/// One entry of a CMap: codes from one to another, and what the first of them means, in UTF-16.
struct Entry {
    codes: (u16, u16),
    means: Box<[u16]>,
}

/// Characters that a code may mean.
const MAX_MEANING: usize = 16;

/// Which characters the codes of a font are.
#[derive(Default)]
pub struct CMap {
    entries: Vec<Entry>,
    /// Codes have two bytes.
    wide: bool,
}

impl CMap {
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Learns what codes mean; false when they are longer than any that is read.
    pub fn add(&mut self, first: &[u8], last: &[u8], means: &[u8]) -> bool {
        let (Some(first), Some(last)) = (code(first, &mut self.wide), code(last, &mut self.wide)) else { return false };
        let means = means.as_chunks().0.iter().take(MAX_MEANING).map(|unit| u16::from_be_bytes(*unit)).collect();
        self.entries.push(Entry { codes: (first, last), means });
        true
    }

    /// Ends it: nothing more is learnt.
    pub fn close(&mut self) {
        self.entries.sort_by_key(|entry| entry.codes.0);
    }

    /// Reads codes; returns how many of them mean nothing.
    pub fn read(&self, codes: &[u8], out: &mut Vec<u8>) -> usize {
        let size = 1 + usize::from(self.wide);
        let mut unknown = 0;
        for code in codes.chunks(size) {
            let code = code.iter().fold(0, |sum: u16, byte| sum << 8 | u16::from(*byte));
            match self.find(code) {
                Some(entry) => entry.write(code, out),
                None => unknown += 1,
            }
        }
        unknown
    }

    fn find(&self, code: u16) -> Option<&Entry> {
        let behind = self.entries.partition_point(|entry| entry.codes.0 <= code);
        self.entries.get(behind.checked_sub(1)?).filter(|entry| code <= entry.codes.1)
    }
}

impl Entry {
    /// Writes what a code of the entry means: the last character goes up with the codes.
    fn write(&self, code: u16, out: &mut Vec<u8>) {
        let Some((last, before)) = self.means.split_last() else { return };
        let last = last.wrapping_add(code - self.codes.0);
        let units = before.iter().copied().chain([last]);
        for letter in char::decode_utf16(units).map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER)) {
            out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

/// A code of one byte or two.
const fn code(bytes: &[u8], wide: &mut bool) -> Option<u16> {
    match bytes {
        [one] => Some(*one as u16),
        [high, low] => {
            *wide = true;
            Some(u16::from_be_bytes([*high, *low]))
        }
        _ => None,
    }
}

/// A section of a CMap.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Chars,
    Ranges,
}

/// The CMap that a stream turns out to be.
#[derive(Default)]
pub struct Told {
    pub section: Option<Section>,
    /// The codes that are spoken of.
    codes: Vec<Vec<u8>>,
    cmap: CMap,
    pub entries: usize,
}

impl Told {
    pub fn begin(&mut self, section: Option<Section>) {
        self.section = section;
        self.codes.clear();
    }

    /// Learns that no meaning follows of the codes that are spoken of.
    pub fn end_array(&mut self) {
        self.codes.clear();
    }

    /// Takes a string: codes, or what they mean; in an array one code after the other.
    pub fn learn(&mut self, string: Vec<u8>, array: bool) {
        let Self { section, codes, cmap, entries } = self;
        match (section, codes.as_mut_slice()) {
            (Some(Section::Chars), [code]) => {
                *entries += usize::from(cmap.add(code, code, &string));
                codes.clear();
            }
            (Some(Section::Ranges), [first, last]) => {
                *entries += usize::from(cmap.add(first, if array { first } else { last }, &string));
                if array {
                    follow(first);
                } else {
                    codes.clear();
                }
            }
            _ => codes.push(string),
        }
    }

    /// The CMap, and how many entries it has.
    pub fn cmap(self) -> (CMap, usize) {
        (self.cmap, self.entries)
    }
}

/// Turns a code into the one behind it.
fn follow(code: &mut [u8]) {
    for byte in code.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
}
