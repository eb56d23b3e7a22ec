#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use super::*;
use crate::search::{Definition, Detectors, LooksFor};

const STRINGS: &[u8] = b"xl/sharedStrings.xml";
const SHEET: &[u8] = b"xl/worksheets/sheet1.xml";
const LIMIT: usize = 16 << 20;

/// How often each word is found in parts of a workbook, each cut into pieces of a size, and whether a bound was met.
fn found(parts: &[(&[u8], &str)], words: &[&str], size: usize) -> (Vec<u32>, bool) {
    let looks_for = |word: &&str| Definition::alone(word, LooksFor::Literals(vec![(*word).into()]));
    let detectors = Arc::new(Detectors::compile(words.iter().map(looks_for).collect(), [7; 32], LIMIT).unwrap());
    let (mut page, mut workbook) = (Page::new(&detectors), Workbook::default());
    for (name, text) in parts {
        assert!(workbook.begin(&mut page, name));
        text.as_bytes().chunks(size).for_each(|piece| workbook.read(&mut page, piece));
        workbook.end(&mut page);
    }
    workbook.finish(&mut page);
    page.end_text();
    let told = page.take_found(true).detections;
    let count = |word: &&str| told.iter().find(|one| *one.detector == **word).map_or(0, |one| one.matches);
    (words.iter().map(count).collect(), page.take_limited() != Default::default())
}

fn counts(parts: &[(&[u8], &str)], words: &[&str]) -> Vec<u32> {
    let whole = found(parts, words, usize::MAX);
    assert_eq!(found(parts, words, 1), whole);
    whole.0
}

const SHARED: &str = "<sst><si><t>Name</t></si><si><t xml:space=\"preserve\">An &amp; </t><rPh><t>no</t></rPh><r><t>Co</t></r>\
                      </si><si/><si><t>alone</t></si></sst>";
const ROWS: &str = "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\"><v>12</v></c></row>\
                    <row><c t=\"s\"><v>1</v></c><c t='s'><f>F(x)</f><v> 0 </v></c><c/><c t=\"inlineStr\"><is><t>in\nline</t>\
                    </is></c></row></sheetData><oddHeader>Secret &lt;1&gt;</oddHeader></worksheet>";
const WORDS: [&str; 5] = ["Name\t12\n", "An & Co\tName\t\tin line\n", "alone\n", "Secret <1>", "F(x)"];

#[test]
fn cells_have_the_strings_they_share() {
    let (shared, rows) = ((STRINGS, SHARED), (SHEET, ROWS));
    assert_eq!(counts(&[shared, rows], &WORDS), [1, 1, 1, 1, 0]);
    assert_eq!(counts(&[rows, shared], &WORDS), [1, 1, 1, 1, 0]);
    assert_eq!(counts(&[rows, shared, rows], &WORDS), [2, 2, 1, 2, 0]);
}

#[test]
fn a_namespace_may_have_a_name() {
    let named = |text: &str| text.replace("</", "<:").replace('<', "<x:").replace("<x::", "</x:");
    let (shared, rows) = (named(SHARED), named(ROWS));
    assert_eq!(counts(&[(SHEET, &rows), (STRINGS, &shared)], &WORDS), [1, 1, 1, 1, 0]);
}

#[test]
fn without_strings_rows_are_read_all_the_same() {
    let cells = |number: &str| format!("<row><c t=\"s\"><v>{number}</v></c><c><v>77</v></c></row>");
    for number in ["0", "4294967295", "4294967296", "-1", "x", "", "99999999999999999999"] {
        assert_eq!(counts(&[(SHEET, &cells(number))], &["\t77\n"]), [1]);
        assert_eq!(counts(&[(SHEET, &cells(number)), (STRINGS, "<sst/>")], &["\t77\n"]), [1]);
    }
}

#[test]
fn other_parts_are_not_read_here() {
    let detectors = Arc::new(Detectors::compile(vec![], [7; 32], LIMIT).unwrap());
    assert!(!Workbook::default().begin(&mut Page::new(&detectors), b"xl/workbook.xml"));
}

#[test]
fn what_is_held_is_bounded() {
    let rows = "<row><c t=\"s\"><v>0</v></c><c><v>77</v></c></row>".repeat(400_000);
    let (found, met) = self::found(&[(SHEET, &rows), (STRINGS, SHARED)], &["\t77\n", "Name\n"], 9000);
    assert_eq!((found, met), (vec![400_000, 1], true));
    let strings = format!("<sst>{}</sst>", "<si><t>0123456789012345678</t></si>".repeat(250_000));
    let (found, met) = self::found(&[(STRINGS, &strings)], &["0123456789012345678\n"], 9000);
    assert_eq!((found, met), (vec![250_000], true));
    let (_, met) = self::found(&[(STRINGS, &"<si/>".repeat(600_000))], &["x"], 9000);
    assert!(met);
}

#[test]
fn a_string_that_all_cells_share_ends_at_the_limit() {
    let strings = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(1 << 20));
    let rows = "<row><c t=\"s\"><v>0</v></c></row>".repeat(100_000);
    let (found, met) = self::found(&[(SHEET, &rows), (STRINGS, &strings)], &["xxxx"], 9000);
    assert!(found.first().unwrap() * 4 <= LIMIT as u32 && met);
}
