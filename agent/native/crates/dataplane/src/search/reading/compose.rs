//! Letters that were taken apart are composed (NFC), as detectors and labels are written.

use std::sync::LazyLock;

use memchr::memchr2;
use regex::bytes::Regex;
use unicode_normalization::UnicodeNormalization;

use super::escapes::Stage;

/// Bytes of a letter and the marks on it that are composed.
const MAX_LETTER: usize = 4 + 8 * 2;

/// A letter and up to eight marks (U+0300 to U+036F) behind it.
pub(super) static MARKED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let letter = r"[\x00-\x7f]|[\xc2-\xcb\xce-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}";
    Regex::new(&format!(r"(?s-u)(?:{letter})(?:\xcc[\x80-\xbf]|\xcd[\x80-\xaf]){{1,8}}")).ok()
});

/// Composes letters, however cut; text without marks passes as it is.
#[derive(Default)]
pub struct Compose {
    /// The last letter, on which marks may follow.
    held: Vec<u8>,
}

impl Stage for Compose {
    fn turn(&mut self, data: &[u8], last: bool, out: &mut Vec<u8>) {
        let mut joined = std::mem::take(&mut self.held);
        let text = if joined.is_empty() {
            data
        } else {
            joined.extend_from_slice(data);
            &joined
        };
        let cut = if last { text.len() } else { last_letter(text) };
        let (now, later) = text.split_at_checked(cut).unwrap_or((text, &[]));
        write(now, out);
        self.held = later.to_vec();
    }
}

/// Where the last letter begins that marks may follow.
fn last_letter(text: &[u8]) -> usize {
    let from = text.len().saturating_sub(MAX_LETTER - 1);
    let near = text.get(from..).unwrap_or_default();
    near.iter().rposition(|byte| begins_letter(*byte)).map_or(text.len(), |at| from + at)
}

const fn begins_letter(byte: u8) -> bool {
    matches!(byte, 0..=0x7F | 0xC2..=0xCB | 0xCE..=0xF4)
}

fn write(text: &[u8], out: &mut Vec<u8>) {
    let Some(pattern) = MARKED.as_ref().filter(|_| memchr2(0xCC, 0xCD, text).is_some()) else {
        return out.extend_from_slice(text);
    };
    let mut done = 0;
    for found in pattern.find_iter(text) {
        out.extend_from_slice(text.get(done..found.start()).unwrap_or_default());
        done = found.end();
        match str::from_utf8(found.as_bytes()) {
            Ok(letter) => out.extend(letter.nfc().collect::<String>().into_bytes()),
            Err(_) => out.extend_from_slice(found.as_bytes()),
        }
    }
    out.extend_from_slice(text.get(done..).unwrap_or_default());
}
