//! An engine as Python sees it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dataplane::capture::{Listener, RingConfig, interface};
use dataplane::decode::Fit;
use dataplane::engine::{Control, Engine as Driver};
use dataplane::evidence::Found;
use dataplane::filter::{Filter, Instruction};
use dataplane::live::Live;
use dataplane::model::Frame;
use dataplane::report::Tick as Closed;
use dataplane::source::{Files, Pushed, Source};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::settings::{Compiled, ContentSearch, Home, Program, Settings, filter, instructions};
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

/// Where frames come in that are pushed.
struct Inlet {
    frames: Pushed,
    filter: Option<Filter>,
}

/// Packets of files or interfaces, or pushed ones, to ticks of flow reports.
#[pyclass(module = "crossborder_native", frozen)]
pub struct Engine {
    ticks: Mutex<Ticks>,
    control: Arc<Control>,
    inlet: Option<Inlet>,
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
        Self::replay(names, home, settings, Box::new(files), stop, None)
    }

    /// Takes frames that are pushed; `name` stands in the column `interface`. `programs` as for files.
    ///
    /// Raises ValueError with every sentence of what is wrong.
    #[staticmethod]
    fn pushed(name: String, home: &Home, settings: &Settings, programs: HashMap<u32, Compiled>) -> PyResult<Self> {
        let inlet = Inlet { frames: Pushed::default(), filter: filter(programs)? };
        let frames = Box::new(inlet.frames.clone());
        Self::replay(vec![name], home, settings, frames, Arc::default(), Some(inlet))
    }

    /// Listens to interfaces, each by as many workers as the settings say. `programs` are classic BPF programs, one for
    /// the frames of each interface (none: everything). With `triage` the kernel counts what stays at home, where it lets us.
    ///
    /// Raises ValueError with every sentence of what is wrong.
    #[staticmethod]
    #[pyo3(signature = (names, home, settings, *, ring_bytes, snaplen, promiscuous, programs, triage))]
    #[allow(clippy::too_many_arguments)] // named in Python
    fn listen(
        names: Vec<String>,
        home: &Home,
        settings: &Settings,
        ring_bytes: usize,
        snaplen: u32,
        promiscuous: bool,
        programs: Vec<Program>,
        triage: bool,
    ) -> PyResult<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let config = |place: usize, interface: &String, filter: Vec<Instruction>| RingConfig {
            interface: interface.clone(),
            place: place as u16,
            snaplen,
            promiscuous,
            ring_bytes,
            filter,
            ..RingConfig::default()
        };
        let networks = home.build();
        let (mut listeners, mut notes, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        let filters = programs.into_iter().map(instructions).chain(std::iter::repeat(Vec::new()));
        for ((place, interface), filter) in names.iter().enumerate().zip(filters) {
            let judge = (triage && filter.is_empty()).then_some(&networks);
            match Listener::open(&config(place, interface, filter), settings.workers(), judge, &stop) {
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
        let control = settings.control(networks, stop);
        let live = settings.live(names, listeners, &control).map_err(|error| PyValueError::new_err(vec![error]))?;
        Ok(Self { ticks: Mutex::new(Ticks::Live(live)), control, inlet: None, notes })
    }

    /// Takes a frame, captured at `ts_ns`; `wire_len` is its length on the wire where more than was captured. False when
    /// there is no room: push it again when a tick has been taken.
    ///
    /// Raises ValueError when no frames are taken any more, or when the filter makes no sense on the link type.
    #[pyo3(signature = (frame, ts_ns, linktype=1, wire_len=0))]
    fn push(&self, frame: &[u8], ts_ns: i64, linktype: u32, wire_len: u32) -> PyResult<bool> {
        let wrong = |sentence: &str| PyValueError::new_err(vec![sentence.to_owned()]);
        let Some(Inlet { frames, filter }) = &self.inlet else { return Err(wrong("the engine reads frames itself")) };
        let shown = Frame { ts_ns, linktype, wire_len: wire_len.max(frame.len() as u32), interface: 0, data: frame };
        let passes = filter.as_ref().map_or(Ok(true), |filter| filter.matches(&shown));
        match passes {
            _ if frames.ended() => Err(wrong("the engine takes no more frames")),
            Err(sentence) => Err(wrong(sentence)),
            Ok(passes) => Ok(!passes || frames.push(frame, ts_ns, linktype, wire_len)),
        }
    }

    /// Says that no more frames will be pushed: the engine reads what waits, closes the books and ends.
    fn end(&self) {
        if let Some(inlet) = &self.inlet {
            inlet.frames.end();
        }
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

    /// What is kept of flows that were reported of late, each asked for by its id with the comments of its file: a pcapng
    /// file and whether it begins with the flow's first packet, None where nothing is left. Empty where nothing is kept.
    #[allow(clippy::type_complexity)] // converted at once
    fn evidence(&self, py: Python<'_>, asked: Vec<(u64, Vec<String>)>) -> Vec<Option<(Py<PyBytes>, bool)>> {
        let found = py.detach(|| self.control.evidence().map(|evidence| evidence.ask(&asked)).unwrap_or_default());
        let told = |found: Found| (PyBytes::new(py, &found.pcapng).unbind(), found.whole_front);
        found.into_iter().map(|found| found.map(told)).collect()
    }

    /// Asks the engine to close the books and end soon.
    fn stop(&self) {
        self.control.stop();
        self.end();
    }

    /// Uses another home from the next packets on.
    fn set_home(&self, home: &Home) {
        self.control.set_home(home.build());
    }

    /// Searches what begins from now on for other content, or for none.
    fn set_search(&self, content: Option<&ContentSearch>) {
        self.control.set_detectors(content.map(ContentSearch::detectors));
    }

    /// Packets, bytes read, bytes in all (0: not known).
    fn progress(&self) -> (u64, u64, u64) {
        self.control.progress()
    }
}

impl Engine {
    /// One engine that reads a source in packet time.
    fn replay(
        names: Vec<String>,
        home: &Home,
        settings: &Settings,
        source: Box<dyn Source>,
        stop: Arc<AtomicBool>,
        inlet: Option<Inlet>,
    ) -> PyResult<Self> {
        let control = settings.control(home.build(), stop);
        let driver = Driver::new(settings.config(names, Fit::Sliced), Arc::clone(&control), source, Arc::default());
        let ticks = Ticks::Replay(Box::new(driver.map_err(|error| PyValueError::new_err(vec![error]))?));
        Ok(Self { ticks: Mutex::new(ticks), control, inlet, notes: Vec::new() })
    }

    fn ticks(&self) -> MutexGuard<'_, Ticks> {
        self.ticks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The link type of an interface's frames, to compile a filter for; None when there is no such interface, 2^32 - 1 when
/// its frames are no one's.
#[pyfunction]
pub fn linktype_of(name: &str) -> Option<u32> {
    interface::linktype_of(name)
}
