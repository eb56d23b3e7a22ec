//! A probe: how one protocol is known by its content, and who follows it.

use super::talk::Talk;
use crate::model::Inspection;

/// Of a stream: (first bytes of one direction, of the other); of datagrams: (this one, the one before it that way).
///
/// `Some(true)`: this is it. `Some(false)`: it is not, whatever comes. `None`: more bytes are needed, which only a
/// stream brings.
pub type Test = fn(&[u8], &[u8]) -> Option<bool>;

/// One protocol.
#[derive(Clone, Copy)]
pub struct Probe {
    pub protocol: &'static str,
    pub test: Test,
    /// None: nothing but its name is to be learnt.
    pub make: Option<fn() -> Box<dyn Talk>>,
    /// What can be read of it, where the rule of `Names` would say otherwise.
    pub inspection: Option<Inspection>,
}
