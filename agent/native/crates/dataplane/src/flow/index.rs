//! Finds flows by hash: open addressing, one word a flow, so that looking one up costs one line of memory.

/// Words of the smallest index.
const LEAST: usize = 1 << 10;

/// Slots by hash. A word is 0 where nothing is, else 32 bits of the hash above the slot and one.
///
/// Flows lie where their hash says or behind it without a gap, and when one is taken out those behind it move up: an
/// index that was full once is as quick as a new one.
pub struct Index {
    words: Vec<u64>,
    len: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self { words: vec![0; LEAST], len: 0 }
    }
}

impl Index {
    /// Flows in the index.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Has the line of memory brought in that a hash is looked up in; the word is of no use.
    #[inline]
    #[must_use]
    pub fn touch(&self, hash: u64) -> u64 {
        self.words.get(self.home(tag(hash))).copied().unwrap_or_default()
    }

    /// The first slot of this hash that is the one.
    #[inline]
    pub fn find(&self, hash: u64, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let tag = tag(hash);
        let mut at = self.home(tag);
        loop {
            let word = *self.words.get(at)?;
            if word == 0 {
                return None;
            }
            if (word >> 32) as u32 == tag && is_it(slot(word)) {
                return Some(slot(word));
            }
            at = (at + 1) & self.mask();
        }
    }

    /// Adds a slot that is not in it.
    pub fn insert(&mut self, hash: u64, slot: u32) {
        if (self.len + 1) * 2 > self.words.len() {
            self.grow();
        }
        self.put(u64::from(tag(hash)) << 32 | (u64::from(slot) + 1));
        self.len += 1;
    }

    /// Takes a slot out, if it is there.
    pub fn remove(&mut self, hash: u64, wanted: u32) {
        let mut at = self.home(tag(hash));
        while let Some(word) = self.words.get(at).copied().filter(|word| *word != 0) {
            if slot(word) == wanted {
                self.close_gap(at);
                self.len -= 1;
                return;
            }
            at = (at + 1) & self.mask();
        }
    }

    /// Takes all slots out.
    pub fn drain(&mut self) -> Vec<u32> {
        self.len = 0;
        let words = std::mem::replace(&mut self.words, vec![0; LEAST]);
        words.into_iter().filter(|word| *word != 0).map(slot).collect()
    }

    /// Moves up what lies behind a gap and may lie there.
    fn close_gap(&mut self, mut gap: usize) {
        let mut at = gap;
        loop {
            at = (at + 1) & self.mask();
            let word = self.words.get(at).copied().unwrap_or_default();
            if word == 0 {
                break;
            }
            let home = self.home((word >> 32) as u32);
            if (at.wrapping_sub(home) & self.mask()) >= (at.wrapping_sub(gap) & self.mask()) {
                self.set(gap, word);
                gap = at;
            }
        }
        self.set(gap, 0);
    }

    fn grow(&mut self) {
        let room = vec![0; self.words.len() * 2];
        for word in std::mem::replace(&mut self.words, room) {
            if word != 0 {
                self.put(word);
            }
        }
    }

    fn put(&mut self, word: u64) {
        let mut at = self.home((word >> 32) as u32);
        while self.words.get(at).is_some_and(|there| *there != 0) {
            at = (at + 1) & self.mask();
        }
        self.set(at, word);
    }

    fn set(&mut self, at: usize, word: u64) {
        if let Some(place) = self.words.get_mut(at) {
            *place = word;
        }
    }

    const fn mask(&self) -> usize {
        self.words.len() - 1
    }

    const fn home(&self, tag: u32) -> usize {
        tag as usize & self.mask()
    }
}

const fn tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}

const fn slot(word: u64) -> u32 {
    (word as u32).wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_as_a_map(steps in proptest::collection::vec((any::<bool>(), 0u64..300, 0u64..8), 0..3000)) {
            let (mut index, mut map) = (Index::default(), HashMap::new());
            for (add, slot, crowd) in steps {
                let hash = (1020 + crowd) << 32 | slot; // close together, and round the end
                if add {
                    if map.insert((hash, slot as u32), ()).is_none() {
                        index.insert(hash, slot as u32);
                    }
                } else if map.remove(&(hash, slot as u32)).is_some() {
                    index.remove(hash, slot as u32);
                }
                prop_assert_eq!(index.len(), map.len());
            }
            for slot in 0..300u32 {
                for crowd in 0..8 {
                    let hash = (1020 + crowd) << 32 | u64::from(slot);
                    let found = index.find(hash, |found| found == slot && map.contains_key(&(hash, slot)));
                    prop_assert_eq!(found.is_some(), map.contains_key(&(hash, slot)));
                }
            }
            let mut drained = index.drain();
            let mut there: Vec<u32> = map.keys().map(|(_, slot)| *slot).collect();
            drained.sort_unstable();
            there.sort_unstable();
            prop_assert_eq!(drained, there);
        }
    }
}
