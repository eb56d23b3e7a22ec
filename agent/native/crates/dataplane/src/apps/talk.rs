//! The contract of a talk: what follows one protocol through a conversation, and says when it has learnt enough.

use crate::model::Inspection;
use crate::names::Names;
use crate::names::dns::DnsLog;
use crate::names::transfers::{Ends, FlowRef, Transfers};
use crate::search::Reading;

/// What talks write into, and what they know beside the bytes.
pub struct Scene<'a> {
    /// Of this flow.
    pub names: &'a mut Names,
    /// Of all flows.
    pub dns: &'a mut DnsLog,
    /// Of all flows of this worker.
    pub transfers: &'a mut Transfers,
    /// This flow, where it is in the table.
    pub flow: Option<FlowRef>,
    /// Whom it is between; None where it is not known who was asked.
    pub ends: Option<Ends>,
    /// Who reads what goes out for detectors, where someone does.
    pub reading: Option<&'a mut Reading>,
}

impl Scene<'_> {
    /// The same with a reader.
    pub fn read_by<'b>(&'b mut self, reading: &'b mut Reading) -> Scene<'b> {
        let Self { names, dns, transfers, flow, ends, .. } = self;
        Scene { names, dns, transfers, flow: *flow, ends: *ends, reading: Some(reading) }
    }

    /// Takes over from the stream what detectors see, where it can be read.
    pub fn take_over(&mut self) {
        if self.names.inspected(true) == Some(Inspection::Cleartext) {
            self.reading.iter_mut().for_each(|reading| reading.take_over());
        }
    }

    /// Gives back to the stream what detectors see; `rest`: bytes of those fed last that were not handed over.
    pub fn give_back(&mut self, rest: usize) {
        self.reading.iter_mut().for_each(|reading| reading.give_back(rest));
    }

    /// Who reads what goes this way for detectors.
    pub fn reading(&mut self, outward: bool) -> Option<&mut Reading> {
        self.reading.as_deref_mut().filter(|_| outward)
    }
}

/// What a talk wants after a piece of data.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Feed on.
    More,
    /// Nothing more is to be learnt: memory can be freed.
    Done,
    /// Another protocol starts inside (STARTTLS, CONNECT): its first bytes, of the direction just fed.
    Upgrade(Vec<u8>),
}

/// Follows one protocol. Holds at most a few named limits of bytes, and never panics whatever the bytes are.
///
/// Streams are told apart by their direction only (`outward`: from home abroad): who is client and who is server is told
/// by what they say, so that a conversation met in the middle is followed as well.
pub trait Talk: Send + Sync {
    /// Takes in-order bytes of one direction, or one datagram.
    fn feed(&mut self, scene: &mut Scene<'_>, outward: bool, data: &[u8]) -> Step;

    /// Learns that bytes of that direction are missing from here on.
    fn gap(&mut self, scene: &mut Scene<'_>, outward: bool);
}
