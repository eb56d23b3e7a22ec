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
    let mut folded = String::with_capacity(bytes.len());
    let mut small = false;
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match plain(letter) {
                Some(found) => {
                    if small && letter.is_ascii_uppercase() {
                        folded.push(' ');
                    }
                    folded.push(found);
                }
                None if is_mark(letter) => continue,
                None if folded.ends_with(' ') || folded.is_empty() => {}
                None => folded.push(' '),
            }
            small = letter.is_ascii_lowercase();
        }
        if !chunk.invalid().is_empty() && !folded.ends_with(' ') && !folded.is_empty() {
            folded.push(' ');
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
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

/// Tells whether one of the labels (folded) stands before a value, with no other value in between.
pub fn is_labelled(bytes: &[u8], start: usize, labels: &[String]) -> bool {
    if labels.is_empty() {
        return false;
    }
    let from = start.saturating_sub(CONTEXT);
    let context = bytes.get(from..start).unwrap_or_default();
    let folded = fold(if from == 0 { context } else { whole_words(context) });
    labels.iter().any(|label| stands_in(&folded, label))
}

/// A context without the word that it may begin in the middle of.
fn whole_words(context: &[u8]) -> &[u8] {
    let cut = context.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte < 0x80);
    cut.and_then(|cut| context.get(cut..)).unwrap_or_default()
}

fn stands_in(folded: &str, label: &str) -> bool {
    let Some(at) = last_word(folded, label) else { return false };
    let gap = folded.get(at + label.len()..).unwrap_or_default();
    gap.len() <= GAP && !has_digits(gap)
}

/// Where the last occurrence of whole words begins.
fn last_word(folded: &str, label: &str) -> Option<usize> {
    folded.rmatch_indices(label).map(|(at, _)| at).find(|at| {
        let before = folded.get(..*at).unwrap_or_default();
        let after = folded.get(at + label.len()..).unwrap_or_default();
        (before.is_empty() || before.ends_with(' ')) && (after.is_empty() || after.starts_with(' '))
    })
}

fn has_digits(gap: &str) -> bool {
    gap.as_bytes().windows(OTHER_VALUE).any(|four| four.iter().all(u8::is_ascii_digit))
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
        let says = |text: &str| is_labelled(text.as_bytes(), text.len(), &labels);
        assert!(says("CCCD: "));
        assert!(says("Số định danh cá nhân của công dân: "));
        assert!(!says("CCCD 012345678901, mã đơn "));
        assert!(!says("cccdx "));
        assert!(!says("CCCD là giấy tờ mà người dân nào cũng phải có, xem mục "));
        assert!(!says(&format!("{}xcccd ", "a".repeat(60))));
    }
}
