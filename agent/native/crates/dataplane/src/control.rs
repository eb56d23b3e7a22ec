//! What an engine is told before it begins, and what may be asked of it while it runs.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::decode::Fit;
use crate::evidence::{Evidence, Limits};
use crate::flow::table::Lifetimes;
use crate::home::Home;
use crate::search::Detectors;

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
    /// Files only: so many times as fast as on the wire; 0: as fast as possible.
    pub speed: f64,
    pub workers: usize,
    /// Packets whose checksum is wrong are dropped.
    pub checksums: bool,
}

/// What may be asked of a running engine from other threads.
pub struct Control {
    stop: Arc<AtomicBool>,
    home: Mutex<Arc<Home>>,
    detectors: Mutex<Option<Arc<Detectors>>>,
    evidence: Option<Evidence>,
    packets: AtomicU64,
    read_bytes: AtomicU64,
    total_bytes: AtomicU64,
}

impl Control {
    /// Begins with a home, and with what content is searched for; sources that wait look at `stop` too.
    #[must_use]
    pub fn new(home: Home, detectors: Option<Arc<Detectors>>, stop: Arc<AtomicBool>) -> Self {
        Self {
            stop,
            home: Mutex::new(Arc::new(home)),
            detectors: Mutex::new(detectors),
            evidence: None,
            packets: AtomicU64::new(0),
            read_bytes: AtomicU64::new(0),
            total_bytes: AtomicU64::new(0),
        }
    }

    /// Has packets kept for who asks; before engines begin.
    #[must_use]
    pub fn keeping(self, limits: Option<Limits>) -> Self {
        Self { evidence: limits.map(Evidence::new), ..self }
    }

    /// What is kept of packets, where anything is.
    #[must_use]
    pub const fn evidence(&self) -> Option<&Evidence> {
        self.evidence.as_ref()
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

    /// The home that was set last.
    #[must_use]
    pub fn home(&self) -> Arc<Home> {
        Arc::clone(&self.home.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Uses other detectors from the next text on, or none any more; what began unsearched stays so.
    pub fn set_detectors(&self, detectors: Option<Arc<Detectors>>) {
        *self.detectors.lock().unwrap_or_else(PoisonError::into_inner) = detectors;
    }

    /// The detectors that were set last.
    #[must_use]
    pub fn detectors(&self) -> Option<Arc<Detectors>> {
        self.detectors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Packets, bytes read, bytes in all (0: not known).
    #[must_use]
    pub fn progress(&self) -> (u64, u64, u64) {
        let [packets, read, total] =
            [&self.packets, &self.read_bytes, &self.total_bytes].map(|count| count.load(Ordering::Relaxed));
        (packets, read, total)
    }

    /// Notes packets that were counted.
    pub(crate) fn counted(&self, packets: usize) {
        self.packets.fetch_add(packets as u64, Ordering::Relaxed);
    }

    /// Notes how far the source is: bytes read, bytes in all.
    pub(crate) fn read(&self, (read, total): (u64, u64)) {
        self.read_bytes.store(read, Ordering::Relaxed);
        self.total_bytes.store(total, Ordering::Relaxed);
    }
}
