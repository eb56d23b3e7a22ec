//! Base64 as mail carries it (RFC 2045 6.8): what is none of its letters is skipped, padding ends a group.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::escapes::Stage;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const ENGINE: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);

/// Decodes base64, however cut.
#[derive(Default)]
pub struct Base64 {
    /// Letters of a group that is not whole.
    held: Vec<u8>,
}

impl Stage for Base64 {
    fn turn(&mut self, data: &[u8], last: bool, out: &mut Vec<u8>) {
        let mut groups = std::mem::take(&mut self.held);
        for (at, run) in data.split(|byte| *byte == b'=').enumerate() {
            if at > 0 {
                decode(&groups, out);
                groups.clear();
            }
            groups.extend(run.iter().filter(|byte| is_letter(**byte)));
        }
        if last {
            return decode(&groups, out);
        }
        let whole = groups.len() / 4 * 4;
        self.held = groups.split_off(whole);
        decode(&groups, out);
    }
}

/// Tells whether a byte is a letter of base64.
pub const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Decodes letters; a single one at the end says nothing.
fn decode(letters: &[u8], out: &mut Vec<u8>) {
    let letters = if letters.len() % 4 == 1 { letters.get(..letters.len() - 1).unwrap_or_default() } else { letters };
    // Letters alone: nothing can be wrong with them.
    let _ = ENGINE.decode_vec(letters, out);
}
