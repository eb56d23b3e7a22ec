//! The encodings of Vietnamese before Unicode: TCVN3 (ABC), VNI, and VIQR, which is plain ASCII (RFC 1456).
//!
//! The first two are told by statistics of a sample, since nobody declares them; letters come out taken apart and are
//! composed later.

use std::sync::LazyLock;

use memchr::memchr;
use regex::bytes::Regex;

use super::escapes::Stage;

/// One of these encodings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Legacy {
    Tcvn3,
    Vni,
    Viqr,
}

/// Letters of TCVN 5712:1993 (VN3) from 0xA1 on; a space where there is none.
const TCVN3: &str =
    concat!("ĂÂÊÔƠƯĐăâêôơưđ      àảãáạ ằẳẵắ       ặầẩẫấậè ẻẽéẹềểễếệìỉ   ĩíịò ", "ỏõóọồổỗốộờởỡớợù", " ủũúụừửữứựỳỷỹýỵ",);
const TCVN3_FIRST: u8 = 0xA1;
static TCVN3_LETTERS: LazyLock<Vec<char>> = LazyLock::new(|| TCVN3.chars().collect());

/// A letter of which so many in a sample are high is Vietnamese, one in twelve.
const DENSITY: usize = 12;
/// Marks of VIQR behind a letter that no other text has, at least, and one in so many bytes.
const MIN_STRONG: usize = 3;
const STRONG_IN: usize = 64;
pub(super) static STRONG: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?-u)[aeoAEO]\^['`?~.]|[aA]\(['`?~.]|[ouOU]\+['`?~.]|[uU]\+[oO]\+").ok());

impl Legacy {
    /// The encoding of a name, for those who declare it.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "tcvn" | "tcvn3" | "tcvn-5712" | "tcvn5712-1" | "x-viet-tcvn" | "x-viet-tcvn5712" => Self::Tcvn3,
            "vni" | "x-viet-vni" => Self::Vni,
            "viqr" | "x-viet-viqr" => Self::Viqr,
            _ => return None,
        })
    }

    /// What bytes look like that are no UTF-8; None: neither.
    pub fn guess(sample: &[u8]) -> Option<Self> {
        let control = sample.iter().any(|byte| *byte < 0x20 && !matches!(byte, 0x09..=0x0D));
        let high: Vec<(u8, u8)> = sample.windows(2).filter_map(high_pair).collect();
        let letters = sample.iter().filter(|byte| byte.is_ascii_alphabetic()).count() + high.len();
        if control || high.len() < MIN_STRONG || high.len() * DENSITY < letters {
            return None;
        }
        let share = |fits: fn(&(u8, u8)) -> bool| high.iter().filter(|pair| fits(pair)).count() * 100 / high.len();
        if share(|(before, byte)| vni_mark(*before, *byte).is_some() || vni_letter(*byte).is_some()) >= 95
            && share(|(before, byte)| vni_mark(*before, *byte).is_some()) >= 30
        {
            return Some(Self::Vni);
        }
        let chained = share(|(before, _)| *before >= 0x80);
        (share(|(_, byte)| tcvn3(*byte).is_some()) >= 97 && chained <= 60).then_some(Self::Tcvn3)
    }

    /// Tells whether plain ASCII is VIQR.
    pub fn is_viqr(sample: &[u8]) -> bool {
        let strong = STRONG.as_ref().map_or(0, |strong| strong.find_iter(sample).count());
        strong >= MIN_STRONG && strong * STRONG_IN >= sample.len()
    }

    /// What reads it.
    pub fn reader(self) -> Box<dyn Stage> {
        match self {
            Self::Tcvn3 => Box::new(Tcvn3),
            Self::Vni => Box::new(Vni::default()),
            Self::Viqr => Box::new(Viqr::default()),
        }
    }
}

fn high_pair(pair: &[u8]) -> Option<(u8, u8)> {
    match pair {
        [before, byte] if *byte >= 0x80 => Some((*before, *byte)),
        _ => None,
    }
}

fn tcvn3(byte: u8) -> Option<char> {
    let at = usize::from(byte.checked_sub(TCVN3_FIRST)?);
    TCVN3_LETTERS.get(at).copied().filter(|letter| *letter != ' ')
}

fn push(letter: char, out: &mut Vec<u8>) {
    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

struct Tcvn3;

impl Stage for Tcvn3 {
    fn turn(&mut self, data: &[u8], _last: bool, out: &mut Vec<u8>) {
        for byte in data {
            push(tcvn3(*byte).unwrap_or_else(|| char::from(*byte)), out);
        }
    }
}

/// A letter of VNI that is one byte; capital letters stand 0x20 before the small ones.
const fn vni_letter(byte: u8) -> Option<&'static str> {
    Some(match byte {
        0xF1 => "đ",
        0xD1 => "Đ",
        0xF4 => "ơ",
        0xD4 => "Ơ",
        0xF6 => "ư",
        0xD6 => "Ư",
        0xED => "í",
        0xCD => "Í",
        0xEC => "ì",
        0xCC => "Ì",
        0xE6 => "ỉ",
        0xC6 => "Ỉ",
        0xF3 => "ĩ",
        0xD3 => "Ĩ",
        0xF2 => "ị",
        0xD2 => "Ị",
        0xEE => "ỵ",
        0xCE => "Ỵ",
        _ => return None,
    })
}

