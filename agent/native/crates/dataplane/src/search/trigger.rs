//! Where a pattern need not be looked for: what every match holds, told from the pattern itself.
//!
//! Exact, not a guess: a place that no trigger points at cannot hold a match.

use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// What may stand between the digits of a number.
pub const JOINS: &[u8] = b" .-+()/";
/// Bytes of joins in a row that still make one cluster.
pub const JOIN_LIMIT: usize = 4;
/// Longest match of which both ends are known from what it holds.
const REACH_LIMIT: usize = 512;
/// Digits that make a cluster worth a look.
const FEWEST_DIGITS: usize = 2;
/// Literals of one pattern, as they are looked for and as they are first told, and how long they are.
const LITERALS_LIMIT: usize = 64;
const PREFIXES_LIMIT: usize = 4096;
const LITERAL_LEAST: usize = 2;
const LITERAL_MOST: usize = 16;
/// Repetitions that are followed one by one.
const COPIES_LIMIT: u32 = 64;

/// What every match of a pattern holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// So many digits with nothing but joins between them, and at most so many bytes before.
    Cluster { digits: usize, lead: usize },
    /// The same, and one of these words before its last digit.
    Labelled { digits: usize, lead: usize, words: Vec<Vec<u8>> },
    /// One of these at its beginning.
    Prefix(Vec<Vec<u8>>),
    /// The beginning of a line at its own.
    Line,
    /// One of these, at most so many bytes behind its beginning.
    Holds { words: Vec<Vec<u8>>, lead: usize },
    /// This byte, this near to both its ends.
    Byte { byte: u8, reach: usize },
    /// Nothing that is known.
    Anything,
}

impl Trigger {
    /// Reads the trigger of a pattern; `hints`: words of which every match is known to hold one, and how many bytes behind
    /// its beginning at most.
    #[must_use]
    pub fn of(pattern: &Hir, (hints, lead): (&[Vec<u8>], usize)) -> Self {
        let reach = pattern.properties().maximum_len().filter(|reach| *reach <= REACH_LIMIT);
        let cluster = cluster(pattern);
        if let Some(gaps) = gaps(pattern).filter(|gaps| gaps.fits() && gaps.digits >= FEWEST_DIGITS) {
            return Self::Cluster { digits: gaps.digits, lead: gaps.lead };
        }
        if pattern.properties().look_set_prefix().contains(Look::StartLF) {
            return Self::Line;
        }
        if let (Some(_), false, true) = (reach, hints.is_empty(), cluster.digits >= FEWEST_DIGITS) {
            let Largest { digits, lead } = cluster;
            return Self::Labelled { digits, lead, words: hints.to_vec() };
        }
        if !hints.is_empty() {
            return Self::Holds { words: hints.to_vec(), lead };
        }
        if let (Some(_), true) = (reach, cluster.digits >= FEWEST_DIGITS) {
            return Self::Cluster { digits: cluster.digits, lead: cluster.lead };
        }
        if let Some(prefixes) = prefixes(pattern) {
            return Self::Prefix(prefixes);
        }
        match (reach, rare_byte(pattern)) {
            (Some(reach), Some(byte)) => Self::Byte { byte, reach },
            _ => Self::Anything,
        }
    }
}

/// Triggers of one kind made one: what points at any branch of a pattern points at all of it.
pub fn merged(triggers: &[Trigger]) -> Vec<Trigger> {
    let mut merged: Vec<Trigger> = Vec::new();
    for trigger in triggers {
        match (
            trigger,
            merged.iter_mut().find(|other| std::mem::discriminant(*other) == std::mem::discriminant(trigger)),
        ) {
            (Trigger::Cluster { digits, lead }, Some(Trigger::Cluster { digits: least, lead: most })) => {
                (*least, *most) = ((*least).min(*digits), (*most).max(*lead));
            }
            (Trigger::Holds { words, lead }, Some(Trigger::Holds { words: all, lead: most })) => {
                all.extend(words.iter().cloned());
                *most = (*most).max(*lead);
            }
            (Trigger::Prefix(words), Some(Trigger::Prefix(all))) => all.extend(words.iter().cloned()),
            (
                Trigger::Labelled { digits, lead, words },
                Some(Trigger::Labelled { digits: least, lead: most, words: all }),
            ) => {
                (*least, *most) = ((*least).min(*digits), (*most).max(*lead));
                all.extend(words.iter().cloned());
            }
            (Trigger::Line | Trigger::Anything, Some(_)) => {}
            _ => merged.push(trigger.clone()),
        }
    }
    if merged.contains(&Trigger::Anything) { vec![Trigger::Anything] } else { merged }
}

