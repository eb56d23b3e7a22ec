//! Makes the reports of capture files and throws them away: what a profiler looks at, without Python around it.
//!
//! `replay [--workers N] FILE…`, home being what the benchmark's captures call so.

use std::path::PathBuf;
use std::sync::Arc;

use dataplane::decode::Fit;
use dataplane::engine::{Config, Control, Engine};
use dataplane::flow::table::Lifetimes;
use dataplane::home::{Home, KeyRange};
use dataplane::model::{Address, SECOND_NS};
use dataplane::source::Files;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), String> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let workers = match arguments.iter().position(|word| word == "--workers") {
        Some(at) => arguments.drain(at..at + 2).nth(1).and_then(|count| count.parse().ok()).unwrap_or(1),
        None => 1,
    };
    let paths: Vec<PathBuf> = arguments.into_iter().map(PathBuf::from).collect();
    let stop = Arc::default();
    let source = Files::open(&paths, None, Arc::clone(&stop)).map_err(|sentences| sentences.join("; "))?;
    let source = if workers > 1 { source.for_sharing() } else { source };
    let control = Arc::new(Control::new(Home::new(&networks(), Vec::new()), stop));
    let names = paths.iter().map(|path| path.display().to_string()).collect();
    let mut engine = Engine::new(config(names, workers), control, Box::new(source), Arc::default())?;
    let (mut packets, mut reports) = (0, 0);
    while let Some(tick) = engine.next_tick() {
        packets = tick.books.iter().map(|books| books.packets).sum();
        reports += tick.reports.iter().map(|batch| batch.num_rows()).sum::<usize>();
    }
    println!("{packets} packets, {reports} reports");
    Ok(())
}

/// What the agent does unless told otherwise.
fn config(interfaces: Vec<String>, workers: usize) -> Config {
    Config {
        interfaces,
        tick_ns: 300 * SECOND_NS,
        lifetimes: Lifetimes { idle_ns: 120 * SECOND_NS, active_ns: 3600 * SECOND_NS },
        max_flows: 262_144,
        report_all: false,
        community_seed: 0,
        fit: Fit::Sliced,
        realtime: false,
        workers,
        checksums: false,
        detectors: None,
    }
}

fn networks() -> Vec<KeyRange> {
    let four = |net: [u8; 4], bits: u32| {
        let low = u32::from_be_bytes(net);
        (*Address::v4(net).key(), *Address::v4((low | u32::MAX >> bits).to_be_bytes()).key())
    };
    let six = |head: u128, bits: u32| {
        let low = head << 96;
        (low.to_be_bytes(), (low | u128::MAX >> bits).to_be_bytes())
    };
    vec![
        four([10, 0, 0, 0], 8),
        four([172, 16, 0, 0], 12),
        four([192, 168, 0, 0], 16),
        four([100, 64, 0, 0], 10),
        four([14, 225, 0, 0], 16),
        six(0x2001_0EE0, 32),
        six(0x2405_4800, 32),
    ]
}
