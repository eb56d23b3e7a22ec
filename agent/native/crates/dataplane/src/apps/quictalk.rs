//! QUIC.

use super::talk::{Scene, Step, Talk};

/// To be written.
#[derive(Default)]
pub struct QuicTalk {}

impl Talk for QuicTalk {
    fn feed(&mut self, _scene: &mut Scene<'_>, _outward: bool, _data: &[u8]) -> Step {
        Step::Done
    }

    fn gap(&mut self, _scene: &mut Scene<'_>, _outward: bool) {}
}
