//! An engine as Python sees it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dataplane::capture::classic::Instruction;
use dataplane::capture::{Listener, RingConfig};
use dataplane::decode::Fit;
use dataplane::engine::{Control, Engine as Driver};
use dataplane::live::Live;
use dataplane::report::Tick as Closed;
use dataplane::source::Files;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::settings::{Compiled, Home, Program, Settings, filter};
use crate::tick::Tick;

/// What closes ticks: one engine that reads files, or several that listen to interfaces.
enum Ticks {
    Replay(Box<Driver>),
    Live(Live),
}

impl Ticks {
    fn next_tick(&mut self) -> Option<Closed> {
        match self {
            Self::Replay(driver) => driver.next_tick(),
            Self::Live(live) => live.next_tick(),
        }
    }

    fn faults(&mut self) -> Vec<String> {
        match self {
            Self::Replay(driver) => driver.faults(),
            Self::Live(live) => live.faults(),
        }
    }
}

/// Packets of files or interfaces to ticks of flow reports.
#[pyclass(module = "crossborder_native", frozen)]
pub struct Engine {
    ticks: Mutex<Ticks>,
    control: Arc<Control>,
    /// What a person should know of the sources: sentences.
    #[pyo3(get)]
    notes: Vec<String>,
}

#[pymethods]
impl Engine {
    /// Opens capture files, to be read in this order; `names` stand in the column `interface`. `programs` filters them: a
    /// program for each link type, or the sentence of why there is none.
    ///
    /// Raises ValueError with every sentence of what is wrong.
    #[staticmethod]
    fn open_files(
        paths: Vec<PathBuf>,
        names: Vec<String>,
        home: &Home,
        settings: &Settings,
        programs: HashMap<u32, Compiled>,
    ) -> PyResult<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let files = Files::open(&paths, filter(programs)?, Arc::clone(&stop)).map_err(PyValueError::new_err)?;
        let files = if settings.workers() > 1 { files.for_sharing() } else { files };
        let control = Arc::new(Control::new(home.build(), stop));
        let config = settings.config(names, Fit::Sliced);
        let driver = Driver::new(config, Arc::clone(&control), Box::new(files), Arc::default());
        let ticks = Ticks::Replay(Box::new(driver.map_err(PyValueError::new_err)?));
        Ok(Self { ticks: Mutex::new(ticks), control, notes: Vec::new() })
    }

    /// Listens to interfaces, each by as many workers as the settings say. `program` is a classic BPF program for their
    /// frames (none: everything). With `triage` the kernel counts what stays at home, where it lets us.
    ///
    /// Raises ValueError with every sentence of what is wrong.
    #[staticmethod]
    #[pyo3(signature = (names, home, settings, *, ring_bytes, snaplen, promiscuous, program, triage))]
    #[allow(clippy::too_many_arguments)] // named in Python
    fn listen(
        names: Vec<String>,
        home: &Home,
        settings: &Settings,
        ring_bytes: usize,
        snaplen: u32,
        promiscuous: bool,
        program: Program,
        triage: bool,
    ) -> PyResult<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let filter: Vec<_> = program.into_iter().map(|(code, jt, jf, k)| Instruction { code, jt, jf, k }).collect();
        let config = |place: usize, interface: &String| RingConfig {
            interface: interface.clone(),
            place: place as u16,
            snaplen,
            promiscuous,
            ring_bytes,
            filter: filter.clone(),
            ..RingConfig::default()
        };
        let networks = home.build();
        let judge = (triage && filter.is_empty()).then_some(&networks);
        let (mut listeners, mut notes, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for (place, interface) in names.iter().enumerate() {
            match Listener::open(&config(place, interface), settings.workers(), judge, &stop) {
                Ok((opened, told)) => {
                    listeners.extend(opened);
                    notes.extend(told);
                }
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(PyValueError::new_err(errors));
        }
        let control = Arc::new(Control::new(networks, stop));
        let live = settings.live(names, listeners, &control).map_err(|error| PyValueError::new_err(vec![error]))?;
        Ok(Self { ticks: Mutex::new(Ticks::Live(live)), control, notes })
    }

    /// Runs until a tick closes; None after the last. The interpreter is free meanwhile.
    fn next_tick(&self, py: Python<'_>) -> PyResult<Option<Tick>> {
        let closed = py.detach(|| self.ticks().next_tick());
        closed.map(|tick| Tick::of(py, tick)).transpose()
    }

    /// What went wrong with the sources since this was asked last: sentences, each with its place.
    fn faults(&self, py: Python<'_>) -> Vec<String> {
        py.detach(|| self.ticks().faults())
    }

    /// Asks the engine to close the books and end soon.
    fn stop(&self) {
        self.control.stop();
    }

    /// Uses another home from the next packets on.
    fn set_home(&self, home: &Home) {
        self.control.set_home(home.build());
    }

    /// Packets, bytes read, bytes in all (0: not known).
    fn progress(&self) -> (u64, u64, u64) {
        self.control.progress()
    }
}

impl Engine {
    fn ticks(&self) -> MutexGuard<'_, Ticks> {
        self.ticks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
