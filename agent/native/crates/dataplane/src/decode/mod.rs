//! Turns a frame into the packet that is counted: link, IP, tunnels, transport.

pub mod fragments;
pub mod ip;
pub mod link;
pub mod transport;
pub mod tunnel;

use crate::home::Home;
use crate::model::{DropReason, Frame, Packet};

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
#[must_use]
pub fn decode(_frame: &Frame<'_>, _home: &Home, _fit: Fit) -> Decoded {
    Decoded::Dropped(DropReason::NotIp)
}
