//! Remembers which name an address was last given for, so that flows without a name of their own get one.

use std::sync::Arc;

use super::recent::Recent;
use crate::model::Address;

/// Addresses remembered.
pub const LIMIT: usize = 65_536;

/// What one worker learnt and asked since the last settling, in the order of packets.
///
/// Answers that one worker reads name flows of another, so nothing is looked up at once: all logs are put in the order
/// of packets and replayed, and the same capture gives the same names whatever the number of workers.
#[derive(Default)]
pub struct DnsLog {
    /// The number of the packet that is read now.
    pub at: u64,
    pub events: Vec<DnsEvent>,
}

/// Something learnt from an answer, or a new flow that wants a name.
pub enum DnsEvent {
    Learn { at: u64, address: Address, name: Arc<str> },
    Ask { at: u64, address: Address, flow: u32 },
}

impl DnsEvent {
    /// The number of the packet it belongs to.
    #[must_use]
    pub const fn at(&self) -> u64 {
        match self {
            Self::Learn { at, .. } | Self::Ask { at, .. } => *at,
        }
    }
}

impl DnsLog {
    /// Notes that `name` (as text, lower case) was answered with `address`.
    pub fn learn(&mut self, address: Address, name: Arc<str>) {
        self.events.push(DnsEvent::Learn { at: self.at, address, name });
    }

    /// Notes that a flow that was opened to `address` wants a name.
    pub fn ask(&mut self, address: Address, flow: u32) {
        self.events.push(DnsEvent::Ask { at: self.at, address, flow });
    }
}

/// A bounded map from address to the name asked for it last. The address unused for longest is forgotten first.
///
/// Time to live is not looked at: clients use an address as long as they please, and a stale name is labelled `dns`,
/// the weakest source.
pub struct DnsNames {
    names: Recent<Address, Arc<str>>,
}

impl Default for DnsNames {
    fn default() -> Self {
        Self::with_limit(LIMIT)
    }
}

impl DnsNames {
    /// Remembers at most `limit` addresses.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self { names: Recent::new(limit) }
    }

    /// Remembers the name an address was answered for.
    pub fn learn(&mut self, address: Address, name: Arc<str>) {
        self.names.insert(address, name);
    }

    /// The name last answered with this address, which counts as a use of it.
    pub fn name_of(&mut self, address: &Address) -> Option<Arc<str>> {
        self.names.touch(address).map(|name| Arc::clone(name))
    }
}
