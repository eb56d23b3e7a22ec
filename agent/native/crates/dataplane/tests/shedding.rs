//! What is left out under load, by how full the room for waiting frames is: content, names of most, all names.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod scripted;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use dataplane::report::Tick;
use dataplane::worker::{SAMPLED, Shed};
use scripted::{Script, engine, segment};

const FLOWS: usize = 2000;
const HEAD: &[u8] = b"POST /up HTTP/1.1\r\nHost: away.example\r\nContent-Length: 600\r\n\r\n";

fn request(flow: usize) -> Vec<u8> {
    segment(flow, 1, &[HEAD, b"of kind secret ", &[b'.'; 300]].concat())
}

fn body(flow: usize) -> Vec<u8> {
    segment(flow, 1 + HEAD.len() + 315, &[b" and secret again", [b'.'; 283].as_slice()].concat())
}

/// Runs an engine over blocks; returns its ticks.
fn ticks(blocks: Script, detectors: bool) -> Vec<Tick> {
    let mut engine = engine(blocks, detectors);
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
