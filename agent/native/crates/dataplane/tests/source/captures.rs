//! Makes capture files and reads them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use dataplane::filter::Filter;
use dataplane::source::{Block, Files, Filled, Source};

pub const SECOND: u64 = 1_000_000_000;
pub const START: u64 = 1_700_000_000 * SECOND;

/// A frame as read, its bytes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    pub ts_ns: i64,
    pub linktype: u32,
    pub wire_len: u32,
    pub interface: u16,
    pub data: Vec<u8>,
}

#[derive(Clone, Copy)]
pub enum Order {
    Little,
    Big,
}

pub use Order::{Big, Little};

impl Order {
    pub fn u16(self, value: u16) -> [u8; 2] {
        if matches!(self, Little) { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    pub fn u32(self, value: u32) -> [u8; 4] {
        if matches!(self, Little) { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    pub fn i64(self, value: i64) -> [u8; 8] {
        if matches!(self, Little) { value.to_le_bytes() } else { value.to_be_bytes() }
    }

    pub fn words(self, values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| self.u32(*value)).collect()
    }
}

pub fn pcap_header(order: Order, magic: u32, linktype: u32) -> Vec<u8> {
    let version = [order.u16(2), order.u16(4)].concat();
    [order.words(&[magic]), version, order.words(&[0, 0, 262_144, linktype])].concat()
}

pub fn pcap_record(order: Order, seconds: u32, fraction: u32, wire_len: u32, data: &[u8]) -> Vec<u8> {
    [order.words(&[seconds, fraction, data.len() as u32, wire_len]), data.to_vec()].concat()
}

/// A pcap file in nanoseconds, its frames a millisecond apart.
pub fn pcap(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = pcap_header(Little, 0xA1B2_3C4D, 1);
    for (number, frame) in frames.iter().enumerate() {
        let at = START + number as u64 * 1_000_000;
        let (seconds, fraction) = ((at / SECOND) as u32, (at % SECOND) as u32);
        file.extend(pcap_record(Little, seconds, fraction, frame.len() as u32, frame));
    }
    file
}

pub fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let length = order.u32(body.len() as u32 + 12);
    [&order.u32(kind)[..], &length, &body, &length].concat()
}

/// A section header of unstated length.
pub fn section(order: Order) -> Vec<u8> {
    let body = [&order.u32(0x1A2B_3C4D)[..], &order.u16(1), &order.u16(0), &order.i64(-1)].concat();
    block(order, 0x0A0D_0D0A, &body)
}

pub fn option(order: Order, code: u16, value: &[u8]) -> Vec<u8> {
    let mut padded = value.to_vec();
    padded.resize(value.len().next_multiple_of(4), 0);
    [&order.u16(code)[..], &order.u16(value.len() as u16), &padded].concat()
}

/// An interface description.
pub fn described(order: Order, linktype: u16, snaplen: u32, options: &[u8]) -> Vec<u8> {
    block(order, 1, &[&order.u16(linktype)[..], &order.u16(0), &order.u32(snaplen), options].concat())
}

/// An enhanced packet block.
pub fn enhanced(order: Order, interface: u32, ticks: u64, data: &[u8], options: &[u8]) -> Vec<u8> {
    let length = data.len() as u32;
    let mut body = order.words(&[interface, (ticks >> 32) as u32, ticks as u32, length, length]);
    body.extend_from_slice(data);
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend_from_slice(options);
    block(order, 6, &body)
}

/// A pcapng file in microseconds, its frames a millisecond apart.
pub fn pcapng(frames: &[Vec<u8>]) -> Vec<u8> {
    let mut file = [section(Little), described(Little, 1, 0, &[])].concat();
    for (number, frame) in frames.iter().enumerate() {
        file.extend(enhanced(Little, 0, START / 1000 + number as u64 * 1000, frame, &[]));
    }
    file
}

pub fn gzip(data: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(data).unwrap();
    packed.finish().unwrap()
}

/// Packs into one frame, the content's size told in it.
pub fn zstd(data: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(zstd_safe::compress_bound(data.len()));
    zstd_safe::compress(&mut packed, data, 3).unwrap();
    packed
}

/// A folder of a test's own, empty.
pub fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("source").join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Writes a file.
pub fn file(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

pub fn open(paths: &[PathBuf], filter: Option<Filter>) -> Result<Files, Vec<String>> {
    Files::open(paths, filter, Arc::new(AtomicBool::new(false)))
}

pub fn open_one(path: &Path) -> Result<Files, Vec<String>> {
    open(&[path.to_owned()], None)
}

/// Reads a source to its end, `limit` frames at a time.
pub fn drain(source: &mut impl Source, limit: usize) -> Vec<Read> {
    let mut frames = Vec::new();
    let mut block = Block::default();
    loop {
        block.clear();
        let filled = source.fill(&mut block, limit);
        assert!(block.records.len() <= limit);
        frames.extend(block.records.iter().map(|record| {
            let frame = block.frame(record);
            assert_eq!(frame.data.len(), record.captured as usize);
            let (ts_ns, linktype, wire_len, interface) = (frame.ts_ns, frame.linktype, frame.wire_len, frame.interface);
            Read { ts_ns, linktype, wire_len, interface, data: frame.data.to_vec() }
        }));
        if filled == Filled::End {
            return frames;
        }
    }
}

/// Reads files: their frames, and what was wrong with them.
pub fn read(paths: &[PathBuf]) -> (Vec<Read>, Vec<String>) {
    let mut files = open(paths, None).unwrap();
    let frames = drain(&mut files, 1000);
    (frames, files.faults())
}

/// Reads bytes as a file: the frames, and what was wrong without the path.
pub fn read_bytes(folder: &Path, content: &[u8]) -> (Vec<Read>, Vec<String>) {
    let path = file(folder, "x.cap", content);
    let start = format!("{}: ", path.display());
    let (frames, faults) = read(&[path]);
    (frames, faults.iter().map(|fault| fault.strip_prefix(&start).unwrap().to_owned()).collect())
}

/// The sentence with which bytes are refused before anything is read, without the path.
pub fn refused(folder: &Path, content: &[u8]) -> String {
    let path = file(folder, "x.cap", content);
    let faults = open_one(&path).err().unwrap();
    assert_eq!(faults.len(), 1);
    faults[0].strip_prefix(&format!("{}: ", path.display())).unwrap().to_owned()
}
