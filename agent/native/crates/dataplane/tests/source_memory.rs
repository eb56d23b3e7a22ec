//! A small packed file that unpacks to much is read in little memory. Alone in its process: memory is counted for all.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::{Path, PathBuf};

use dataplane::source::{Block, Files, Filled, Source};
use flate2::Compression;
use flate2::write::GzEncoder;

/// 256 MiB of zeros behind the header: sixteen million frames of no bytes.
const UNPACKED: usize = 1 << 28;
const HEADER: [u8; 24] = [0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0];
static PIECE: [u8; 1 << 17] = [0; 1 << 17];

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn gzip() -> PathBuf {
    let path = path("bomb.gz");
    let mut packed = GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::fast());
    packed.write_all(&HEADER).unwrap();
    for _ in 0..UNPACKED / PIECE.len() {
        packed.write_all(&PIECE).unwrap();
    }
    packed.finish().unwrap();
    path
}

/// Blocks that say: this byte, so many times.
fn zstd() -> PathBuf {
    let header = |kind: u32, size: usize| ((size as u32) << 3 | kind << 1).to_le_bytes();
    let [h0, h1, h2, _] = header(0, HEADER.len());
    let [r0, r1, r2, _] = header(1, PIECE.len());
    let mut packed = vec![0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58, h0, h1, h2];
    packed.extend(HEADER);
    packed.extend([r0, r1, r2, 0].repeat(UNPACKED / PIECE.len()));
    packed.extend([1, 0, 0]);
    let path = path("bomb.zst");
    std::fs::write(&path, packed).unwrap();
    path
}

/// The most memory this process had so far, in KiB.
fn high_water() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_large_packed_file_takes_little_memory() {
    let paths = [gzip(), zstd()];
    let before = high_water();
    let mut files = Files::open(&paths, None, Default::default()).unwrap();
    let (mut block, mut frames) = (Block::default(), 0);
    while files.fill(&mut block, 4096) == Filled::More {
        frames += block.records.len();
        block.clear();
    }

    assert_eq!((frames, files.faults()), (2 * UNPACKED / 16, vec![]));
    assert!(high_water() - before < 16_384, "{} KiB", high_water() - before);
}
