//! How the first digits of a match lie: how many there are in a row, what stands before them and what behind.
//!
//! Read from the compiled pattern by following all its states at once, so that nothing that could match is left out.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::definition::{Edges, is_word};

/// Digits in a row that are told apart; more are as many.
pub const RUN_MOST: usize = 31;
/// Bytes before the first digit, at most.
const LEAD_MOST: usize = 32;
/// Compiled size of one pattern.
const SIZE_LIMIT: usize = 1 << 20;

/// A compiled pattern that is asked whether a match begins at a place.
pub struct Anchor {
    dfa: dense::DFA<Vec<u32>>,
    /// The state in which a match begins, where it is one whatever stands before.
    start: Option<StateID>,
}

/// How the first run of digits in a match may lie.
#[derive(Clone)]
pub struct Opening {
    /// What must match from there on: one of these.
    pub anchors: Vec<Arc<Anchor>>,
    /// By the digits in the run, less one: the bytes that may follow.
    after: Vec<[bool; 256]>,
    /// The bytes that may stand before the run, the text may always begin with it; and its first digits.
    before: [bool; 256],
    first: [bool; 256],
    /// The bytes a match may begin with.
    begins: [bool; 256],
    /// Bytes of a match before its first digit, at most.
    pub lead: usize,
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let runs = (1..=RUN_MOST).filter(|run| self.after(*run).is_some_and(|after| after.contains(&true)));
        write!(to, "{} {:?}", self.lead, runs.collect::<Vec<_>>())
    }
}

impl Opening {
    /// Reads the opening of a pattern of which each match holds a digit, not too far behind its beginning.
    ///
    /// `before`: what may stand before a match. Where a match may end inside a word, so may its run of digits.
    #[must_use]
    pub fn of(pattern: &Hir, edges: Edges, before: &[bool; 256]) -> Option<Self> {
        if !holds_digit(pattern) {
            return None;
        }
        let anchor = Arc::new(Anchor::new(pattern)?);
        let states = States { dfa: &anchor.dfa, is_word_free: edges != Edges::Any };
        let after = vec![[false; 256]; RUN_MOST];
        let mut opening = Self {
            anchors: vec![Arc::clone(&anchor)],
            after,
            before: [false; 256],
            first: [false; 256],
            begins: [false; 256],
            lead: 0,
        };
        let first = opening.read_lead(&states, before)?;
        opening.read_runs(&states, first);
        // A run that goes on before the match tells less: the match may be any part of it.
        let cut = (b'0'..=b'9').any(|digit| opening.may_follow(digit));
        if cut { opening.loosened() } else { Some(opening) }
    }

    /// The states behind the first digit of a match.
    fn read_lead(&mut self, states: &States<'_>, before: &[bool; 256]) -> Option<BTreeSet<StateID>> {
        let mut first = BTreeSet::new();
        let mut lead = states.starts();
        for (byte, _) in states.step(&lead, |_| true) {
            self.begins.get_mut(usize::from(byte)).into_iter().for_each(|may| *may = true);
        }
        if states.step(&lead, |byte| byte.is_ascii_digit()).next().is_some() {
            self.before = *before;
        }
        for length in 0..=LEAD_MOST {
            for (digit, to) in states.step(&lead, |byte| byte.is_ascii_digit()) {
                self.lead = length;
                self.first.get_mut(usize::from(digit)).into_iter().for_each(|may| *may = true);
                first.insert(to);
            }
            let further: Vec<(u8, StateID)> = states.step(&lead, |byte| !byte.is_ascii_digit()).collect();
            for (byte, to) in &further {
                let goes_on = states.step(&BTreeSet::from([*to]), |byte| byte.is_ascii_digit()).next().is_some();
                self.before.get_mut(usize::from(*byte)).into_iter().for_each(|may| *may |= goes_on);
            }
            lead = further.into_iter().map(|(_, to)| to).collect();
            if lead.is_empty() {
                return Some(first);
            }
        }
        None
    }

    fn read_runs(&mut self, states: &States<'_>, first: BTreeSet<StateID>) {
        let mut run = first;
        for after in &mut self.after {
            for (byte, to) in states.step(&run, |byte| !byte.is_ascii_digit()) {
                let may = !(states.is_word_free && is_word(byte) && states.is_over(to));
                after.get_mut(usize::from(byte)).into_iter().for_each(|it| *it |= may);
            }
            run = states.step(&run, |byte| byte.is_ascii_digit()).map(|(_, to)| to).collect();
        }
        if let (false, Some(most)) = (run.is_empty(), self.after.last_mut()) {
            *most = [true; 256];
        }
    }

