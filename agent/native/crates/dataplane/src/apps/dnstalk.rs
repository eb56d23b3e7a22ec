//! Follows DNS over datagrams and streams.

use super::talk::{Scene, Step, Talk};

/// To be written.
#[derive(Default)]
pub struct DnsDatagrams {}

impl Talk for DnsDatagrams {
    fn feed(&mut self, _scene: &mut Scene<'_>, _outward: bool, _data: &[u8]) -> Step {
        Step::Done
    }

    fn gap(&mut self, _scene: &mut Scene<'_>, _outward: bool) {}
}

/// To be written.
#[derive(Default)]
pub struct DnsStream {}

impl Talk for DnsStream {
    fn feed(&mut self, _scene: &mut Scene<'_>, _outward: bool, _data: &[u8]) -> Step {
        Step::Done
    }

    fn gap(&mut self, _scene: &mut Scene<'_>, _outward: bool) {}
}
