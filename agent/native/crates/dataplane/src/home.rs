//! Who is at home: tells on which side an address stands, and the scope of a packet.

use crate::model::{Address, Packet, Scope};

/// Where an address stands as seen from home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Side {
    Home,
    Foreign,
    /// Multicast, link-local and the like: a packet with such an end never crosses.
    Never,
}

/// First and last key of a network, both inclusive (`Address::key`).
pub type KeyRange = ([u8; 16], [u8; 16]);

const MAPPED: u128 = 0xFFFF_0000_0000;
const NAT64: [u8; 12] = [0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]; // 64:ff9b::/96, RFC 6052

/// Unspecified, loopback, link-local, multicast, broadcast: (first, last) as numbers.
const NEVER: [(u128, u128); 9] = [
    (MAPPED, MAPPED),
    (MAPPED | 0x7F00_0000, MAPPED | 0x7FFF_FFFF),
    (MAPPED | 0xA9FE_0000, MAPPED | 0xA9FE_FFFF),
    (MAPPED | 0xE000_0000, MAPPED | 0xEFFF_FFFF),
    (MAPPED | 0xFFFF_FFFF, MAPPED | 0xFFFF_FFFF),
    (0, 0),
    (1, 1),
    (0xFE80 << 112, (0xFEC0 << 112) - 1),
    (0xFF00 << 112, u128::MAX),
];

/// The networks at home, flattened to disjoint ranges. Immutable: a new home is a new object.
#[derive(Debug)]
pub struct Home {
    /// Where each range starts, ascending, and the side of it.
    starts: Vec<u128>,
    sides: Vec<Side>,
    /// For each /16 of IPv4: the range that holds its first address.
    sixteens: Vec<u32>,
    nat64: Vec<[u8; 12]>,
}

impl Home {
    /// Takes the networks at home, overlaps allowed, and the operator's NAT64 prefixes (/96).
    #[must_use]
    pub fn new(networks: &[KeyRange], nat64: Vec<[u8; 12]>) -> Self {
        let home = merged(networks.iter().map(|(low, high)| (u128::from_be_bytes(*low), u128::from_be_bytes(*high))));
        let (starts, sides) = overlaid(&home, &merged(NEVER));
        let sixteens = (0..=0xFFFF).map(|high: u128| holder(&starts, MAPPED | high << 16) as u32).collect();
        Self { starts, sides, sixteens, nat64 }
    }

    /// Tells where an address stands; tunnelled IPv6 by the IPv4 address it embeds.
    ///
    /// An address that is neither at home nor never crossing is foreign, known or not: unknown fails closed.
    #[must_use]
    pub fn side(&self, address: &Address) -> Side {
        let key = u128::from_be_bytes(*address.key());
        if !address.is_v6() {
            return self.side_of_v4(key);
        }
        let side = self.sides.get(holder(&self.starts, key)).copied().unwrap_or(Side::Foreign);
        match (side, self.embedded(address.key())) {
            (Side::Foreign, Some(inner)) => self.side(&inner),
            _ => side,
        }
    }

    /// The whole of address space, in order, in ranges of one side each: first and last key, as numbers.
    pub fn ranges(&self) -> impl Iterator<Item = (u128, u128, Side)> + '_ {
        let lasts = self.starts.iter().skip(1).map(|start| start.wrapping_sub(1)).chain([u128::MAX]);
        self.starts.iter().zip(lasts).zip(&self.sides).map(|((first, last), side)| (*first, last, *side))
    }

    /// The operator's NAT64 prefixes (/96).
    #[must_use]
    pub fn nat64(&self) -> &[[u8; 12]] {
        &self.nat64
    }

    fn side_of_v4(&self, key: u128) -> Side {
        let sixteen = (key >> 16 & 0xFFFF) as usize;
        let mut at = self.sixteens.get(sixteen).map_or(0, |at| *at as usize);
        while self.starts.get(at + 1).is_some_and(|next| *next <= key) {
            at += 1;
        }
        self.sides.get(at).copied().unwrap_or(Side::Foreign)
    }

    /// The IPv4 address that an IPv6 address stands for: IPv4-mapped, NAT64, 6to4 (RFC 3056), Teredo (RFC 4380 4).
    fn embedded(&self, key: &[u8; 16]) -> Option<Address> {
        let [h0, h1, a, b, c, d, .., w, x, y, z] = *key;
        let head: &[u8; 12] = key.first_chunk()?;
        if u128::from_be_bytes(*key) >> 32 == 0xFFFF || *head == NAT64 || self.nat64.contains(head) {
            return Some(Address::v4([w, x, y, z]));
        }
        match (h0, h1, a, b) {
            (0x20, 0x02, ..) => Some(Address::v4([a, b, c, d])),
            (0x20, 0x01, 0, 0) => Some(Address::v4([!w, !x, !y, !z])),
            _ => None,
        }
    }

    /// Tells which ends of a packet are at home. A packet with an end that never crosses stays here.
    #[must_use]
    pub fn scope(&self, packet: &Packet) -> Scope {
        match (self.side(&packet.src), self.side(&packet.dst)) {
            (Side::Never, _) | (_, Side::Never) | (Side::Home, Side::Home) => Scope::Domestic,
            (Side::Foreign, Side::Foreign) => Scope::Transit,
            _ => Scope::Crossing,
        }
    }
}

/// The range that holds a key; the first range starts at 0, so there is one.
fn holder(starts: &[u128], key: u128) -> usize {
    starts.partition_point(|start| *start <= key).saturating_sub(1)
}

/// Ranges in order, those that overlap or touch made one.
fn merged(ranges: impl IntoIterator<Item = (u128, u128)>) -> Vec<(u128, u128)> {
    let mut sorted: Vec<_> = ranges.into_iter().collect();
    sorted.sort_unstable();
    let mut union: Vec<(u128, u128)> = Vec::with_capacity(sorted.len());
    for (low, high) in sorted {
        match union.last_mut() {
            Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
            _ => union.push((low, high)),
        }
    }
    union
}

/// The whole of address space as ranges of one side each: `never` lies over `home`, the rest is foreign.
fn overlaid(home: &[(u128, u128)], never: &[(u128, u128)]) -> (Vec<u128>, Vec<Side>) {
    let holds = |set: &[(u128, u128)], key: u128| {
        let at = set.partition_point(|(low, _)| *low <= key);
        at.checked_sub(1).and_then(|at| set.get(at)).is_some_and(|(_, high)| key <= *high)
    };
    let edges = |(low, high): &(u128, u128)| [Some(*low), high.checked_add(1)];
    let mut cuts: Vec<u128> = home.iter().chain(never).flat_map(edges).flatten().chain([0]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let side = |key: &u128| match (holds(never, *key), holds(home, *key)) {
        (true, _) => Side::Never,
        (_, true) => Side::Home,
        _ => Side::Foreign,
    };
    let sides = cuts.iter().map(side).collect();
    (cuts, sides)
}
