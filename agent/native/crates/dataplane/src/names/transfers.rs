//! Ties the data connections of FTP to the control connections that announce them (RFC 959, RFC 2428).

use super::recent::Recent;
use super::{List, Names};
use crate::model::Address;

/// Announced connections that have not come; also those that came and whose file may still be named.
pub const LIMIT: usize = 4096;
pub const PROTOCOL: &str = "ftp-data";

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

/// Where a data connection will be opened: between which hosts, to which port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place {
    ends: Ends,
    port: u16,
}

/// One announced data connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TransferId {
    place: Place,
    /// Tells it from a later one at the same place.
    number: u64,
}

/// One that has not come: the file's name may be told before or after it opens.
struct Waiting {
    number: u64,
    file: Option<Vec<u8>>,
}

/// The data connections that were announced and have not come; the one announced longest ago is forgotten first.
pub struct Transfers {
    announced: u64,
    waiting: Recent<Place, Waiting>,
    opened: Recent<TransferId, FlowRef>,
    told: Vec<(FlowRef, Vec<u8>)>,
}

impl Default for Transfers {
    fn default() -> Self {
        Self::with_limit(LIMIT)
    }
}

impl Transfers {
    /// Remembers at most `limit` that have not come, and as many that have.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self { announced: 0, waiting: Recent::new(limit), opened: Recent::new(limit), told: Vec::new() }
    }

    /// Tells whether no announced connection is waited for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Remembers where a control connection between `ends` says that a data connection will be opened to.
    ///
    /// It is claimed only by a flow between the same two hosts: no one names the flows of others. An address that is
    /// neither of them is one behind address translation; the server's own stands for it.
    pub fn announce(&mut self, ends: &Ends, address: Option<Address>, port: u16) -> TransferId {
        let active = address == Some(ends.client);
        let ends = if active { Ends { server: ends.client, client: ends.server } } else { *ends };
        let place = Place { ends, port };
        let number = self.announced;
        self.announced += 1;
        self.waiting.insert(place, Waiting { number, file: None });
        TransferId { place, number }
    }

    /// Learns the name of a file that goes out over a transfer.
    pub fn carries(&mut self, transfer: TransferId, file: &[u8]) {
        match self.waiting.get_mut(&transfer.place) {
            Some(waiting) if waiting.number == transfer.number => waiting.file = Some(file.to_vec()),
            _ => self.told.extend(self.opened.get_mut(&transfer).map(|flow| (*flow, file.to_vec()))),
        }
    }

    /// Tells whether a flow that is opened to `port` was announced; if so it is called by its name.
    pub fn claim(&mut self, ends: &Ends, port: u16, flow: FlowRef, names: &mut Names) -> bool {
        let place = Place { ends: *ends, port };
        let Some(Waiting { number, file }) = self.waiting.remove(&place) else { return false };
        names.app_protocol = Some(PROTOCOL);
        if let Some(file) = file {
            names.add(List::FileNames, &file);
        }
        self.opened.insert(TransferId { place, number }, flow);
        true
    }

    /// Takes out the names of files that flows opened before are told of now.
    pub fn take_told(&mut self) -> Vec<(FlowRef, Vec<u8>)> {
        std::mem::take(&mut self.told)
    }
}
