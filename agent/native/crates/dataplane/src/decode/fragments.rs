//! Remembers what the first fragment of a packet was counted as, for the fragments that carry no ports.

use super::{Decoded, Fit};
use crate::home::Home;
use crate::model::{DropReason, Frame};

/// Reads the frames that `decode` leaves open. Must see them in the order they came.
#[derive(Default)]
pub struct Fragments {}

impl Fragments {
    /// Reads a frame with a fragment in it; never returns `Decoded::Fragment`.
    pub fn decode(&mut self, _frame: &Frame<'_>, _home: &Home, _fit: Fit) -> Decoded {
        Decoded::Dropped(DropReason::NotIp)
    }

    /// The payload of the packet that the last frame completed, where it began in other fragments.
    pub fn reassembled(&self) -> Option<&[u8]> {
        None
    }
}
