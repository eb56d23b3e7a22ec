//! Registers: a unit's own people as keyed hashes in a filter. Nobody can be read out of it, and all of them are known.

use std::sync::Arc;

use xorf::{BinaryFuse8, BinaryFuse8Ref, BinaryFuse16, BinaryFuse16Ref, DmaSerializable, Filter, FilterRef};

use super::bulk::Crowd;
use super::definition::{Bulk, Kind};
use super::validate::Grade;

/// Of a text where a filter of 8 bits takes one stranger in 256 for its own: so many of its own, so close together.
pub(super) const FEW: Bulk = Bulk { distinct: 3, share: 0.25, within: 4096 };
const DESCRIPTOR: usize = BinaryFuse8::DESCRIPTOR_LEN;

/// The fingerprints of a filter, wherever they are kept.
pub type Fingerprints = Box<dyn AsRef<[u8]> + Send + Sync>;

/// How the fingerprints of a filter lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub seed: u64,
    pub segment_length: u32,
    pub segment_count_length: u32,
}

impl Layout {
    fn read(descriptor: &[u8; DESCRIPTOR]) -> Self {
        let (seed, [length, _, count_length]) = split(descriptor);
        Self { seed, segment_length: length, segment_count_length: count_length }
    }

    fn descriptor(self) -> [u8; DESCRIPTOR] {
        let mut made = [0; DESCRIPTOR];
        let words = [self.segment_length, self.segment_length.wrapping_sub(1), self.segment_count_length];
        let bytes = self.seed.to_le_bytes().into_iter().chain(words.into_iter().flat_map(u32::to_le_bytes));
        made.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
        made
    }

    /// So many fingerprints lie so, if any do.
    fn places(self) -> Option<usize> {
        let (length, count_length) = (self.segment_length, self.segment_count_length);
        let fits = length.is_power_of_two() && count_length > 0 && count_length.is_multiple_of(length);
        let places = u64::from(count_length) + 2 * u64::from(length);
        usize::try_from(u32::try_from(places).ok().filter(|_| fits)?).ok()
    }
}

