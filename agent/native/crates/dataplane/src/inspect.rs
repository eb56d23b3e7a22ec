//! Brings the payload of flows to those who read names from it: TCP in order, datagrams as they come.

use crate::apps::talk::Scene;

/// Payload of one packet of a flow.
pub struct Heard<'a> {
    /// From home abroad.
    pub outward: bool,
    /// Sequence number of the segment.
    pub seq: u32,
    pub syn: bool,
    /// The initial sequence number of this direction, where its SYN was seen.
    pub isn: Option<u32>,
    /// Captured payload.
    pub payload: &'a [u8],
    /// Payload on the wire.
    pub payload_bytes: u32,
}

/// The content of one flow that is listened to.
pub struct Content {}

impl Content {
    /// Begins to listen to a TCP or UDP flow.
    #[must_use]
    pub fn new(_tcp: bool) -> Self {
        Self {}
    }

    /// Hands on a packet's payload; false when nothing more is wanted and the content can be let go.
    pub fn hear(&mut self, _scene: &mut Scene<'_>, _heard: &Heard<'_>) -> bool {
        false
    }

    /// Bytes held until those before them come.
    #[must_use]
    pub fn held(&self) -> usize {
        0
    }
}
