//! Words beside a value that say what it is: with and without diacritics, composed or not, joined as programs join them.

/// Bytes before a value in which its label may stand.
pub const CONTEXT: usize = 64;
/// Characters between a label and its value, folded.
const GAP: usize = 32;
/// So many digits between them are another value, however they are grouped.
const OTHER_VALUE: usize = 4;

/// Bytes of a character.
const CHARACTER_MOST: usize = 4;

/// What a byte of ASCII is folded into: itself, small; a space: what parts words.
const fn small(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b' ' }
}

/// Text as labels are compared: small ASCII letters and digits, all else one space; `soCccd` is two words.
#[must_use]
pub fn fold(bytes: &[u8]) -> String {
    let mut folded = Vec::new();
    fold_into(bytes, &mut folded);
    String::from_utf8(folded).unwrap_or_default()
}

fn fold_into(bytes: &[u8], folded: &mut Vec<u8>) {
    folded.clear();
    folded.reserve(2 * bytes.len());
    let (mut last, mut rest) = (b' ', bytes);
    while let Some((byte, behind)) = rest.split_first() {
        let (letter, ahead) = if byte.is_ascii() { (Some(small(*byte)), behind) } else { character(rest) };
        rest = ahead;
        let Some(letter) = letter else { continue };
        // (An end of a word in the middle of one: `soCccd`.)
        if byte.is_ascii_uppercase() && last.is_ascii_lowercase() {
            folded.push(b' ');
        }
        if letter != b' ' || folded.last().is_some_and(|last| *last != b' ') {
            folded.push(letter);
        }
        last = *byte;
    }
    if folded.last() == Some(&b' ') {
        folded.pop();
    }
}

/// What a character beyond ASCII is folded into, None where nothing is left of it; and what follows.
fn character(bytes: &[u8]) -> (Option<u8>, &[u8]) {
    let chunk = bytes.get(..bytes.len().min(CHARACTER_MOST)).and_then(|first| first.utf8_chunks().next());
    let letter = chunk.as_ref().and_then(|chunk| chunk.valid().chars().next());
    let wrong = chunk.map_or(1, |chunk| chunk.invalid().len().max(1));
    let rest = bytes.get(letter.map_or(wrong, char::len_utf8)..).unwrap_or_default();
    let folded = if letter.is_some_and(is_mark) { None } else { Some(letter.and_then(plain).unwrap_or(b' ')) };
    (folded, rest)
}

/// The letter of ASCII that a letter of Vietnamese is without diacritics.
#[rustfmt::skip] // a line for each letter and case
const fn plain(letter: char) -> Option<u8> {
    Some(match letter {
        'à' | 'á' | 'ả' | 'ã' | 'ạ' | 'ă' | 'ằ' | 'ắ' | 'ẳ' | 'ẵ' | 'ặ' | 'â' | 'ầ' | 'ấ' | 'ẩ' | 'ẫ' | 'ậ'
        | 'À' | 'Á' | 'Ả' | 'Ã' | 'Ạ' | 'Ă' | 'Ằ' | 'Ắ' | 'Ẳ' | 'Ẵ' | 'Ặ' | 'Â' | 'Ầ' | 'Ấ' | 'Ẩ' | 'Ẫ' | 'Ậ' => b'a',
        'đ'
        | 'Đ' => b'd',
        'è' | 'é' | 'ẻ' | 'ẽ' | 'ẹ' | 'ê' | 'ề' | 'ế' | 'ể' | 'ễ' | 'ệ'
        | 'È' | 'É' | 'Ẻ' | 'Ẽ' | 'Ẹ' | 'Ê' | 'Ề' | 'Ế' | 'Ể' | 'Ễ' | 'Ệ' => b'e',
        'ì' | 'í' | 'ỉ' | 'ĩ' | 'ị'
        | 'Ì' | 'Í' | 'Ỉ' | 'Ĩ' | 'Ị' => b'i',
        'ò' | 'ó' | 'ỏ' | 'õ' | 'ọ' | 'ô' | 'ồ' | 'ố' | 'ổ' | 'ỗ' | 'ộ' | 'ơ' | 'ờ' | 'ớ' | 'ở' | 'ỡ' | 'ợ'
        | 'Ò' | 'Ó' | 'Ỏ' | 'Õ' | 'Ọ' | 'Ô' | 'Ồ' | 'Ố' | 'Ổ' | 'Ỗ' | 'Ộ' | 'Ơ' | 'Ờ' | 'Ớ' | 'Ở' | 'Ỡ' | 'Ợ' => b'o',
        'ù' | 'ú' | 'ủ' | 'ũ' | 'ụ' | 'ư' | 'ừ' | 'ứ' | 'ử' | 'ữ' | 'ự'
        | 'Ù' | 'Ú' | 'Ủ' | 'Ũ' | 'Ụ' | 'Ư' | 'Ừ' | 'Ứ' | 'Ử' | 'Ữ' | 'Ự' => b'u',
        'ỳ' | 'ý' | 'ỷ' | 'ỹ' | 'ỵ'
        | 'Ỳ' | 'Ý' | 'Ỷ' | 'Ỹ' | 'Ỵ' => b'y',
        _ => return None,
    })
}

/// A combining diacritical mark: what is left of a letter that was taken apart (NFD).
const fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36F}')
}

