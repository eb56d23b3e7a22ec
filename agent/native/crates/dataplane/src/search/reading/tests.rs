#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::super::{Definition, LooksFor};
use super::*;

fn detectors(limit: usize) -> Arc<Detectors> {
    let words = ["begin key", "Tuyệt mật", "họ và tên"]
        .map(|word| Definition { ignore_case: true, ..Definition::alone(word, LooksFor::Literals(vec![word.into()])) });
    Arc::new(Detectors::compile(words.into(), [7; 32], limit).unwrap())
}

/// How often each word is found in a body, cut into pieces of a size.
fn found(body: &Body<'_>, data: &[u8], size: usize, limit: usize) -> (Vec<(String, u32)>, Limits) {
    let mut reading = Reading::new(&detectors(limit));
    reading.take_over();
    reading.begin_body(body);
    data.chunks(size).for_each(|piece| reading.body(piece));
    reading.end_body();
    let found = reading.take_found(true);
    let told = found.detections.into_iter().map(|one| (one.detector.to_string(), one.matches));
    (told.collect(), reading.take_limited())
}

#[test]
fn every_pattern_compiles() {
    let all = [
        &escapes::JSON,
        &escapes::MARKUP,
        &escapes::PERCENT,
        &escapes::QUOTED,
        &compose::MARKED,
        &mediatype::BOUNDARY,
        &mediatype::CHARSET,
        &mediatype::FILE_NAME,
        &vietnamese::STRONG,
    ];
    assert!(all.iter().all(|pattern| pattern.is_some()));
}

#[test]
fn a_body_is_read_by_its_type() {
    let body = Body { content_type: b"application/json", ..Body::default() };
    let (found, limits) = found(&body, br#"{"a":"Tuy\u1ec7t m\u1EADt"}"#, 3, 1 << 20);
    assert_eq!((found, limits), (vec![("Tuyệt mật".to_owned(), 1)], Limits::default()));
}

/// How often each word is found in a stream of which is said how clear each piece is.
fn streamed(pieces: &[(&[u8], Clear)], file: bool) -> usize {
    let mut reading = Reading::new(&detectors(1 << 20));
    pieces.iter().for_each(|(piece, clear)| reading.show(piece, *clear, file));
    reading.take_found(true).detections.len()
}

#[test]
fn what_hides_is_never_looked_at() {
    assert_eq!(streamed(&[(b"begin key", Clear::NotYetKnown), (b"begin key", Clear::No)], true), 0);
    assert_eq!(streamed(&[(b"begin key", Clear::NotYetKnown)], false), 0);
    assert_eq!(streamed(&[(&[b' '; 4097], Clear::NotYetKnown), (b"begin key", Clear::Yes)], false), 0);
}

#[test]
fn what_turns_out_to_be_clear_is_looked_at_from_its_beginning() {
    assert_eq!(streamed(&[(b"begin ", Clear::NotYetKnown), (b"key", Clear::Yes)], false), 1);
    assert_eq!(streamed(&[(b"begin key", Clear::Yes), (b"begin key", Clear::No)], false), 1);
}

#[test]
fn a_stream_is_read_as_a_file_only_where_it_may_be_one() {
    let wide: Vec<u8> = "Tuyệt mật ".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(streamed(&[(&wide, Clear::Yes)], true), 1);
    assert_eq!(streamed(&[(&wide, Clear::Yes)], false), 0);
    let packed = zstd(b"begin key");
    assert_eq!(streamed(&[(&packed, Clear::Yes)], true), 1);
}

fn zstd(data: &[u8]) -> Vec<u8> {
    let mut packed = vec![0; zstd_safe::compress_bound(data.len())];
    let size = zstd_safe::compress(packed.as_mut_slice(), data, 1).unwrap();
    packed.truncate(size);
    packed
}

#[test]
fn the_table_of_tcvn3_is_whole() {
    let read = |bytes: &[u8]| {
        let mut text = Vec::new();
        vietnamese::Legacy::Tcvn3.reader().turn(bytes, true, &mut text);
        String::from_utf8(text).unwrap()
    };
    assert_eq!(read(b"Vi\xD6t Nam, \xAE\xAD\xEEc, t\xEE, \xFE\xA1"), "Việt Nam, được, tợ, ỵĂ");
}

#[test]
fn half_a_pair_is_read_alike_however_cut() {
    for text in
        [&br#"{"\ud8ad\ud"#[..], br#"\ud83d\ude00"#, br#"\ud83d\ud83d\ude00"#, br#"\ude00 \ud8ad"#, br#"\ud8ad\n"#]
    {
        let read = |size: usize| {
            let (mut stage, mut out) = (Escapes::json(), Vec::new());
            text.chunks(size).for_each(|piece| stage.turn(piece, false, &mut out));
            stage.turn(&[], true, &mut out);
            String::from_utf8(out).unwrap()
        };
        let whole = read(usize::MAX);
        assert!((1..text.len()).all(|size| read(size) == whole), "{whole}");
    }
}
