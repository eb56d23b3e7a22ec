//! Ties the data connections of FTP to the control connections that announce them (RFC 959, RFC 2428).

use super::Names;
use crate::model::Address;

/// Announced connections that have not come.
pub const LIMIT: usize = 4096;

/// The two ends of a flow, by who was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ends {
    /// The end the flow was opened to.
    pub server: Address,
    pub client: Address,
}

/// A flow of this worker, told from a later one in the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowRef {
    pub slot: u32,
    pub generation: u32,
}

/// One announced data connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransferId(pub u64);

/// The data connections that were announced and have not come; the one announced longest ago is forgotten first.
#[derive(Default)]
pub struct Transfers {
    told: Vec<(FlowRef, Vec<u8>)>,
}

impl Transfers {
    /// Tells whether no announced connection is waited for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        true
    }

    /// Remembers where a control connection between `ends` says that a data connection will be opened to. It is
    /// claimed only by a flow between the same two hosts: no one names the flows of others.
    pub fn announce(&mut self, _ends: &Ends, _address: Option<Address>, _port: u16) -> TransferId {
        TransferId(0)
    }

    /// Learns the name of a file that goes out over a transfer.
    pub fn carries(&mut self, _transfer: TransferId, _file: &[u8]) {}

    /// Tells whether a flow that is opened to `port` was announced; if so it is called by its name.
    pub fn claim(&mut self, _ends: &Ends, _port: u16, _flow: FlowRef, _names: &mut Names) -> bool {
        false
    }

    /// Takes out the names of files that flows opened before are told of now.
    pub fn take_told(&mut self) -> Vec<(FlowRef, Vec<u8>)> {
        std::mem::take(&mut self.told)
    }
}
