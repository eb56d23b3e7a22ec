//! A ring as a source of frames: lends the engine block after block, and outlives its interface.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::ring::{Ring, RingConfig, State};
use super::triage::Triage;
use crate::home::Home;
use crate::source::{Block, Domestic, Filled, Record, Source, Wire};

/// How soon a quiet listener notices that it shall stop, or that a tick is due.
const POLL: Duration = Duration::from_millis(200);
/// How often an interface that was removed is looked for.
const RETRY: Duration = Duration::from_secs(1);

/// A ring for each member, opened when their interface came back, until they take them.
type Returned = Mutex<Vec<Option<Ring>>>;

/// One interface that is listened to, or one member of those who share it.
pub struct Listener {
    ring: Ring,
    config: RingConfig,
    triage: Option<Triage>,
    /// Which member this is: the first opens the interface again, for all, when it was removed and is back.
    number: usize,
    returned: Arc<Returned>,
    state: State,
    /// Frames that rings lost which have been replaced.
    lost: u64,
    tried: Instant,
    stop: Arc<AtomicBool>,
}

impl Listener {
    /// Opens an interface for `members` workers. With `triage` the kernel counts what stays at home.
    ///
    /// Returns also what a person should know: a ring smaller than asked for, a kernel that refuses triage.
    ///
    /// # Errors
    /// A sentence for people, with what to do.
    pub fn open(
        config: &RingConfig,
        members: usize,
        triage: Option<&Home>,
        stop: &Arc<AtomicBool>,
    ) -> Result<(Vec<Self>, Vec<String>), String> {
        let rings = Ring::open_members(config, members)?;
        let mut notes: Vec<String> = rings.first().and_then(|ring| ring.shortfall(config)).into_iter().collect();
        let started = triage.map(|home| Triage::start(config, &rings, home));
        let mut triage = started.and_then(|started| started.map_err(|note| notes.push(note)).ok());
        let returned = Arc::new(Mutex::new(rings.iter().map(|_| None).collect()));
        let listener = |(number, ring)| Self {
            ring,
            config: config.clone(),
            triage: triage.take(),
            number,
            returned: Arc::clone(&returned),
            state: State::Running,
            lost: 0,
            tried: Instant::now(),
            stop: Arc::clone(stop),
        };
        Ok((rings.into_iter().enumerate().map(listener).collect(), notes))
    }

    /// Takes the next block and notes where its frames lie.
    fn take(&mut self, block: &mut Block) -> bool {
        let Some(mut taken) = self.ring.next_block() else { return false };
        let start = crate::source::Lent::data(&taken).as_ptr().addr();
        block.records.extend(taken.frames().map(|frame| Record {
            ts_ns: frame.ts_ns,
            offset: (frame.data.as_ptr().addr() - start) as u64,
            captured: frame.data.len() as u32,
            wire_len: frame.wire_len,
            linktype: frame.linktype,
            interface: frame.interface,
        }));
        self.ring.note_lost(taken.lost());
        block.lent = Some(Box::new(taken));
        true
    }

    /// Looks how the interface is; one that was removed is opened again when it is back, and shared out as before.
    fn watch(&mut self) {
        let before = std::mem::replace(&mut self.state, self.ring.state());
        if self.state == State::Gone && before != State::Gone {
            self.tried = Instant::now(); // the kernel has yet to hand over the last block
        }
        if self.state == State::Gone && self.number == 0 && self.tried.elapsed() >= RETRY {
            self.tried = Instant::now();
            self.reopen();
        }
        let mine = self.returned().get_mut(self.number).and_then(Option::take);
        if let Some(ring) = mine {
            self.lost += self.ring.kernel_drops();
            self.ring = ring;
            self.state = State::Running;
        }
        if self.state == State::Gone {
            std::thread::sleep(POLL); // a socket without an interface does not make us wait
        }
    }

    /// Opens the interface for all members, if it is back. Where the kernel refuses to judge there, everything comes up
    /// and we judge.
    fn reopen(&mut self) {
        let members = self.returned().len();
        let Ok(rings) = Ring::open_members(&self.config, members) else { return };
        if let Some(triage) = &mut self.triage {
            triage.follow(&rings).ok();
        }
        *self.returned() = rings.into_iter().map(Some).collect();
    }

    fn returned(&self) -> MutexGuard<'_, Vec<Option<Ring>>> {
        self.returned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Listener {
    fn fill(&mut self, block: &mut Block, _limit: usize) -> Filled {
        if self.stop.load(Ordering::Relaxed) {
            return Filled::End;
        }
        if !self.take(block) {
            self.ring.wait(POLL);
            if !self.take(block) {
                self.watch();
            }
        }
        Filled::More
    }

    fn faults(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn progress(&self) -> (u64, u64) {
        (0, 0)
    }

    fn wire(&mut self) -> Option<&mut dyn Wire> {
        Some(self)
    }
}

impl Wire for Listener {
    fn now_ns(&self) -> i64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(now.as_nanos()).unwrap_or(i64::MAX)
    }

    fn load(&self) -> f64 {
        self.ring.fill_ratio()
    }

    fn kernel_drops(&mut self) -> Vec<(u16, u64)> {
        vec![(self.config.place, std::mem::take(&mut self.lost) + self.ring.kernel_drops())]
    }

    fn counted_before(&mut self) -> Vec<(u16, Domestic)> {
        self.triage.iter_mut().map(|triage| (self.config.place, triage.domestic())).collect()
    }

    fn set_home(&mut self, home: &Home) {
        if let Some(triage) = &mut self.triage {
            // Refused, everything comes up and we judge; what was counted until now is still asked for.
            let _ = triage.set_home(home);
        }
    }

    fn down(&self) -> Vec<u16> {
        // Of several members the first speaks for all.
        if self.state == State::Running || self.number > 0 { Vec::new() } else { vec![self.config.place] }
    }
}
