//! What the kernel leaves out is what the decoder finds domestic: over real captures, and damaged ones.
//! `cargo test --test triage_corpus -- --ignored` as root; the corpus is where `CROSSBORDER_CORPUS` says.
#![allow(unsafe_code, clippy::unwrap_used, clippy::indexing_slicing)]

mod judged;

use std::fs;
use std::path::{Path, PathBuf};

use dataplane::capture::triage::Generation;
use dataplane::capture::verdict::Scene;
use dataplane::decode::{Decoded, Fit, decode};
use dataplane::home::Home;
use dataplane::model::{Frame, Scope, proto};
use judged::{network, verdict};

const LARGEST: usize = 3000; // a tested packet must fit into a page
const DAMAGED: usize = 6; // copies of each frame, each with a few bytes changed

/// The frames of every Ethernet capture in pcap format below a folder.
fn frames(folder: &Path) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            match path.is_dir() {
                true => folders.push(path),
                false => frames.extend(read(&fs::read(path).unwrap())),
            }
        }
    }
    frames
}

/// The frames of a pcap file of this machine's byte order; of another file none.
fn read(file: &[u8]) -> Vec<Vec<u8>> {
    let number = |at: usize| file.get(at..at + 4).map(|four| u32::from_le_bytes(four.try_into().unwrap()));
    let (mut frames, mut at) = (Vec::new(), 24);
    if ![Some(0xA1B2_C3D4), Some(0xA1B2_3C4D)].contains(&number(0)) || number(20) != Some(1) {
        return frames;
    }
    while let Some(frame) = number(at + 8).and_then(|size| file.get(at + 16..at + 16 + size as usize)) {
        at += 16 + frame.len();
        if (14..LARGEST).contains(&frame.len()) {
            frames.push(frame.to_vec());
        }
    }
    frames
}

/// A few numbers that look like chance, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    /// A frame with some bytes of its headers changed, and perhaps its end cut off.
    fn damaged(&mut self, frame: &[u8]) -> Vec<u8> {
        let mut frame = frame.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(frame.len().min(64));
            frame[at] = if self.below(2) == 0 { self.below(256) as u8 } else { frame[at] ^ 1 << self.below(8) };
        }
        frame.truncate(if self.below(4) == 0 { 14 + self.below(frame.len() - 13) } else { frame.len() });
        frame
    }
}

/// What the engine would count of a frame as domestic, if it would do nothing else with it: its IP bytes.
fn only_counted(frame: &[u8], home: &Home) -> Option<u64> {
    let (linktype, wire_len) = (1, frame.len() as u32);
    match decode(&Frame { ts_ns: 0, linktype, wire_len, interface: 0, data: frame }, home, Fit::Whole) {
        Decoded::Packet(packet) => {
            let overheard = packet.proto == proto::UDP && packet.sport == 53;
            let plain = packet.tunnel.is_empty() && packet.carries.is_none() && !overheard;
            (plain && home.scope(&packet) == Scope::Domestic).then_some(u64::from(packet.ip_bytes))
        }
        _ => None,
    }
}

#[test]
#[ignore = "needs root and the corpus"]
fn the_kernel_leaves_out_what_the_engine_would_only_count() {
    let folder = std::env::var("CROSSBORDER_CORPUS").unwrap();
    let whole = frames(Path::new(&folder));
    assert!(whole.len() > 10_000);
    let worlds = [
        &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"] as &[&str],
        &["0.0.0.0/0", "::/0"],
        &["0.0.0.0/2", "128.0.0.0/3", "192.168.1.0/25", "2000::/4", "fe80::1/128"],
    ];
    for networks in worlds {
        let nat64 = vec![[0x20, 1, 0xD, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0]];
        let home = Home::new(&networks.iter().map(|text| network(text)).collect::<Vec<_>>(), nat64);
        let scene = Scene { ethernet: true, loopback: false, snaplen: 65_535 };
        let generation = Generation::new(scene, &home).unwrap();
        let (mut chance, mut only, mut left_out, mut ip_bytes) = (Chance(7), 0u64, 0u64, 0);
        let mut judge = |frame: &[u8]| {
            let expected = only_counted(frame, &home);
            only += u64::from(expected.is_some());
            if verdict(&generation, frame) == 0 {
                left_out += 1;
                assert!(expected.is_some(), "left out, though not domestic: {frame:02x?}");
                ip_bytes += expected.unwrap_or_default();
            }
        };
        for frame in &whole {
            judge(frame);
            (0..DAMAGED).for_each(|_| judge(&chance.damaged(frame)));
        }
        let counted = generation.domestic();
        assert_eq!((counted.packets, counted.ip_bytes), (left_out, ip_bytes));
        println!("home {networks:?}: {left_out} left out of {only} domestic, of {}", whole.len() * (1 + DAMAGED));
        assert!(left_out * 10 > only * 8, "the kernel leaves out too little: {left_out} of {only}");
    }
}
