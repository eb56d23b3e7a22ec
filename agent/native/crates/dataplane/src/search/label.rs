//! Words beside a value that say what it is: with and without diacritics, composed or not, joined as programs join them.

/// Bytes before a value in which its label may stand.
pub const CONTEXT: usize = 64;
/// Characters between a label and its value, folded.
const GAP: usize = 32;
/// So many digits between them are another value.
const OTHER_VALUE: usize = 4;

/// Letters of Vietnamese, by the letter they are without diacritics.
const FAMILIES: [(char, &str); 7] = [
    ('a', "àáảãạăằắẳẵặâầấẩẫậÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬ"),
    ('d', "đĐ"),
    ('e', "èéẻẽẹêềếểễệÈÉẺẼẸÊỀẾỂỄỆ"),
    ('i', "ìíỉĩịÌÍỈĨỊ"),
    ('o', "òóỏõọôồốổỗộơờớởỡợÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢ"),
    ('u', "ùúủũụưừứửữựÙÚỦŨỤƯỪỨỬỮỰ"),
    ('y', "ỳýỷỹỵỲÝỶỸỴ"),
];

/// Text as labels are compared: small ASCII letters and digits, all else one space; `soCccd` is two words.
#[must_use]
pub fn fold(bytes: &[u8]) -> String {
    let mut folded = String::with_capacity(bytes.len() + 8);
    fold_into(bytes, &mut folded);
    folded
}

fn fold_into(bytes: &[u8], folded: &mut String) {
    folded.clear();
    let (mut small, mut rest) = (false, bytes);
    while let Some((byte, behind)) = rest.split_first() {
        if byte.is_ascii() {
            put(folded, char::from(*byte), &mut small);
            rest = behind;
            continue;
        }
        let chunk = rest.utf8_chunks().next();
        let letter = chunk.as_ref().and_then(|chunk| chunk.valid().chars().next());
        put(folded, letter.unwrap_or(char::REPLACEMENT_CHARACTER), &mut small);
        let wrong = chunk.map_or(1, |chunk| chunk.invalid().len().max(1));
        rest = rest.get(letter.map_or(wrong, char::len_utf8)..).unwrap_or_default();
    }
    folded.truncate(folded.trim_end().len());
}

/// Adds a letter; `small`: the one before was a small letter of ASCII.
#[inline]
fn put(folded: &mut String, letter: char, small: &mut bool) {
    match plain(letter) {
        Some(found) => {
            if *small && letter.is_ascii_uppercase() {
                folded.push(' ');
            }
            folded.push(found);
        }
        None if is_mark(letter) => return,
        None if folded.ends_with(' ') || folded.is_empty() => {}
        None => folded.push(' '),
    }
    *small = letter.is_ascii_lowercase();
}

/// A letter or digit without diacritics, small; None of all else.
fn plain(letter: char) -> Option<char> {
    if letter.is_ascii() {
        return letter.is_ascii_alphanumeric().then(|| letter.to_ascii_lowercase());
    }
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
    folded: String,
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
fn stands_last(folded: &str, labels: &[String]) -> bool {
    let bytes = folded.as_bytes();
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
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
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
