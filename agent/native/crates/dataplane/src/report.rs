//! Makes the reports of a tick: a row for each flow that changed, in columns, in the order of first packet and id.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use arrow_array::RecordBatch;
use rayon::prelude::*;

use crate::books::Books;
use crate::columns::Columns;
use crate::flow::Flow;
use crate::flow::ids::flow_id;
use crate::worker::{Shed, Worker};

/// Flow ids remembered, so that none is given twice where the clock stood still or went back.
const RECENT_IDS: usize = 65_536;
/// Rows of one record batch: a part of the work of one thread.
const BATCH_ROWS: usize = 16_384;
/// Reports handed over at a time; the rest of a tick's come right behind.
const PART_ROWS: usize = 32_768;

/// What an engine hands over at each tick: the reports of the tick and the books so far.
pub struct Tick {
    /// In order; each batch has the columns of `columns::schema`.
    pub reports: Vec<RecordBatch>,
    /// One per interface.
    pub books: Vec<Books>,
    /// Packet time at which the tick closed.
    pub tick_ns: i64,
    /// Flows in the table after the tick.
    pub flows_active: usize,
    /// Readers of content that failed since the start.
    pub reader_failures: u64,
    /// The most that was left out under load since the last tick.
    pub shed: Shed,
    /// How far the engine is behind the wire; 0 for files.
    pub lag_ns: i64,
    /// Interfaces that are down or gone and are waited for.
    pub down: Vec<u16>,
}

/// Which flows are reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// All that changed: a tick has closed.
    #[default]
    Changed,
    /// Those that have ended, before the tick closes.
    Ended,
}

/// A flow that is reported: in order of first packet and id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub first_ns: i64,
    pub id: u64,
    pub worker: u32,
    pub slot: u32,
}

/// Gives flows their ids and makes columns of them.
pub struct Reporter {
    interfaces: Vec<String>,
    community_seed: u16,
    taken: HashSet<u64, foldhash::fast::RandomState>,
    recent: VecDeque<u64>,
    which: Which,
    rows: Vec<Row>,
    /// How many of them have been reported.
    reported: usize,
}

impl Reporter {
    #[must_use]
    pub fn new(interfaces: Vec<String>, community_seed: u16) -> Self {
        Self {
            interfaces,
            community_seed,
            taken: HashSet::default(),
            recent: VecDeque::new(),
            which: Which::Changed,
            rows: Vec::new(),
            reported: 0,
        }
    }

    /// Begins the reports of flows that changed since the last.
    pub fn begin(&mut self, workers: &mut [Worker], which: Which) {
        self.which = which;
        self.identify(workers);
        self.rows = rows(workers, which);
        self.rows.sort_unstable();
        self.reported = 0;
    }

    /// The next reports; the flows must be as they were when these were begun.
    pub fn next(&mut self, workers: &[Worker], pool: Option<&rayon::ThreadPool>) -> Vec<RecordBatch> {
        let end = (self.reported + PART_ROWS).min(self.rows.len());
        let rows = self.rows.get(self.reported..end).unwrap_or_default();
        let batch = |rows: &[Row]| self.batch(rows, workers);
        let batches = match pool {
            Some(pool) => pool.install(|| rows.par_chunks(BATCH_ROWS).map(batch).collect()),
            None => rows.chunks(BATCH_ROWS).map(batch).collect(),
        };
        self.reported = end;
        batches
    }

    /// Tells whether reports that were begun are not all made.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.reported < self.rows.len()
    }

    /// Which flows were begun with.
    #[must_use]
    pub const fn which(&self) -> Which {
        self.which
    }

    /// Gives ids to flows that are reported for the first time, in the order they opened.
    fn identify(&mut self, workers: &mut [Worker]) {
        let mut fresh: Vec<(u64, u32, u32)> = Vec::new();
        for (number, worker) in (0..).zip(workers.iter()) {
            let table = &worker.table;
            let slots = table.changed().iter().filter_map(|slot| Some((*slot, table.slab.get(*slot)?)));
            fresh.extend(
                slots
                    .filter(|(_, flow)| !flow.told_before && !flow.identified)
                    .map(|(slot, flow)| (flow.opened_at, number, slot)),
            );
        }
        fresh.sort_unstable();
        for (_, worker, slot) in fresh {
            let worker = workers.get_mut(worker as usize);
            let Some(flow) = worker.and_then(|worker| worker.table.slab.get_mut(slot)) else { continue };
            flow.id = self.new_id(flow);
            flow.identified = true;
        }
        while self.recent.len() > RECENT_IDS {
            if let Some(id) = self.recent.pop_front() {
                self.taken.remove(&id);
            }
        }
    }

    fn new_id(&mut self, flow: &Flow) -> u64 {
        let interface = self.interfaces.get(usize::from(flow.key.interface)).map_or("", String::as_str);
        let mut again = 0;
        loop {
            let id = flow_id(interface, &flow.key, flow.first_ns, again);
            if self.taken.insert(id) {
                self.recent.push_back(id);
                return id;
            }
            again += 1;
        }
    }

    fn batch(&self, rows: &[Row], workers: &[Worker]) -> RecordBatch {
        let mut columns = Columns::with_capacity(rows.len());
        for row in rows {
            let worker = workers.get(row.worker as usize);
            if let Some(flow) = worker.and_then(|worker| worker.table.slab.get(row.slot)) {
                let interface = self.interfaces.get(usize::from(flow.key.interface)).map_or("", String::as_str);
                columns.append(flow, interface, self.community_seed);
            }
        }
        columns.finish()
    }
}

fn rows(workers: &[Worker], which: Which) -> Vec<Row> {
    let mut rows = Vec::new();
    for (number, worker) in (0..).zip(workers) {
        let table = &worker.table;
        rows.extend(table.changed().iter().filter_map(|slot| {
            let flow = table.slab.get(*slot).filter(|flow| which == Which::Changed || !flow.alive)?;
            Some(Row { first_ns: flow.first_ns, id: flow.id, worker: number, slot: *slot })
        }));
    }
    rows
}

/// Kept so that a stream of no batches has a schema too.
#[must_use]
pub fn empty() -> RecordBatch {
    Columns::with_capacity(0).finish()
}

/// The schema of reports.
#[must_use]
pub fn schema() -> Arc<arrow_schema::Schema> {
    empty().schema()
}
