//! Where a pattern need not be looked for: what every match holds, told from the pattern itself.
//!
//! Exact, not a guess: a place that no trigger points at cannot hold a match.

use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::definition::{Edges, is_word};
use super::forms::Forms;
use super::opening::Opening;

/// Longest match of which both ends are known from what it holds.
const REACH_LIMIT: usize = 512;
/// Literals of one pattern, as they are looked for and as they are first told, and how long they are.
const LITERALS_LIMIT: usize = 64;
const PREFIXES_LIMIT: usize = 4096;
const LITERAL_LEAST: usize = 2;
const LITERAL_MOST: usize = 16;
/// Bytes of a literal that is seldom found by chance.
const LITERAL_RARE: usize = 4;
/// Bytes before the first digit from where on digits tell little.
const LEAD_LONG: usize = 4;

/// What every match of a pattern holds.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// Digits that lie so.
    Digits(Opening),
    /// A label at most `lead` bytes behind its beginning.
    Label { labels: Forms, lead: usize },
    /// The same, and behind it digits that lie so, at most `reach` bytes behind its beginning.
    Labelled { labels: Forms, lead: usize, opening: Opening, reach: usize },
    /// One of these at its beginning.
    Prefix(Vec<Vec<u8>>),
    /// The beginning of a line at its own, and behind that one of these bytes.
    Line(Box<[bool; 256]>),
    /// One of these, at most so many bytes behind its beginning.
    Holds { words: Vec<Vec<u8>>, lead: usize },
    /// This byte, this near to both its ends.
    Byte { byte: u8, reach: usize },
    /// Nothing that is known.
    Anything,
}

impl Trigger {
    /// Reads the trigger of a pattern; `labels`: the forms of labels of which every match is known to hold one, and how many
    /// bytes behind its beginning at most.
    #[must_use]
    pub fn of(pattern: &Hir, edges: Edges, labels: Option<(&[Vec<u8>], usize)>) -> Self {
        if pattern.properties().look_set_prefix().contains(Look::StartLF) {
            return Self::Line(Box::new(firsts(pattern)));
        }
        if let Some((labels, lead)) = labels {
            let labels = Forms::new(labels);
            return match value_opening(pattern, edges) {
                Some((opening, reach)) => Self::Labelled { labels, lead, opening, reach },
                None => Self::Label { labels, lead },
            };
        }
        let prefixes = prefixes(pattern);
        // Digits that begin a match are told apart better by how they lie, unless they may be a part of others.
        let is_rare = |words: &Vec<Vec<u8>>| {
            let lies = |word: &Vec<u8>| edges != Edges::Any && word.first().is_some_and(u8::is_ascii_digit);
            words.iter().all(|word| word.len() >= LITERAL_RARE && !lies(word))
        };
        if let Some(words) = prefixes.clone().filter(is_rare) {
            return Self::Prefix(words);
        }
        let opening = Opening::of(pattern, edges, &outside(edges));
        let inner = || inner_literal(pattern).map(|(word, lead)| Self::Holds { words: vec![word], lead });
        match (opening, prefixes) {
            (Some(opening), _) if opening.lead > LEAD_LONG => inner().unwrap_or(Self::Digits(opening)),
            (Some(opening), _) => Self::Digits(opening),
            (None, Some(prefixes)) => Self::Prefix(prefixes),
            (None, None) => inner().or_else(|| rare(pattern)).unwrap_or(Self::Anything),
        }
    }
}

/// Triggers of one kind made one: what points at any branch of a pattern points at all of it.
pub fn merged(triggers: Vec<Trigger>) -> Vec<Trigger> {
    let mut merged: Vec<Trigger> = Vec::new();
    for trigger in triggers {
        let alike = merged.iter().position(|other| std::mem::discriminant(other) == std::mem::discriminant(&trigger));
        let trigger = match alike.map(|at| merged.swap_remove(at)) {
            Some(other) => other.or(trigger),
            None => trigger,
        };
        merged.push(trigger);
    }
    if merged.iter().any(|trigger| matches!(trigger, Trigger::Anything)) { vec![Trigger::Anything] } else { merged }
}

impl Trigger {
    /// What points at matches of either.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Digits(one), Self::Digits(other)) => Self::Digits(one.or(&other)),
            (Self::Label { labels, lead }, Self::Label { labels: more, lead: further }) => {
                Self::Label { labels: labels.and(more), lead: lead.max(further) }
            }
            (
                Self::Labelled { labels, lead, opening, reach },
                Self::Labelled { labels: more, lead: further, opening: other, reach: longer },
            ) => Self::Labelled {
                labels: labels.and(more),
                lead: lead.max(further),
                opening: opening.or(&other),
                reach: reach.max(longer),
            },
            (Self::Holds { words, lead }, Self::Holds { words: more, lead: further }) => {
                Self::Holds { words: [words, more].concat(), lead: lead.max(further) }
            }
            (Self::Prefix(words), Self::Prefix(more)) => Self::Prefix([words, more].concat()),
            (Self::Line(one), Self::Line(other)) => Self::Line(Box::new(std::array::from_fn(|byte| {
                [&one, &other].iter().any(|may| may.get(byte) == Some(&true))
            }))),
            _ => Self::Anything,
        }
    }
}