/// The marks that a byte of VNI puts on the letter before it.
fn vni_mark(before: u8, byte: u8) -> Option<&'static str> {
    let (small, base) = (byte | 0x20, before.to_ascii_lowercase());
    let marks = match small {
        0xF9 => "\u{301}",
        0xF8 => "\u{300}",
        0xFB => "\u{309}",
        0xF5 => "\u{303}",
        0xEF => "\u{323}",
        0xE2 => "\u{302}",
        0xE1 => "\u{302}\u{301}",
        0xE0 => "\u{302}\u{300}",
        0xE5 => "\u{302}\u{309}",
        0xE3 => "\u{302}\u{303}",
        0xE4 => "\u{302}\u{323}",
        0xEA => "\u{306}",
        0xE9 => "\u{306}\u{301}",
        0xE8 => "\u{306}\u{300}",
        0xFA => "\u{306}\u{309}",
        0xFC => "\u{306}\u{303}",
        0xEB => "\u{306}\u{323}",
        _ => return None,
    };
    let fits = match small {
        0xF5 | 0xEF | 0xF8 | 0xF9 | 0xFB => b"aeouy".contains(&base) || matches!(before | 0x20, 0xF4 | 0xF6),
        0xE8..=0xEB | 0xFA | 0xFC => base == b'a',
        _ => b"aeo".contains(&base),
    };
    (byte >= 0xC0 && fits).then_some(marks)
}

#[derive(Default)]
struct Vni {
    before: u8,
}

impl Stage for Vni {
    fn turn(&mut self, data: &[u8], _last: bool, out: &mut Vec<u8>) {
        for byte in data {
            match vni_mark(self.before, *byte).or_else(|| vni_letter(*byte)) {
                Some(text) => out.extend_from_slice(text.as_bytes()),
                None => push(char::from(*byte), out),
            }
            self.before = *byte;
        }
    }
}

#[derive(Default)]
struct Viqr {
    before: u8,
    /// Too few bytes to know what they mean.
    held: Vec<u8>,
}

/// Bytes that may belong to one letter, and the one behind.
const VIQR_LETTER: usize = 4;

impl Stage for Viqr {
    fn turn(&mut self, data: &[u8], last: bool, out: &mut Vec<u8>) {
        let mut joined = std::mem::take(&mut self.held);
        joined.extend_from_slice(data);
        let mut left = joined.as_slice();
        while !left.is_empty() && (last || left.len() >= VIQR_LETTER) {
            let size = self.letter(left, out).max(1);
            self.before = left.get(size - 1).copied().unwrap_or_default();
            left = left.get(size..).unwrap_or_default();
        }
        self.held = left.to_vec();
    }
}

impl Viqr {
    /// Reads one letter; returns how many bytes it takes.
    fn letter(&self, text: &[u8], out: &mut Vec<u8>) -> usize {
        let at = |place: usize| text.get(place).copied().unwrap_or_default();
        let base = at(0);
        match (base, at(1)) {
            (b'\\', next) if is_mark(next) || next == b'\\' => {
                out.push(next);
                return 2;
            }
            (b'd' | b'D', b'd' | b'D') if !self.before.is_ascii_alphabetic() => {
                push(if base == b'd' { 'đ' } else { 'Đ' }, out);
                return 2;
            }
            _ => out.push(base),
        }
        let modifier = match (base.to_ascii_lowercase(), at(1)) {
            (b'a' | b'e' | b'o', b'^') => Some('\u{302}'),
            (b'a', b'(') => Some('\u{306}'),
            (b'o' | b'u', b'+' | b'*') => Some('\u{31B}'),
            _ => None,
        };
        modifier.into_iter().for_each(|mark| push(mark, out));
        let size = 1 + usize::from(modifier.is_some());
        let tone = match at(size) {
            b'\'' => '\u{301}',
            b'`' => '\u{300}',
            b'?' => '\u{309}',
            b'~' => '\u{303}',
            b'.' => '\u{323}',
            _ => return size,
        };
        let ends_sentence = matches!(at(size), b'.' | b'?') && !at(size + 1).is_ascii_alphabetic();
        if !b"aeiouy".contains(&base.to_ascii_lowercase()) || (ends_sentence && modifier.is_none()) {
            return size;
        }
        push(tone, out);
        size + 1
    }
}

fn is_mark(byte: u8) -> bool {
    memchr(byte, b"^(+*'`?~.dD").is_some()
}
