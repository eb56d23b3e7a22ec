//! Keeps flows in pieces of memory that never move, each in a place that is used again.

use super::Flow;
use crate::names::transfers::FlowRef;

/// Flows of one piece.
const PIECE: usize = 1 << PIECE_BITS;
const PIECE_BITS: u32 = 10;

/// Flows by slot.
#[derive(Default)]
pub struct Slab {
    pieces: Vec<Vec<Flow>>,
    free: Vec<u32>,
}

impl Slab {
    /// Puts a flow into a free place.
    pub fn insert(&mut self, mut flow: Flow) -> u32 {
        if let Some(slot) = self.free.pop() {
            if let Some(place) = self.get_mut(slot) {
                flow.generation = place.generation.wrapping_add(1);
                *place = flow;
            }
            return slot;
        }
        if self.pieces.last().is_none_or(|piece| piece.len() == PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        let full = (self.pieces.len() - 1) << PIECE_BITS;
        let Some(piece) = self.pieces.last_mut() else { return 0 };
        piece.push(flow);
        (full + piece.len() - 1) as u32
    }

    /// Frees a place; what the flow held is let go at once.
    pub fn remove(&mut self, slot: u32) {
        if let Some(flow) = self.get_mut(slot) {
            flow.extra = None;
            self.free.push(slot);
        }
    }

    #[inline]
    #[must_use]
    pub fn get(&self, slot: u32) -> Option<&Flow> {
        self.pieces.get((slot >> PIECE_BITS) as usize)?.get(slot as usize & (PIECE - 1))
    }

    #[inline]
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Flow> {
        self.pieces.get_mut((slot >> PIECE_BITS) as usize)?.get_mut(slot as usize & (PIECE - 1))
    }

    /// The flow told from a later one in its place.
    pub fn find_mut(&mut self, flow: FlowRef) -> Option<&mut Flow> {
        self.get_mut(flow.slot).filter(|found| found.generation == flow.generation)
    }
}
