//! Turns a frame into the packet that is counted: link, IP, tunnels, transport.
//!
//! What nearly every frame is has a short way (`plain`); all others are read layer by layer.

mod aged;
pub mod checksum;
pub mod fragments;
pub mod ip;
mod layer;
pub mod link;
mod pieces;
mod plain;
pub mod transport;
pub mod tunnel;
mod wire;

use self::layer::{Choice, Layer};
use crate::home::Home;
use crate::model::{DropReason, Frame, Packet, TunnelPath};

/// Tunnels in tunnels that are looked into; what is deeper counts as the deepest one's packet.
pub const TUNNEL_LIMIT: usize = TunnelPath::LIMIT;

/// What it means when an IP packet is longer than what is around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Inside another packet, or on an interface: it contradicts itself.
    Whole,
    /// Straight in a frame of a file: the capture was sliced and lost the frame's length; the header is right.
    Sliced,
    /// Inside a first fragment: it goes on in the fragments that follow, and what is here counts.
    Begun,
}

/// What a frame is.
#[derive(Clone, Copy, Debug)]
pub enum Decoded {
    /// A packet, whole as far as flows are concerned.
    Packet(Packet),
    /// A packet in pieces, or a tunnel that carries one: `Fragments` must say what it counts as, in the order of packets.
    Fragment,
    Dropped(DropReason),
}

/// Reads a frame. Knows nothing of other frames, so that frames may be read in any order and at the same time.
///
/// Only what the outermost IP layer lacks makes a frame unreadable. A tunnel whose inside cannot be read is still a
/// packet on its way: it counts as the tunnel's own.
#[must_use]
pub fn decode(frame: &Frame<'_>, home: &Home, fit: Fit) -> Decoded {
    if let Some(packet) = plain::read(frame, fit) {
        return Decoded::Packet(packet);
    }
    by_layers(frame, home, fit)
}

/// Reads any frame, layer by layer.
fn by_layers(frame: &Frame<'_>, home: &Home, fit: Fit) -> Decoded {
    match Layer::outermost(frame, fit) {
        Ok(layer) if layer.is_plain() => Decoded::Packet(layer.packet),
        Ok(layer) => dig(frame, home, layer),
        Err(reason) => Decoded::Dropped(reason),
    }
}

/// Looks for the packet that counts, inside tunnels; leaves fragments alone.
fn dig(frame: &Frame<'_>, home: &Home, mut layer: Layer) -> Decoded {
    let mut choice = Choice::new(home, layer.packet);
    while layer.header.fragment.is_none() {
        match layer.inside(frame) {
            Some(inside) if choice.goes_on() => layer = inside,
            _ => return Decoded::Packet(choice.made(0)),
        }
        choice.push(layer.packet);
    }
    Decoded::Fragment
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Frames that are nearly plain: each field that the short way looks at is right or wrong.
    fn frames() -> impl Strategy<Value = (Vec<u8>, u32)> {
        let ethertype = prop_oneof![Just([0x08u8, 0x00]), Just([0x86, 0xDD]), any::<[u8; 2]>()];
        let first = prop_oneof![Just(0x45u8), Just(0x60), Just(0x46), any::<u8>()];
        let rest = proptest::collection::vec(
            prop_oneof![Just(0u8), Just(6), Just(17), Just(40), Just(0x50), any::<u8>()],
            0..90,
        );
        (any::<[u8; 12]>(), ethertype, first, rest, 0u32..120).prop_map(|(macs, ethertype, first, rest, beyond)| {
            let frame = [&macs[..], &ethertype, &[first], &rest].concat();
            let wire_len = frame.len() as u32 + beyond.saturating_sub(60);
            (frame, wire_len)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn the_short_way_reads_what_the_long_way_does((data, wire_len) in frames(), whole: bool) {
            let frame = Frame { ts_ns: 1, linktype: 1, wire_len, interface: 0, data: &data };
            let (home, fit) = (Home::new(&[], Vec::new()), if whole { Fit::Whole } else { Fit::Sliced });
            if let Some(packet) = plain::read(&frame, fit) {
                prop_assert_eq!(format!("{:?}", Decoded::Packet(packet)), format!("{:?}", by_layers(&frame, &home, fit)));
            }
        }
    }
}
