//! Packets of a wire are counted while the reports of a tick are made: the room for them is small.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod scripted;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use dataplane::report::Tick;
use scripted::{Script, engine, segment};

/// More than are reported at a time.
const FLOWS: usize = 90_000;

fn opened(flows: std::ops::Range<usize>) -> Vec<Vec<u8>> {
    flows.map(|flow| segment(flow, 1, b"")).collect()
}

/// Packets of the flows that were reported.
fn reported(ticks: &[Tick]) -> u64 {
    let sum = |batch: &arrow_array::RecordBatch| {
        batch.column_by_name("packets_out").unwrap().as_primitive::<UInt64Type>().values().iter().sum::<u64>()
    };
    ticks.iter().flat_map(|tick| &tick.reports).map(sum).sum()
}

fn ticks(blocks: Script) -> Vec<Tick> {
    let mut engine = engine(blocks, false);
    std::iter::from_fn(|| engine.next_tick()).collect()
}

#[test]
fn what_came_is_counted_before_reports_go_on() {
    let script = |load| vec![(opened(0..FLOWS), 0.0), (opened(0..1), load), (opened(FLOWS - 1..FLOWS + 1), load)];
    for (load, counted) in [(0.0, 0), (0.1, 0), (0.2, 3), (1.0, 3)] {
        let ticks = ticks(script(load));
        let packets: Vec<u64> = ticks.iter().map(|tick| tick.books[0].packets).collect();
        assert_eq!(packets[..2], [FLOWS as u64, FLOWS as u64 + counted], "at {load}");
        assert_eq!((*packets.last().unwrap(), reported(&ticks)), (FLOWS as u64 + 3, FLOWS as u64 + 3), "at {load}");
    }
}

#[test]
fn ticks_that_close_meanwhile_are_made_one() {
    let late: Script = (0..5).map(|flow| (opened(flow..flow + 1), 1.0)).collect();
    let ticks = ticks([vec![(opened(0..FLOWS), 0.0)], late].concat());
    let flows: Vec<usize> = ticks.iter().map(|tick| tick.reports.iter().map(|batch| batch.num_rows()).sum()).collect();
    assert_eq!((flows.len(), flows[0] + flows[1], flows[2], flows[3] + flows[4]), (5, FLOWS, 5, FLOWS), "{flows:?}");
}
