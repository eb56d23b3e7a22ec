//! Drives it all: blocks of frames from a source, decoded and counted by workers, a tick of reports at a time.
//!
//! The same frames give the same reports with any number of workers. What must be known across workers - which name an
//! address has, which flow gives way when there are too many - is decided between two runs, in the order of packets, and
//! runs end at the same packets whatever the number of workers.

mod intake;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use self::intake::Next;
use crate::books::Books;
use crate::clock::Clock;
pub use crate::control::{Config, Control};
use crate::crew::{each, evict, pool};
use crate::decode::fragments::Fragments;
use crate::evidence::Evidence;
use crate::flow::key::Hasher;
use crate::flow::table::Table;
use crate::home::Home;
use crate::model::DropReason;
use crate::names::dns::DnsNames;
use crate::report::{Reporter, Tick, Which};
use crate::run::{Read, Run};
use crate::search::Detectors;
use crate::source::{Block, Filled, Source};
use crate::worker::{Shed, Worker, settle};

/// Packets after which limits are looked at, at most.
const EPOCH: u64 = 8192;
/// Flows listened to at a time.
const LISTENING_LIMIT: usize = 32_768;
/// Bytes of TCP segments held of all flows together, until those before them come.
const HELD_LIMIT: usize = 1 << 26;
/// Flows that may end within one tick; when more did, those that have ended are reported before it closes.
const MAX_UNREPORTED: usize = 65_536;
/// The same while reports are made or wait to be taken: when more did, what comes from a wire has to wait.
const MOST_UNREPORTED: usize = 4 * MAX_UNREPORTED;
/// How full the room for waiting frames may be before reports wait for it to be emptied.
const BEHIND: f64 = 0.125;
/// Packets counted then before reports go on.
const AT_ONCE: u64 = 1 << 18;

/// Packets of a source to ticks of flow reports.
pub struct Engine {
    config: Config,
    control: Arc<Control>,
    source: Box<dyn Source>,
    ended: bool,
    closed: bool,
    block: Block,
    /// What comes behind that block, if it was read while workers were at it, and whether more will.
    ahead: Block,
    read_ahead: Option<Filled>,
    /// The record of the block that is next.
    at: usize,
    /// The clock has seen the time of that record.
    noted: bool,
    ages: Vec<i64>,
    clock: Clock,
    last_ts_ns: i64,
    number: u64,
    epoch: u64,
    workers: Vec<Worker>,
    /// Room to decode into, one for each worker.
    reads: Vec<Read>,
    pool: Option<rayon::ThreadPool>,
    hasher: Hasher,
    home: Arc<Home>,
    detectors: Option<Arc<Detectors>>,
    /// Flows may have been searched.
    searches: bool,
    fragments: Fragments,
    dns_names: Arc<Mutex<DnsNames>>,
    reporter: Reporter,
    /// When the tick closed that is reported.
    told_ns: i64,
    /// When one closed that is not reported yet.
    late_ns: Option<i64>,
    /// When the replay began, and which packet time that was.
    pace: Instant,
    pace_ns: i64,
}

