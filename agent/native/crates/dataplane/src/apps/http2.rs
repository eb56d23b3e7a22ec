//! HTTP/2.

use super::talk::{Scene, Step, Talk};

/// To be written.
#[derive(Default)]
pub struct Http2Talk {}

impl Talk for Http2Talk {
    fn feed(&mut self, _scene: &mut Scene<'_>, _outward: bool, _data: &[u8]) -> Step {
        Step::Done
    }

    fn gap(&mut self, _scene: &mut Scene<'_>, _outward: bool) {}
}
