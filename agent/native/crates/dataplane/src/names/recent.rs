//! A bounded map that forgets what was unused for longest. Every step takes constant time.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Stands where there is no entry.
const NONE: u32 = u32::MAX;

/// Entries are linked in the order of their last use; the hash table finds their places.
pub struct Recent<K, V> {
    limit: usize,
    places: HashTable<u32>,
    entries: Vec<Entry<K, V>>,
    oldest: u32,
    newest: u32,
    hasher: RandomState,
}

struct Entry<K, V> {
    key: K,
    value: V,
    older: u32,
    newer: u32,
}

impl<K: Hash + Eq, V> Recent<K, V> {
    /// Holds at most `limit` entries, one at least.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let limit = limit.clamp(1, NONE as usize);
        Self {
            limit,
            places: HashTable::new(),
            entries: Vec::new(),
            oldest: NONE,
            newest: NONE,
            hasher: RandomState::default(),
        }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Puts in a value as the newest, in place of one with the same key, else of the oldest where there is no room.
    pub fn insert(&mut self, key: K, value: V) {
        if self.remove(&key).is_none() && self.entries.len() >= self.limit {
            self.remove_at(self.oldest);
        }
        let (entries, hasher) = (&self.entries, &self.hasher);
        let rehash = |place: &u32| entries.get(*place as usize).map_or(0, |entry| hasher.hash_one(&entry.key));
        let place = self.entries.len() as u32;
        self.places.insert_unique(hasher.hash_one(&key), place, rehash);
        self.entries.push(Entry { key, value, older: NONE, newer: NONE });
        self.append(place);
    }

    /// The value of a key, which does not count as a use.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place_of(key)?;
        self.entries.get_mut(place as usize).map(|entry| &mut entry.value)
    }

    /// The value of a key, which becomes the newest.
    pub fn touch(&mut self, key: &K) -> Option<&mut V> {
        let place = self.place_of(key)?;
        self.unlink(place);
        self.append(place);
        self.entries.get_mut(place as usize).map(|entry| &mut entry.value)
    }

    /// Takes out the value of a key.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let place = self.place_of(key)?;
        self.remove_at(place)
    }

    fn place_of(&self, key: &K) -> Option<u32> {
        let same = |place: &u32| self.entries.get(*place as usize).is_some_and(|entry| entry.key == *key);
        self.places.find(self.hasher.hash_one(key), same).copied()
    }

    /// Takes out an entry; the last one moves to its place.
    fn remove_at(&mut self, place: u32) -> Option<V> {
        let hash = self.hasher.hash_one(&self.entries.get(place as usize)?.key);
        if let Ok(found) = self.places.find_entry(hash, |other| *other == place) {
            found.remove();
        }
        self.unlink(place);
        let removed = self.entries.swap_remove(place as usize);
        if let Some(moved) = self.entries.get(place as usize) {
            let (older, newer, last) = (moved.older, moved.newer, self.entries.len() as u32);
            if let Some(found) = self.places.find_mut(self.hasher.hash_one(&moved.key), |other| *other == last) {
                *found = place;
            }
            self.join(older, place);
            self.join(place, newer);
        }
        Some(removed.value)
    }

    /// Makes an entry that is not linked the newest.
    fn append(&mut self, place: u32) {
        self.join(self.newest, place);
        self.join(place, NONE);
    }

    fn unlink(&mut self, place: u32) {
        if let Some(Entry { older, newer, .. }) = self.entries.get(place as usize) {
            self.join(*older, *newer);
        }
    }

    /// Links two neighbours; where one of them is none, the other is an end.
    fn join(&mut self, older: u32, newer: u32) {
        match self.entries.get_mut(older as usize) {
            Some(entry) => entry.newer = newer,
            None => self.oldest = newer,
        }
        match self.entries.get_mut(newer as usize) {
            Some(entry) => entry.older = older,
            None => self.newest = older,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::Recent;

    /// What is done with a key.
    #[derive(Clone, Copy, Debug)]
    enum Act {
        Insert(u8),
        Touch,
        Get,
        Remove,
    }

    fn act() -> impl Strategy<Value = (u8, Act)> {
        let acts = prop_oneof![any::<u8>().prop_map(Act::Insert), Just(Act::Touch), Just(Act::Get), Just(Act::Remove)];
        (0..12u8, acts)
    }

    proptest! {
        /// The same as a list in the order of use would do, slowly.
        #[test]
        fn the_entry_unused_for_longest_is_forgotten(limit in 1..9usize, acts in prop::collection::vec(act(), 0..200)) {
            let mut recent = Recent::new(limit);
            let mut list: Vec<(u8, u8)> = Vec::new();
            for (key, act) in acts {
                let at = list.iter().position(|(other, _)| *other == key);
                let known = at.map(|at| list[at].1);
                match act {
                    Act::Insert(value) => {
                        recent.insert(key, value);
                        at.map(|at| list.remove(at));
                        list.push((key, value));
                        list = list.split_off(list.len().saturating_sub(limit));
                    }
                    Act::Touch => {
                        prop_assert_eq!(recent.touch(&key).copied(), known);
                        let used = at.map(|at| list.remove(at));
                        list.extend(used);
                    }
                    Act::Get => prop_assert_eq!(recent.get_mut(&key).copied(), known),
                    Act::Remove => {
                        prop_assert_eq!(recent.remove(&key), known);
                        at.map(|at| list.remove(at));
                    }
                }
                prop_assert_eq!(recent.len(), list.len());
            }
        }
    }
}
