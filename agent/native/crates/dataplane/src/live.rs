//! Several engines that read one gateway, each in a thread of its own: one for each interface and worker.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::books::Books;
use crate::engine::Engine;
use crate::report::Tick;
use crate::worker::Shed;

/// Ticks that wait to be taken; an engine that is further ahead counts on, and makes no reports.
const WAITING: usize = 1;
/// How soon an engine notices that its ticks are taken.
const PATIENCE: Duration = Duration::from_millis(5);

/// What was last heard of one engine.
#[derive(Default)]
struct Part {
    books: Vec<Books>,
    flows_active: usize,
    reader_failures: u64,
    shed: Shed,
    lag_ns: i64,
    down: Vec<u16>,
}

/// Hands over the ticks of all engines as they come, each with the books of all.
pub struct Live {
    ticks: Receiver<(usize, Tick)>,
    parts: Vec<Part>,
    threads: Vec<JoinHandle<Vec<String>>>,
}

impl Live {
    /// Starts the engines.
    ///
    /// # Errors
    /// When threads cannot be had.
    pub fn start(engines: Vec<Engine>) -> Result<Self, String> {
        let (sender, ticks) = sync_channel(WAITING);
        let parts = engines.iter().map(|_| Part::default()).collect();
        let begin = |(number, engine)| {
            let sender = sender.clone();
            std::thread::Builder::new().name(format!("capture-{number}")).spawn(move || drive(number, engine, &sender))
        };
        let threads: Result<_, _> = engines.into_iter().enumerate().map(begin).collect();
        Ok(Self { ticks, parts, threads: threads.map_err(|error| format!("no thread to capture in: {error}"))? })
    }

    /// The next tick of any engine; None when all have ended.
    pub fn next_tick(&mut self) -> Option<Tick> {
        let (number, mut tick) = self.ticks.recv().ok()?;
        if let Some(part) = self.parts.get_mut(number) {
            part.books.clone_from(&tick.books);
            part.flows_active = tick.flows_active;
            part.reader_failures = tick.reader_failures;
            part.shed = tick.shed;
            part.lag_ns = tick.lag_ns;
            part.down.clone_from(&tick.down);
        }
        tick.flows_active = self.parts.iter().map(|part| part.flows_active).sum();
        tick.reader_failures = self.parts.iter().map(|part| part.reader_failures).sum();
        tick.shed = self.parts.iter().map(|part| part.shed).max().unwrap_or_default();
        tick.lag_ns = self.parts.iter().map(|part| part.lag_ns).max().unwrap_or_default();
        tick.down = self.parts.iter().flat_map(|part| part.down.iter().copied()).collect();
        tick.down.sort_unstable();
        tick.down.dedup();
        let mut books = vec![Books::default(); tick.books.len()];
        for part in &self.parts {
            books.iter_mut().zip(&part.books).for_each(|(sum, part)| sum.add(part));
        }
        tick.books = books;
        Some(tick)
    }

    /// What went wrong, once all have ended.
    pub fn faults(&mut self) -> Vec<String> {
        let ended = self.threads.drain(..).map(JoinHandle::join);
        ended
            .flat_map(|end| end.unwrap_or_else(|_| vec!["an engine broke: this is a fault of ours".to_owned()]))
            .collect()
    }
}

fn drive(number: usize, mut engine: Engine, ticks: &SyncSender<(usize, Tick)>) -> Vec<String> {
    while let Some(tick) = engine.next_tick() {
        let mut sent = ticks.try_send((number, tick));
        while let Err(TrySendError::Full(waiting)) = sent {
            engine.catch_up();
            std::thread::sleep(PATIENCE);
            sent = ticks.try_send(waiting);
        }
        if sent.is_err() {
            break; // no one listens any more
        }
    }
    engine.faults()
}
