//! An input as a body: what is said of it, the size of pieces, and its bytes.

use std::sync::{Arc, LazyLock};

use dataplane::search::{Body, Definition, Detectors, LooksFor, MessageOf, Reading};

use crate::Input;

const TYPES: [&[u8]; 8] = [
    b"",
    b"application/json",
    b"text/html; charset=windows-1258",
    b"application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=b",
    b"multipart/mixed; boundary=\"b\"",
    b"message/rfc822",
    b"text/plain; charset=utf-16",
];
const ENCODINGS: [&[u8]; 8] = [b"", b"gzip", b"deflate", b"br", b"zstd", b"gzip, br", b"x-gzip,deflate,zstd", b"other"];
const MAIL_ENCODINGS: [&[u8]; 4] = [b"", b"base64", b"quoted-printable", b"8bit"];
/// Bytes that are looked at: few, so that the limit is met too.
const LIMIT: usize = 1 << 16;

static DETECTORS: LazyLock<Arc<Detectors>> = LazyLock::new(|| {
    let word = |word: &str| Definition::alone(word, LooksFor::Literals(vec![word.into()]));
    let words = ["a", "\u{1EAD}", "PK", "\n"].map(word);
    let compiled = Detectors::compile(words.into(), [7; 32], LIMIT);
    Arc::new(compiled.unwrap_or_else(|errors| panic!("{errors:?}")))
});

/// Checks that the cutting makes no difference.
///
/// Where bytes were not looked at for the limit, what was unpacked last of damaged data may differ: then only that
/// nothing panics counts.
pub fn check_cuts(data: &[u8]) {
    let mut input = Input(data);
    let (kind, piece) = (usize::from(input.u8()), usize::from(input.u8()) + 1);
    let body = Body {
        content_type: TYPES[kind % TYPES.len()],
        encoding: ENCODINGS[kind / TYPES.len() % ENCODINGS.len()],
        mail_encoding: MAIL_ENCODINGS[kind / (TYPES.len() * ENCODINGS.len()) % MAIL_ENCODINGS.len()],
        message: if piece == 1 { MessageOf::Part } else { MessageOf::Nothing },
        ..Body::default()
    };
    let (whole, limited) = told(&body, input.0, usize::MAX);
    let (cut, also) = told(&body, input.0, piece);
    if !limited && !also {
        assert_eq!(whole, cut);
    }
}

/// What is found in a body that is cut into pieces, and whether a limit was met.
fn told(body: &Body<'_>, data: &[u8], piece: usize) -> (Vec<(String, u32)>, bool) {
    let mut reading = Reading::new(&DETECTORS);
    reading.take_over();
    reading.begin_body(body);
    data.chunks(piece).for_each(|piece| reading.body(piece));
    reading.end_body();
    let found = reading.take_found(true).detections;
    let mut told: Vec<_> = found.into_iter().map(|one| (one.detector.to_string(), one.matches)).collect();
    told.sort();
    (told, reading.take_limited() != Default::default())
}
