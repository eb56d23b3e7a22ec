//! Judges bytes that speak no known protocol: text, a known file format, or opaque.

/// Bytes that are judged.
pub const SAMPLE: usize = 256;
/// Fewer prove nothing.
const MIN_TEXT: usize = 4;
/// Of plain ASCII in what is no UTF-8: Vietnamese in one of the old 8-bit encodings.
const TEXT_SHARE: f64 = 0.6;
/// Units of UTF-16 without a mark, at least, that prove it.
const MIN_UNITS: usize = 4;

/// How files begin (the IANA media type, where there is one), as in a data connection of FTP.
const FILE_TYPES: [(&[u8], &str); 22] = [
    (b"PK\x03\x04", "application/zip"), // office documents too
    (b"%PDF-", "application/pdf"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"), // office documents before 2007
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"PAR1", "application/vnd.apache.parquet"),
    (b"PGDMP", "application/x-postgresql-dump"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"LASF", "application/vnd.las"),
    (b"\x00\x00\x27\x0a\x00\x00\x00\x00", "application/vnd.shp"),
    (b"QFI\xfb", "application/x-qcow2"),
    (b"KDMV", "application/x-vmdk"),
    (b"EVF\x09\x0d\x0a\xff\x00", "application/x-ewf"),
];

/// The same for those whose mark stands behind their first bytes: so many.
const LATE_TYPES: [(usize, &[u8], &str); 2] =
    [(128, b"DICM", "application/dicom"), (257, b"ustar", "application/x-tar")];

/// The media type of the file that a stream begins with.
#[must_use]
pub fn file_type(head: &[u8]) -> Option<&'static str> {
    let late = || LATE_TYPES.iter().find(|(at, magic, _)| head.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    let known = FILE_TYPES.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, kind)| *kind);
    known.or_else(|| late().map(|(_, _, kind)| *kind))
}

/// Tells whether bytes are clearly text: no control characters, and UTF-8 or mostly ASCII, or UTF-16; or marked as
/// Unicode.
#[must_use]
pub fn is_text(sample: &[u8]) -> bool {
    if sample.len() < MIN_TEXT {
        return false;
    }
    if [&b"\xff\xfe"[..], b"\xfe\xff", b"\xef\xbb\xbf"].iter().any(|mark| sample.starts_with(mark)) {
        return true;
    }
    let sample = sample.get(..SAMPLE).unwrap_or(sample);
    if sample.iter().any(|byte| is_control(*byte)) {
        return is_utf16(sample, u16::from_le_bytes) || is_utf16(sample, u16::from_be_bytes);
    }
    is_utf8(sample) || {
        let plain = sample.iter().filter(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')).count();
        plain as f64 >= TEXT_SHARE * sample.len() as f64
    }
}

/// A control character that no text holds; tabs, line ends, form feeds' kin and ESC are let pass.
const fn is_control(byte: u8) -> bool {
    matches!(byte, 0x00..=0x08 | 0x0E..=0x1A | 0x1C..=0x1F | 0x7F)
}

/// Whether bytes are UTF-16 of Latin letters, the Vietnamese ones among them, by the high bytes of its characters.
fn is_utf16(sample: &[u8], unit: fn([u8; 2]) -> u16) -> bool {
    let (mut units, mut latin, mut plain) = (0, 0, 0);
    for unit in sample.as_chunks().0.iter().map(|pair| unit(*pair)) {
        let [high, low] = unit.to_be_bytes();
        if high == 0 && is_control(low) {
            return false;
        }
        units += 1;
        latin += usize::from(matches!(high, 0x00 | 0x01 | 0x03 | 0x1E));
        plain += usize::from(high == 0);
    }
    units >= MIN_UNITS && latin * 10 >= units * 9 && plain * 4 >= units
}

/// Whether bytes are UTF-8; a character may be cut off at the end, one half of a surrogate pair too.
fn is_utf8(sample: &[u8]) -> bool {
    let Err(error) = std::str::from_utf8(sample) else { return true };
    error.error_len().is_none() || matches!(sample.get(error.valid_up_to()..), Some([0xED, 0xA0..=0xBF]))
}
