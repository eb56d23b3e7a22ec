//! Capture files, pcap or pcapng, plain or packed: the same frames and the same fault however little is seen at a time.
#![no_main]

use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::Arc;

use dataplane::source::capture::{Capture, Next, Opened};
use dataplane::source::{Block, Files, Filled, Record, Source};
use dataplane_fuzz::Input;
use libfuzzer_sys::fuzz_target;
use rustix::fs::{MemfdFlags, memfd_create};

/// Frames of a file, and how it ends.
type Read = (Vec<(Record, Vec<u8>)>, String);

/// Walks through a capture of which at first `seen` bytes can be seen, then each time `step` more.
fn walked(file: &[u8], step: usize) -> Read {
    let (mut seen, mut at, mut frames) = (step.min(file.len()), 0, Vec::new());
    let mut capture = loop {
        match Capture::open(&file[..seen], seen == file.len()) {
            Opened::Capture(capture, end) => {
                at += end;
                break capture;
            }
            Opened::Refused(sentence) => return (frames, sentence),
            Opened::Short => seen = file.len().min(seen + step),
        }
    };
    loop {
        // What was read is no longer there: places count from the next record on.
        let window = &file[at..seen];
        match capture.next(window, 0) {
            Next::Frame { record, end } => {
                assert!(end > 0 && end <= window.len());
                let data = record.frame_in(window).data;
                assert_eq!(data.len(), record.captured as usize);
                assert!(record.wire_len >= record.captured);
                frames.push((Record { offset: record.offset + at as u64, ..record }, data.to_vec()));
                at += end;
            }
            Next::Passed { end } => {
                assert!(end > 0 && end <= window.len());
                at += end;
            }
            Next::Short { .. } if seen < file.len() => seen = file.len().min(seen + step),
            Next::Short { from, wanted } => return (frames, format!("short {} {wanted}", from + at)),
            Next::Claims(size) => return (frames, format!("claims {size}")),
            Next::Contradiction { at: place } => return (frames, format!("contradiction {}", place + at)),
        }
    }
}

/// Reads a file as the engine does, so many frames at a time.
fn read(path: &PathBuf, limit: usize) -> Read {
    let mut files = match Files::open(std::slice::from_ref(path), None, Arc::default()) {
        Ok(files) => files,
        Err(sentences) => return (Vec::new(), sentences.concat()),
    };
    let (mut block, mut frames) = (Block::default(), Vec::new());
    while files.fill(&mut block, limit) == Filled::More {
        assert!(block.records.len() <= limit);
        let frame = |record: &Record| (Record { offset: 0, ..*record }, block.frame(record).data.to_vec());
        frames.extend(block.records.iter().map(frame));
        block.clear();
    }
    assert!(frames.iter().all(|(record, data)| record.captured as usize == data.len()));
    (frames, files.faults().concat())
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input(data);
    let (step, limit) = (usize::from(input.u8()) + 1, usize::from(input.u8() % 16) + 1);
    let whole = walked(input.0, usize::MAX);
    assert_eq!(whole, walked(input.0, step));

    let mut file = std::fs::File::from(memfd_create("capture", MemfdFlags::CLOEXEC).unwrap());
    file.write_all(input.0).unwrap();
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    let engine = read(&path, 1000);
    assert_eq!(engine, read(&path, limit));
    let packed = input.0.starts_with(b"\x1F\x8B") || input.0.get(1..4) == Some(b"\xB5\x2F\xFD");
    let skippable = input.0.get(1..4) == Some(b"\x2A\x4D\x18");
    if !packed && !skippable {
        let plain: Vec<_> = whole.0.into_iter().map(|(record, data)| (Record { offset: 0, ..record }, data)).collect();
        assert_eq!(engine.0, plain);
    }
});