/// The bytes that may stand beside a match.
fn outside(edges: Edges) -> [bool; 256] {
    std::array::from_fn(|byte| edges == Edges::Any || !u8::try_from(byte).is_ok_and(is_word))
}

/// How the value lies that is the first group of a pattern, and how many bytes stand before its first digit at most.
fn value_opening(pattern: &Hir, edges: Edges) -> Option<(Opening, usize)> {
    let HirKind::Concat(parts) = pattern.kind() else { return None };
    let at = parts.iter().position(|part| matches!(part.kind(), HirKind::Capture(_)))?;
    let (label, value) = parts.split_at_checked(at)?;
    let before = Hir::concat(label.to_vec());
    let opening = Opening::of(&Hir::concat(value.to_vec()), edges, &lasts(&before))?;
    let lead = before.properties().maximum_len()? + opening.lead;
    (lead <= REACH_LIMIT).then_some((opening, lead))
}

/// The bytes a match may begin with.
#[must_use]
pub fn firsts(pattern: &Hir) -> [bool; 256] {
    outermost(pattern, End::First)
}

/// The bytes a match may end with.
fn lasts(pattern: &Hir) -> [bool; 256] {
    outermost(pattern, End::Last)
}

/// An end of a match.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

fn outermost(pattern: &Hir, end: End) -> [bool; 256] {
    let mut found = [false; 256];
    if add_outermost(pattern, end, &mut found) {
        found = [true; 256]; // it may match nothing of its own here: whatever is beside it
    }
    found
}

/// Adds the bytes a part may begin or end with; true where it may be empty.
fn add_outermost(part: &Hir, end: End, found: &mut [bool; 256]) -> bool {
    match part.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            let byte = if end == End::First { literal.0.first() } else { literal.0.last() };
            byte.and_then(|byte| found.get_mut(usize::from(*byte))).into_iter().for_each(|it| *it = true);
            false
        }
        HirKind::Class(class) => {
            match bytes_of(class) {
                Some(bytes) => {
                    bytes.for_each(|byte| found.get_mut(usize::from(byte)).into_iter().for_each(|it| *it = true))
                }
                None => *found = [true; 256],
            }
            false
        }
        HirKind::Capture(capture) => add_outermost(&capture.sub, end, found),
        HirKind::Repetition(repetition) => add_outermost(&repetition.sub, end, found) || repetition.min == 0,
        HirKind::Concat(parts) => match end {
            End::First => parts.iter().all(|part| add_outermost(part, end, found)),
            End::Last => parts.iter().rev().all(|part| add_outermost(part, end, found)),
        },
        HirKind::Alternation(ways) => {
            let empty: Vec<bool> = ways.iter().map(|way| add_outermost(way, end, found)).collect();
            empty.contains(&true)
        }
    }
}

/// The literals that matches begin with: cut to where they are fewest, but not so short that they stand everywhere.
fn prefixes(pattern: &Hir) -> Option<Vec<Vec<u8>>> {
    let sequence = Extractor::new().kind(ExtractKind::Prefix).limit_total(PREFIXES_LIMIT).extract(pattern);
    let found = sequence.literals()?;
    let cut = |length: usize| {
        let mut cut: Vec<Vec<u8>> =
            found.iter().map(|literal| literal.as_bytes().iter().copied().take(length).collect()).collect();
        cut.sort_unstable();
        cut.dedup();
        let few = !cut.is_empty() && cut.len() <= LITERALS_LIMIT;
        (few && cut.iter().all(|literal| literal.len() >= length.min(LITERAL_RARE))).then_some(cut)
    };
    let rare = (LITERAL_RARE..=LITERAL_MOST).rev().filter_map(cut).min_by_key(Vec::len);
    rare.or_else(|| (LITERAL_LEAST..LITERAL_RARE).rev().find_map(cut))
}

/// A byte that every match holds, where matches are not too long.
fn rare(pattern: &Hir) -> Option<Trigger> {
    let reach = pattern.properties().maximum_len().filter(|reach| *reach <= REACH_LIMIT)?;
    rare_byte(pattern).map(|byte| Trigger::Byte { byte, reach })
}

