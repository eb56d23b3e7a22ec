//! Pipes and standard input: read as they come, stopped when asked.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dataplane::source::{Block, Files, Filled, STDIN, Source};

use crate::captures::*;

fn frames() -> Vec<Vec<u8>> {
    (0..300).map(|number| vec![number as u8; number]).collect()
}

fn pipe(folder: &Path) -> PathBuf {
    let path = folder.join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

#[test]
fn a_pipe_is_read_as_it_comes_and_can_be_stopped() {
    let path = pipe(&folder("pipe"));
    let stop = Arc::new(AtomicBool::new(false));
    let mut files = Files::open(std::slice::from_ref(&path), None, stop.clone()).unwrap();
    let content = pcap(&frames()[..3]);
    let writer = std::thread::spawn(move || {
        let mut writer = OpenOptions::new().write(true).open(path).unwrap();
        writer.write_all(&content[..content.len() - 1]).unwrap();
        writer
    });
    let mut block = Block::default();
    let mut read = 0;
    while read < 2 {
        block.clear();
        assert_eq!(files.fill(&mut block, 100), Filled::More);
        read += block.records.len();
    }
    let _held_open = writer.join().unwrap();
    let waited = Instant::now();
    block.clear();
    assert_eq!(files.fill(&mut block, 100), Filled::More);
    stop.store(true, Ordering::Relaxed);

    assert_eq!(files.fill(&mut block, 100), Filled::End);
    assert!(block.records.is_empty() && files.faults().is_empty());
    assert!(waited.elapsed() < Duration::from_secs(2));
    assert_eq!(files.progress().1, 0);
}

#[test]
fn a_pipe_without_a_writer_is_waited_for() {
    let path = pipe(&folder("no_writer"));
    let mut files = open_one(&path).unwrap();
    let mut block = Block::default();
    for _ in 0..2 {
        assert_eq!(files.fill(&mut block, 100), Filled::More);
    }
    let writer = std::thread::spawn(move || std::fs::write(path, gzip(&pcap(&frames()))));
    let read = drain(&mut files, 100);
    writer.join().unwrap().unwrap();

    assert!(read.iter().map(|frame| &frame.data).eq(&frames()));
    assert!(files.faults().is_empty());
}

#[test]
fn a_pipe_may_bring_a_few_bytes_at_a_time() {
    let folder = folder("few");
    let path = pipe(&folder);
    for (content, size) in
        [(pcap(&frames()[..20]), 1), (gzip(&pcapng(&frames()[..20])), 1), (zstd(&pcapng(&frames())), 5)]
    {
        let mut files = open_one(&path).unwrap();
        let to = path.clone();
        let writer = std::thread::spawn(move || {
            let mut writer = OpenOptions::new().write(true).open(to).unwrap();
            for piece in content.chunks(size) {
                writer.write_all(piece).unwrap();
            }
        });
        let read = drain(&mut files, 100);
        writer.join().unwrap();

        assert!(read.iter().map(|frame| &frame.data).eq(&frames()[..read.len()]));
        assert!(read.len() >= 20 && files.faults().is_empty());
    }
}

#[test]
fn a_pipe_that_is_no_capture_is_told_when_its_turn_comes() {
    let path = pipe(&folder("no_capture"));
    let mut files = open_one(&path).unwrap();
    let told = format!("{}: is not a pcap or pcapng capture: it begins with 6e 6f 6e 65", path.display());
    let writer = std::thread::spawn(move || std::fs::write(path, b"none"));
    drain(&mut files, 100);
    writer.join().unwrap().unwrap();

    assert_eq!(files.faults(), [told]);
}

/// Runs this same test in another process, whose standard input is the capture.
#[test]
fn standard_input_is_read() {
    const TOLD: &str = "CROSSBORDER_TEST_READS_STDIN";
    if std::env::var_os(TOLD).is_some() {
        let mut files = open(&[PathBuf::from(STDIN)], None).unwrap();
        let read = drain(&mut files, 100);
        assert!(read.iter().map(|frame| &frame.data).eq(&frames()) && files.faults().is_empty());
        return;
    }
    let path = file(&folder("stdin"), "x.pcap.gz", &gzip(&pcap(&frames())));
    let run = |input: Stdio| {
        let mut this = Command::new(std::env::current_exe().unwrap());
        this.args(["--exact", "pipes::standard_input_is_read"]).env(TOLD, "1").stdin(input).stdout(Stdio::null());
        assert!(this.status().unwrap().success());
    };
    run(File::open(&path).unwrap().into());
    run(Command::new("cat").arg(&path).stdout(Stdio::piped()).spawn().unwrap().stdout.take().unwrap().into());
}
