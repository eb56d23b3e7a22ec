//! DTLS.

use super::talk::{Scene, Step, Talk};

/// To be written.
#[derive(Default)]
pub struct DtlsTalk {}

impl Talk for DtlsTalk {
    fn feed(&mut self, _scene: &mut Scene<'_>, _outward: bool, _data: &[u8]) -> Step {
        Step::Done
    }

    fn gap(&mut self, _scene: &mut Scene<'_>, _outward: bool) {}
}
pub fn looks_like_dtls(_data: &[u8]) -> bool {
    false
}
