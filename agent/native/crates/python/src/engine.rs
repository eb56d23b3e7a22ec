//! Engine and home as Python sees them.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use dataplane::decode::Fit;
use dataplane::engine::{Config, Control, Engine as Driver};
use dataplane::flow::table::Lifetimes;
use dataplane::home::{Home as Networks, KeyRange};
use dataplane::source::files::Files;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::tick::Tick;

/// The networks at home: first and last key of each (16 bytes, IPv4 mapped), and the operator's NAT64 prefixes (12 bytes).
#[pyclass(module = "crossborder_native", frozen)]
pub struct Home {
    networks: Vec<KeyRange>,
    nat64: Vec<[u8; 12]>,
}

#[pymethods]
impl Home {
    #[new]
    fn new(networks: Vec<KeyRange>, nat64: Vec<[u8; 12]>) -> Self {
        Self { networks, nat64 }
    }
}

impl Home {
    fn build(&self) -> Networks {
        Networks::new(&self.networks, self.nat64.clone())
    }
}

/// Packets of files or interfaces to ticks of flow reports. Times are nanoseconds.
#[pyclass(module = "crossborder_native", frozen)]
pub struct Engine {
    driver: Mutex<Driver>,
    control: Arc<Control>,
}

#[pymethods]
impl Engine {
    /// Opens capture files. Raises ValueError with every sentence of what is wrong.
    #[staticmethod]
    #[pyo3(signature = (paths, interfaces, home, *, tick_ns, idle_ns, active_ns, max_flows, report_all=false,
                        community_seed=0, realtime=false, workers=1))]
    #[allow(clippy::too_many_arguments)] // a configuration, named in Python
    fn open_files(
        paths: Vec<PathBuf>,
        interfaces: Vec<String>,
        home: &Home,
        tick_ns: i64,
        idle_ns: i64,
        active_ns: i64,
        max_flows: usize,
        report_all: bool,
        community_seed: u16,
        realtime: bool,
        workers: usize,
    ) -> PyResult<Self> {
        let config = Config {
            interfaces,
            tick_ns,
            lifetimes: Lifetimes { idle_ns, active_ns },
            max_flows,
            report_all,
            community_seed,
            fit: Fit::Sliced,
            realtime,
            workers,
        };
        let stop = Arc::new(AtomicBool::new(false));
        let files = Files::open(&paths, None, Arc::clone(&stop)).map_err(PyValueError::new_err)?;
        let control = Arc::new(Control::new(home.build(), stop));
        let driver = Driver::new(config, Arc::clone(&control), Box::new(files)).map_err(PyValueError::new_err)?;
        Ok(Self { driver: Mutex::new(driver), control })
    }

    /// Runs until a tick closes; None after the last. The interpreter is free meanwhile.
    fn next_tick(&self, py: Python<'_>) -> PyResult<Option<Tick>> {
        let closed = py.detach(|| self.driver().next_tick());
        closed.map(|tick| Tick::of(py, tick)).transpose()
    }

    /// What went wrong with the sources since this was asked last: sentences, each with its place.
    fn faults(&self) -> Vec<String> {
        self.driver().faults()
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
    fn driver(&self) -> std::sync::MutexGuard<'_, Driver> {
        self.driver.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
