//! Labels in all the ways they are written: found by pieces that are seldom found by chance, and then looked at whole.
//!
//! Pieces are looked for in a copy of the text in small letters (of ASCII: a byte stays a byte) and with spaces for all
//! white space, so that one stands for many ways of writing it.

use std::cmp::Reverse;

use hashbrown::HashMap;

/// White space between the words of a label, at most: as patterns are written out.
const SPACES_MOST: usize = 3;
/// Bytes of a piece, at most.
const PIECE_MOST: usize = 8;
/// Letters that stand nearly everywhere in text without diacritics.
const FREQUENT: &[u8] = b" aceghilnorstum";

/// Words of English that words of Vietnamese look like without their diacritics.
const ENGLISH: &[&[u8]] = &[b"the", b"do", b"no", b"an", b"so", b"me", b"in"];

/// The copy of a text that pieces are looked for in.
#[must_use]
pub fn plain(text: &[u8]) -> Vec<u8> {
    let plain = |byte: &u8| if byte.wrapping_sub(b'\t') < 5 { b' ' } else { byte.to_ascii_lowercase() };
    text.iter().map(plain).collect()
}

/// All forms of the labels of one pattern, in which a space stands for white space; and pieces of which each holds one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forms {
    pub pieces: Vec<Piece>,
}

/// A piece of labels, in small letters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Piece {
    pub bytes: Vec<u8>,
    /// The forms that are found by it, and how many bytes of each stand before it.
    forms: Vec<(Vec<u8>, usize)>,
}

impl Forms {
    /// Chooses few pieces, each as rare as can be.
    #[must_use]
    pub fn new(forms: &[Vec<u8>]) -> Self {
        let small: Vec<Vec<u8>> = forms.iter().map(|form| form.to_ascii_lowercase()).collect();
        let mut holding: HashMap<&[u8], (u64, Vec<usize>)> = HashMap::new();
        for (at, form) in small.iter().enumerate() {
            for piece in pieces_of(form) {
                let (_, known) = holding.entry(piece).or_insert_with(|| (rarity(piece), Vec::new()));
                if known.last() != Some(&at) {
                    known.push(at);
                }
            }
        }
        let mut pieces = Vec::new();
        while let Some((piece, found)) = best(&holding) {
            let mut held = Vec::new();
            for (form, small) in found.iter().filter_map(|at| forms.get(*at).zip(small.get(*at))) {
                held.extend(memchr::memmem::find_iter(small, piece).map(|place| (form.clone(), place)));
            }
            pieces.push(Piece { bytes: piece.to_vec(), forms: held });
            holding.retain(|_, (_, held)| {
                held.retain(|at| found.binary_search(at).is_err());
                !held.is_empty()
            });
        }
        Self { pieces }
    }

    /// The pieces of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }
}

impl Piece {
    /// Where labels begin that hold the piece at a place of a text.
    pub fn starts(&self, bytes: &[u8], place: usize) -> Vec<usize> {
        let mut starts: Vec<usize> =
            self.forms.iter().filter_map(|(form, offset)| start(form, *offset, bytes, place)).collect();
        starts.sort_unstable();
        starts.dedup();
        starts
    }
}

/// Where a form begins of which a byte stands at a place; None where the text is another.
fn start(form: &[u8], offset: usize, bytes: &[u8], place: usize) -> Option<usize> {
    // More white space may stand before the space that a piece begins with.
    let skipped = usize::from(form.get(offset) == Some(&b' '));
    let (offset, place) = (offset + skipped, place + skipped);
    let (head, rest) = form.split_at_checked(offset)?;
    let mut text = bytes.get(place..)?;
    for letter in rest {
        text = match letter {
            b' ' => text.get(spaces(text.iter())?..)?,
            letter => text.strip_prefix(&[*letter])?,
        };
    }
    let mut text = bytes.get(..place)?;
    for letter in head.iter().rev() {
        text = match letter {
            b' ' => text.get(..text.len() - spaces(text.iter().rev())?)?,
            letter => text.strip_suffix(&[*letter])?,
        };
    }
    Some(text.len())
}

