//! What Python configures, as the data plane wants it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use dataplane::apps::talk::Scene;
use dataplane::capture::Listener;
use dataplane::decode::Fit;
use dataplane::engine::{Config, Control, Engine as Driver};
use dataplane::evidence::Limits;
use dataplane::filter::{Filter, Instruction};
use dataplane::flow::table::Lifetimes;
use dataplane::home::{Home as Networks, KeyRange};
use dataplane::inspect::{Content, Heard};
use dataplane::live::Live;
use dataplane::names::Names;
use dataplane::names::dns::DnsLog;
use dataplane::names::transfers::Transfers;
use dataplane::search::{
    Branch, Bulk, CODINGS, DEPTH, Definition, Detection, Detectors, Edges, Found, Fuse, Kind, Layout, Limit, LooksFor,
    Register, Scores, Shown, Validator,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

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

/// A detector as `crossborder.engine.detectors.Search` has it.
#[derive(FromPyObject)]
struct Searched {
    id: String,
    literals: Vec<String>,
    pattern: String,
    branches: Vec<(String, String, Vec<Vec<u8>>)>,
    ignore_case: bool,
    at_start: bool,
    edges: String,
    validator: String,
    labels: Vec<String>,
    scores: (f32, f32, f32),
    bulk: (u32, f64, u32),
    mask: (u8, u8),
    kind: String,
    person: Option<u8>,
}

impl Searched {
    fn definition(self) -> Result<Definition, String> {
        let Self { id, literals, pattern, branches, ignore_case, at_start, labels, scores, bulk, mask, person, .. } =
            self;
        let unknown = |what: &str, word: &str| format!("detector {id}: {what} {word:?} is not known");
        let edges = match self.edges.as_str() {
            "any" => Edges::Any,
            "word" => Edges::Word,
            "number" => Edges::Number,
            other => return Err(unknown("edges", other)),
        };
        let kind = kind_named(&self.kind);
        let validator = Validator::named(&self.validator).ok_or_else(|| unknown("validator", &self.validator))?;
        let branch = |(pattern, before, labels)| Branch { pattern, before, labels };
        let branches = branches.into_iter().map(branch).collect();
        let looks_for = if literals.is_empty() { LooksFor::Regex(pattern) } else { LooksFor::Literals(literals) };
        let (labelled, bare, in_bulk) = scores;
        let scores = Scores { labelled, bare, bulk: in_bulk };
        let (distinct, share, within) = bulk;
        let bulk = Bulk { distinct, share, within };
        Ok(Definition {
            id,
            looks_for,
            branches,
            ignore_case,
            at_start,
            edges,
            validator,
            labels,
            scores,
            bulk,
            mask,
            kind,
            person,
        })
    }
}

fn kind_named(name: &str) -> Kind {
    match name {
        "basic" => Kind::Basic,
        "sensitive" => Kind::Sensitive,
        "bank" => Kind::Bank,
        _ => Kind::Other,
    }
}

/// A register as `crossborder.engine.register.Register` has it; its fingerprints stay where they are.
#[derive(FromPyObject)]
struct Registered {
    id: String,
    kind: String,
    bits: u8,
    seed: u64,
    segment_length: u32,
    segment_count_length: u32,
    fingerprints: PyBackedBytes,
}

impl Registered {
    fn register(self) -> Result<Register, String> {
        let Self { id, seed, segment_length, segment_count_length, .. } = self;
        let layout = Layout { seed, segment_length, segment_count_length };
        let fuse =
            Fuse::new(self.bits, layout, Box::new(self.fingerprints)).map_err(|error| format!("{id}: {error}"))?;
        Ok(Register { id: id.into(), kind: kind_named(&self.kind), fuse })
    }
}

/// See `fuse`.
type Made = (usize, u64, u32, u32, Cow<'static, [u8]>);

/// A filter of keyed hashes (64 bits each, big-endian, in any order, some perhaps twice): how many distinct ones it
/// holds, seed, segment length, length of all segments that count, fingerprints.
#[pyfunction]
pub fn fuse(py: Python<'_>, hashes: &[u8], bits: u8) -> PyResult<Made> {
    let mut hashes: Vec<u64> = hashes.as_chunks().0.iter().map(|bytes| u64::from_be_bytes(*bytes)).collect();
    let made = py.detach(|| {
        hashes.sort_unstable();
        hashes.dedup();
        Fuse::build(bits, &hashes)
    });
    let (layout, fingerprints) = made.map_err(PyValueError::new_err)?;
    let Layout { seed, segment_length, segment_count_length } = layout;
    Ok((hashes.len(), seed, segment_length, segment_count_length, fingerprints.into()))
}

#[pymethods]
impl ContentSearch {
    /// Compiles detectors; `limit`: bytes of one direction of one flow; `depth`: things inside each other, `codings`: packings
    /// one over the other that are opened. Raises ValueError with a sentence for each that does not compile, and for each
    /// register that is damaged.
    #[new]
    #[pyo3(signature = (detectors, key, limit, registers=Vec::new(), depth=DEPTH, codings=CODINGS))]
    fn new(
        detectors: Vec<Searched>,
        key: [u8; 32],
        limit: usize,
        registers: Vec<Registered>,
        depth: u8,
        codings: u8,
    ) -> PyResult<Self> {
        let definitions = all_of(detectors.into_iter().map(Searched::definition))?;
        let registers = all_of(registers.into_iter().map(Registered::register))?;
        let detectors = Detectors::compile(definitions, key, limit).map_err(PyValueError::new_err)?;
        Ok(Self(Arc::new(detectors.with(registers).opening(depth, codings))))
    }

    /// What points at the matches of each detector, by its id: where it is asked at all.
    fn triggers(&self) -> Vec<(String, String)> {
        self.0.triggers().map(|(id, trigger)| (id.to_owned(), trigger)).collect()
    }

    /// Searches one text, whole: for each detector that finds something its id, confidence, matches, keyed hashes and
    /// masked samples; and keyed hashes of persons by kind.
    fn search(&self, text: &[u8]) -> Searches {
        let mut shown = Shown::default();
        shown.show(&self.0, text);
        shown.finish(&self.0);
        searches(shown.take(true))
    }

    /// Searches what goes out of one TCP stream, given as pieces in order, each with whether it goes out: as `search`, and
    /// at which limits reading ended.
    fn converse(&self, pieces: Vec<(bool, Vec<u8>)>) -> (Searches, Vec<&'static str>) {
        let mut content = Content::new(true).shown_to(&self.0);
        let (mut names, mut dns, mut transfers) = (Names::default(), DnsLog::default(), Transfers::default());
        let mut next = [0_u32; 2];
        for (outward, payload) in &pieces {
            let [inwards, outwards] = &mut next;
            let seq = if *outward { outwards } else { inwards };
            let payload_bytes = payload.len() as u32;
            let heard = Heard { outward: *outward, seq: *seq, syn: false, isn: None, payload, payload_bytes };
            let (names, dns, transfers) = (&mut names, &mut dns, &mut transfers);
            content.hear(&mut Scene { names, dns, transfers, flow: None, ends: None, reading: None }, &heard);
            *seq = seq.wrapping_add(payload_bytes);
        }
        let found = content.take_found(true).unwrap_or_default();
        let limited = content.take_limited();
        let limits = Limit::ALL.into_iter().filter(|limit| limited.has(*limit)).map(Limit::word);
        (searches(found), limits.collect())
    }
}

impl ContentSearch {
    /// The detectors, compiled.
    pub fn detectors(&self) -> Arc<Detectors> {
        Arc::clone(&self.0)
    }
}

fn searches(found: Found) -> Searches {
    let Found { detections, persons } = found;
    let told = |d: Detection| (d.detector.to_string(), d.confidence, d.matches, d.distinct, d.samples);
    let kinds = persons.kinds().map(|(kind, hashes)| (kind, hashes.to_vec()));
    (detections.into_iter().map(told).collect(), kinds.into_iter().filter(|(_, hashes)| !hashes.is_empty()).collect())
}

/// All that were made, or every sentence of why one was not.
fn all_of<T>(made: impl Iterator<Item = Result<T, String>>) -> PyResult<Vec<T>> {
    let (made, errors): (Vec<_>, Vec<_>) = made.partition(Result::is_ok);
    let errors: Vec<String> = errors.into_iter().filter_map(Result::err).collect();
    if errors.is_empty() {
        Ok(made.into_iter().filter_map(Result::ok).collect())
    } else {
        Err(PyValueError::new_err(errors))
    }
}

/// See `ContentSearch::search`.
type Searches = (Vec<(String, f32, u32, Vec<u64>, Vec<String>)>, Vec<(&'static str, Vec<u64>)>);

/// How an engine counts, whatever it reads. Times are nanoseconds.
#[pyclass(module = "crossborder_native", frozen)]
pub struct Settings {
    config: Config,
    detectors: Option<Arc<Detectors>>,
    evidence: Option<Limits>,
}

#[pymethods]
impl Settings {
    #[new]
    #[pyo3(signature = (*, tick_ns, idle_ns, active_ns, max_flows, report_all=false, community_seed=0, speed=0.0,
                        workers=1, checksums=false, content=None, evidence=None))]
    #[allow(clippy::too_many_arguments)] // named in Python
    fn new(
        tick_ns: i64,
        idle_ns: i64,
        active_ns: i64,
        max_flows: usize,
        report_all: bool,
        community_seed: u16,
        speed: f64,
        workers: usize,
        checksums: bool,
        content: Option<&ContentSearch>,
        evidence: Option<(usize, u64, i64)>,
    ) -> Self {
        let config = Config {
            interfaces: Vec::new(),
            tick_ns,
            lifetimes: Lifetimes { idle_ns, active_ns },
            max_flows,
            report_all,
            community_seed,
            fit: Fit::Sliced,
            speed,
            workers,
            checksums,
        };
        let evidence =
            evidence.map(|(ring_bytes, front_bytes, before_ns)| Limits { ring_bytes, front_bytes, before_ns });
        Self { config, detectors: content.map(ContentSearch::detectors), evidence }
    }
}

impl Settings {
    /// The configuration of an engine that reads these interfaces or files.
    pub fn config(&self, interfaces: Vec<String>, fit: Fit) -> Config {
        Config { interfaces, fit, ..self.config.clone() }
    }
}

impl Settings {
    /// What an engine with that home is told while it runs.
    pub fn control(&self, home: Networks, stop: Arc<AtomicBool>) -> Arc<Control> {
        Arc::new(Control::new(home, self.detectors.clone(), stop).keeping(self.evidence))
    }

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
