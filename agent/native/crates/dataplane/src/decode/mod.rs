//! Turns a frame into the packet that is counted: link, IP, tunnels, transport.
//!
//! What a plain frame goes through is always inlined: a packet is a hundred bytes, and to hand it from function to function
//! costs more than to read it.

mod aged;
pub mod checksum;
pub mod fragments;
pub mod ip;
mod layer;
pub mod link;
mod pieces;
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
