//! Home as tables the kernel looks addresses up in: IPv4 by bytes, IPv6 by the longest prefix.

use super::octets::Octets;
use crate::home::{Home, Side};

/// The address is at home.
pub const AT_HOME: u32 = 1;
/// A packet with such an end never crosses.
pub const NEVER: u32 = 2;
/// The engine itself must look: the address stands for an IPv4 address inside it, or there was no room to say more.
pub const ASK: u32 = 4;

/// Further steps of the IPv4 table, 512 bytes each.
const STEPS_LIMIT: usize = 8192;

const MAPPED: u128 = 0xFFFF_0000_0000; // ::ffff:0:0/96, where IPv4 stands among the keys
const MAPPED_LAST: u128 = 0xFFFF_FFFF_FFFF;

/// IPv6 addresses that begin with these bits, and what holds for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    pub address: [u8; 16],
    pub bits: u32,
    pub value: u32,
}

/// What is known of addresses. An address of which nothing is known is foreign.
#[derive(Debug)]
pub struct Tables {
    pub v4: Octets,
    /// Of two prefixes that hold an address the longer counts, of two equal ones the later.
    pub v6: Vec<Prefix>,
}

impl Tables {
    /// The tables by which `Home::side` is told, where it can be told without looking into an address.
    #[must_use]
    pub fn new(home: &Home) -> Self {
        let mut tables = Self { v4: Octets::new(STEPS_LIMIT), v6: embedding(home.nat64()).collect() };
        for (first, last, side) in home.ranges() {
            match side {
                Side::Home => tables.add(first, last, AT_HOME),
                Side::Never => tables.add(first, last, NEVER),
                Side::Foreign => {}
            }
        }
        tables
    }

    fn add(&mut self, first: u128, last: u128, value: u32) {
        for (start, host_bits) in blocks(first.max(MAPPED), last.min(MAPPED_LAST)) {
            self.v4.set(start as u32, 32 - host_bits, value as u16);
        }
        let around = [(first, last.min(MAPPED - 1)), (first.max(MAPPED_LAST + 1), last)];
        let v6 = around.into_iter().flat_map(|(first, last)| blocks(first, last));
        self.v6.extend(v6.map(|(start, host_bits)| Prefix {
            address: start.to_be_bytes(),
            bits: 128 - host_bits,
            value,
        }));
    }
}

/// IPv6 addresses that embed an IPv4 address: mapped, NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380).
fn embedding(nat64: &[[u8; 12]]) -> impl Iterator<Item = Prefix> + '_ {
    const KNOWN: [(u128, u32); 4] =
        [(MAPPED, 96), (0x0064_FF9B << 96, 96), (0x2002 << 112, 16), (0x2001_0000 << 96, 32)];
    let own = nat64.iter().map(|head| (head.iter().fold(0, |key, byte| key << 8 | u128::from(*byte)) << 32, 96));
    let prefix = |(start, bits): (u128, u32)| Prefix { address: start.to_be_bytes(), bits, value: ASK };
    KNOWN.into_iter().chain(own).map(prefix)
}

/// Cuts a range, both ends inclusive, into the fewest blocks that are prefixes: where each starts, and how many bits of
/// it are free. None of an empty range.
fn blocks(first: u128, last: u128) -> impl Iterator<Item = (u128, u32)> {
    let mut next = (first <= last).then_some(first);
    std::iter::from_fn(move || {
        let start = next?;
        let room = (last - start).checked_add(1).map_or(128, u128::ilog2);
        let host_bits = start.trailing_zeros().min(room);
        let end = start | u128::MAX.checked_shr(128 - host_bits).unwrap_or(0);
        next = end.checked_add(1).filter(|following| *following <= last);
        Some((start, host_bits))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use crate::model::Address;
    use proptest::prelude::*;

    /// Looks an address up as the kernel does.
    fn known(tables: &Tables, address: &Address) -> u32 {
        if !address.is_v6() {
            return u32::from(tables.v4.look_up(*address.wire().first_chunk().unwrap()));
        }
        let differing = |prefix: &Prefix| u128::from_be_bytes(prefix.address) ^ u128::from_be_bytes(*address.key());
        let holds = |prefix: &&Prefix| differing(prefix).checked_shr(128 - prefix.bits).unwrap_or(0) == 0;
        tables.v6.iter().filter(holds).max_by_key(|prefix| prefix.bits).map_or(0, |prefix| prefix.value)
    }

    /// Addresses near the edges of what is special, and anywhere.
    fn key() -> impl Strategy<Value = u128> {
        let edges = [
            0,
            1,
            MAPPED,
            MAPPED_LAST,
            MAPPED | 0x7F00_0000,
            0x64_FF9B << 96,
            0x2002 << 112,
            0x2001 << 112,
            0xFE80 << 112,
        ];
        let near = (proptest::sample::select(edges.to_vec()), 0..3u128, any::<bool>());
        let near = near.prop_map(|(edge, by, up)| if up { edge.wrapping_add(by) } else { edge.wrapping_sub(by) });
        prop_oneof![near, any::<u128>(), any::<u32>().prop_map(|v4| MAPPED | u128::from(v4))]
    }

    proptest! {
        #[test]
        fn tables_say_what_home_says(ranges in proptest::collection::vec((key(), key()), 0..6), keys in proptest::collection::vec(key(), 1..40)) {
            let networks = ranges.iter().map(|(a, b)| (a.min(b).to_be_bytes(), a.max(b).to_be_bytes()));
            let home = Home::new(&networks.collect::<Vec<_>>(), vec![[0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0]]);
            let tables = Tables::new(&home);
            let ends = ranges.iter().flat_map(|(a, b)| [*a, *b]);
            for key in keys.into_iter().chain(ends) {
                let mut addresses = vec![Address::v6(key.to_be_bytes())];
                if key >> 32 == 0xFFFF {
                    addresses.push(Address::v4((key as u32).to_be_bytes()));
                }
                for address in addresses {
                    match known(&tables, &address) {
                        ASK => prop_assert!(address.is_v6()),
                        value => prop_assert_eq!(value, [AT_HOME, 0, NEVER][home.side(&address) as usize], "{}", address),
                    }
                }
            }
        }
    }

    #[test]
    fn networks_stay_whole() {
        let network = |low: u128, high: u128| (low.to_be_bytes(), high.to_be_bytes());
        let home = Home::new(
            &[network(MAPPED | 0x0A00_0000, MAPPED | 0x0AFF_FFFF), network(0xFC00 << 112, (0xFE00 << 112) - 1)],
            Vec::new(),
        );
        let tables = Tables::new(&home);
        let v4 = |address| tables.v4.look_up(address);
        assert_eq!([[10, 0, 0, 0], [10, 255, 255, 255], [11, 0, 0, 0], [239, 1, 1, 1]].map(v4), [1, 1, 0, 2]);
        assert_eq!([[0, 0, 0, 0], [0, 0, 0, 1], [255, 255, 255, 254], [255, 255, 255, 255]].map(v4), [2, 0, 0, 2]);
        assert!(tables.v6.contains(&Prefix { address: (0xFC00u128 << 112).to_be_bytes(), bits: 7, value: AT_HOME }));
        assert_eq!(tables.v6.len(), 8); // with those that never cross, and those that embed
        let world = Tables::new(&Home::new(&[network(0, u128::MAX)], Vec::new()));
        assert!(world.v6.len() < 600, "{}", world.v6.len());
    }
}
