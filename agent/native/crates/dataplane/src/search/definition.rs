//! What a detector looks for, and all detectors compiled.

use std::ops::Range;
use std::sync::Arc;

use blake2::Blake2bMac;
use blake2::digest::consts::U8;
use blake2::digest::{KeyInit, Mac};

use super::label::Labels;
use super::pattern::Pattern;
use super::plan::Plan;
use super::register::Register;
use super::validate::Validator;

/// What a detector looks for, as its file in `rules/detectors` says.
#[derive(Clone, Debug)]
pub struct Definition {
    pub id: String,
    pub looks_for: LooksFor,
    /// The alternatives of the pattern; none: it is one.
    pub branches: Vec<Branch>,
    pub ignore_case: bool,
    /// Looked for at the beginning of a text only.
    pub at_start: bool,
    pub edges: Edges,
    pub validator: Validator,
    /// Folded: see `fold`.
    pub labels: Vec<String>,
    pub scores: Scores,
    pub bulk: Bulk,
    /// Characters of a match that a sample shows, at its beginning and its end.
    pub mask: (u8, u8),
    pub kind: Kind,
    /// A value names a person; of several in one row the lowest number does.
    pub person: Option<u8>,
}

impl Definition {
    /// A match by itself is sure, whatever stands around it.
    #[must_use]
    pub fn alone(id: &str, looks_for: LooksFor) -> Self {
        Self {
            id: id.into(),
            looks_for,
            branches: Vec::new(),
            ignore_case: false,
            at_start: false,
            edges: Edges::Any,
            validator: Validator::Any,
            labels: Vec::new(),
            scores: Scores { labelled: 0.0, bare: 1.0, bulk: 0.0 },
            bulk: Bulk { distinct: 50, share: 0.5, within: 1024 },
            mask: (2, 2),
            kind: Kind::Other,
            person: None,
        }
    }
}

/// One alternative of a pattern, and what points at its matches.
#[derive(Clone, Debug)]
pub struct Branch {
    pub pattern: String,
    /// The part of it that stands before a label, and the forms of labels of which every match holds one behind that, a
    /// space for any white space; none: it needs none.
    pub before: String,
    pub labels: Vec<Vec<u8>>,
}

/// See `Definition`.
#[derive(Clone, Debug)]
pub enum LooksFor {
    Literals(Vec<String>),
    /// Of bytes, not of characters; the first group, if there is one, is the value.
    Regex(String),
}

/// What may not stand beside a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edges {
    Any,
    /// A letter, a digit or an underscore of ASCII.
    Word,
    /// What makes a longer number of it: the same, or a point or a hyphen with a digit behind.
    Number,
}

/// How sure a match is, from 0 to 1: under a label, alone, in bulk. 0: it is none.
#[derive(Clone, Copy, Debug)]
pub struct Scores {
    pub labelled: f32,
    pub bare: f32,
    pub bulk: f32,
}

/// What tells an export from a chat: many distinct values, most of what has their shape valid, close together.
#[derive(Clone, Copy, Debug)]
pub struct Bulk {
    pub distinct: u32,
    pub share: f64,
    /// Bytes, at most, for each distinct value.
    pub within: u32,
}

/// What a record becomes that holds such a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Basic,
    Sensitive,
    Bank,
    /// Nothing of persons.
    Other,
}

/// A detector, compiled.
pub(super) struct Detector {
    pub id: Arc<str>,
    pub pattern: Pattern,
    pub at_start: bool,
    pub edges: Edges,
    pub validator: Validator,
    pub labels: Labels,
    pub scores: Scores,
    pub bulk: Bulk,
    pub mask: (u8, u8),
    pub kind: Kind,
    pub person: Option<u8>,
}

/// Things inside each other that are opened, unless it is said otherwise: parts, messages, members, packed files.
pub const DEPTH: u8 = 4;
/// Packings of a body one over the other that are undone, unless it is said otherwise.
pub const CODINGS: u8 = 3;

