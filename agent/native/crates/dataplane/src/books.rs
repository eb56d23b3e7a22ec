//! The books: what became of every packet of one interface since the start. Counts only ever grow.

use crate::model::DropReason;
use crate::search::Limit;
use crate::worker::Shed;

/// Balances: `packets == flow_packets + domestic_packets + sum(dropped)`.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// Frames received, those the kernel dropped included.
    pub packets: u64,
    /// Wire length of the frames received.
    pub bytes: u64,
    pub flow_packets: u64,
    /// IP bytes in reported flows.
    pub flow_bytes: u64,
    pub domestic_packets: u64,
    /// IP bytes.
    pub domestic_bytes: u64,
    dropped: [u64; DropReason::ALL.len()],
    shed: [u64; Shed::ALL.len()],
    limited: [u64; Limit::ALL.len()],
}

impl Books {
    /// Counts packets that are left out.
    pub fn drop(&mut self, reason: DropReason, packets: u64) {
        if let Some(count) = self.dropped.get_mut(reason as usize) {
            *count += packets;
        }
    }

    /// How many were left out for a reason.
    #[must_use]
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped.get(reason as usize).copied().unwrap_or_default()
    }

    /// Counts a flow of which work was left out.
    pub fn shed(&mut self, work: Shed) {
        if let Some(flows) = self.shed.get_mut(work as usize) {
            *flows += 1;
        }
    }

    /// Flows of which this work was left out.
    #[must_use]
    pub fn flows_shed(&self, work: Shed) -> u64 {
        self.shed.get(work as usize).copied().unwrap_or_default()
    }

    /// Counts a flow whose content was not read wholly.
    pub fn limit(&mut self, limit: Limit) {
        if let Some(flows) = self.limited.get_mut(limit as usize) {
            *flows += 1;
        }
    }

    /// Flows whose content was not read wholly, for this limit.
    #[must_use]
    pub fn flows_limited(&self, limit: Limit) -> u64 {
        self.limited.get(limit as usize).copied().unwrap_or_default()
    }

    /// Adds what another worker counted of the same interface.
    pub fn add(&mut self, other: &Self) {
        self.packets += other.packets;
        self.bytes += other.bytes;
        self.flow_packets += other.flow_packets;
        self.flow_bytes += other.flow_bytes;
        self.domestic_packets += other.domestic_packets;
        self.domestic_bytes += other.domestic_bytes;
        let counts = self.dropped.iter_mut().chain(&mut self.shed).chain(&mut self.limited);
        for (mine, more) in counts.zip(other.dropped.into_iter().chain(other.shed).chain(other.limited)) {
            *mine += more;
        }
    }

    #[must_use]
    pub fn balanced(&self) -> bool {
        self.packets == self.flow_packets + self.domestic_packets + self.dropped.iter().sum::<u64>()
    }
}
