//! One detector's pattern, compiled: finds its matches in time linear in the bytes.

use std::ops::Range;
use std::sync::Arc;

use regex_automata::meta::Regex;
use regex_automata::{Anchored, Input};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

use super::definition::{Branch, Definition, LooksFor};
use super::opening::Anchor;
use super::trigger::{Trigger, firsts, merged};

/// Compiled size of one pattern.
const PATTERN_LIMIT: usize = 1 << 20;

/// Bytes of a match of a pattern without end that are looked at.
const LONGEST: usize = 1024;

/// A pattern of bytes, and what every match of it holds.
pub struct Pattern {
    regex: Regex,
    grouped: bool,
    /// The same, quicker at one place; None: it has groups, or takes too much.
    anchor: Option<Arc<Anchor>>,
    /// The bytes a match may begin with.
    firsts: Box<[bool; 256]>,
    /// Bytes of the longest match, as far as matches count.
    pub longest: usize,
    /// What every match holds: one of these.
    pub triggers: Vec<Trigger>,
}

impl Pattern {
    /// Compiles words, of which the longest counts, or a regular expression.
    ///
    /// # Errors
    /// A sentence where the syntax is wrong, or where it matches nothing at all.
    pub fn compile(definition: &Definition) -> Result<Self, String> {
        let Definition { looks_for, ignore_case, branches, edges, .. } = definition;
        let (ignore_case, edges) = (*ignore_case, *edges);
        let text = match looks_for {
            LooksFor::Regex(pattern) => pattern.clone(),
            LooksFor::Literals(words) => {
                let mut words = words.clone();
                words.sort_by_key(|word| std::cmp::Reverse(word.len()));
                words.iter().map(|word| regex_syntax::escape(word)).collect::<Vec<_>>().join("|")
            }
        };
        let parsed = parsed(&text, ignore_case)?;
        let regex = Regex::builder()
            .configure(Regex::config().utf8_empty(false).nfa_size_limit(Some(PATTERN_LIMIT)))
            .build_from_hir(&parsed)
            .map_err(|error| error.to_string())?;
        if regex.is_match("") {
            return Err("the pattern matches nothing at all".to_owned());
        }
        let mut triggers = Vec::new();
        for Branch { pattern, before, labels } in branches {
            let lead = self::parsed(before, ignore_case)?.properties().maximum_len();
            let labels = lead.filter(|_| !labels.is_empty() && !ignore_case).map(|lead| (labels.as_slice(), lead));
            let alone = if *pattern == text { None } else { Some(self::parsed(pattern, ignore_case)?) };
            triggers.push(Trigger::of(alone.as_ref().unwrap_or(&parsed), edges, labels));
        }
        if triggers.is_empty() {
            triggers.push(Trigger::of(&parsed, edges, None));
        }
        let triggers = merged(triggers);
        let anchor = match triggers.as_slice() {
            [Trigger::Digits(opening)] if branches.len() <= 1 => opening.anchors.first().cloned(),
            _ => None,
        };
        let grouped = regex.captures_len() > 1;
        let longest = parsed.properties().maximum_len().unwrap_or(LONGEST).min(LONGEST);
        Ok(Self {
            grouped,
            anchor: anchor.filter(|_| !grouped),
            regex,
            firsts: Box::new(firsts(&parsed)),
            longest,
            triggers,
        })
    }

    /// The first place in a range where a match may begin.
    pub fn may_begin(&self, bytes: &[u8], range: Range<usize>) -> Option<usize> {
        let fits = |byte: &u8| self.firsts.get(usize::from(*byte)).is_some_and(|may| *may);
        bytes.get(range.clone())?.iter().position(fits).map(|at| range.start + at)
    }

    /// The first match within a range, and its value; bytes around the range are there to be looked at.
    pub fn find(&self, bytes: &[u8], range: Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
        self.search(Input::new(bytes).range(range))
    }

    /// The match that starts where the range does.
    pub fn find_here(&self, bytes: &[u8], range: Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
        if let Some(anchor) = &self.anchor {
            let start = range.start;
            return anchor.matches(bytes, range).map(|end| (start..end, start..end));
        }
        self.search(Input::new(bytes).range(range).anchored(Anchored::Yes))
    }

    fn search(&self, input: Input<'_>) -> Option<(Range<usize>, Range<usize>)> {
        let whole = self.regex.search(&input)?.range();
        if !self.grouped {
            return Some((whole.clone(), whole));
        }
        let mut groups = self.regex.create_captures();
        self.regex.search_captures(&input.range(whole.clone()).anchored(Anchored::Yes), &mut groups);
        let value = groups.get_group(1).map_or_else(|| whole.clone(), |value| value.range());
        Some((whole, value))
    }
}

fn parsed(pattern: &str, ignore_case: bool) -> Result<Hir, String> {
    let mut parser = ParserBuilder::new();
    let parsed = parser.unicode(false).utf8(false).case_insensitive(ignore_case).build().parse(pattern);
    parsed.map_err(|error| error.to_string())
}