    /// The same for runs of which a match may be any part.
    fn loosened(mut self) -> Option<Self> {
        let least = self.after.iter().position(|after| after.contains(&true))?;
        self.after.iter_mut().skip(least).for_each(|after| *after = [true; 256]);
        (self.before, self.first) = ([true; 256], [true; 256]);
        self.anchors.clear();
        Some(self)
    }

    /// Tells whether what matches may have its first digits where a run begins.
    #[must_use]
    pub fn fits(&self, bytes: &[u8], run: usize) -> bool {
        let begins = |at: &usize| bytes.get(*at).and_then(|byte| self.begins.get(usize::from(*byte))) == Some(&true);
        let mut starts = (run.saturating_sub(self.lead)..=run).filter(begins);
        let fits = |anchor: &Anchor, start: usize| anchor.matches(bytes, start..bytes.len()).is_some();
        self.is_loose() || starts.any(|start| self.anchors.iter().any(|anchor| fits(anchor, start)))
    }

    /// What may follow a run of so many digits.
    #[must_use]
    pub fn after(&self, digits: usize) -> Option<&[bool; 256]> {
        self.after.get(digits.clamp(1, RUN_MOST) - 1)
    }

    /// Tells whether a byte may stand before the run.
    #[must_use]
    pub fn may_follow(&self, byte: u8) -> bool {
        self.before.get(usize::from(byte)).is_none_or(|may| *may)
    }

    /// Tells whether the run may begin with a digit.
    #[must_use]
    pub fn may_begin(&self, byte: u8) -> bool {
        self.first.get(usize::from(byte)).is_none_or(|may| *may)
    }

    /// Tells whether what matches may have any digit of a run for its first.
    #[must_use]
    pub const fn is_loose(&self) -> bool {
        self.anchors.is_empty()
    }

    /// The opening of matches of either.
    #[must_use]
    pub fn or(mut self, other: &Self) -> Self {
        let both = |one: &mut [bool; 256], other: &[bool; 256]| {
            one.iter_mut().zip(other).for_each(|(one, other)| *one |= other)
        };
        self.after.iter_mut().zip(&other.after).for_each(|(one, other)| both(one, other));
        both(&mut self.before, &other.before);
        both(&mut self.first, &other.first);
        both(&mut self.begins, &other.begins);
        if self.anchors.is_empty() || other.anchors.is_empty() {
            self.anchors.clear();
        } else {
            self.anchors.extend(other.anchors.iter().cloned());
        }
        Self { lead: self.lead.max(other.lead), ..self }
    }
}

impl Anchor {
    /// Compiles a pattern; None where that takes too much.
    #[must_use]
    pub fn new(pattern: &Hir) -> Option<Self> {
        let config = thompson::Config::new().utf8(false);
        let nfa = thompson::Compiler::new().configure(config).build_from_hir(pattern).ok()?;
        let config = dense::Config::new()
            .start_kind(StartKind::Anchored)
            .match_kind(MatchKind::LeftmostFirst)
            .dfa_size_limit(Some(SIZE_LIMIT))
            .determinize_size_limit(Some(SIZE_LIMIT));
        let dfa = dense::Builder::new().configure(config).build_from_nfa(&nfa).ok()?;
        Some(Self { start: dfa.universal_start_state(Anchored::Yes), dfa })
    }

    /// The end of what matches where a range begins; a byte behind the range is there to be looked at.
    #[must_use]
    pub fn matches(&self, bytes: &[u8], range: Range<usize>) -> Option<usize> {
        let input = Input::new(bytes).range(range.clone()).anchored(Anchored::Yes);
        let mut state = match self.start {
            Some(start) => start,
            None => self.dfa.start_state_forward(&input).ok()?,
        };
        let mut end = None;
        for (at, byte) in range.clone().zip(bytes.get(range.clone())?) {
            state = self.dfa.next_state(state, *byte);
            if self.dfa.is_special_state(state) {
                if self.dfa.is_match_state(state) {
                    end = Some(at);
                } else if self.dfa.is_dead_state(state) || self.dfa.is_quit_state(state) {
                    return end;
                }
            }
        }
        let state = match bytes.get(range.end) {
            Some(byte) => self.dfa.next_state(state, *byte),
            None => self.dfa.next_eoi_state(state),
        };
        if self.dfa.is_match_state(state) { Some(range.end) } else { end }
    }
}

