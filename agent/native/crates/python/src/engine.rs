//! An engine as Python sees it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dataplane::decode::Fit;
use dataplane::engine::{Control, Engine as Driver};
use dataplane::source::Files;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::settings::{Compiled, Home, Settings, filter};
use crate::tick::Tick;

/// Packets of files or interfaces to ticks of flow reports.
#[pyclass(module = "crossborder_native", frozen)]
pub struct Engine {
    driver: Mutex<Driver>,
    control: Arc<Control>,
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
        let control = Arc::new(Control::new(home.build(), stop));
        let config = settings.config(names, Fit::Sliced);
        let driver = Driver::new(config, Arc::clone(&control), Box::new(files), Arc::default());
        Ok(Self { driver: Mutex::new(driver.map_err(PyValueError::new_err)?), control })
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
    fn driver(&self) -> MutexGuard<'_, Driver> {
        self.driver.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
