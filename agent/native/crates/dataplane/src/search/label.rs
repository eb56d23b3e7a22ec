//! Words beside a value that say what it is: with and without diacritics, composed or not, joined as programs join them.

/// Bytes before a value in which its label may stand.
pub const CONTEXT: usize = 64;
/// Characters between a label and its value, folded.
const GAP: usize = 32;
/// So many digits between them are another value, however they are grouped.
const OTHER_VALUE: usize = 4;

/// Letters of Vietnamese, by the letter they are without diacritics.
const FAMILIES: [(u8, &str); 7] = [
    (b'a', "àáảãạăằắẳẵặâầấẩẫậÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬ"),
    (b'd', "đĐ"),
    (b'e', "èéẻẽẹêềếểễệÈÉẺẼẸÊỀẾỂỄỆ"),
    (b'i', "ìíỉĩịÌÍỈĨỊ"),
    (b'o', "òóỏõọôồốổỗộơờớởỡợÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢ"),
    (b'u', "ùúủũụưừứửữựÙÚỦŨỤƯỪỨỬỮỰ"),
    (b'y', "ỳýỷỹỵỲÝỶỸỴ"),
];

/// What an ASCII byte is folded into: itself, small; 0: what parts words. None of other bytes.
const fn folded(byte: u8) -> Option<u8> {
    match byte {
        b'a'..=b'z' | b'0'..=b'9' => Some(byte),
        b'A'..=b'Z' => Some(byte.to_ascii_lowercase()),
        0x80.. => None,
        _ => Some(0),
    }
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
    let (mut small, mut rest) = (false, bytes);
    while let Some((byte, behind)) = rest.split_first() {
        if let Some(letter) = self::folded(*byte) {
            if small && byte.is_ascii_uppercase() {
                folded.push(b' ');
            }
            put(folded, letter);
            small = byte.is_ascii_lowercase();
            rest = behind;
            continue;
        }
        let chunk = rest.utf8_chunks().next();
        let letter = chunk.as_ref().and_then(|chunk| chunk.valid().chars().next());
        if !letter.is_some_and(is_mark) {
            put(folded, letter.and_then(plain).unwrap_or(0));
            small = false;
        }
        let wrong = chunk.map_or(1, |chunk| chunk.invalid().len().max(1));
        rest = rest.get(letter.map_or(wrong, char::len_utf8)..).unwrap_or_default();
    }
    if folded.last() == Some(&b' ') {
        folded.pop();
    }
}

/// Adds a folded letter, or one space for all that parts words.
#[inline]
fn put(folded: &mut Vec<u8>, letter: u8) {
    if letter != 0 {
        folded.push(letter);
    } else if folded.last().is_some_and(|last| *last != b' ') {
        folded.push(b' ');
    }
}

/// The letter of ASCII that a letter of Vietnamese is without diacritics.
fn plain(letter: char) -> Option<u8> {
    FAMILIES.iter().find(|(_, family)| family.contains(letter)).map(|(base, _)| *base)
}

/// A combining diacritical mark: what is left of a letter that was taken apart (NFD).
const fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36F}')
}

/// What stands before a value, folded once for all who ask.
#[derive(Default)]
pub struct Before {
    /// The value's place; None before the first.
    start: Option<usize>,
    folded: Vec<u8>,
    /// Another value stands so near that no label can be meant for this one.
    taken: bool,
}

impl Before {
    /// Looks at what stands before a value.
    fn look(&mut self, bytes: &[u8], start: usize) {
        if self.start == Some(start) {
            return;
        }
        self.start = Some(start);
        let from = start.saturating_sub(CONTEXT);
        let context = bytes.get(from..start).unwrap_or_default();
        self.taken = ends_with_value(context);
        self.folded.clear();
        if !self.taken {
            fold_into(if from == 0 { context } else { whole_words(context) }, &mut self.folded);
        }
    }

    /// Tells whether one of the labels (folded) stands before a value, with no other value in between.
    pub fn says(&mut self, bytes: &[u8], start: usize, labels: &[String]) -> bool {
        if labels.is_empty() {
            return false;
        }
        self.look(bytes, start);
        !self.taken && stands_last(&self.folded, labels)
    }
}

/// A context without the word that it may begin in the middle of.
fn whole_words(context: &[u8]) -> &[u8] {
    let cut = context.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte < 0x80);
    cut.and_then(|cut| context.get(cut..)).unwrap_or_default()
}

/// Tells quickly whether the last thing before a value is another one: in a table nearly always.
fn ends_with_value(context: &[u8]) -> bool {
    let mut last = context.iter().rev().skip_while(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric());
    (0..OTHER_VALUE).all(|_| last.next().is_some_and(u8::is_ascii_digit))
}

/// Tells whether one of the labels is the last thing said, but for few words without a value among them.
fn stands_last(bytes: &[u8], labels: &[String]) -> bool {
    let (mut end, mut digits) = (bytes.len(), 0);
    loop {
        if bytes.len() - end > GAP {
            return false;
        }
        let is_end = bytes.get(end).is_none_or(|byte| *byte == b' ');
        let said = bytes.get(..end).unwrap_or_default();
        if is_end && labels.iter().any(|label| ends_with_words(said, label.as_bytes())) {
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
        let labels = ["cccd".to_owned(), "so dinh danh".to_owned()];
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
