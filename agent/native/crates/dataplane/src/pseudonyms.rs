//! Keyed pseudonyms: of addresses, with their prefixes kept and reversible; of ids that are hashes of addresses, one way.

use std::net::{IpAddr, Ipv6Addr};

use blake2::Blake2bMac;
use blake2::digest::consts::U8;
use blake2::digest::{FixedOutput, KeyInit, Update};
use ipcrypt_rs::IpcryptPfx;

/// An address as stages compare it: 16 bytes, IPv4 mapped.
pub type Key = [u8; 16];

/// What a secret makes of addresses and ids: the same wherever the secret is the same.
///
/// Addresses by ipcrypt-pfx (<https://datatracker.ietf.org/doc/draft-denis-ipcrypt/>): two that share their first n bits
/// have pseudonyms that do, and no more. IPv4 stays IPv4.
pub struct Pseudonyms {
    addresses: IpcryptPfx,
    secret: [u8; IpcryptPfx::KEY_BYTES],
}

impl Pseudonyms {
    /// None where both halves of the secret are the same: then it keeps nothing secret.
    #[must_use]
    pub fn new(secret: [u8; IpcryptPfx::KEY_BYTES]) -> Option<Self> {
        let (one, other) = secret.split_at(IpcryptPfx::KEY_BYTES / 2);
        (one != other).then(|| Self { addresses: IpcryptPfx::new(secret), secret })
    }

    /// The pseudonym of an address.
    #[must_use]
    pub fn hide(&self, key: Key) -> IpAddr {
        self.addresses.encrypt_ipaddr(address_of(key))
    }

    /// The address of a pseudonym; of anything else, some address.
    #[must_use]
    pub fn reveal(&self, key: Key) -> IpAddr {
        self.addresses.decrypt_ipaddr(address_of(key))
    }

    /// The pseudonym of an id. Ids are hashes of addresses and of what stands beside them: who has those can try addresses.
    #[must_use]
    pub fn id(&self, id: u64) -> u64 {
        let Ok(mut mac) = Blake2bMac::<U8>::new_from_slice(&self.secret) else { return 0 };
        mac.update(b"crossborder id");
        mac.update(&id.to_be_bytes());
        u64::from_be_bytes(mac.finalize_fixed().into())
    }
}

fn address_of(key: Key) -> IpAddr {
    Ipv6Addr::from(key).to_canonical()
}

/// An address as stages compare it.
#[must_use]
pub fn key_of(address: IpAddr) -> Key {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hex_literal::hex;
    use proptest::prelude::*;

    const SECRET: [u8; 32] = hex!("0123456789abcdeffedcba98765432101032547698badcfeefcdab8967452301");

    fn pseudonyms() -> Pseudonyms {
        Pseudonyms::new(SECRET).unwrap_or_else(|| unreachable!())
    }

    fn key(text: &str) -> Key {
        text.parse().map(key_of).unwrap_or_default()
    }

    fn shared(one: Key, other: Key) -> u32 {
        (u128::from_be_bytes(one) ^ u128::from_be_bytes(other)).leading_zeros()
    }

    #[test]
    fn the_drafts_vectors() {
        for (clear, hidden) in [
            ("0.0.0.0", "151.82.155.134"),
            ("255.255.255.255", "94.185.169.89"),
            ("192.0.2.1", "100.115.72.131"),
            ("2001:db8::1", "c180:5dd4:2587:3524:30ab:fa65:6ab6:f88"),
        ] {
            assert_eq!(pseudonyms().hide(key(clear)).to_string(), hidden);
        }
    }

    #[test]
    fn equal_halves_are_no_secret() {
        assert!(Pseudonyms::new([7; 32]).is_none());
    }

    proptest! {
        #[test]
        fn prefixes_are_kept_to_the_bit(one: u128, other: u128, bits in 0_u32..=128) {
            let other = if bits == 0 { other } else { one ^ (other.checked_shr(bits).unwrap_or_default()) };
            let (one, other) = (one.to_be_bytes(), other.to_be_bytes());
            let hidden = [one, other].map(|key| key_of(pseudonyms().hide(key)));
            prop_assert_eq!(shared(one, other), shared(hidden[0], hidden[1]));
        }

        #[test]
        fn prefixes_of_ipv4_too(one: u32, other: u32) {
            let [one, other] = [one, other].map(|bits| key_of(std::net::Ipv4Addr::from(bits).into()));
            let hidden = [one, other].map(|key| pseudonyms().hide(key));
            prop_assert!(hidden.iter().all(IpAddr::is_ipv4));
            prop_assert_eq!(shared(one, other), shared(key_of(hidden[0]), key_of(hidden[1])));
        }

        #[test]
        fn an_address_comes_back(address: u128) {
            let key = address.to_be_bytes();
            prop_assert_eq!(key_of(pseudonyms().reveal(key_of(pseudonyms().hide(key)))), key);
        }
    }
}
