//! What is left out under load, by how full the room for waiting frames is: content, names of most, all names.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use dataplane::content::{Definition, Detectors, LooksFor};
use dataplane::decode::Fit;
use dataplane::engine::{Config, Control, Engine};
use dataplane::flow::table::Lifetimes;
use dataplane::home::Home;
use dataplane::model::{Address, SECOND_NS};
use dataplane::report::Tick;
use dataplane::source::{Block, Filled, Record, Source, Wire};
use dataplane::worker::{SAMPLED, Shed};

const FLOWS: usize = 2000;
const HEAD: &[u8] = b"POST /up HTTP/1.1\r\nHost: away.example\r\nContent-Length: 600\r\n\r\n";

/// A wire that hands over blocks of frames, each with how full the room was.
struct Scripted {
    blocks: VecDeque<(Vec<Vec<u8>>, f64)>,
    load: f64,
    now_ns: i64,
}

impl Source for Scripted {
    fn fill(&mut self, block: &mut Block, _limit: usize) -> Filled {
        let Some((frames, load)) = self.blocks.pop_front() else { return Filled::End };
        self.load = load;
        for data in frames {
            self.now_ns += 1000;
            let captured = data.len() as u32;
            let offset = block.owned.len() as u64;
            block.owned.extend(data);
            block.records.push(Record {
                ts_ns: self.now_ns,
                offset,
                captured,
                wire_len: captured,
                linktype: 1,
                interface: 0,
            });
        }
        self.now_ns += SECOND_NS; // each block is reported by itself
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

impl Wire for Scripted {
    fn now_ns(&self) -> i64 {
        self.now_ns
    }

    fn load(&self) -> f64 {
        self.load
    }

    fn kernel_drops(&mut self) -> Vec<(u16, u64)> {
        Vec::new()
    }

    fn down(&self) -> Vec<u16> {
        Vec::new()
    }
}

/// A segment of a flow's request, outward.
fn segment(flow: usize, seq: usize, payload: &[u8]) -> Vec<u8> {
    let mut frame = b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01\x08\0\x45\0".to_vec();
    frame.extend((40 + payload.len() as u16).to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 203, 0, 113, 9]);
    frame.extend((1024 + flow as u16).to_be_bytes());
    frame.extend([0, 80]);
    frame.extend((seq as u32).to_be_bytes());
    frame.extend([0, 0, 0, 0, 0x50, 0x18, 1, 0, 0, 0, 0, 0]);
    frame.extend(payload);
    frame
}

fn request(flow: usize) -> Vec<u8> {
    segment(flow, 1, &[HEAD, b"of kind secret ", &[b'.'; 300]].concat())
}

fn body(flow: usize) -> Vec<u8> {
    segment(flow, 1 + HEAD.len() + 315, &[b" and secret again", [b'.'; 283].as_slice()].concat())
}

/// Runs an engine over blocks; returns its ticks.
fn ticks(blocks: Vec<(Vec<Vec<u8>>, f64)>, detectors: bool) -> Vec<Tick> {
    let home = Home::new(&[(*Address::v4([10, 0, 0, 0]).key(), *Address::v4([10, 255, 255, 255]).key())], Vec::new());
    let word = LooksFor::Literals(vec!["secret".into()]);
    let definition = Definition { id: "word".into(), looks_for: word, ignore_case: false, confidence: 1.0 };
    let config = Config {
        interfaces: vec!["va".into()],
        tick_ns: SECOND_NS,
        lifetimes: Lifetimes { idle_ns: 120 * SECOND_NS, active_ns: 3600 * SECOND_NS },
        max_flows: 1 << 20,
        report_all: false,
        community_seed: 0,
        fit: Fit::Whole,
        realtime: false,
        workers: 1,
        checksums: false,
        detectors: detectors.then(|| Arc::new(Detectors::compile(vec![definition], [7; 32]).unwrap())),
    };
    let source = Scripted { blocks: blocks.into(), load: 0.0, now_ns: 1_700_000_000 * SECOND_NS };
    let control = Arc::new(Control::new(home, Arc::default()));
    let mut engine = Engine::new(config, control, Box::new(source), Arc::default()).unwrap();
    std::iter::from_fn(|| engine.next_tick()).collect()
}

/// Of the flows reported: how many, how many with a name, how many that detectors have seen, and their matches.
fn told(reports: &[RecordBatch]) -> [usize; 4] {
    let count = |what: &dyn Fn(&RecordBatch) -> usize| reports.iter().map(what).sum();
    let there = |name: &'static str| {
        move |batch: &RecordBatch| {
            let column = batch.column_by_name(name).unwrap();
            column.len() - column.null_count()
        }
    };
    let found = |batch: &RecordBatch| batch.column_by_name("detections").unwrap().as_list::<i64>().values().len();
    [count(&RecordBatch::num_rows), count(&there("http_host")), count(&there("detections")), count(&found)]
}

