//! What is known of each IPv4 address, in at most three steps: by its first half, its third byte, its last.

use super::prefixes::ASK;

/// Entries of the first step, one for each first half of an address.
pub const HALVES: usize = 1 << 16;
/// Entries of a further step, one for each byte.
pub const BYTES: usize = 1 << 8;
/// An entry with this bit is not yet the answer, but the number of the further step to take.
pub const FURTHER: u16 = 0x8000;

/// The steps, one behind the other. An address of which nothing was said has 0.
#[derive(Debug)]
pub struct Octets {
    entries: Vec<u16>,
    /// How many further steps there may be.
    limit: usize,
}

impl Octets {
    /// Nothing known, and room for so many further steps.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { entries: vec![0; HALVES], limit: limit.min(usize::from(FURTHER)) }
    }

    /// Says what holds for the addresses that begin with these bits. No two such prefixes may overlap.
    ///
    /// Where there is no room left, the engine itself must look.
    pub fn set(&mut self, start: u32, bits: u32, value: u16) {
        let [third, last] = [start >> 8 & 0xFF, start & 0xFF].map(|byte| byte as usize);
        let alike = |whole: u32| 1usize << whole.saturating_sub(bits);
        if bits <= 16 {
            (start >> 16..).take(alike(16)).for_each(|half| self.put(as_it_lies(half as u16), value));
        } else if let Some(step) = self.further(as_it_lies((start >> 16) as u16)) {
            if bits <= 24 {
                (step + third..).take(alike(24)).for_each(|at| self.put(at, value));
            } else if let Some(step) = self.further(step + third) {
                (step + last..).take(alike(32)).for_each(|at| self.put(at, value));
            }
        }
    }

    fn put(&mut self, at: usize, value: u16) {
        if let Some(entry) = self.entries.get_mut(at) {
            *entry = value;
        }
    }

    /// Where the further step of an entry begins; a new one if it has none yet.
    fn further(&mut self, at: usize) -> Option<usize> {
        let entry = self.entries.get(at).copied()?;
        if entry & FURTHER != 0 {
            return Some(HALVES + usize::from(entry & !FURTHER) * BYTES);
        }
        let (step, number) = (self.entries.len(), (self.entries.len() - HALVES) / BYTES);
        if number >= self.limit {
            self.put(at, ASK as u16);
            return None;
        }
        self.entries.resize(step + BYTES, entry);
        self.put(at, FURTHER | number as u16);
        Some(step)
    }

    /// All entries, as the program reads them.
    #[must_use]
    pub fn entries(&self) -> &[u16] {
        &self.entries
    }

    /// What is known of an address.
    #[must_use]
    pub fn look_up(&self, [a, b, c, d]: [u8; 4]) -> u16 {
        let entry = |at: usize| self.entries.get(at).copied().unwrap_or_default();
        let first = entry(usize::from(u16::from_ne_bytes([a, b])));
        [c, d].into_iter().fold(first, |found, byte| match found & FURTHER {
            0 => found,
            _ => entry(HALVES + usize::from(found & !FURTHER) * BYTES + usize::from(byte)),
        })
    }
}

/// The first half of an address as a number of this machine, read where it lies in a packet.
fn as_it_lies(half: u16) -> usize {
    usize::from(u16::from_ne_bytes(half.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(octets: &Octets, addresses: &[[u8; 4]]) -> Vec<u16> {
        addresses.iter().map(|address| octets.look_up(*address)).collect()
    }

    #[test]
    fn each_length_of_prefix_is_found_where_it_is() {
        let mut octets = Octets::new(100);
        octets.set(0x0A00_0000, 8, 1);
        octets.set(0xC000_0200, 23, 1);
        octets.set(0xC000_0507, 32, 2);
        octets.set(0xC000_0510, 28, 1);
        let found = of(&octets, &[[9, 255, 255, 255], [10, 0, 0, 0], [10, 255, 255, 255], [11, 0, 0, 0]]);
        assert_eq!(found, [0, 1, 1, 0]);
        let found = of(&octets, &[[192, 0, 1, 255], [192, 0, 2, 0], [192, 0, 3, 255], [192, 0, 4, 0]]);
        assert_eq!(found, [0, 1, 1, 0]);
        let found = of(&octets, &[[192, 0, 5, 6], [192, 0, 5, 7], [192, 0, 5, 15], [192, 0, 5, 16], [192, 0, 5, 32]]);
        assert_eq!(found, [0, 2, 0, 1, 0]);
        assert_eq!(octets.entries().len(), HALVES + 2 * BYTES);
        let mut whole = Octets::new(0);
        whole.set(0, 0, 1);
        assert_eq!(of(&whole, &[[0; 4], [255; 4]]), [1, 1]);
    }

    #[test]
    fn where_there_is_no_room_the_engine_must_look() {
        let mut octets = Octets::new(1);
        octets.set(0xC000_0200, 24, 1);
        octets.set(0xC000_0301, 32, 1);
        octets.set(0xC001_0200, 24, 1);
        let found = of(&octets, &[[192, 0, 2, 9], [192, 0, 3, 9], [192, 1, 2, 9], [192, 1, 200, 9], [192, 2, 2, 9]]);
        assert_eq!(found, [1, 4, 4, 4, 0]);
    }
}
