//! Drives it all: blocks of frames from a source, decoded and counted by workers, a tick of reports at a time.
//!
//! The same frames give the same reports with any number of workers. What must be known across workers - which name an
//! address has, which flow gives way when there are too many - is decided between two runs, in the order of packets, and
//! runs end at the same packets whatever the number of workers.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::books::Books;
use crate::clock::Clock;
use crate::content::Detectors;
use crate::decode::fragments::Fragments;
use crate::decode::{Decoded, Fit, checksum, decode};
use crate::flow::Moment;
use crate::flow::key::{FlowKey, Hasher};
use crate::flow::table::{Idle, Lifetimes, Table};
use crate::home::Home;
use crate::model::{DropReason, Packet, SECOND_NS};
use crate::names::dns::DnsNames;
use crate::report::{Reporter, Tick, Which};
use crate::source::{Block, Filled, Record, Source};
use crate::worker::{Item, Shed, Worker, settle};

/// Packets after which limits are looked at, at most.
const EPOCH: u64 = 8192;
/// Packets decoded before they are counted, when one worker does both: what fits a near cache.
const BATCH: usize = 64;
/// Flows listened to at a time.
const LISTENING_LIMIT: usize = 32_768;
/// Bytes of TCP segments held of all flows together, until those before them come.
const HELD_LIMIT: usize = 1 << 26;
/// Flows that may end within one tick; when more did, those that have ended are reported before it closes.
const MAX_UNREPORTED: usize = 32_768;
/// How soon a paced replay notices that it shall stop.
const POLL: Duration = Duration::from_millis(200);

/// How an engine works. Times are nanoseconds.
#[derive(Clone)]
pub struct Config {
    /// Names of interfaces, as records number them.
    pub interfaces: Vec<String>,
    pub tick_ns: i64,
    pub lifetimes: Lifetimes,
    pub max_flows: usize,
    pub report_all: bool,
    pub community_seed: u16,
    pub fit: Fit,
    /// Files only: keep packet time instead of going as fast as possible.
    pub realtime: bool,
    pub workers: usize,
    /// Packets whose checksum is wrong are dropped.
    pub checksums: bool,
    pub detectors: Option<Arc<Detectors>>,
}

/// What may be asked of a running engine from other threads.
pub struct Control {
    stop: Arc<AtomicBool>,
    home: Mutex<Arc<Home>>,
    packets: AtomicU64,
    read_bytes: AtomicU64,
    total_bytes: AtomicU64,
}

impl Control {
    /// Begins with a home; sources that wait look at `stop` too.
    #[must_use]
    pub fn new(home: Home, stop: Arc<AtomicBool>) -> Self {
        Self {
            stop,
            home: Mutex::new(Arc::new(home)),
            packets: AtomicU64::new(0),
            read_bytes: AtomicU64::new(0),
            total_bytes: AtomicU64::new(0),
        }
    }

    /// Asks the engine to close the books and end soon.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    #[must_use]
    pub fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Uses another home from the next packets on; flows in the table keep the scope they have.
    pub fn set_home(&self, home: Home) {
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(home);
    }