/// Labels, folded, and the letters they end with.
pub struct Labels {
    all: Vec<String>,
    lasts: [bool; 256],
    /// A label with digits may begin before what looks like another value.
    has_digits: bool,
}

impl Labels {
    #[must_use]
    pub fn new(all: Vec<String>) -> Self {
        let lasts: Vec<u8> = all.iter().filter_map(|label| label.bytes().last()).collect();
        let has_digits = all.iter().any(|label| label.bytes().any(|byte| byte.is_ascii_digit()));
        Self { has_digits, lasts: std::array::from_fn(|byte| lasts.iter().any(|last| usize::from(*last) == byte)), all }
    }

    /// Tells whether one of them ends a text.
    fn end(&self, said: &[u8]) -> bool {
        let may = said.last().and_then(|last| self.lasts.get(usize::from(*last)));
        may == Some(&true) && self.all.iter().any(|label| ends_with_words(said, label.as_bytes()))
    }
}

/// What stands before a value, folded once for all who ask.
#[derive(Default)]
pub struct Before {
    /// The value's place, and whether all that may matter is folded; None before the first.
    of: Option<(usize, bool)>,
    folded: Vec<u8>,
    /// Another value stands so near that no label can be meant for this one.
    taken: bool,
}

impl Before {
    /// Looks at what stands before a value: as far as another value, or `whole`.
    fn look(&mut self, bytes: &[u8], start: usize, whole: bool) {
        if self.of == Some((start, whole)) {
            return;
        }
        self.of = Some((start, whole));
        let from = start.saturating_sub(CONTEXT);
        let context = bytes.get(from..start).unwrap_or_default();
        self.taken = ends_with_value(context);
        self.folded.clear();
        if !self.taken {
            let near = if whole { None } else { behind_value(context) };
            let context = near.unwrap_or_else(|| if from == 0 { context } else { whole_words(context) });
            fold_into(context, &mut self.folded);
        }
    }

    /// Tells whether one of the labels (folded) stands before a value, with no other value in between.
    pub fn says(&mut self, bytes: &[u8], start: usize, labels: &Labels) -> bool {
        if labels.all.is_empty() {
            return false;
        }
        self.look(bytes, start, labels.has_digits);
        !self.taken && stands_last(&self.folded, labels)
    }
}

/// A context without the word that it may begin in the middle of.
fn whole_words(context: &[u8]) -> &[u8] {
    let cut = context.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte < 0x80);
    cut.and_then(|cut| context.get(cut..)).unwrap_or_default()
}

/// What stands behind the last digit of another value, and that digit: a label before it is not meant.
fn behind_value(context: &[u8]) -> Option<&[u8]> {
    let mut digits = (0..context.len()).rev().filter(|at| context.get(*at).is_some_and(u8::is_ascii_digit));
    digits.nth(OTHER_VALUE - 1).and_then(|at| context.get(at..))
}

/// Tells quickly whether the last thing before a value is another one: in a table nearly always.
fn ends_with_value(context: &[u8]) -> bool {
    let mut last = context.iter().rev().skip_while(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric());
    (0..OTHER_VALUE).all(|_| last.next().is_some_and(u8::is_ascii_digit))
}

/// Tells whether one of the labels is the last thing said, but for few words without a value among them.
fn stands_last(bytes: &[u8], labels: &Labels) -> bool {
    let (mut end, mut digits) = (bytes.len(), 0);
    loop {
        if bytes.len() - end > GAP {
            return false;
        }
        let is_end = bytes.get(end).is_none_or(|byte| *byte == b' ');
        let said = bytes.get(..end).unwrap_or_default();
        if is_end && labels.end(said) {
            return true;
        }
        let Some(byte) = end.checked_sub(1).and_then(|at| bytes.get(at)) else { return false };
        digits += usize::from(byte.is_ascii_digit());
        if digits == OTHER_VALUE {
            return false;
        }
        end -= 1;
    }
}

fn ends_with_words(said: &[u8], label: &[u8]) -> bool {
    said.strip_suffix(label).is_some_and(|before| before.last().is_none_or(|byte| *byte == b' '))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn folds_letters_and_joins() {
        assert_eq!(fold("Số CCCD: ".as_bytes()), "so cccd");
        assert_eq!(fold("So\u{302}\u{301} đi\u{323}nh danh".as_bytes()), "so dinh danh");
        assert_eq!(fold(b"{\"soCccd\":\""), "so cccd");
        assert_eq!(fold(b"SO_DIEN_THOAI="), "so dien thoai");
        assert_eq!(fold(b"a\xFF\xFEb"), "a b");
    }

    #[test]
    fn a_label_stands_near_and_names_the_next_value_only() {
        let labels = Labels::new(vec!["cccd".to_owned(), "so dinh danh".to_owned()]);
        let says = |text: &str| Before::default().says(text.as_bytes(), text.len(), &labels);
        assert!(says("CCCD: "));
        assert!(says("Số định danh cá nhân của công dân: "));
        assert!(!says("CCCD 012345678901, mã đơn "));
        assert!(!says("CCCD,012345678901,"));
        assert!(says("CCCD số 1 "));
        assert!(!says("cccdx "));
        assert!(!says("CCCD là giấy tờ mà người dân nào cũng phải có, xem mục "));
        assert!(!says(&format!("{}xcccd ", "a".repeat(60))));
    }
}
