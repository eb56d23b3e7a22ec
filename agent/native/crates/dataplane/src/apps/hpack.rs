//! Header fields of HTTP/2 in their compressed form (HPACK, RFC 7541): bytes to fields.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::reader::Reader;

/// Bytes of one block of fields.
pub const MAX_BLOCK: usize = 16_384;
/// Bytes of the fields that are remembered, as RFC 7541 4.1 counts them.
pub const MAX_TABLE: usize = 16_384;
/// RFC 9113 6.5.2.
const DEFAULT_TABLE: usize = 4096;
/// What a field counts beside its bytes.
const OVERHEAD: usize = 32;
/// Bytes behind the first of an integer.
const MAX_INTEGER: usize = 5;

/// RFC 7541 A.
const STATIC: [(&[u8], &[u8]); 61] = [
    (b":authority", b""),
    (b":method", b"GET"),
    (b":method", b"POST"),
    (b":path", b"/"),
    (b":path", b"/index.html"),
    (b":scheme", b"http"),
    (b":scheme", b"https"),
    (b":status", b"200"),
    (b":status", b"204"),
    (b":status", b"206"),
    (b":status", b"304"),
    (b":status", b"400"),
    (b":status", b"404"),
    (b":status", b"500"),
    (b"accept-charset", b""),
    (b"accept-encoding", b"gzip, deflate"),
    (b"accept-language", b""),
    (b"accept-ranges", b""),
    (b"accept", b""),
    (b"access-control-allow-origin", b""),
    (b"age", b""),
    (b"allow", b""),
    (b"authorization", b""),
    (b"cache-control", b""),
    (b"content-disposition", b""),
    (b"content-encoding", b""),
    (b"content-language", b""),
    (b"content-length", b""),
    (b"content-location", b""),
    (b"content-range", b""),
    (b"content-type", b""),
    (b"cookie", b""),
    (b"date", b""),
    (b"etag", b""),
    (b"expect", b""),
    (b"expires", b""),
    (b"from", b""),
    (b"host", b""),
    (b"if-match", b""),
    (b"if-modified-since", b""),
    (b"if-none-match", b""),
    (b"if-range", b""),
    (b"if-unmodified-since", b""),
    (b"last-modified", b""),
    (b"link", b""),
    (b"location", b""),
    (b"max-forwards", b""),
    (b"proxy-authenticate", b""),
    (b"proxy-authorization", b""),
    (b"range", b""),
    (b"referer", b""),
    (b"refresh", b""),
    (b"retry-after", b""),
    (b"server", b""),
    (b"set-cookie", b""),
    (b"strict-transport-security", b""),
    (b"transfer-encoding", b""),
    (b"user-agent", b""),
    (b"vary", b""),
    (b"via", b""),
    (b"www-authenticate", b""),
];

/// RFC 7541 B: symbols by the bits of their code, in the order of the codes. The last code of all ends a string.
const SYMBOLS: [(u32, &[u8]); 21] = [
    (5, b"012aceiost"),
    (6, b" %-./3456789=A_bdfghlmnpru"),
    (7, b":BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz"),
    (8, b"&*,;XZ"),
    (10, b"!\"()?"),
    (11, b"'+|"),
    (12, b"#>"),
    (13, b"\x00$@[]~"),
    (14, b"^}"),
    (15, b"<`{"),
    (19, b"\\\xc3\xd0"),
    (20, b"\x80\x82\x83\xa2\xb8\xc2\xe0\xe2"),
    (21, b"\x99\xa1\xa7\xac\xb0\xb1\xb3\xd1\xd8\xd9\xe3\xe5\xe6"),
    (22, b"\x81\x84\x85\x86\x88\x92\x9a\x9c\xa0\xa3\xa4\xa9\xaa\xad\xb2\xb5\xb9\xba\xbb\xbd\xbe\xc4\xc6\xe4\xe8\xe9"),
    (
        23,
        b"\x01\x87\x89\x8a\x8b\x8c\x8d\x8f\x93\x95\x96\x97\x98\x9b\x9d\x9e\xa5\xa6\xa8\xae\xaf\xb4\xb6\xb7\xbc\xbf\xc5\
          \xe7\xef",
    ),
    (24, b"\x09\x8e\x90\x91\x94\x9f\xab\xce\xd7\xe1\xec\xed"),
    (25, b"\xc7\xcf\xea\xeb"),
    (26, b"\xc0\xc1\xc8\xc9\xca\xcd\xd2\xd5\xda\xdb\xee\xf0\xf2\xf3\xff"),
    (27, b"\xcb\xcc\xd3\xd4\xd6\xdd\xde\xdf\xf1\xf4\xf5\xf6\xf7\xf8\xfa\xfb\xfc\xfd\xfe"),
    (
        28,
        b"\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f\
          \xdc\xf9",
    ),
    (30, b"\x0a\x0d\x16"),
];
/// Bits of the longest code.
const MAX_BITS: u32 = 30;
/// Bits that may be left at the end of a string, all set.
const PADDING: u32 = 7;