impl Engine {
    /// Begins with nothing counted. Engines that read the same gateway share the names of addresses.
    ///
    /// # Errors
    /// When threads cannot be had.
    pub fn new(
        config: Config,
        control: Arc<Control>,
        source: Box<dyn Source>,
        dns_names: Arc<Mutex<DnsNames>>,
    ) -> Result<Self, String> {
        let hasher = Hasher::default();
        let count = config.workers.max(1);
        let table = || Table::new(config.lifetimes, config.report_all, hasher);
        let detectors = control.detectors();
        let worker = || {
            let ring = control.evidence().map(Evidence::ring);
            let mut worker = Worker::new(table(), config.interfaces.len(), detectors.clone());
            worker.ring = ring;
            worker
        };
        let pool = match count {
            1 => None,
            _ => Some(pool(count)?),
        };
        Ok(Self {
            workers: (0..count).map(|_| worker()).collect(),
            reads: (0..count).map(|_| Read::default()).collect(),
            clock: Clock::new(config.tick_ns),
            epoch: (config.max_flows as u64 / 32).clamp(1, EPOCH),
            reporter: Reporter::new(config.interfaces.clone(), config.community_seed),
            pool,
            hasher,
            home: control.home(),
            searches: detectors.is_some(),
            detectors,
            config,
            control,
            source,
            ended: false,
            closed: false,
            block: Block::default(),
            ahead: Block::default(),
            read_ahead: None,
            at: 0,
            noted: false,
            ages: Vec::new(),
            last_ts_ns: 0,
            number: 0,
            fragments: Fragments::default(),
            dns_names,
            told_ns: 0,
            late_ns: None,
            pace: Instant::now(),
            pace_ns: 0,
        })
    }

    /// What went wrong with the source so far.
    pub fn faults(&mut self) -> Vec<String> {
        self.source.faults()
    }

    /// Runs until a tick closes, and returns it; the last in which every flow has ended, then None.
    pub fn next_tick(&mut self) -> Option<Tick> {
        loop {
            if self.reporter.has_more() {
                self.catch_up();
                return Some(self.report_on());
            }
            if self.closed {
                return None;
            }
            if let Some(tick_ns) = self.late_ns.take() {
                return Some(self.tick(tick_ns));
            }
            match self.step() {
                Next::Records if self.ended() >= MAX_UNREPORTED => {
                    return Some(self.report(self.clock.newest_ns(), Which::Ended));
                }
                Next::Records => {}
                Next::Tick(tick_ns) => return Some(self.tick(tick_ns)),
                Next::End => return Some(self.close()),
            }
        }
    }

    /// Counts what has come from a wire while reports were made or waited to be taken: the room for it is small. A tick that
    /// closes meanwhile is late, and made one with the next if that closes too.
    pub fn catch_up(&mut self) {
        let until = self.number + AT_ONCE;
        while self.number < until && self.ended() < MOST_UNREPORTED && self.is_behind() {
            match self.step() {
                Next::Records => {}
                Next::Tick(tick_ns) => self.late_ns = Some(tick_ns),
                Next::End => return,
            }
        }
    }

    fn is_behind(&mut self) -> bool {
        !self.closed && self.source.wire().is_some_and(|wire| wire.load() > BEHIND)
    }

    /// Decodes and counts the records up to `end`.
    fn run(&mut self, end: usize) {
        if end == self.at {
            return;
        }
        self.follow();
        let records = self.block.records.get(self.at..end).unwrap_or_default();
        let run = Run {
            block: &self.block,
            records,
            ages: &self.ages,
            number: self.number,
            home: &self.home,
            fit: self.config.fit,
            checksums: self.config.checksums,
            hasher: self.hasher,
        };
        match &self.pool {
            None => {
                self.reads.iter_mut().take(1).for_each(|read| run.alone(&mut self.workers, read, &mut self.fragments))
            }
            Some(pool) => pool.in_place_scope(|scope| {
                scope.spawn(|_| run.share(pool, &mut self.workers, &mut self.reads, &mut self.fragments));
                if self.read_ahead.is_none() && !self.ended {
                    self.ahead.clear();
                    self.read_ahead = Some(self.source.fill(&mut self.ahead, EPOCH as usize));
                }
            }),
        }
        self.number += records.len() as u64;
        self.at = end;
        self.control.counted(records.len());
        settle(&mut self.workers, &mut self.dns_names.lock().unwrap_or_else(PoisonError::into_inner));
        if self.number.is_multiple_of(self.epoch) {
            self.govern();
        }
    }

