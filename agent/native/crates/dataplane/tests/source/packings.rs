//! Gzip and zstd, by content, whatever the file is called.

use dataplane::source::Source;

use crate::captures::*;

const WORDS: [&str; 2] = ["gzip", "zstd"];

fn pack(word: &str, data: &[u8]) -> Vec<u8> {
    if word == "gzip" { gzip(data) } else { zstd(data) }
}

/// Frames that cannot be packed: numbers in no order.
fn noise(count: usize) -> Vec<Vec<u8>> {
    let mut state = 1_u64;
    let mut byte = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..count).map(|_| (0..1054).map(|_| byte()).collect()).collect()
}

#[test]
fn packed_files_are_unpacked() {
    let folder = folder("packed");
    let frames = noise(150);
    for form in [pcap, pcapng] {
        let data = form(&frames);
        let (first, second) = data.split_at(50);
        let packings = [
            data.clone(),
            gzip(&data),
            [gzip(first), gzip(second), vec![0; 512]].concat(),
            [gzip(first), vec![0; 7], gzip(second)].concat(),
            zstd(&data),
            [zstd(first), zstd(second)].concat(),
            [&b"\x5A\x2A\x4D\x18\x04\0\0\0abcd"[..], &zstd(&data), b"\x50\x2A\x4D\x18\0\0\0\0"].concat(),
        ];
        for content in packings {
            let size = content.len() as u64;
            let path = file(&folder, "capture", &content);
            let mut files = open(&[path], None).unwrap();
            let read: Vec<Vec<u8>> = drain(&mut files, 1000).into_iter().map(|frame| frame.data).collect();

            assert!(read == frames);
            assert_eq!((files.progress(), files.faults()), ((size, size), vec![]));
        }
    }
}

#[test]
fn packed_data_that_ends_early() {
    let folder = folder("early_end");
    let frames = noise(600);
    for word in WORDS {
        let whole = pack(word, &pcap(&frames));
        let (read, faults) = read_bytes(&folder, &whole[..whole.len() / 2]);

        assert!((290..=300).contains(&read.len()), "{word} {}", read.len());
        assert!(read.iter().zip(&frames).all(|(read, frame)| read.data == *frame));
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with(&format!("is damaged in packet {} (byte ", read.len() + 1)));
        assert!(faults[0].ends_with(&format!("): the {word} data ends early")));
    }
}

#[test]
fn what_is_sound_before_damage_is_read() {
    let folder = folder("damage");
    let frames = noise(600);
    let packed = gzip(&pcap(&frames));
    let mut altered = packed.clone();
    let check = packed.len() - 8;
    altered[check] ^= 1;
    let (read, faults) = read_bytes(&folder, &altered);
    let said = "the gzip data is damaged (Error -3 while decompressing data: incorrect data check)";

    assert_eq!(read.len(), 600);
    assert_eq!(faults, [format!("is damaged in packet 601 (byte {}): {said}", pcap(&frames).len())]);

    let block = |kind: u32, body: &[u8]| [&((body.len() as u32) << 3 | kind << 1).to_le_bytes()[..3], body].concat();
    let sound: Vec<u8> = pcap(&frames).chunks(100_000).flat_map(|chunk| block(0, chunk)).collect();
    for damaged in [block(3, b""), block(2, b"no block"), block(1, b"12")[..3].to_vec()] {
        let header = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x58];
        let (read, faults) = read_bytes(&folder, &[&header[..], &sound, &damaged].concat());
        let place = format!("is damaged in packet 601 (byte {}): the zstd data ", pcap(&frames).len());

        assert_eq!((read.len(), faults.len()), (600, 1));
        assert!(faults[0].starts_with(&place), "{faults:?}");
    }
}

#[test]
fn junk_behind_packed_data_is_told() {
    let folder = folder("junk");
    let data = pcap(&noise(2));
    let said = "the gzip data is damaged (Error -3 while decompressing data: incorrect header check)";
    let (read, faults) = read_bytes(&folder, &[gzip(&data), b"junk".to_vec()].concat());

    assert_eq!((read.len(), faults), (2, vec![format!("is damaged in packet 3 (byte {}): {said}", data.len())]));

    let said = "the zstd data is damaged (zstd decompressor error: Unknown frame descriptor)";
    let (read, faults) = read_bytes(&folder, &[zstd(&data), b"more junk".to_vec()].concat());

    assert_eq!((read.len(), faults), (2, vec![format!("is damaged in packet 3 (byte {}): {said}", data.len())]));

    let (read, faults) = read_bytes(&folder, &[gzip(&data), vec![0x1F]].concat());

    let said = "the gzip data ends early";
    assert_eq!((read.len(), faults), (2, vec![format!("is damaged in packet 3 (byte {}): {said}", data.len())]));
}

#[test]
fn a_window_beyond_the_limit_is_refused() {
    let frame = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0xFF, 0, 0, 0, 0, 0, 0];
    let said = "the zstd data is damaged (zstd decompressor error: Frame requires too much memory for decoding)";

    assert_eq!(refused(&folder("window"), &frame), said);
}