fn split(descriptor: &[u8; DESCRIPTOR]) -> (u64, [u32; 3]) {
    let number = |range: std::ops::Range<usize>| {
        let bytes = descriptor.get(range).unwrap_or_default();
        bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let word = |at: usize| u32::try_from(number(at..at + 4)).unwrap_or_default();
    (number(0..8), [word(8), word(12), word(16)])
}

/// A binary-fuse filter over keyed hashes: all that were put in are in, and of others one in 256 or in 65,536.
pub struct Fuse {
    descriptor: [u8; DESCRIPTOR],
    wide: bool,
    fingerprints: Fingerprints,
}

impl Fuse {
    /// Takes a filter of 8 or 16 bits as it was made.
    ///
    /// # Errors
    /// A sentence when the fingerprints do not lie as it is said.
    pub fn new(bits: u8, layout: Layout, fingerprints: Fingerprints) -> Result<Self, String> {
        let bytes = fingerprints.as_ref().as_ref();
        let size = usize::from(bits / 8);
        if !matches!(bits, 8 | 16) || layout.places().and_then(|places| places.checked_mul(size)) != Some(bytes.len()) {
            return Err("its fingerprints do not lie as it says".into());
        }
        if bytes.as_ptr().align_offset(size) != 0 {
            return Err("its fingerprints do not lie on an even address".into());
        }
        Ok(Self { descriptor: layout.descriptor(), wide: bits == 16, fingerprints })
    }

    /// Makes a filter of distinct hashes.
    ///
    /// # Errors
    /// A sentence when none can be made; of distinct hashes one always can.
    pub fn build(bits: u8, hashes: &[u64]) -> Result<(Layout, Vec<u8>), String> {
        match bits {
            8 => BinaryFuse8::try_from(hashes).map(|filter| laid_out(&filter)).map_err(Into::into),
            16 => BinaryFuse16::try_from(hashes).map(|filter| laid_out(&filter)).map_err(Into::into),
            _ => Err(format!("a filter has 8 bits or 16, not {bits}")),
        }
    }

    /// Tells whether a hash is in it.
    #[must_use]
    pub fn holds(&self, hash: u64) -> bool {
        let fingerprints = self.fingerprints.as_ref().as_ref();
        if self.wide {
            BinaryFuse16Ref::from_dma(&self.descriptor, fingerprints).contains(&hash)
        } else {
            BinaryFuse8Ref::from_dma(&self.descriptor, fingerprints).contains(&hash)
        }
    }
}

fn laid_out(filter: &impl DmaSerializable) -> (Layout, Vec<u8>) {
    let mut descriptor = [0; DESCRIPTOR];
    filter.dma_copy_descriptor_to(&mut descriptor);
    (Layout::read(&descriptor), filter.dma_fingerprints().to_vec())
}

/// A unit's own people.
pub struct Register {
    /// What is told of who is found.
    pub id: Arc<str>,
    /// What a record of theirs becomes.
    pub kind: Kind,
    pub fuse: Fuse,
}

impl Register {
    /// Tells whether a hash is in it, and notes it.
    pub(super) fn passes(&self, hash: u64, crowd: &mut Crowd) -> bool {
        let is_in = self.fuse.holds(hash);
        crowd.pass(if is_in { Grade::Likely } else { Grade::Possible });
        is_in
    }

    /// Tells whether one that is in it is enough.
    pub(super) const fn is_exact(&self) -> bool {
        self.fuse.wide
    }

    /// How sure it is who is found.
    pub(super) const fn confidence(&self) -> f32 {
        if self.fuse.wide { 0.99 } else { 0.9 }
    }
}

/// What was asked of registers, by register and detector.
#[derive(Default)]
pub(super) struct Roll(Vec<((usize, usize), Crowd)>);

impl Roll {
    /// Learns that a text of so many bytes ends.
    pub fn end_text(&mut self, bytes: u64) {
        self.0.iter_mut().for_each(|(_, crowd)| crowd.end_text(bytes));
    }

    pub fn of(&mut self, register: usize, detector: usize) -> Option<&mut Crowd> {
        let asked = (register, detector);
        let at = self.0.iter().position(|(known, _)| *known == asked).unwrap_or_else(|| {
            self.0.push((asked, Crowd::default()));
            self.0.len() - 1
        });
        self.0.get_mut(at).map(|(_, crowd)| crowd)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn hashes(many: u64) -> Vec<u64> {
        (1..=many).map(|at| at.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29) ^ at << 40).collect()
    }

    #[test]
    fn holds_all_and_few_others() {
        let (own, others) = (hashes(20_000), hashes(120_000).split_off(20_000));
        for (bits, most) in [(8, 600), (16, 10)] {
            let (layout, made) = Fuse::build(bits, &own).unwrap();
            assert!(made.len() < own.len() * usize::from(bits / 8) * 5 / 4, "{} bytes", made.len());
            let fuse = Fuse::new(bits, layout, Box::new(made)).unwrap();
            assert!(own.iter().all(|hash| fuse.holds(*hash)));
            let strangers = others.iter().filter(|hash| fuse.holds(**hash)).count();
            assert!(strangers < most, "{strangers} of {}", others.len());
        }
    }

    #[test]
    fn what_does_not_lie_as_it_says_is_refused() {
        let (layout, made) = Fuse::build(8, &hashes(100)).unwrap();
        let wrong = [
            Layout { segment_length: 0, ..layout },
            Layout { segment_length: layout.segment_length - 1, ..layout },
            Layout { segment_count_length: 0, ..layout },
            Layout { segment_count_length: layout.segment_count_length * 2, ..layout },
            Layout { segment_length: 1 << 31, segment_count_length: 1 << 31, ..layout },
        ];
        for layout in wrong {
            assert!(Fuse::new(8, layout, Box::new(made.clone())).is_err(), "{layout:?}");
        }
        assert!(Fuse::new(16, layout, Box::new(made.clone())).is_err());
        assert!(Fuse::new(9, layout, Box::new(made)).is_err());
    }
}