/// The bytes a match may begin with.
#[must_use]
pub fn firsts(pattern: &Hir) -> [bool; 256] {
    let mut found = [false; 256];
    if add_firsts(pattern, &mut found) {
        found = [true; 256]; // it may match nothing of its own here: whatever follows
    }
    found
}

/// Adds the bytes a part may begin with; true where it may be empty.
fn add_firsts(part: &Hir, found: &mut [bool; 256]) -> bool {
    match part.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            literal.0.first().and_then(|byte| found.get_mut(usize::from(*byte))).into_iter().for_each(|it| *it = true);
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
        HirKind::Capture(capture) => add_firsts(&capture.sub, found),
        HirKind::Repetition(repetition) => add_firsts(&repetition.sub, found) || repetition.min == 0,
        HirKind::Concat(parts) => parts.iter().all(|part| add_firsts(part, found)),
        HirKind::Alternation(ways) => {
            let empty: Vec<bool> = ways.iter().map(|way| add_firsts(way, found)).collect();
            empty.contains(&true)
        }
    }
}

/// The literals that matches begin with, as short as it takes for them to be few.
fn prefixes(pattern: &Hir) -> Option<Vec<Vec<u8>>> {
    let sequence = Extractor::new().kind(ExtractKind::Prefix).limit_total(PREFIXES_LIMIT).extract(pattern);
    let found = sequence.literals()?;
    (LITERAL_LEAST..=LITERAL_MOST).rev().find_map(|length| {
        let mut cut: Vec<Vec<u8>> =
            found.iter().map(|literal| literal.as_bytes().iter().copied().take(length).collect()).collect();
        cut.sort_unstable();
        cut.dedup();
        let few = !cut.is_empty() && cut.len() <= LITERALS_LIMIT;
        (few && cut.iter().all(|literal| literal.len() >= LITERAL_LEAST)).then_some(cut)
    })
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

/// How digits and joins lie in the matches of a pattern that holds nothing else.
#[derive(Clone, Copy, Debug, Default)]
struct Gaps {
    /// At least.
    digits: usize,
    /// Joins, at most: before the first digit, behind the last, between two.
    lead: usize,
    trail: usize,
    inner: usize,
    /// The longest match without a digit, if there can be one.
    bare: Option<usize>,
}

impl Gaps {
    /// Tells whether the digits are one cluster.
    const fn fits(&self) -> bool {
        self.lead <= JOIN_LIMIT && self.trail <= JOIN_LIMIT && self.inner <= JOIN_LIMIT
    }

    const EMPTY: Self = Self { digits: 0, lead: 0, trail: 0, inner: 0, bare: Some(0) };

    fn then(self, next: Self) -> Self {
        let through = |bare: Option<usize>, further: usize| bare.map_or(0, |bare| bare + further);
        Self {
            digits: self.digits + next.digits,
            lead: self.lead.max(through(self.bare, next.lead)),
            trail: next.trail.max(through(next.bare, self.trail)),
            inner: self.inner.max(next.inner).max(self.trail + next.lead),
            bare: self.bare.zip(next.bare).map(|(one, other)| one + other),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            digits: self.digits.min(other.digits),
            lead: self.lead.max(other.lead),
            trail: self.trail.max(other.trail),
            inner: self.inner.max(other.inner),
            bare: self.bare.max(other.bare),
        }
    }
}

/// None where a match may hold other bytes, or joins without end.
fn gaps(pattern: &Hir) -> Option<Gaps> {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(Gaps::EMPTY),
        HirKind::Literal(literal) => {
            literal.0.iter().try_fold(Gaps::EMPTY, |so_far, byte| Some(so_far.then(gap_of(*byte)?)))
        }
        HirKind::Class(class) => bytes_of(class)?.map(gap_of).reduce(|one, other| Some(one?.or(other?))).flatten(),
        HirKind::Capture(capture) => gaps(&capture.sub),
        HirKind::Concat(parts) => parts.iter().try_fold(Gaps::EMPTY, |so_far, part| Some(so_far.then(gaps(part)?))),
        HirKind::Alternation(ways) => ways.iter().map(gaps).reduce(|one, other| Some(one?.or(other?))).flatten(),
        HirKind::Repetition(repetition) => {
            let once = gaps(&repetition.sub)?;
            let most = match repetition.max {
                Some(most) if most <= COPIES_LIMIT => most,
                None if once.bare.is_none() => repetition.min.max(1) + 1,
                _ => return None,
            };
            Some((0..most).fold(Gaps::EMPTY, |so_far, copy| {
                so_far.then(if copy < repetition.min { once } else { once.or(Gaps::EMPTY) })
            }))
        }
    }
}

