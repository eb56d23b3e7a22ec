//! What packets of one flow share in both directions, and how a packet stands to it.

use std::hash::{BuildHasher, RandomState};

use crate::model::{Address, Packet, TunnelPath, proto};

/// Interface, canonical tuple, tunnels. The VLAN is not part of it: a mirror port often shows the two directions of one
/// connection in two VLANs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct FlowKey {
    pub a: [u8; 16],
    pub b: [u8; 16],
    pub port_a: u16,
    pub port_b: u16,
    pub interface: u16,
    pub proto: u8,
    pub is_v6: bool,
    pub tunnel: TunnelPath,
}

impl FlowKey {
    /// The key of a packet, and whether the packet's sender stands in it as `a`.
    ///
    /// An ICMP request and its answer are one flow, which another request the other way is not; other ICMP is one-way.
    /// Community ID has it so.
    #[inline]
    #[must_use]
    pub fn of(packet: &Packet) -> (Self, bool) {
        let (forward, port_a, port_b) = match packet.proto {
            proto::ICMP | proto::ICMP6 => match icmp_answer(packet.proto, packet.sport) {
                None => (true, packet.sport, packet.dport),
                Some(_) if is_request(packet.proto, packet.sport) => (true, packet.sport, 0),
                Some(request) => (false, request, 0),
            },
            _ if (number(&packet.src), packet.sport) <= (number(&packet.dst), packet.dport) => {
                (true, packet.sport, packet.dport)
            }
            _ => (false, packet.dport, packet.sport),
        };
        let (a, b) = if forward { (packet.src, packet.dst) } else { (packet.dst, packet.src) };
        let key = Self {
            a: *a.key(),
            b: *b.key(),
            port_a,
            port_b,
            interface: packet.interface,
            proto: packet.proto,
            is_v6: a.is_v6(),
            tunnel: packet.tunnel,
        };
        (key, forward)
    }

    /// The end called `a` or the other.
    #[must_use]
    pub fn end(&self, is_a: bool) -> Address {
        let bytes = if is_a { self.a } else { self.b };
        if self.is_v6 {
            return Address::v6(bytes);
        }
        let [.., w, x, y, z] = bytes;
        Address::v4([w, x, y, z])
    }
}

/// An address as a number, which compares like its bytes and quicker.
const fn number(address: &Address) -> u128 {
    u128::from_be_bytes(*address.key())
}

/// Type of an ICMP request → type of its answer, and back: a pair is one conversation. None: one-way.
#[must_use]
pub const fn icmp_answer(protocol: u8, kind: u16) -> Option<u16> {
    Some(match (protocol, kind) {
        (proto::ICMP, 8) => 0,
        (proto::ICMP, 0) => 8,
        (proto::ICMP, 13) => 14,
        (proto::ICMP, 14) => 13,
        (proto::ICMP, 15) => 16,
        (proto::ICMP, 16) => 15,
        (proto::ICMP, 10) => 9,
        (proto::ICMP, 9) => 10,
        (proto::ICMP, 17) => 18,
        (proto::ICMP, 18) => 17,
        (proto::ICMP6, 128) => 129,
        (proto::ICMP6, 129) => 128,
        (proto::ICMP6, 133) => 134,
        (proto::ICMP6, 134) => 133,
        (proto::ICMP6, 135) => 136,
        (proto::ICMP6, 136) => 135,
        (proto::ICMP6, 130) => 131,
        (proto::ICMP6, 131) => 130,
        (proto::ICMP6, 144) => 145,
        (proto::ICMP6, 145) => 144,
        _ => return None,
    })
}

/// Tells whether an ICMP type asks.
#[must_use]
pub const fn is_request(protocol: u8, kind: u16) -> bool {
    matches!((protocol, kind), (proto::ICMP, 8 | 10 | 13 | 15 | 17) | (proto::ICMP6, 128 | 130 | 133 | 135 | 144))
}

/// Hashes keys with seeds of this process, so that no sender can choose where flows fall. Nothing that is reported
/// depends on the hash.
#[derive(Clone, Copy)]
pub struct Hasher {
    seeds: [u64; 4],
}

impl Default for Hasher {
    fn default() -> Self {
        let state = RandomState::new();
        Self { seeds: [1u64, 2, 3, 4].map(|number| state.hash_one(number) | 1) }
    }
}

impl Hasher {
    /// The hash of a flow.
    #[inline]
    #[must_use]
    pub fn flow(&self, key: &FlowKey) -> u64 {
        let [s0, s1, s2, s3] = self.seeds;
        let ports = u64::from(key.port_a) << 48
            | u64::from(key.port_b) << 32
            | u64::from(key.interface) << 16
            | u64::from(key.proto) << 8
            | u64::from(key.is_v6);
        let tunnel = u64::from(key.tunnel.bits());
        let ends = self.ends(key);
        folded(folded(ends ^ s2, ports ^ s0) ^ s1, tunnel ^ s3)
    }

    /// Which of so many workers a pair of hosts belongs to.
    #[must_use]
    pub fn share(&self, key: &FlowKey, workers: usize) -> usize {
        self.ends(key) as usize % workers
    }

    /// The hash of the two hosts alone.
    #[inline]
    fn ends(&self, key: &FlowKey) -> u64 {
        let [s0, s1, s2, s3] = self.seeds;
        let (a, b) = (u128::from_be_bytes(key.a), u128::from_be_bytes(key.b));
        let one = folded((a >> 64) as u64 ^ s0, a as u64 ^ s1);
        let other = folded((b >> 64) as u64 ^ s2, b as u64 ^ s3);
        folded(one ^ s3, other ^ s1)
    }
}

/// Both halves of a product, so that every bit of the input reaches every bit of the output.
const fn folded(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}