    fn home(&self) -> Arc<Home> {
        Arc::clone(&self.home.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Packets, bytes read, bytes in all (0: not known).
    #[must_use]
    pub fn progress(&self) -> (u64, u64, u64) {
        let [packets, read, total] =
            [&self.packets, &self.read_bytes, &self.total_bytes].map(|count| count.load(Ordering::Relaxed));
        (packets, read, total)
    }
}

/// Packets of a source to ticks of flow reports.
pub struct Engine {
    config: Config,
    control: Arc<Control>,
    source: Box<dyn Source>,
    ended: bool,
    closed: bool,
    block: Block,
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
    pool: Option<rayon::ThreadPool>,
    hasher: Hasher,
    home: Arc<Home>,
    fragments: Fragments,
    dns_names: Arc<Mutex<DnsNames>>,
    reporter: Reporter,
    /// When the tick closed that is reported.
    told_ns: i64,
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
        let worker = || Worker::new(table(), config.interfaces.len(), config.detectors.clone());
        let pool = match count {
            1 => None,
            _ => Some(pool(count)?),
        };
        Ok(Self {
            workers: (0..count).map(|_| worker()).collect(),
            clock: Clock::new(config.tick_ns),
            epoch: (config.max_flows as u64 / 32).clamp(1, EPOCH),
            reporter: Reporter::new(config.interfaces.clone(), config.community_seed),
            pool,
            hasher,
            home: control.home(),
            config,
            control,
            source,
            ended: false,
            closed: false,
            block: Block::default(),
            at: 0,
            noted: false,
            ages: Vec::new(),
            last_ts_ns: 0,
            number: 0,
            fragments: Fragments::default(),
            dns_names,
            told_ns: 0,
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
                return Some(self.report_on());
            }
            if self.closed {
                return None;
            }
            if self.at >= self.block.records.len() {
                match self.fill() {
                    Next::Records => {}
                    Next::Tick(tick_ns) => return Some(self.tick(tick_ns)),
                    Next::End => return Some(self.close()),
                }
            }
            if self.config.realtime
                && let Some(tick_ns) = self.wait()
            {
                return Some(self.tick(tick_ns));
            }
            if self.control.stopping() && self.source.wire().is_none() {
                return Some(self.close()); // what came from a wire is counted, a file can be read again
            }
            let (end, due) = self.admit();
            self.run(end);
            if let Some(tick_ns) = due {
                return Some(self.tick(tick_ns));
            }
            if self.crowded() {
                return Some(self.report(self.clock.newest_ns(), Which::Ended));
            }
        }
    }

    /// Gets the next block, and looks at the clock while there is none.
    fn fill(&mut self) -> Next {
        self.block.clear();
        self.at = 0;
        loop {
            if self.ended || self.control.stopping() {
                return Next::End;
            }
            self.ended = self.source.fill(&mut self.block, EPOCH as usize) == Filled::End;
            let (read, total) = self.source.progress();
            self.control.read_bytes.store(read, Ordering::Relaxed);
            self.control.total_bytes.store(total, Ordering::Relaxed);
            let idle = self.block.records.is_empty();
            self.follow_home(); // also while the kernel counts all there is, and nothing comes up
            if let Some(wire) = self.source.wire() {
                let shed = if idle { Shed::Nothing } else { shed(wire.load()) };
                self.workers.iter_mut().for_each(|worker| worker.shed = shed);
                let due = if idle { self.clock.note(wire.now_ns()) } else { None };
                if let Some(tick_ns) = due {
                    return Next::Tick(tick_ns);
                }
            }
            if !idle {
                return Next::Records;
            }
        }
    }

    /// Shows the clock the next records, up to the end of the block or epoch or to a tick; returns where that is, and the
    /// time at which a tick closed there.
    fn admit(&mut self) -> (usize, Option<i64>) {
        self.ages.clear();
        let left = if self.config.realtime { 1 } else { (self.epoch - self.number % self.epoch) as usize };
        for (record, at) in self.block.records.iter().skip(self.at).take(left).zip(self.at..) {
            let due = if std::mem::take(&mut self.noted) { None } else { self.clock.note(record.ts_ns) };
            if due.is_some() {
                self.noted = true;
                return (at, due);
            }
            self.last_ts_ns = record.ts_ns;
            self.ages.push(self.clock.age_ns());
        }
        (self.at + self.ages.len(), None)
    }

    /// Uses the home that was set last, and has the source use it.
    fn follow_home(&mut self) {
        let home = self.control.home();
        if !Arc::ptr_eq(&home, &self.home) {
            if let Some(wire) = self.source.wire() {
                wire.set_home(&home);
            }
            self.home = home;
        }
    }

    /// Decodes and counts the records up to `end`.
    fn run(&mut self, end: usize) {
        if end == self.at {
            return;
        }
        self.follow_home();
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
            Some(pool) => pool.install(|| run.share(&mut self.workers, &mut self.fragments)),
            None => run.alone(&mut self.workers, &mut self.fragments),
        }
        self.number += records.len() as u64;
        self.at = end;
        self.control.packets.fetch_add(records.len() as u64, Ordering::Relaxed);
        settle(&mut self.workers, &mut self.dns_names.lock().unwrap_or_else(PoisonError::into_inner));
        if self.number.is_multiple_of(self.epoch) {
            self.govern();
        }
    }

