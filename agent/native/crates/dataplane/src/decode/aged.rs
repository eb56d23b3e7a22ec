//! A map that knows which of its entries is the oldest, so that it can give way.

use std::collections::VecDeque;
use std::hash::Hash;

use hashbrown::HashMap;

/// Entries in the order they were put in. Whoever holds it bounds it, by taking out the oldest.
pub struct Aged<K, V> {
    entries: HashMap<K, (u64, V)>,
    /// Keys by the number of their entry, oldest first; numbers that an entry no longer has are stale.
    order: VecDeque<(u64, K)>,
    number: u64,
}

impl<K, V> Default for Aged<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::default(), order: VecDeque::new(), number: 0 }
    }
}

impl<K: Copy + Eq + Hash, V> Aged<K, V> {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|(_, value)| value)
    }

    /// Puts an entry in as the newest, in the place of one with the same key.
    pub fn insert(&mut self, key: K, value: V) {
        self.number += 1;
        self.entries.insert(key, (self.number, value));
        self.order.push_back((self.number, key));
        if self.order.len() > 2 * self.entries.len() + 16 {
            let entries = &self.entries;
            self.order.retain(|(number, key)| entries.get(key).is_some_and(|(current, _)| current == number));
        }
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key).map(|(_, value)| value)
    }

    /// Takes out the oldest entry.
    pub fn pop_oldest(&mut self) -> Option<V> {
        while let Some((number, key)) = self.order.pop_front() {
            if self.entries.get(&key).is_some_and(|(current, _)| *current == number) {
                return self.remove(&key);
            }
        }
        None
    }
}
