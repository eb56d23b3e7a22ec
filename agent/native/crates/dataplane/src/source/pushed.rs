//! Frames pushed by hand: for programs that capture by other means, and for tests.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Block, Filled, Record, Source};

/// Most bytes that wait to be read.
const ROOM: usize = 1 << 28;
/// Frames that are kept together.
const TOGETHER: usize = 1024;
/// How long frames are waited for at a time.
const PATIENCE: Duration = Duration::from_millis(200);

/// Both ends of a pipe for frames, of one interface: clone it, give one clone to the engine and push into the other.
#[derive(Clone, Default)]
pub struct Pushed(Arc<Pipe>);

#[derive(Default)]
struct Pipe {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    blocks: VecDeque<Block>,
    bytes: usize,
    ended: bool,
}

impl Pushed {
    /// Takes a frame; false when there is no room: ask again when some have been read. After the end there is none.
    #[must_use]
    pub fn push(&self, data: &[u8], ts_ns: i64, linktype: u32, wire_len: u32) -> bool {
        let mut waiting = self.waiting();
        let room = !waiting.ended && waiting.bytes + data.len() <= ROOM;
        let (Ok(captured), true) = (u32::try_from(data.len()), room) else { return false };
        waiting.bytes += data.len();
        if waiting.blocks.back().is_none_or(|block| block.records.len() >= TOGETHER) {
            waiting.blocks.push_back(Block::default());
        }
        if let Some(block) = waiting.blocks.back_mut() {
            let (offset, wire_len) = (block.owned.len() as u64, wire_len.max(captured));
            block.owned.extend_from_slice(data);
            block.records.push(Record { ts_ns, offset, captured, wire_len, linktype, interface: 0 });
        }
        self.0.changed.notify_one();
        true
    }

    /// Says that nothing more will be pushed.
    pub fn end(&self) {
        self.waiting().ended = true;
        self.0.changed.notify_one();
    }

    /// Whether it was said that nothing more will be pushed.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.waiting().ended
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Pushed {
    fn fill(&mut self, block: &mut Block, limit: usize) -> Filled {
        let nothing = |waiting: &mut Waiting| waiting.blocks.is_empty() && !waiting.ended;
        let found = self.0.changed.wait_timeout_while(self.waiting(), PATIENCE, nothing);
        let (mut waiting, _) = found.unwrap_or_else(PoisonError::into_inner);
        let Some(mut first) = waiting.blocks.pop_front() else {
            return if waiting.ended { Filled::End } else { Filled::More };
        };
        if first.records.len() <= limit {
            std::mem::swap(block, &mut first);
        } else {
            split(&mut first, block, limit.max(1));
            waiting.blocks.push_front(first);
        }
        waiting.bytes -= block.records.iter().map(|record| record.captured as usize).sum::<usize>();
        Filled::More
    }

    fn faults(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn progress(&self) -> (u64, u64) {
        (0, 0)
    }
}

/// Moves the first frames of a block into another.
fn split(from: &mut Block, into: &mut Block, count: usize) {
    into.records.extend(from.records.drain(..count));
    let cut = from.records.first().map_or(from.owned.len(), |record| record.offset as usize);
    into.owned.extend(from.owned.drain(..cut));
    for record in &mut from.records {
        record.offset -= cut as u64;
    }
}
