#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::sync::Arc;

use super::*;
use crate::search::{Definition, Detectors, LooksFor};

/// How often each word is found in a file that is cut into pieces of a size, and whether a bound was met.
fn found(file: &[u8], words: &[&str], size: usize) -> (Vec<u32>, bool) {
    let looks_for = |word: &&str| Definition::alone(word, LooksFor::Literals(vec![(*word).into()]));
    let detectors = Arc::new(Detectors::compile(words.iter().map(looks_for).collect(), [7; 32], 64 << 20).unwrap());
    let (mut page, mut pdf) = (Page::new(&detectors), Pdf::default());
    file.chunks(size).for_each(|piece| pdf.read(&mut page, piece));
    pdf.end(&mut page);
    page.end_text();
    let told = page.take_found(true).detections;
    let count = |word: &&str| told.iter().find(|one| *one.detector == **word).map_or(0, |one| one.matches);
    (words.iter().map(count).collect(), page.take_limited() != Default::default())
}

fn counts(objects: &[(u32, &str)], words: &[&str]) -> Vec<u32> {
    let mut file = b"%PDF-1.7\n".to_vec();
    for (number, object) in objects {
        file.extend(format!("{number} 0 obj\n{object}\nendobj\n").into_bytes());
    }
    let whole = found(&file, words, usize::MAX);
    assert_eq!(found(&file, words, 1), whole);
    whole.0
}

fn stream(content: &str) -> String {
    format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len())
}

const CMAP: &str = "/CIDInit /ProcSet findresource begin 1 begincodespacerange <0000> <FFFF> endcodespacerange\n\
                    2 beginbfchar <0003> <0020> <0004> <00660069> endbfchar\n\
                    2 beginbfrange <0010><0012><1EA0> <0020> <0021> [<0041> <1EBF>] endbfrange end";
const FONT: &str = "<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 9 0 R >>";
const PAGE: &str = "<< /Resources << /Font << /F1 7 0 R >> >> >>";

#[test]
fn hexadecimal_strings_are_read() {
    let text = stream("BT /F1 9 Tf <48656C6C6F> Tj [<20 77> -20 <6f7>] TJ T* <FEFF1EADt> Tj ET <4E6F> x");
    assert_eq!(counts(&[(1, &text)], &["Hello wop\n\u{1EAD}", "No"]), [1, 0]);
}

#[test]
fn codes_mean_what_their_font_says() {
    let words = ["\u{1EA0}\u{1EA2} fiA\u{1EBF}", "7"];
    let (cmap, text) = (stream(CMAP), stream("BT /F1 9 Tf <0010001200030004> Tj <0020002100FF> Tj ET"));
    let (page, font, cmap, text) = ((3, PAGE), (7, FONT), (9, cmap.as_str()), (5, text.as_str()));
    assert_eq!(counts(&[page, font, cmap, text], &words), [1, 0]);
    assert_eq!(counts(&[text, cmap, font, page], &words), [1, 0]);
    assert_eq!(counts(&[text, cmap, page], &words), [0, 0]);
    let literal = stream("BT /F1 9 Tf (\\000\\020\\000\\022\\000\\003\\000\\004) Tj (\0 \0!) Tj ET");
    assert_eq!(counts(&[page, font, cmap, (5, &literal)], &words), [1, 0]);
}

#[test]
fn fonts_stand_in_streams_of_objects() {
    let (first, second) = (format!("{FONT} "), PAGE);
    let index = format!("7 0 3 {} ", first.len());
    let body = format!("{index}{first}{second}");
    let objects =
        format!("<< /Type /ObjStm /N 2 /First {} /Length {} >>\nstream\n{body}\nendstream", index.len(), body.len());
    let text = stream("BT /F1 9 Tf <00100012> Tj ET");
    assert_eq!(counts(&[(5, &text), (9, &stream(CMAP)), (8, &objects)], &["\u{1EA0}\u{1EA2}"]), [1]);
}

#[test]
fn a_name_may_mean_several_fonts() {
    let other = stream("1 beginbfchar <41> <0042> endbfchar");
    let font = "<< /Type /Font /ToUnicode 10 0 R >>";
    let pages = "<< /Font << /F1 7 0 R >> >> << /Font << /F1 8 0 R >> >>";
    let text = stream("BT /F1 9 Tf <00100012> Tj ET BT /F1 9 Tf <4141> Tj ET");
    let objects = [(5, text.as_str()), (9, &stream(CMAP)), (10, &other), (7, FONT), (8, font), (3, pages)];
    assert_eq!(counts(&objects, &["\u{1EA0}\u{1EA2}", "BB"]), [1, 1]);
}

#[test]
fn what_is_held_is_bounded() {
    let mut cmap = String::from("beginbfchar\n");
    (0..200_000).for_each(|code| writeln!(cmap, "<{:04X}> <0041>", code % 65_536).unwrap());
    let file = format!("%PDF-1.7\n9 0 obj\n{}\n", stream(&cmap));
    assert!(found(file.as_bytes(), &["x"], 5000).1);
    let text = stream(&"BT /F1 1 Tf (only this) Tj ET ".repeat(500_000));
    assert_eq!(found(format!("1 0 obj {text}").as_bytes(), &["only this\n"], 5000), (vec![500_000], true));
    let names: String = (0..100_000).map(|name| format!("/N{name} 1 0 R ")).collect();
    assert!(found(format!("1 0 obj << {names} >> {}", stream("")).as_bytes(), &["x"], 5000).1);
}

#[test]
fn ranges_that_make_no_sense_are_harmless() {
    let cmap = stream(
        "beginbfrange <0000> <FFFF> <D800> <FFFF> <0000> <0041> <> <00> <> [ ] <00> <01> [<41>] <000000> <000001> <0041>\n\
         endbfrange beginbfchar <01> <> <02> endbfchar",
    );
    let text = stream("BT /F1 9 Tf <000102FFFF> Tj (end) Tj ET");
    counts(&[(3, PAGE), (7, FONT), (9, &cmap), (5, &text)], &["x"]);
}

#[test]
fn the_end_of_a_stream_begins_none() {
    let plain = format!("<< {} >>", "/Key (not shown) ".repeat(300));
    let text = stream("BT (shown) Tj ET");
    assert_eq!(counts(&[(1, &text), (2, &plain), (3, &text)], &["shown\n", "not shown"]), [2, 0]);
}
