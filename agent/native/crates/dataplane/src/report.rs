//! Makes the reports of a tick: a row for each flow that changed, in columns, in the order they opened.

use std::sync::Arc;

use arrow_array::RecordBatch;
use rayon::prelude::*;

use crate::books::Books;
use crate::columns::Columns;
use crate::crew::each;
use crate::evidence::locked;
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

/// Makes the reports of a tick, a part at a time.
pub struct Reporter {
    writer: Writer,
    rows: Vec<Row>,
    /// How many of them have been reported.
    reported: usize,
}

/// Gives flows their ids and makes columns of them.
struct Writer {
    interfaces: Vec<String>,
    community_seed: u16,
    ids: FlowIds,
}

impl Reporter {
    #[must_use]
    pub fn new(interfaces: Vec<String>, community_seed: u16) -> Self {
        let writer = Writer { interfaces, community_seed, ids: FlowIds::default() };
        Self { writer, rows: Vec::new(), reported: 0 }
    }

    /// Begins the reports of flows that changed since the last.
    pub fn begin(&mut self, workers: &mut [Worker], which: Which) {
        collect(workers, which, &mut self.rows);
        self.rows.sort_unstable();
        for ring in workers.iter().filter_map(|worker| worker.ring.as_ref()) {
            locked(ring).begin_tick();
        }
        self.reported = 0;
    }

    /// The next reports. Packets may be counted between two parts: a flow is reported as it is then.
    pub fn next(&mut self, workers: &mut [Worker], pool: Option<&rayon::ThreadPool>) -> Vec<RecordBatch> {
        let end = self.part_end();
        let rows = self.rows.get(self.reported..end).unwrap_or_default();
        let batches = match pool {
            None => rows.chunks(rows.len().max(1)).map(|rows| self.writer.write(rows, workers)).collect(),
            Some(pool) => self.writer.share(rows, workers, pool),
        };
        self.reported = end;
        if !self.has_more() {
            self.writer.ids.forget();
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
}

impl Writer {
    /// Does all that is to be done with a flow while it is near.
    fn write(&mut self, rows: &[Row], workers: &mut [Worker]) -> RecordBatch {
        let mut columns = Columns::with_capacity(rows.len());
        for rows in rows.chunks(NEAR_ROWS) {
            bring_near(rows, workers);
            self.identify(rows, workers);
            self.append(rows, workers, &mut columns);
            for row in rows {
                let worker = workers.get_mut(row.worker as usize);
                worker.into_iter().for_each(|worker| worker.table.told(row.slot));
            }
        }
        columns.finish()
    }

    /// Does the same with several threads: all get their ids one after the other, as ids depend on their order.
    fn share(&mut self, rows: &[Row], workers: &mut [Worker], pool: &rayon::ThreadPool) -> Vec<RecordBatch> {
        for rows in rows.chunks(NEAR_ROWS) {
            bring_near(rows, workers);
            self.identify(rows, workers);
        }
        let (writer, flows) = (&*self, &*workers);
        let batch = |rows: &[Row]| {
            let mut columns = Columns::with_capacity(rows.len());
            for rows in rows.chunks(NEAR_ROWS) {
                bring_near(rows, flows);
                writer.append(rows, flows, &mut columns);
            }
            columns.finish()
        };
        let batches = pool.install(|| rows.par_chunks(BATCH_ROWS).map(batch).collect());
        each(Some(pool), workers, |number, worker| {
            let mine = rows.iter().filter(|row| row.worker as usize == number);
            mine.for_each(|row| worker.table.told(row.slot));
        });
        batches
    }

    /// Gives ids to flows that are reported for the first time, in the order they opened.
    fn identify(&mut self, rows: &[Row], workers: &mut [Worker]) {
        self.give_ids(rows, workers);
        for (number, worker) in (0..).zip(workers).filter(|(_, worker)| worker.ring.is_some()) {
            worker.name_kept(rows.iter().filter(|row| row.worker == number).map(|row| row.slot));
        }
    }

    fn give_ids(&mut self, rows: &[Row], workers: &mut [Worker]) {
        for row in rows {
            let worker = workers.get_mut(row.worker as usize);
            let Some(flow) = worker.and_then(|worker| worker.table.slab.get_mut(row.slot)) else { continue };
            if !flow.identified {
                flow.identified = true;
                let interface = self.interfaces.get(usize::from(flow.key.interface)).map_or("", String::as_str);
                flow.id = self.ids.give(interface, &flow.key, flow.first_ns);
            }
        }
    }

    fn append(&self, rows: &[Row], workers: &[Worker], columns: &mut Columns) {
        let flows: Vec<&Flow> = rows.iter().filter_map(|row| row.flow(workers)).collect();
        for flows in flows.chunk_by(|one, other| one.key.interface == other.key.interface) {
            let interface = flows.first().and_then(|flow| self.interfaces.get(usize::from(flow.key.interface)));
            columns.append(flows, interface.map_or("", String::as_str), self.community_seed);
        }
    }
}

impl Row {
    fn flow<'a>(&self, workers: &'a [Worker]) -> Option<&'a Flow> {
        workers.get(self.worker as usize)?.table.slab.get(self.slot)
    }
}

/// Has the memory of flows brought in, so that the processor waits for many lines at once and not for one after the other.
fn bring_near(rows: &[Row], workers: &[Worker]) {
    let flows = || rows.iter().filter_map(|row| row.flow(workers));
    let mut seen = flows().fold(0, |seen, flow| seen ^ flow.touch());
    let extras = || flows().filter_map(|flow| flow.extra.as_deref());
    seen ^= extras().fold(0, |seen, extra| seen ^ u64::from(extra.label.is_some()) ^ u64::from(extra.found.is_some()));
    seen ^= extras().fold(0, |seen, extra| seen ^ u64::from(extra.names.touch()));
    std::hint::black_box(seen);
}

/// The flows to report, in no order.
fn collect(workers: &mut [Worker], which: Which, rows: &mut Vec<Row>) {
    rows.clear();
    for (number, worker) in (0..).zip(workers) {
        let changed = worker.table.take_changed(which);
        let row = |slot| Some(Row { opened_at: worker.table.slab.get(slot)?.opened_at, worker: number, slot });
        rows.extend(changed.into_iter().filter_map(row));
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