fn spaces<'a>(text: impl Iterator<Item = &'a u8>) -> Option<usize> {
    let found = text.take(SPACES_MOST).take_while(|byte| matches!(byte, b'\t'..=b'\r' | b' ')).count();
    (found > 0).then_some(found)
}

/// The best piece of those forms that are left, and which of them it finds.
fn best<'a>(holding: &HashMap<&'a [u8], (u64, Vec<usize>)>) -> Option<(&'a [u8], Vec<usize>)> {
    let best = holding.iter().max_by_key(|(piece, (rarity, found))| (found.len() as u64 * rarity, Reverse(**piece)));
    best.map(|(piece, (_, found))| (*piece, found.clone()))
}

/// How much better a piece is to look for than another: long ones of rare letters are seldom found in vain.
fn rarity(piece: &[u8]) -> u64 {
    let letters = piece.iter().filter(|byte| **byte != b' ').count();
    let is_parted = letters < piece.len();
    let length: u64 = match letters {
        0..=2 => 1 + 7 * u64::from(is_parted),
        3 => 16 + 200 * u64::from(is_parted),
        4 => 1 << 9,
        5 => 1 << 10,
        more => 1_000 + 100 * more as u64,
    };
    let is_frequent = piece.iter().all(|byte| FREQUENT.contains(byte));
    let is_english = ENGLISH.contains(&piece.trim_ascii());
    length * if is_frequent { 2 } else { 4 } / if is_english { 4 } else { 1 }
}

/// The pieces of a form: parts of its words of some length, with the space beside them where there is one.
fn pieces_of(form: &[u8]) -> impl Iterator<Item = &[u8]> {
    let ends = memchr::memchr_iter(b' ', form).chain([form.len()]);
    let words = ends.scan(0, |start, end| {
        let word = *start..(end + 1).min(form.len());
        *start = end;
        form.get(word)
    });
    words.flat_map(|word| {
        let sizes = (word.len().min(3)..=word.len().min(PIECE_MOST)).rev();
        sizes.flat_map(move |size| word.windows(size))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn starts(forms: &[&str], text: &str) -> Vec<usize> {
        let forms = Forms::new(&forms.iter().map(|form| form.as_bytes().to_vec()).collect::<Vec<_>>());
        let plain = plain(text.as_bytes());
        let found = forms.pieces.iter().flat_map(|piece| {
            memchr::memmem::find_iter(&plain, &piece.bytes)
                .flat_map(|place| piece.starts(text.as_bytes(), place))
                .collect::<Vec<_>>()
        });
        let mut found: Vec<usize> = found.collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn a_label_is_found_whole_in_any_of_its_forms() {
        let forms = ["số tài khoản", "SỐ TÀI KHOẢN", "tài khoản", "so_tai_khoan", "dob"];
        assert_eq!(starts(&forms, "x số \n tài khoản: 1"), [2, 9], "one within another");
        assert_eq!(starts(&forms, "SỐ TÀI KHOẢN, so_tai_khoan, dob"), [0, 19, 33]);
        assert_eq!(starts(&forms, "số    tài khoản"), [8], "too much white space in the first");
        assert_eq!(starts(&forms, "Số Tài Khoản DOB khoản"), [] as [usize; 0], "no form of these");
    }

    #[test]
    fn one_piece_stands_for_all_ways_of_writing_it() {
        let forms =
            ["tai khoan", "Tai Khoan", "TAI KHOAN", "taiKhoan", "so tai khoan"].map(|form| form.as_bytes().to_vec());
        let pieces: Vec<Vec<u8>> = Forms::new(&forms).pieces.into_iter().map(|piece| piece.bytes).collect();
        assert_eq!(pieces, [b"khoan".to_vec()]);
    }
}
