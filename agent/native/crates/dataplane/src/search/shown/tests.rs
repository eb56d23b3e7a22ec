#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::super::{Definition, Edges, Kind, LooksFor, Scores, Validator};
use super::*;

fn definition(id: &str, looks_for: LooksFor) -> Definition {
    Definition { ignore_case: true, ..Definition::alone(id, looks_for) }
}

fn number(id: &str, pattern: &str, validator: Validator) -> Definition {
    Definition {
        edges: Edges::Number,
        validator,
        scores: Scores { labelled: 0.9, bare: 0.2, bulk: 0.9 },
        kind: Kind::Basic,
        person: Some(1),
        labels: vec!["cccd".into()],
        ..definition(id, LooksFor::Regex(pattern.into()))
    }
}

fn detectors() -> Detectors {
    let words = LooksFor::Literals(vec!["BEGIN KEY".into(), "BEGIN KEY RING".into()]);
    let start = Definition { at_start: true, ..definition("file", LooksFor::Regex(r"\A(?s:.{3})DICM".into())) };
    let id = number("id", "[0-9]{3}[ .-]?[0-9]{3}[ .-]?[0-9]{3}[ .-]?[0-9]{3}", Validator::PersonalId);
    Detectors::compile(vec![definition("words", words), id, start], [7; 32], 1 << 20).unwrap()
}

/// Detector, matches, how many distinct, samples.
type Told = (String, u32, usize, Vec<String>);

/// What is found in the pieces of a stream; and persons.
fn found(pieces: &[&[u8]]) -> (Vec<Told>, Vec<u64>) {
    let (detectors, mut shown) = (detectors(), Shown::default());
    for piece in pieces {
        shown.show(&detectors, piece);
    }
    shown.finish(&detectors);
    let Found { detections, persons } = shown.take(true);
    let told = |d: super::super::Detection| (d.detector.to_string(), d.matches, d.distinct.len(), d.samples);
    (detections.into_iter().map(told).collect(), persons.basic)
}

fn names(text: &str) -> Vec<(String, u32)> {
    found(&[text.as_bytes()]).0.into_iter().map(|(id, matches, ..)| (id, matches)).collect()
}

#[test]
fn finds_words_and_hides_them() {
    let (found, _) = found(&[b"begin key ring, 001099012345, CCCD: 001 099 012 345"]);
    assert_eq!(found[0], ("words".into(), 1, 1, vec!["be**********ng".into()]));
    assert_eq!(found[1], ("id".into(), 1, 1, vec!["00***********45".into()]));
}

#[test]
fn a_number_alone_proves_nothing_and_many_do() {
    assert_eq!(names("don hang 001099012345"), []);
    let export = |count: u32| (0..count).map(|at| format!("001099{:06},x\n", at + 7)).collect::<String>();
    assert_eq!(names(&export(49)), []);
    assert_eq!(names(&export(50)), [("id".into(), 50)]);
    assert_eq!(names(&export(60)), [("id".into(), 60)]);
    let wrong = |count: u32| (0..count).map(|at| format!("998799{:06},x\n", at + 7)).collect::<String>();
    assert_eq!(names(&wrong(200)), [], "what looks like no number of a person is none in bulk either");
    let sparse = (0..60).map(|at| format!("001099{:06} {}\n", at + 7, "chat ".repeat(500))).collect::<String>();
    assert_eq!(names(&sparse), [], "a chat is no export");
}

#[test]
fn what_is_part_of_a_longer_number_is_none() {
    for text in ["CCCD 0010990123456", "CCCD x001099012345", "CCCD 1.001099012345", "CCCD 001099012345-77"] {
        assert_eq!(names(text), [], "{text}");
    }
    assert_eq!(names("CCCD 555 001099012345."), [("id".into(), 1)]);
}

#[test]
fn a_row_is_one_person() {
    let text = b"CCCD 001099012345, CCCD 001099012346\nCCCD 001099012347\n";
    assert_eq!(found(&[text]).1.len(), 2);
    let list = br#"[{"cccd":"001099012345","x":{"y":1}}, {"cccd":"001099012346"},{"cccd":"001099012347"}]"#;
    assert_eq!(found(&[list]).1.len(), 3);
}

#[test]
fn a_file_is_told_by_its_beginning_only() {
    assert_eq!(names("xyzDICM"), [("file".into(), 1)]);
    assert_eq!(names("wxyzDICM"), []);
    let long = format!("xyzDICM{}", "-".repeat(5000));
    assert_eq!(names(&long), [("file".into(), 1)]);
    assert_eq!(found(&[b"xyzD", b"ICM"]).0.len(), 1);
}

#[test]
fn a_pattern_that_matches_nothing_or_does_not_compile_is_refused() {
    for pattern in ["", "a*", "(", r"\d{1000000}"] {
        let definition = definition("x", LooksFor::Regex(pattern.into()));
        assert!(Detectors::compile(vec![definition], [0; 32], 1).is_err(), "{pattern}");
    }
}

proptest! {
    #[test]
    fn cutting_a_stream_changes_nothing(
        text in "(begin key( ring)?|(cccd )?0[0-9]{11}|cccd: |[ a-z,\n{(]{1,300}){0,12}",
        many in 0_u32..70,
        cuts in proptest::collection::vec(0usize..4000, 0..8),
    ) {
        let text = text + &(0..many).map(|at| format!("001099{:06},x\n", at + 7)).collect::<String>();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).chain([0, text.len()]).collect();
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| text.as_bytes().get(cut[0]..cut[1]).unwrap()).collect();
        prop_assert_eq!(found(&pieces), found(&[text.as_bytes()]));
    }
}