/// Name and value of a field that is written out.
type Literal<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// A field that later blocks may point to.
struct Entry {
    name: Box<[u8]>,
    value: Box<[u8]>,
}

impl Entry {
    /// What it counts (RFC 7541 4.1).
    const fn size(&self) -> usize {
        OVERHEAD + self.name.len() + self.value.len()
    }
}

/// Reads the blocks of one direction in their order, and remembers the fields that later ones point to.
pub struct FieldTable {
    /// The latest in front.
    entries: VecDeque<Entry>,
    size: usize,
    limit: usize,
}

impl Default for FieldTable {
    fn default() -> Self {
        Self { entries: VecDeque::new(), size: 0, limit: DEFAULT_TABLE }
    }
}

impl FieldTable {
    /// Hands over name and value of each field of a block; None where it cannot be read, after which no other can.
    pub fn read(&mut self, block: &[u8], mut field: impl FnMut(&[u8], &[u8])) -> Option<()> {
        let mut reader = Reader::new(block);
        while let Some(first) = reader.u8() {
            match first {
                0x80.. => {
                    let (name, value) = self.entry(integer(&mut reader, first, 7)?)?;
                    field(name, value);
                }
                0x40.. => {
                    let (name, value) = self.literal(&mut reader, first, 6)?;
                    field(&name, &value);
                    let entry = Entry { name: name.into(), value: value.into() };
                    self.remember(entry);
                }
                0x20.. => {
                    self.limit = integer(&mut reader, first, 5).filter(|limit| *limit <= MAX_TABLE)?;
                    self.forget();
                }
                _ => {
                    let (name, value) = self.literal(&mut reader, first, 4)?;
                    field(&name, &value);
                }
            }
        }
        Some(())
    }

    /// The field that an index means (RFC 7541 2.3.3).
    fn entry(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let index = index.checked_sub(1)?;
        match index.checked_sub(STATIC.len()) {
            None => STATIC.get(index).copied(),
            Some(index) => self.entries.get(index).map(|entry| (&*entry.name, &*entry.value)),
        }
    }

    /// A field whose value, and perhaps name, is written out (RFC 7541 6.2).
    fn literal<'t, 'b: 't>(&'t self, reader: &mut Reader<'b>, first: u8, bits: u32) -> Option<Literal<'t>> {
        let name = match integer(reader, first, bits)? {
            0 => string(reader)?,
            index => Cow::Borrowed(self.entry(index)?.0),
        };
        Some((name, string(reader)?))
    }

    fn remember(&mut self, entry: Entry) {
        self.size += entry.size();
        self.entries.push_front(entry);
        self.forget();
    }

    /// Lets go of the oldest until all fit (RFC 7541 4.4); a field larger than the table leaves it empty.
    fn forget(&mut self) {
        while self.size > self.limit {
            let Some(entry) = self.entries.pop_back() else { return };
            self.size -= entry.size();
        }
    }
}

/// An integer whose first bits stand in a byte (RFC 7541 5.1).
fn integer(reader: &mut Reader<'_>, first: u8, bits: u32) -> Option<usize> {
    let mask = (1 << bits) - 1;
    let mut value = usize::from(first) & mask;
    if value < mask {
        return Some(value);
    }
    for place in 0..MAX_INTEGER {
        let byte = reader.u8()?;
        value += usize::from(byte & 0x7F) << (7 * place);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// A string literal (RFC 7541 5.2).
fn string<'a>(reader: &mut Reader<'a>) -> Option<Cow<'a, [u8]>> {
    let first = reader.u8()?;
    let size = integer(reader, first, 7)?;
    let text = reader.take(size)?;
    if first & 0x80 == 0 { Some(Cow::Borrowed(text)) } else { expanded(text).map(Cow::Owned) }
}

/// The symbols of a string in Huffman's code.
fn expanded(text: &[u8]) -> Option<Vec<u8>> {
    let mut symbols = Vec::with_capacity(text.len() * 8 / 5);
    let (mut bits, mut count) = (0u64, 0);
    for byte in text {
        (bits, count) = (bits << 8 | u64::from(*byte), count + 8);
        while let Some((symbol, size)) = first_symbol(bits, count) {
            symbols.push(symbol);
            count -= size;
        }
        if count >= MAX_BITS {
            return None;
        }
    }
    let padding = (1 << count) - 1;
    (count <= PADDING && bits & padding == padding).then_some(symbols)
}

/// The symbol whose code stands first in the lowest bits, and how many of them it takes; None where it is not whole.
fn first_symbol(bits: u64, count: u32) -> Option<(u8, u32)> {
    let (mut first, mut before) = (0, 0);
    for (size, symbols) in SYMBOLS {
        first <<= size - before;
        before = size;
        let code = bits >> count.checked_sub(size)? & ((1 << size) - 1);
        if let Some(symbol) = symbols.get(code.wrapping_sub(first) as usize) {
            return Some((*symbol, size));
        }
        first += symbols.len() as u64;
    }
    None
}
