//! Makes the reports of a tick: a row for each flow that changed, in columns, in the order they opened.

use std::sync::Arc;

use arrow_array::RecordBatch;
use rayon::prelude::*;

use crate::books::Books;
use crate::columns::Columns;
use crate::flow::Flow;
use crate::flow::ids::FlowIds;
use crate::worker::{Shed, Worker};

/// Rows of one record batch where threads share the work.
const BATCH_ROWS: usize = 16_384;
/// Reports handed over at a time; the rest of a tick's come right behind.
const PART_ROWS: usize = 65_536;
/// A rest smaller than this goes with the part before: to whoever takes them, a few rows cost as much as thousands.
const REST_ROWS: usize = 16_384;

/// Flows whose memory is brought in together.
const NEAR_ROWS: usize = 64;

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

/// A flow that is reported: in the order of the packets that opened them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    opened_at: u64,
    worker: u32,
    slot: u32,
}

/// Gives flows their ids and makes columns of them.
pub struct Reporter {
    interfaces: Vec<String>,
    community_seed: u16,
    ids: FlowIds,
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
            ids: FlowIds::default(),
            which: Which::Changed,
            rows: Vec::new(),
            reported: 0,
        }
    }

    /// Begins the reports of flows that changed since the last.
    pub fn begin(&mut self, workers: &[Worker], which: Which) {
        self.which = which;
        collect(workers, which, &mut self.rows);
        self.rows.sort_unstable();
        self.reported = 0;
    }

    /// The next reports; the flows must be as they were when these were begun.
    pub fn next(&mut self, workers: &mut [Worker], pool: Option<&rayon::ThreadPool>) -> Vec<RecordBatch> {
        let end = self.part_end();
        self.identify(workers, self.reported..end);
        let workers = &*workers;
        let rows = self.rows.get(self.reported..end).unwrap_or_default();
        let batch = |rows: &[Row]| self.batch(rows, workers);
        let batches = match pool {
            Some(pool) => pool.install(|| rows.par_chunks(BATCH_ROWS).map(batch).collect()),
            None => rows.chunks(rows.len().max(1)).map(batch).collect(),
        };
        self.reported = end;
        if !self.has_more() {
            self.ids.forget();
        }
        batches
    }

    /// Where the next reports end.
    fn part_end(&self) -> usize {
        let end = self.reported + PART_ROWS;
        if end + REST_ROWS > self.rows.len() { self.rows.len() } else { end }
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
    fn identify(&mut self, workers: &mut [Worker], part: std::ops::Range<usize>) {
        let Self { interfaces, ids, rows, .. } = self;
        for row in rows.get(part).unwrap_or_default() {
            let worker = workers.get_mut(row.worker as usize);
            let Some(flow) = worker.and_then(|worker| worker.table.slab.get_mut(row.slot)) else { continue };
            if !flow.identified {
                flow.identified = true;
                let interface = interfaces.get(usize::from(flow.key.interface)).map_or("", String::as_str);
                flow.id = ids.give(interface, &flow.key, flow.first_ns);
            }
        }
    }

    fn batch(&self, rows: &[Row], workers: &[Worker]) -> RecordBatch {
        let mut columns = Columns::with_capacity(rows.len());
        let flow = |row: &Row| workers.get(row.worker as usize)?.table.slab.get(row.slot);
        let mut near = Vec::with_capacity(NEAR_ROWS);
        for rows in rows.chunks(NEAR_ROWS) {
            near.clear();
            near.extend(rows.iter().filter_map(flow));
            touch(&near);
            for flows in near.chunk_by(|one, other| one.key.interface == other.key.interface) {
                let interface = flows.first().and_then(|flow| self.interfaces.get(usize::from(flow.key.interface)));
                columns.append(flows, interface.map_or("", String::as_str), self.community_seed);
            }
        }
        columns.finish()
    }
}

/// Has the memory of flows brought in, so that the processor waits for many lines at once and not for one after the other.
fn touch(flows: &[&Flow]) {
    let mut seen = flows.iter().fold(0, |seen, flow| seen ^ flow.touch());
    let extras = || flows.iter().filter_map(|flow| flow.extra.as_deref());
    seen ^= extras().fold(0, |seen, extra| seen ^ u64::from(extra.label.is_some()) ^ u64::from(extra.found.is_some()));
    seen ^= extras().fold(0, |seen, extra| seen ^ u64::from(extra.names.touch()));
    std::hint::black_box(seen);
}

/// The flows to report, in no order.
fn collect(workers: &[Worker], which: Which, rows: &mut Vec<Row>) {
    rows.clear();
    for (number, worker) in (0..).zip(workers) {
        let table = &worker.table;
        rows.extend(table.changed().iter().filter_map(|slot| {
            let flow = table.slab.get(*slot).filter(|flow| which == Which::Changed || !flow.alive)?;
            Some(Row { opened_at: flow.opened_at, worker: number, slot: *slot })
        }));
    }
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