    /// Keeps the limits that hold for all workers together: what began or was idle the longest gives way.
    fn govern(&mut self) {
        let age_ns = self.clock.age_ns();
        each(self.pool.as_ref(), &mut self.workers, |_, worker| worker.table.expire(age_ns));
        let flows: usize = self.workers.iter().map(|worker| worker.table.len()).sum();
        if flows > self.config.max_flows {
            evict(&mut self.workers, flows - self.config.max_flows);
        }
        let above = |workers: &[Worker]| {
            let (listening, held) = workers.iter().fold((0, 0), |(listening, held), worker| {
                (listening + worker.table.listened.count, held + worker.table.listened.held)
            });
            listening > LISTENING_LIMIT || held > HELD_LIMIT
        };
        while above(&self.workers) {
            let oldest = self.workers.iter_mut().filter_map(|worker| Some((worker.oldest_listening()?, worker)));
            let Some((_, worker)) = oldest.min_by_key(|(began, _)| *began) else { break };
            worker.hush_oldest();
        }
        self.workers.iter_mut().for_each(Worker::tidy);
    }

    /// Flows that ended and wait for the next reports.
    fn ended(&self) -> usize {
        self.workers.iter().map(|worker| worker.table.ended).sum()
    }

    fn tick(&mut self, tick_ns: i64) -> Tick {
        let age_ns = self.clock.age_ns();
        each(self.pool.as_ref(), &mut self.workers, |_, worker| worker.table.expire(age_ns));
        self.report(tick_ns, Which::Changed)
    }

    fn close(&mut self) -> Tick {
        self.closed = true;
        let age_ns = self.clock.age_ns();
        each(self.pool.as_ref(), &mut self.workers, |_, worker| worker.table.close(age_ns));
        let end_ns = self.source.wire().map_or(self.last_ts_ns, |wire| wire.now_ns().max(self.last_ts_ns));
        self.report(end_ns, Which::Changed)
    }

    fn report(&mut self, tick_ns: i64, which: Which) -> Tick {
        if self.searches {
            self.workers.iter_mut().for_each(|worker| worker.table.look());
        }
        self.reporter.begin(&mut self.workers, which);
        self.told_ns = tick_ns;
        self.report_on()
    }

    /// Makes the next part of the reports of a tick.
    fn report_on(&mut self) -> Tick {
        let reports = self.reporter.next(&mut self.workers, self.pool.as_ref());
        let (lag_ns, down) = self.look_at_wire();
        let mut books = vec![Books::default(); self.config.interfaces.len()];
        let mut shed = Shed::Nothing;
        for worker in &mut self.workers {
            books.iter_mut().zip(&worker.books).for_each(|(sum, part)| sum.add(part));
            shed = shed.max(std::mem::take(&mut worker.shed_most));
        }
        Tick {
            reports,
            books,
            tick_ns: self.told_ns,
            flows_active: self.workers.iter().map(|worker| worker.table.len()).sum(),
            reader_failures: self.workers.iter().map(|worker| worker.failures).sum(),
            shed,
            lag_ns,
            down,
        }
    }

    /// Counts what the kernel dropped or counted itself; tells how far we are behind, and which interfaces are down.
    fn look_at_wire(&mut self) -> (i64, Vec<u16>) {
        let (Some(wire), Some(worker)) = (self.source.wire(), self.workers.first_mut()) else { return (0, Vec::new()) };
        for (interface, packets) in wire.kernel_drops() {
            if let Some(books) = worker.books.get_mut(usize::from(interface)) {
                books.packets += packets;
                books.drop(DropReason::Kernel, packets);
            }
        }
        for (interface, domestic) in wire.counted_before() {
            if let Some(books) = worker.books.get_mut(usize::from(interface)) {
                books.packets += domestic.packets;
                books.bytes += domestic.wire_bytes;
                books.domestic_packets += domestic.packets;
                books.domestic_bytes += domestic.ip_bytes;
            }
        }
        let waiting = self.block.records.get(self.at).map(|record| record.ts_ns);
        (waiting.map_or(0, |ts_ns| (wire.now_ns() - ts_ns).max(0)), wire.down())
    }
}