    /// Keeps the limits that hold for all workers together: what began or was idle the longest gives way.
    fn govern(&mut self) {
        let age_ns = self.clock.age_ns();
        self.workers.iter_mut().for_each(|worker| worker.table.expire(age_ns));
        let flows: usize = self.workers.iter().map(|worker| worker.table.len()).sum();
        if flows > self.config.max_flows {
            evict(&mut self.workers, flows - self.config.max_flows);
        }
        let above = |workers: &[Worker]| {
            let (listening, held) = workers.iter().fold((0, 0), |(listening, held), worker| {
                (listening + worker.table.listening, held + worker.table.held)
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

    /// Tells whether more flows ended than may wait for their report.
    fn crowded(&self) -> bool {
        self.workers.iter().map(|worker| worker.table.ended).sum::<usize>() >= MAX_UNREPORTED
    }

    fn tick(&mut self, tick_ns: i64) -> Tick {
        for worker in &mut self.workers {
            worker.table.expire(self.clock.age_ns());
        }
        self.report(tick_ns, Which::Changed)
    }

    fn close(&mut self) -> Tick {
        self.closed = true;
        for worker in &mut self.workers {
            worker.table.close(self.clock.age_ns());
        }
        let end_ns = self.source.wire().map_or(self.last_ts_ns, |wire| wire.now_ns().max(self.last_ts_ns));
        self.report(end_ns, Which::Changed)
    }

    fn report(&mut self, tick_ns: i64, which: Which) -> Tick {
        if self.config.detectors.is_some() {
            self.workers.iter_mut().for_each(|worker| worker.table.look());
        }
        self.reporter.begin(&mut self.workers, which);
        self.told_ns = tick_ns;
        self.report_on()
    }

    /// Makes the next part of the reports of a tick.
    fn report_on(&mut self) -> Tick {
        let reports = self.reporter.next(&self.workers, self.pool.as_ref());
        if !self.reporter.has_more() {
            let which = self.reporter.which();
            self.workers.iter_mut().for_each(|worker| worker.table.reported(which));
        }
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

    /// Holds the next packet back until its time has come, as it passed between packets on the wire; returns when a tick
    /// closed meanwhile.
    fn wait(&mut self) -> Option<i64> {
        let ts_ns = self.block.records.get(self.at)?.ts_ns;
        while !self.noted && !self.control.stopping() {
            let passed = i64::try_from(self.pace.elapsed().as_nanos()).unwrap_or(i64::MAX);
            let now_ns = self.pace_ns.saturating_add(passed);
            if self.number == 0 || now_ns > ts_ns.saturating_add(SECOND_NS) {
                self.pace_ns = ts_ns.saturating_sub(passed); // the first, or the clock of the capture was set back
                return None;
            }
            let left = ts_ns.saturating_sub(now_ns);
            if left <= 0 {
                return None;
            }
            let due = self.clock.note(now_ns);
            if due.is_some() {
                return due;
            }
            std::thread::sleep(Duration::from_nanos(left.unsigned_abs()).min(POLL));
        }
        None
    }
}

/// What comes next.
enum Next {
    Records,
    Tick(i64),
    End,
}

/// What is left out when so much of the room for waiting frames is taken.
fn shed(load: f64) -> Shed {
    match load {
        _ if load < 0.5 => Shed::Nothing,
        _ if load < 0.65 => Shed::Content,
        _ if load < 0.8 => Shed::SomeNames,
        _ => Shed::Names,
    }
}

fn pool(threads: usize) -> Result<rayon::ThreadPool, String> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|number| format!("worker-{number}"))
        .build()
        .map_err(|error| format!("no threads for {threads} workers: {error}"))
}

/// Ends the flows of all workers that were idle the longest.
fn evict(workers: &mut [Worker], count: usize) {
    let mut idle: Vec<(Idle, usize)> = Vec::new();
    for (number, worker) in workers.iter_mut().enumerate() {
        idle.extend(worker.table.idlest(count).into_iter().map(|flow| (flow, number)));
    }
    let key = |(flow, _): &(Idle, usize)| (flow.seen_age, flow.opened_at);
    if idle.len() > count {
        idle.select_nth_unstable_by_key(count, key);
    }
    for (at, (flow, number)) in idle.iter().enumerate() {
        let Some(worker) = workers.get_mut(*number) else { continue };
        if at < count { worker.table.evict(flow.flow) } else { worker.table.keep(flow) }
    }
}

/// Records that are decoded and counted together.
#[derive(Clone, Copy)]
struct Run<'a> {
    block: &'a Block,
    records: &'a [Record],
    ages: &'a [i64],
    /// Of the first packet.
    number: u64,
    home: &'a Home,
    fit: Fit,
    checksums: bool,
    hasher: Hasher,
}

/// What became of some records that were decoded.
#[derive(Default)]
struct Read {
    items: Vec<Item>,
    /// Records with fragments, which must be read in order.
    fragments: Vec<u32>,
    books: Vec<Books>,
}

impl<'a> Run<'a> {
    /// One worker decodes and counts, a batch at a time.
    fn alone(&self, workers: &mut [Worker], fragments: &mut Fragments) {
        let Some(worker) = workers.first_mut() else { return };
        let mut read = Read::default();
        for start in (0..self.records.len()).step_by(BATCH) {
            let end = (start + BATCH).min(self.records.len());
            read.items.clear();
            self.read(start..end, &mut read, worker.books.len());
            let mut whole = Vec::new();
            if !read.fragments.is_empty() {
                self.read_fragments(&mut read, fragments, &mut whole);
            }
            worker.books.iter_mut().zip(&read.books).for_each(|(sum, part)| sum.add(part));
            read.books.clear();
            let items: Vec<&Item> = read.items.iter().collect();
            worker.take(&items, self.home, |item| self.payload(item, &whole));
        }
    }

    /// Workers decode parts of the records, then each counts the packets of its share of hosts.
    fn share(&self, workers: &mut [Worker], fragments: &mut Fragments) {
        let count = workers.len();
        let interfaces = workers.first().map_or(0, |worker| worker.books.len());
        let part = self.records.len().div_ceil(count);
        let mut reads: Vec<Read> = (0..count)
            .into_par_iter()
            .map(|number| {
                let mut read = Read::default();
                let end = ((number + 1) * part).min(self.records.len());
                self.read((number * part).min(end)..end, &mut read, interfaces);
                read
            })
            .collect();
        let mut whole = Vec::new();
        for read in &mut reads {
            if !read.fragments.is_empty() {
                self.read_fragments(read, fragments, &mut whole);
            }
        }
        workers.par_iter_mut().enumerate().for_each(|(number, worker)| {
            let mine = |item: &&Item| self.hasher.ends(&item.key) as usize % count == number;
            for read in &reads {
                let items: Vec<&Item> = read.items.iter().filter(mine).collect();
                for items in items.chunks(BATCH) {
                    worker.take(items, self.home, |item| self.payload(item, &whole));
                }
            }
        });
        if let Some(worker) = workers.first_mut() {
            for read in &reads {
                worker.books.iter_mut().zip(&read.books).for_each(|(sum, part)| sum.add(part));
            }
        }
    }

    /// Decodes records that need no others; notes those that do.
    fn read(&self, part: std::ops::Range<usize>, read: &mut Read, interfaces: usize) {
        read.books.resize(interfaces, Books::default());
        for at in part {
            let Some(record) = self.records.get(at) else { return };
            let frame = self.block.frame(record);
            let Some(books) = read.books.get_mut(usize::from(record.interface)) else { continue };
            books.packets += 1;
            books.bytes += u64::from(record.wire_len);
            if self.checksums && !checksum::is_sound(&frame, self.fit) {
                books.drop(DropReason::Checksum, 1);
                continue;
            }
            match decode(&frame, self.home, self.fit) {
                Decoded::Packet(packet) => read.items.push(self.item(packet, at)),
                Decoded::Fragment => read.fragments.push(at as u32),
                Decoded::Dropped(reason) => books.drop(reason, 1),
            }
        }
    }

    /// Reads the records with fragments in order and puts their packets where they belong. What was completed goes into
    /// `whole`: (record, payload).
    fn read_fragments(&self, read: &mut Read, fragments: &mut Fragments, whole: &mut Vec<(u32, Vec<u8>)>) {
        for at in std::mem::take(&mut read.fragments) {
            let Some(record) = self.records.get(at as usize) else { continue };
            match fragments.decode(&self.block.frame(record), self.home, self.fit) {
                Decoded::Packet(packet) => {
                    read.items.push(self.item(packet, at as usize));
                    if let Some(payload) = fragments.reassembled() {
                        whole.push((at, payload.to_vec()));
                    }
                }
                Decoded::Fragment => {}
                Decoded::Dropped(reason) => {
                    if let Some(books) = read.books.get_mut(usize::from(record.interface)) {
                        books.drop(reason, 1);
                    }
                }
            }
        }
        read.items.sort_by_key(|item| item.record);
    }

    fn item(&self, packet: Packet, at: usize) -> Item {
        let (key, forward) = FlowKey::of(&packet);
        let now = Moment { number: self.number + at as u64, age_ns: self.ages.get(at).copied().unwrap_or_default() };
        Item { packet, key, hash: self.hasher.flow(&key), forward, record: at as u32, now }
    }

    fn payload<'b>(&'b self, item: &Item, whole: &'b [(u32, Vec<u8>)]) -> &'b [u8] {
        if !whole.is_empty()
            && let Ok(at) = whole.binary_search_by_key(&item.record, |(record, _)| *record)
        {
            return whole.get(at).map_or(&[], |(_, payload)| payload);
        }
        let Some(record) = self.records.get(item.record as usize) else { return &[] };
        item.packet.payload_in(self.block.frame(record).data)
    }
}