/// All detectors, the key under which values are told apart, and how much is looked at.
pub struct Detectors {
    pub(super) all: Vec<Detector>,
    pub(super) plan: Plan,
    /// Bytes of one direction of one flow.
    pub(super) limit: usize,
    /// Things inside each other, and packings one over the other.
    pub(super) depth: u8,
    pub(super) codings: u8,
    pub(super) registers: Vec<Register>,
    key: [u8; 32],
}

impl Detectors {
    /// Compiles the definitions. No value is ever kept: what is distinct is told by a hash under `key`.
    ///
    /// # Errors
    /// A sentence for each definition that does not compile.
    pub fn compile(definitions: Vec<Definition>, key: [u8; 32], limit: usize) -> Result<Self, Vec<String>> {
        let mut all = Vec::with_capacity(definitions.len());
        let mut errors = Vec::new();
        for definition in definitions {
            match Pattern::compile(&definition) {
                Ok(pattern) => all.push(Detector::new(definition, pattern)),
                Err(error) => errors.push(format!("detector {}: {error}", definition.id)),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let plan = Plan::new(&all).map_err(|error| vec![error])?;
        Ok(Self { all, plan, limit, depth: DEPTH, codings: CODINGS, registers: Vec::new(), key })
    }

    /// Recognises the people of these registers, too: made under the same key, or nobody is.
    #[must_use]
    pub fn with(mut self, registers: Vec<Register>) -> Self {
        self.registers = registers;
        self
    }

    /// Opens so many things inside each other, and undoes so many packings one over the other.
    #[must_use]
    pub const fn opening(mut self, depth: u8, codings: u8) -> Self {
        (self.depth, self.codings) = (depth, codings);
        self
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What points at the matches of each detector.
    pub fn triggers(&self) -> impl Iterator<Item = (&str, String)> {
        self.all.iter().map(|detector| (&*detector.id, format!("{:?}", detector.pattern.triggers)))
    }

    /// The keyed hash that stands for a value.
    #[must_use]
    pub fn hash(&self, value: &[u8]) -> u64 {
        let Ok(mut mac) = Blake2bMac::<U8>::new_from_slice(&self.key) else { return 0 };
        mac.update(value);
        u64::from_be_bytes(mac.finalize().into_bytes().into())
    }
}

impl Detector {
    fn new(definition: Definition, pattern: Pattern) -> Self {
        let Definition { id, at_start, edges, validator, labels, scores, bulk, mask, kind, person, .. } = definition;
        Self {
            id: id.into(),
            pattern,
            at_start,
            edges,
            validator,
            labels: Labels::new(labels),
            scores,
            bulk,
            mask,
            kind,
            person,
        }
    }
}

/// Tells whether a letter, a digit or an underscore of ASCII stands somewhere.
pub(super) fn is_word_at(bytes: &[u8], place: Option<usize>) -> bool {
    place.and_then(|place| bytes.get(place)).is_some_and(|byte| is_word(*byte))
}

pub(super) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

impl Edges {
    /// Tells whether something that stands by itself may begin at a place.
    pub(super) fn may_begin(self, bytes: &[u8], place: usize) -> bool {
        let before = |back: usize| place.checked_sub(back).and_then(|at| bytes.get(at));
        let goes_on =
            || before(1).is_some_and(|byte| b".-".contains(byte)) && before(2).is_some_and(u8::is_ascii_digit);
        self == Self::Any || !(is_word_at(bytes, place.checked_sub(1)) || self == Self::Number && goes_on())
    }

    /// Tells whether a match stands by itself.
    pub(super) fn are_free(self, bytes: &[u8], place: &Range<usize>) -> bool {
        let after = |ahead: usize| bytes.get(place.end + ahead);
        let goes_on = || after(0).is_some_and(|byte| b".-".contains(byte)) && after(1).is_some_and(u8::is_ascii_digit);
        let ends = self == Self::Any || !(is_word_at(bytes, Some(place.end)) || self == Self::Number && goes_on());
        ends && self.may_begin(bytes, place.start)
    }
}