fn gap_of(byte: u8) -> Option<Gaps> {
    if byte.is_ascii_digit() {
        return Some(Gaps { digits: 1, bare: None, ..Gaps::EMPTY });
    }
    JOINS.contains(&byte).then_some(Gaps { lead: 1, trail: 1, bare: Some(1), ..Gaps::EMPTY })
}

/// The largest cluster that every match of a pattern holds, and the most that stands before it.
#[derive(Clone, Copy, Debug, Default)]
struct Largest {
    digits: usize,
    lead: usize,
}

fn cluster(pattern: &Hir) -> Largest {
    if let Some(gaps) = gaps(pattern).filter(Gaps::fits) {
        return Largest { digits: gaps.digits, lead: gaps.lead };
    }
    let length = |part: &Hir| part.properties().maximum_len().unwrap_or(REACH_LIMIT);
    match pattern.kind() {
        HirKind::Capture(capture) => cluster(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => {
            Largest { lead: REACH_LIMIT, ..cluster(&repetition.sub) }
        }
        HirKind::Alternation(ways) => {
            let least = |one: Largest, other: Largest| Largest {
                digits: one.digits.min(other.digits),
                lead: one.lead.max(other.lead),
            };
            ways.iter().map(cluster).reduce(least).unwrap_or_default()
        }
        HirKind::Concat(parts) => {
            let spans = (0..parts.len()).flat_map(|from| (from + 1..=parts.len()).map(move |to| from..to));
            let found = spans.filter_map(|span| {
                let inner = parts.get(span.clone())?;
                let one = match inner {
                    [one] => cluster(one),
                    _ => {
                        let gaps = inner.iter().try_fold(Gaps::EMPTY, |sum, part| Some(sum.then(gaps(part)?)))?;
                        Largest { digits: Some(gaps).filter(Gaps::fits)?.digits, lead: gaps.lead }
                    }
                };
                let before: usize = parts.iter().take(span.start).map(length).sum();
                Some(Largest { lead: one.lead + before, ..one })
            });
            found.max_by_key(|one| (one.digits, std::cmp::Reverse(one.lead))).unwrap_or_default()
        }
        _ => Largest::default(),
    }
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

    fn trigger(pattern: &str) -> Trigger {
        Trigger::of(&parsed(pattern), (&[], 0))
    }

    fn digits(digits: usize, lead: usize) -> Trigger {
        Trigger::Cluster { digits, lead }
    }

    #[test]
    fn triggers_are_told_from_patterns() {
        assert_eq!(trigger("[0-9]{3}[ .-]?[0-9]{3}[ .-]?[0-9]{3}[ .-]?[0-9]{3}"), digits(12, 0));
        assert_eq!(trigger("(?:[+]84|0)[0-9]{9}"), digits(10, 1));
        assert_eq!(trigger("[0-9]{10}(?:-[0-9]{3})?"), digits(10, 0));
        assert_eq!(trigger("[A-Z]{2}[1-5][0-9]{12}"), digits(13, 2));
        assert_eq!(trigger("[A-Z]{2}[ -]?[1-5](?:[ -]?[0-9]){12}"), digits(13, 3));
        assert_eq!(trigger("[A-Z](?:[0-9]{7}|[0-9]{8})"), digits(7, 1));
        assert_eq!(trigger("[0-9]{2}[A-Z][0-9]?-[0-9]{3}[.]?[0-9]{2}"), digits(5, 4));
        assert_eq!(trigger("[0-9]{3}[ ]{0,9}[0-9]{3}"), digits(3, 0));
        assert_eq!(trigger("(?:AKIA|ASIA)[A-Z2-7]{16}"), Trigger::Prefix(vec![b"AKIA".to_vec(), b"ASIA".to_vec()]));
        assert_eq!(trigger("[a-z]{1,64}@[a-z]{1,64}"), Trigger::Byte { byte: b'@', reach: 129 });
        assert_eq!(trigger("(?m:^)[ ]{0,9}x"), Trigger::Line);
        assert_eq!(trigger("[a-z]+@[a-z]+"), Trigger::Anything);
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
    }
}
