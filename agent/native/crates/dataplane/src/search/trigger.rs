//! Where a pattern need not be looked for: what every match holds, told from the pattern itself.
//!
//! Exact, not a guess: a place that no trigger points at cannot hold a match.

use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Class, Hir, HirKind};

/// What may stand between the digits of a number.
pub const JOINS: &[u8] = b" .-+";
/// Bytes of joins in a row that still make one cluster.
pub const JOIN_LIMIT: usize = 4;
/// Longest match of which both ends are known from a run of digits in it.
const REACH_LIMIT: usize = 256;
/// Digits that make a cluster or a run worth a look.
const FEWEST_DIGITS: usize = 3;
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
    /// So many digits, with nothing but joins between and around them.
    Cluster { digits: usize },
    /// So many digits in a row, this near to both its ends.
    Run { digits: usize, reach: usize },
    /// One of these at its beginning.
    Prefix(Vec<Vec<u8>>),
    /// This byte, this near to both its ends.
    Byte { byte: u8, reach: usize },
    /// Nothing that is known.
    Anything,
}

impl Trigger {
    /// Reads the trigger of a pattern.
    #[must_use]
    pub fn of(pattern: &Hir) -> Self {
        let reach = pattern.properties().maximum_len().filter(|reach| *reach <= REACH_LIMIT);
        if let Some(gaps) = gaps(pattern)
            && gaps.digits >= FEWEST_DIGITS
            && gaps.lead.max(gaps.trail).max(gaps.inner) <= JOIN_LIMIT
        {
            return Self::Cluster { digits: gaps.digits };
        }
        if let (Some(reach), digits) = (reach, run(pattern).best)
            && digits >= FEWEST_DIGITS
        {
            return Self::Run { digits, reach };
        }
        if let Some(prefixes) = prefixes(pattern) {
            return Self::Prefix(prefixes);
        }
        if let (Some(reach), Some(byte)) = (reach, rare_byte(pattern)) {
            return Self::Byte { byte, reach };
        }
        Self::Anything
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

/// The digits in a row that every match of a pattern holds.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    head: usize,
    tail: usize,
    best: usize,
    /// There is nothing but digits, this many at least.
    only: Option<usize>,
}

impl Run {
    const NONE: Self = Self { head: 0, tail: 0, best: 0, only: None };
    const EMPTY: Self = Self { head: 0, tail: 0, best: 0, only: Some(0) };

    fn then(self, next: Self) -> Self {
        let head = self.only.map_or(self.head, |only| only + next.head);
        let tail = next.only.map_or(next.tail, |only| only + self.tail);
        let only = self.only.zip(next.only).map(|(one, other)| one + other);
        Self { head, tail, best: self.best.max(next.best).max(self.tail + next.head), only }
    }

    fn or(self, other: Self) -> Self {
        Self {
            head: self.head.min(other.head),
            tail: self.tail.min(other.tail),
            best: self.best.min(other.best),
            only: self.only.zip(other.only).map(|(one, other)| one.min(other)),
        }
    }
}

fn run(pattern: &Hir) -> Run {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => Run::EMPTY,
        HirKind::Literal(literal) => {
            literal.0.iter().fold(Run::EMPTY, |so_far, byte| so_far.then(digit(byte.is_ascii_digit())))
        }
        HirKind::Class(class) => {
            digit(bytes_of(class).is_some_and(|mut bytes| bytes.all(|byte| byte.is_ascii_digit())))
        }
        HirKind::Capture(capture) => run(&capture.sub),
        HirKind::Concat(parts) => parts.iter().fold(Run::EMPTY, |so_far, part| so_far.then(run(part))),
        HirKind::Alternation(ways) => ways.iter().map(run).reduce(Run::or).unwrap_or(Run::NONE),
        HirKind::Repetition(repetition) => {
            let once = run(&repetition.sub);
            let least = (0..repetition.min.min(COPIES_LIMIT)).fold(Run::EMPTY, |so_far, _| so_far.then(once));
            if repetition.max == Some(repetition.min) { least } else { least.open(once) }
        }
    }
}

impl Run {
    /// More of the same may follow: what ends the least is no longer the end.
    fn open(self, more: Self) -> Self {
        if more.only.is_some() { self } else { Self { tail: 0, only: None, ..self } }
    }
}

const fn digit(is_digit: bool) -> Run {
    if is_digit { Run { head: 1, tail: 1, best: 1, only: Some(1) } } else { Run::NONE }
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
    #![allow(clippy::unwrap_used)]

    use regex_syntax::ParserBuilder;

    use super::*;

    fn trigger(pattern: &str) -> Trigger {
        Trigger::of(&ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).unwrap())
    }

    #[test]
    fn triggers_are_told_from_patterns() {
        let id = "[0-9]{3}[ .-]?[0-9]{3}[ .-]?[0-9]{3}[ .-]?[0-9]{3}";
        assert_eq!(trigger(id), Trigger::Cluster { digits: 12 });
        assert_eq!(trigger("(?:[+]84|0)[0-9]{9}"), Trigger::Cluster { digits: 10 });
        assert_eq!(trigger("[0-9]{10}(?:-[0-9]{3})?"), Trigger::Cluster { digits: 10 });
        assert_eq!(trigger("[A-Z]{2}[1-5][0-9]{12}"), Trigger::Run { digits: 13, reach: 15 });
        assert_eq!(trigger("[A-Z](?:[0-9]{7}|[0-9]{8})"), Trigger::Run { digits: 7, reach: 9 });
        assert_eq!(trigger("[0-9]{2}[A-Z][0-9]?-[0-9]{3}[.]?[0-9]{2}"), Trigger::Run { digits: 3, reach: 11 });
        assert_eq!(trigger("(?:AKIA|ASIA)[A-Z2-7]{16}"), Trigger::Prefix(vec![b"AKIA".to_vec(), b"ASIA".to_vec()]));
        assert_eq!(trigger("[a-z]{1,64}@[a-z]{1,64}"), Trigger::Byte { byte: b'@', reach: 129 });
        assert_eq!(trigger("[a-z]+@[a-z]+"), Trigger::Anything);
        assert_eq!(trigger("[0-9]{3}[ ]{0,9}[0-9]{3}"), Trigger::Run { digits: 3, reach: 15 });
    }
}
