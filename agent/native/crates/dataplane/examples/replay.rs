//! Makes the reports of capture files and throws them away: what a profiler looks at, without Python around it.
//!
//! `replay [--workers N] FILE…`, home being what the benchmark's captures call so.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use dataplane::decode::Fit;
use dataplane::engine::{Config, Control, Engine};
use dataplane::flow::table::Lifetimes;
use dataplane::home::{Home, KeyRange};
use dataplane::model::{Address, SECOND_NS};
use dataplane::source::Files;

const HOME: [(&str, &str); 5] = [
    ("10.0.0.0", "10.255.255.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("14.225.0.0", "14.225.255.255"),
    ("2001:ee0::", "2001:ee0:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2405:4800::", "2405:4800:ffff:ffff:ffff:ffff:ffff:ffff"),
];

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
    let control = Arc::new(Control::new(Home::new(&networks(), Vec::new()), None, stop));
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
        speed: 0.0,
        workers,
        checksums: false,
    }
}

/// First and last address of networks in VN that the benchmark's captures call home, and of the private ones.
fn networks() -> Vec<KeyRange> {
    let key = |text: &str| match text.parse() {
        Ok(IpAddr::V4(four)) => *Address::v4(four.octets()).key(),
        Ok(IpAddr::V6(six)) => *Address::v6(six.octets()).key(),
        Err(_) => [0; 16],
    };
    HOME.iter().map(|(first, last)| (key(first), key(last))).collect()
}
