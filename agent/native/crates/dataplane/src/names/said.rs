//! Short texts packed one behind the other: most flows say two or three, and there are many flows.

/// What a flow said: texts, each with the number of its column.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// For each text: column, length in two bytes, the bytes.
    bytes: Vec<u8>,
    /// A bit for each column that has a text.
    columns: u16,
}

impl Said {
    /// Tells whether a column has a text. Columns are numbered below 16.
    #[must_use]
    pub const fn has(&self, column: u8) -> bool {
        self.columns >> column & 1 == 1
    }

    /// Adds a text, cut to what a length can say.
    pub fn push(&mut self, column: u8, text: &str) {
        let text = text.get(..text.floor_char_boundary(usize::from(u16::MAX))).unwrap_or_default();
        self.bytes.reserve_exact(3 + text.len());
        self.bytes.push(column);
        self.bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
        self.columns |= 1 << column;
    }

    /// Takes the texts of a column out.
    pub fn remove(&mut self, column: u8) {
        if !self.has(column) {
            return;
        }
        let all = std::mem::take(self);
        for (other, text) in all.texts().filter(|(other, _)| *other != column) {
            self.push(other, text);
        }
    }

    /// Every text with its column, in the order they came.
    pub fn texts(&self) -> impl Iterator<Item = (u8, &str)> {
        let mut left = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let ([column, low, high], rest) = left.split_first_chunk()?;
            let (text, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes([*low, *high])))?;
            left = rest;
            Some((*column, std::str::from_utf8(text).unwrap_or_default()))
        })
    }

    /// The texts of one column.
    pub fn of(&self, column: u8) -> impl Iterator<Item = &str> {
        self.texts().filter(move |(other, _)| *other == column).map(|(_, text)| text)
    }
}