/// A byte that every match holds and that is no letter, digit or space.
fn rare_byte(pattern: &Hir) -> Option<u8> {
    match pattern.kind() {
        HirKind::Literal(literal) => literal.0.iter().copied().find(|byte| byte.is_ascii_punctuation()),
        HirKind::Capture(capture) => rare_byte(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => rare_byte(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().find_map(rare_byte),
        _ => None,
    }
}

/// Bytes that every match holds in a row, and how many stand before them at most.
fn inner_literal(pattern: &Hir) -> Option<(Vec<u8>, usize)> {
    let HirKind::Concat(parts) = pattern.kind() else { return None };
    let at = parts
        .iter()
        .position(|part| matches!(part.kind(), HirKind::Literal(literal) if literal.0.len() >= LITERAL_RARE - 1))?;
    let (before, from) = parts.split_at_checked(at)?;
    let HirKind::Literal(literal) = from.first()?.kind() else { return None };
    let lead = Hir::concat(before.to_vec()).properties().maximum_len()?;
    (lead <= REACH_LIMIT).then(|| (literal.0.to_vec(), lead))
}

/// The bytes of a class; None: it is one of characters.
fn bytes_of(class: &Class) -> Option<impl Iterator<Item = u8> + use<>> {
    let ranges: Vec<(u8, u8)> = match class {
        Class::Bytes(bytes) => bytes.ranges().iter().map(|range| (range.start(), range.end())).collect(),
        Class::Unicode(_) => return None,
    };
    Some(ranges.into_iter().flat_map(|(start, end)| start..=end))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use regex_syntax::ParserBuilder;

    use super::*;

    fn parsed(pattern: &str) -> Hir {
        ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).unwrap()
    }

    fn shown(pattern: &str, edges: Edges) -> String {
        match Trigger::of(&parsed(pattern), edges, None) {
            Trigger::Prefix(words) => format!(
                "prefix {}",
                words.iter().map(|word| word.escape_ascii().to_string()).collect::<Vec<_>>().join(" ")
            ),
            Trigger::Holds { words, lead } => format!("holds {} {lead}", words[0].escape_ascii()),
            Trigger::Byte { byte, reach } => format!("byte {} {reach}", char::from(byte)),
            Trigger::Line(firsts) => format!(
                "line {}",
                (0..=255_u8).filter(|byte| firsts[usize::from(*byte)]).map(char::from).collect::<String>()
            ),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn triggers_are_told_from_patterns() {
        let of = |pattern: &str| shown(pattern, Edges::Word);
        assert_eq!(of("[0-9]{3}[ .-]?[0-9]{3}[ .-]?[0-9]{6}"), "Digits(0 [3, 6, 12])");
        assert_eq!(of("(?:[+]84|0)[0-9]{9}"), "Digits(1 [10, 11])");
        assert_eq!(of("[A-Z]{2}[ -]?[1-5](?:[ -]?[0-9]){3}"), "Digits(3 [1, 2, 3, 4])");
        assert_eq!(of("(?:AKIA|ASIA)[A-Z2-7]{16}"), "prefix AKIA ASIA");
        assert_eq!(of("-----BEGIN (?:RSA|EC) KEY"), "prefix -----BEGIN ", "one word for all");
        assert_eq!(of("1234[0-9]{8}"), "Digits(0 [12])", "digits lie better than they read");
        assert_eq!(shown("1234[0-9]{8}", Edges::Any), "prefix 1234", "unless they may be a part of others");
        assert_eq!(of("I[A-Z]VNM[A-Z0-9]{9}[0-9]"), "holds VNM 2");
        assert_eq!(of("[a-z]{1,64}@[a-z]{1,64}"), "byte @ 129");
        assert_eq!(of("(?m:^)[ ]{0,9}x"), "line  x");
        assert_eq!(of("[a-z]+@[a-z]+"), "Anything");
        assert_eq!(of("[a-z]{4}[0-9]?"), "Anything", "a match may be without a digit");
    }

    #[test]
    fn a_label_points_at_what_needs_it() {
        let labels = [b"so cccd".to_vec(), b"SO CCCD".to_vec()];
        let of = |pattern: &str| Trigger::of(&parsed(pattern), Edges::Any, Some((&labels, 0)));
        let digits = of(r"(?:so\s{1,3}cccd|SO\s{1,3}CCCD)[: ]{1,3}([0-9]{12})\b");
        assert!(matches!(digits, Trigger::Labelled { reach: 12, .. }), "{digits:?}");
        assert!(matches!(of(r"(?:so\s{1,3}cccd|SO\s{1,3}CCCD): ([a-z]+)"), Trigger::Label { .. }));
    }

    #[test]
    fn firsts_are_what_a_match_may_begin_with() {
        let of = |pattern: &str| -> String {
            let found = firsts(&parsed(pattern));
            (0..=255_u8).filter(|byte| found[usize::from(*byte)]).map(char::from).collect()
        };
        assert_eq!(of(r"\b(?m:^)[ab]{0,3}(?:x|yz)+c"), "abxy");
        assert_eq!(of("(q)?r"), "qr");
        assert_eq!(of("q?").len(), 384, "whatever follows");
        let lasts: Vec<usize> = (0..256).filter(|byte| lasts(&parsed("(?:a|bc)d?"))[*byte]).collect();
        assert_eq!(lasts, [b'a', b'c', b'd'].map(usize::from));
    }
}