/// The states of a compiled pattern.
struct States<'a> {
    dfa: &'a dense::DFA<Vec<u32>>,
    is_word_free: bool,
}

impl States<'_> {
    /// The states in which a match begins, whatever stands before it.
    fn starts(&self) -> BTreeSet<StateID> {
        let start = |byte| self.dfa.start_state(&start::Config::new().anchored(Anchored::Yes).look_behind(byte)).ok();
        (0..=255).map(Some).chain([None]).filter_map(start).filter(|state| self.is_alive(*state)).collect()
    }

    fn is_alive(&self, state: StateID) -> bool {
        !self.dfa.is_dead_state(state) && !self.dfa.is_quit_state(state)
    }

    /// Where some bytes lead from some states.
    fn step(&self, from: &BTreeSet<StateID>, is: impl Fn(&u8) -> bool) -> impl Iterator<Item = (u8, StateID)> {
        let steps = from.iter().flat_map(|state| (0..=255).map(|byte| (byte, *state)));
        let steps = steps.filter(move |(byte, _)| is(byte));
        steps.map(|(byte, state)| (byte, self.dfa.next_state(state, byte))).filter(|(_, to)| self.is_alive(*to))
    }

    /// Tells whether a match has ended before the byte that led here, and none goes on.
    fn is_over(&self, state: StateID) -> bool {
        self.dfa.is_match_state(state) && self.step(&BTreeSet::from([state]), |_| true).next().is_none()
    }
}

/// Tells whether every match holds a digit.
fn holds_digit(pattern: &Hir) -> bool {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.iter().any(u8::is_ascii_digit),
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().all(|range| range.start().is_ascii_digit() && range.end().is_ascii_digit())
        }
        HirKind::Class(Class::Unicode(_)) => false,
        HirKind::Capture(capture) => holds_digit(&capture.sub),
        HirKind::Repetition(repetition) => repetition.min > 0 && holds_digit(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().any(holds_digit),
        HirKind::Alternation(ways) => ways.iter().all(holds_digit),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use proptest::prelude::*;
    use regex_automata::meta::Regex;
    use regex_automata::util::syntax;
    use regex_syntax::ParserBuilder;

    use super::super::runs::DigitRuns;
    use super::*;

    const PATTERNS: [&str; 7] = [
        "[0-9]{3}[ .-]?[0-9]{3}[ .-]?[0-9]{4}",
        "[+]?(?:84|0)[ .]?[0-9](?:[ .-]?[0-9]){4}",
        "[A-B]{1,2}[ -]?[1-5][0-9]{2}",
        r"(?:[89]|1[0-2])\.[0-9]{2,4}",
        r"[0-9]{2}(?:$|[^0-9a-z])",
        "a?[0-9]+b",
        r"\b[0-9]{1,2}/[0-9]{4}\b",
    ];

    proptest! {
        #[test]
        fn no_match_is_left_out(which in 0..PATTERNS.len(), text in "([0-9]{1,6}|[A-Ba8 .+/-]|\\.|z){0,14}") {
            let pattern = PATTERNS[which];
            let hir = ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).unwrap();
            let regex = Regex::builder().syntax(syntax::Config::new().unicode(false).utf8(false)).build(pattern).unwrap();
            let outside = std::array::from_fn(|byte| !u8::try_from(byte).is_ok_and(is_word));
            let opening = Opening::of(&hir, Edges::Word, &outside).unwrap();
            let bytes = text.as_bytes();
            for start in 0..=bytes.len() {
                let Some(found) = regex.search(&Input::new(bytes).range(start..).anchored(Anchored::Yes)) else { continue };
                let place = found.range();
                prop_assert_eq!(opening.anchors[0].matches(bytes, start..bytes.len()), Some(place.end));
                if !Edges::Word.are_free(bytes, &place) {
                    continue;
                }
                let run = DigitRuns::new(bytes, 0).find(|run| run.end > start).unwrap();
                prop_assert!(run.start >= start && run.start - start <= opening.lead);
                prop_assert!(run.start == 0 || opening.may_follow(bytes[run.start - 1]), "before");
                prop_assert!(opening.may_begin(bytes[run.start]), "first");
                prop_assert!(run.end == bytes.len() || opening.after(run.len()).unwrap()[usize::from(bytes[run.end])], "after");
                prop_assert!(opening.fits(bytes, run.start));
            }
        }
    }
}
