//! The rows of a text: a record is one person although several identifiers name them, where they stand in one row.

use memchr::memchr3_iter;

use super::definition::Kind;
use super::found::Persons;

/// Rows with persons told in one report.
const ROWS_LIMIT: usize = 1 << 16;

/// What stands in a row.
struct Row {
    number: u64,
    /// Who: the identifier that names best, and its keyed hash.
    person: Option<(u8, u64)>,
    sensitive: bool,
    bank: bool,
}

/// The rows of a text in which something was found since the last report.
pub struct Rows {
    /// Of those in which something was asked for; all others need no number.
    number: u64,
    /// From where in the text another row may have begun, unless that is known.
    since: usize,
    ended: bool,
    rows: Vec<Row>,
}

impl Default for Rows {
    fn default() -> Self {
        Self { number: 0, since: 0, ended: true, rows: Vec::new() }
    }
}

impl Rows {
    /// The row of a place; places come in order. A line ends a row, and so does the next record of a list.
    pub fn at(&mut self, bytes: &[u8], place: usize) -> u64 {
        self.pass(bytes, place);
        self.number += u64::from(std::mem::take(&mut self.ended));
        self.number
    }

    /// Learns what stands before a place.
    pub fn pass(&mut self, bytes: &[u8], place: usize) {
        if !self.ended {
            let piece = bytes.get(self.since..place).unwrap_or_default();
            self.ended = memchr3_iter(b'\n', b'{', b'(', piece).any(|at| begins_row(bytes, self.since + at));
        }
        self.since = self.since.max(place);
    }

    /// Learns that so many bytes at the beginning are gone.
    pub fn forget(&mut self, bytes: usize) {
        self.since = self.since.saturating_sub(bytes);
    }

    /// Another text begins.
    pub fn begin_text(&mut self) {
        self.ended = true;
        self.since = 0;
    }

    /// Notes what was found in a row.
    pub fn note(&mut self, number: u64, kind: Kind, person: Option<(u8, u64)>) {
        if kind == Kind::Other && person.is_none() {
            return;
        }
        let at = self.rows.partition_point(|row| row.number < number);
        if self.rows.get(at).is_none_or(|row| row.number != number) {
            if self.rows.len() == ROWS_LIMIT {
                return;
            }
            self.rows.insert(at, Row { number, person: None, sensitive: false, bank: false });
        }
        let Some(row) = self.rows.get_mut(at) else { return };
        row.sensitive |= kind == Kind::Sensitive;
        row.bank |= kind == Kind::Bank;
        row.person = match (row.person, person) {
            (Some(old), Some(new)) => Some(old.min(new)),
            (old, new) => old.or(new),
        };
    }

    /// Takes out who was found; the row that may go on stays unless this is the last time.
    pub fn take(&mut self, last: bool) -> Persons {
        let open = self.rows.pop_if(|row| !last && !self.ended && row.number == self.number);
        let mut persons = Persons::default();
        for row in std::mem::replace(&mut self.rows, open.into_iter().collect()) {
            let Some((_, hash)) = row.person else { continue };
            persons.basic.push(hash);
            persons.sensitive.extend(row.sensitive.then_some(hash));
            persons.bank.extend(row.bank.then_some(hash));
        }
        persons
    }
}

/// A line end, or a bracket that begins the next record of a list.
fn begins_row(bytes: &[u8], at: usize) -> bool {
    let back = |back: usize| at.checked_sub(back).and_then(|at| bytes.get(at));
    match (back(0), back(1)) {
        (Some(b'\n'), _) | (_, Some(b',')) => true,
        (_, Some(b' ')) => back(2) == Some(&b','),
        _ => false,
    }
}