/// Flows of which content, some names and names were left out, to the last tick.
fn left_out(ticks: &[Tick]) -> [usize; 3] {
    let books = &ticks.last().unwrap().books[0];
    [Shed::Content, Shed::SomeNames, Shed::Names].map(|work| books.flows_shed(work) as usize)
}

/// What is told of new flows that came while the room was so full, and what was left out of them.
fn at(load: f64, detectors: bool) -> (Shed, [usize; 4], [usize; 3]) {
    let ticks = ticks(vec![((0..FLOWS).map(request).collect(), load)], detectors);
    let books = &ticks.last().unwrap().books[0];
    assert_eq!((books.packets, books.flow_packets), (FLOWS as u64, FLOWS as u64), "accounting is never left out");
    (ticks[0].shed, told(&ticks[0].reports), left_out(&ticks))
}

#[test]
fn each_mark_leaves_out_more() {
    for load in [0.0, 0.49] {
        assert_eq!(at(load, true), (Shed::Nothing, [FLOWS; 4], [0; 3]));
    }
    for load in [0.5, 0.649] {
        assert_eq!(at(load, true), (Shed::Content, [FLOWS, FLOWS, 0, 0], [FLOWS, 0, 0]));
    }
    for load in [0.8, 1.0] {
        assert_eq!(at(load, true), (Shed::Names, [FLOWS, 0, 0, 0], [0, 0, FLOWS]));
    }
}

#[test]
fn one_in_so_many_keeps_its_name_whatever_the_rhythm_of_the_traffic() {
    let share = FLOWS / SAMPLED as usize;
    for load in [0.65, 0.799] {
        let (shed, [flows, named, seen, _], left_out) = at(load, true);
        assert_eq!((shed, flows, seen), (Shed::SomeNames, FLOWS, 0));
        assert_eq!(left_out, [named, FLOWS - named, 0]);
        assert!((share / 2..share * 2).contains(&named), "{named} of {FLOWS}");
    }
    // Eight packets to open each flow: counted by packets, all would be taken or none.
    let syns = |flow| (0..7).map(move |_| segment(flow, 0, b""));
    let frames = (0..500).flat_map(|flow| syns(flow).chain([request(flow)])).collect();
    let [flows, named, ..] = told(&ticks(vec![(frames, 0.7)], true)[0].reports);
    assert_eq!(flows, 500);
    assert!((30..125).contains(&named), "{named} of 500");
}

#[test]
fn nothing_is_told_that_was_not_left_out() {
    assert_eq!(at(0.6, false), (Shed::Nothing, [FLOWS, FLOWS, 0, 0], [0; 3]));
    let silent = vec![((0..10).map(|flow| segment(flow, 1, b"")).collect(), 0.7)];
    let ticks = ticks(silent, true);
    assert_eq!((ticks[0].shed, left_out(&ticks)), (Shed::Nothing, [0; 3]));
}

#[test]
fn detectors_see_no_more_of_flows_they_have_begun_to_see() {
    for (load, shed, matches) in [(0.4, Shed::Nothing, 2), (0.5, Shed::Content, 1)] {
        let blocks = vec![(vec![request(1)], 0.0), (vec![body(1)], load), (vec![request(2)], 0.0)];
        let ticks = ticks(blocks, true);
        assert_eq!(ticks.iter().map(|tick| tick.shed).max(), Some(shed));
        assert_eq!(ticks.iter().map(|tick| told(&tick.reports)[3]).sum::<usize>(), matches + 1, "at {load}");
        assert_eq!(ticks.last().unwrap().shed, Shed::Nothing, "it recovers");
        assert_eq!(left_out(&ticks), [usize::from(shed == Shed::Content), 0, 0]);
    }
}

#[test]
fn a_flow_that_loses_its_names_counts_once() {
    let opened = |flows: std::ops::Range<usize>| flows.map(|flow| segment(flow, 0, b"")).collect::<Vec<_>>();
    let said = |flows: std::ops::Range<usize>| flows.flat_map(|flow| [request(flow), body(flow)]).collect::<Vec<_>>();
    let after = |blocks| left_out(&ticks(blocks, true));

    assert_eq!(after(vec![(opened(0..5), 1.0), (said(0..5), 1.0)]), [0, 0, 5], "from the first packet on");
    assert_eq!(after(vec![(opened(0..5), 0.0), (said(0..3), 1.0), (said(0..3), 1.0)]), [0, 0, 3], "later");
    assert_eq!(after(vec![(opened(0..5), 0.0), (opened(0..5), 1.0)]), [0; 3], "nothing was said");
    let [content, some, names] = after(vec![(said(0..500), 0.7), (said(0..500), 1.0)]);
    assert_eq!((content + some, names), (500, content), "or has none to lose");
}
