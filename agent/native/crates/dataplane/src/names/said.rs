//! Short texts packed one behind the other: most flows say two or three, and there are many flows.

/// Room for what most flows say: server, fingerprint, protocol.
const USUAL: usize = 88;
/// What the three characters in front of a text can say.
const LENGTH_LIMIT: usize = (1 << 14) - 1;
const HEAD: usize = 3;

/// What a flow said: texts, each with the number of its column.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// For each text: column, length in two characters of seven bits, the text.
    packed: String,
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
        let text = text.get(..text.floor_char_boundary(LENGTH_LIMIT)).unwrap_or_default();
        if self.packed.capacity() == 0 {
            self.packed.reserve_exact(USUAL.max(HEAD + text.len()));
        }
        let length = text.len() as u16;
        for head in [column, (length & 0x7F) as u8, (length >> 7) as u8] {
            self.packed.push(char::from(head));
        }
        self.packed.push_str(text);
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

    /// Has the memory brought in; the byte is of no use.
    #[must_use]
    pub fn touch(&self) -> u8 {
        self.packed.as_bytes().iter().step_by(64).fold(0, |seen, byte| seen ^ byte)
    }

    /// Every text with its column, in the order they came.
    pub fn texts(&self) -> impl Iterator<Item = (u8, &str)> {
        let mut left = self.packed.as_str();
        std::iter::from_fn(move || {
            let [column, low, high] = *left.as_bytes().first_chunk()?;
            let end = HEAD + (usize::from(low) | usize::from(high) << 7);
            let text = left.get(HEAD..end)?;
            left = left.get(end..)?;
            Some((column, text))
        })
    }

    /// The texts of one column.
    pub fn of(&self, column: u8) -> impl Iterator<Item = &str> {
        self.texts().filter(move |(other, _)| *other == column).map(|(_, text)| text)
    }
}
