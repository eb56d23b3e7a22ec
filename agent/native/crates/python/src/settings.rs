//! What Python configures, as the data plane wants it.

use std::collections::HashMap;
use std::sync::Arc;

use dataplane::capture::Listener;
use dataplane::content::{Definition, Detectors, LooksFor};
use dataplane::decode::Fit;
use dataplane::engine::{Config, Control, Engine as Driver};
use dataplane::filter::{Filter, Instruction};
use dataplane::flow::table::Lifetimes;
use dataplane::home::{Home as Networks, KeyRange};
use dataplane::live::Live;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

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
    /// The networks, flattened.
    pub fn build(&self) -> Networks {
        Networks::new(&self.networks, self.nat64.clone())
    }
}

/// What content is searched for: words or a pattern for each detector.
#[pyclass(module = "crossborder_native", frozen)]
pub struct ContentSearch(Arc<Detectors>);

/// A detector: id, words (empty: the pattern counts), pattern, whether case is ignored, confidence.
type Searched = (String, Vec<String>, String, bool, f32);

#[pymethods]
impl ContentSearch {
    /// Compiles detectors. Raises ValueError with a sentence for each that does not compile.
    #[new]
    fn new(detectors: Vec<Searched>, key: [u8; 32]) -> PyResult<Self> {
        let definition = |(id, words, pattern, ignore_case, confidence): Searched| Definition {
            id,
            looks_for: if words.is_empty() { LooksFor::Regex(pattern) } else { LooksFor::Literals(words) },
            ignore_case,
            confidence,
        };
        let detectors = Detectors::compile(detectors.into_iter().map(definition).collect(), key);
        detectors.map(|detectors| Self(Arc::new(detectors))).map_err(PyValueError::new_err)
    }
}

/// How an engine counts, whatever it reads. Times are nanoseconds.
#[pyclass(module = "crossborder_native", frozen)]
pub struct Settings {
    config: Config,
}

#[pymethods]
impl Settings {
    #[new]
    #[pyo3(signature = (*, tick_ns, idle_ns, active_ns, max_flows, report_all=false, community_seed=0, realtime=false,
                        workers=1, checksums=false, content=None))]
    #[allow(clippy::too_many_arguments)] // named in Python
    fn new(
        tick_ns: i64,
        idle_ns: i64,
        active_ns: i64,
        max_flows: usize,
        report_all: bool,
        community_seed: u16,
        realtime: bool,
        workers: usize,
        checksums: bool,
        content: Option<&ContentSearch>,
    ) -> Self {
        let config = Config {
            interfaces: Vec::new(),
            tick_ns,
            lifetimes: Lifetimes { idle_ns, active_ns },
            max_flows,
            report_all,
            community_seed,
            fit: Fit::Sliced,
            realtime,
            workers,
            checksums,
            detectors: content.map(|content| Arc::clone(&content.0)),
        };
        Self { config }
    }
}

impl Settings {
    /// The configuration of an engine that reads these interfaces or files.
    pub fn config(&self, interfaces: Vec<String>, fit: Fit) -> Config {
        Config { interfaces, fit, ..self.config.clone() }
    }
}

impl Settings {
    /// How many workers share the packets out among them.
    pub const fn workers(&self) -> usize {
        self.config.workers
    }

    /// One engine for each listener, all started.
    pub fn live(&self, names: Vec<String>, listeners: Vec<Listener>, control: &Arc<Control>) -> Result<Live, String> {
        let config = Config { workers: 1, ..self.config(names, Fit::Whole) };
        let dns_names = Arc::default();
        let engine =
            |listener| Driver::new(config.clone(), Arc::clone(control), Box::new(listener), Arc::clone(&dns_names));
        Live::start(listeners.into_iter().map(engine).collect::<Result<_, _>>()?)
    }
}

/// A classic BPF program: (code, jump if true, jump if false, k).
pub type Program = Vec<(u16, u8, u8, u32)>;

/// A program as filters and the kernel take it.
pub fn instructions(program: Program) -> Vec<Instruction> {
    program.into_iter().map(|(code, jt, jf, k)| Instruction { code, jt, jf, k }).collect()
}

/// A program for each link type, or the sentence of why there is none.
#[derive(FromPyObject)]
pub enum Compiled {
    Program(Program),
    Refused(String),
}

/// The filter of capture files.
pub fn filter(programs: HashMap<u32, Compiled>) -> PyResult<Option<Filter>> {
    let compiled = |compiled| match compiled {
        Compiled::Program(program) => Ok(instructions(program)),
        Compiled::Refused(sentence) => Err(sentence),
    };
    let programs: HashMap<_, _> = programs.into_iter().map(|(linktype, made)| (linktype, compiled(made))).collect();
    if programs.is_empty() {
        return Ok(None);
    }
    Filter::new(programs).map(Some).map_err(|error| PyValueError::new_err(vec![error]))
}
