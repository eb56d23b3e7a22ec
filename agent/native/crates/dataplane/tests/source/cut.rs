//! Files that are cut or damaged: everything before is read, and one sentence says where and why.

use proptest::prelude::*;

use crate::captures::*;

fn frames() -> Vec<Vec<u8>> {
    vec![b"the first".to_vec(), vec![], b"the third is longer".to_vec()]
}

/// The parts of a record that must be there: where the next begins, and every beginning before it.
fn parts(form: fn(&[Vec<u8>]) -> Vec<u8>, frame: &[u8]) -> Vec<usize> {
    if form(&[]).len() == 24 {
        return vec![16, frame.len()];
    }
    vec![4, 4, 20 + frame.len().next_multiple_of(4), 4]
}

/// What a file cut here says of the record that begins at `start`; None: it says nothing.
fn sentence(cut: usize, start: usize, parts: &[usize], number: usize) -> Option<String> {
    let mut from = start;
    for wanted in parts {
        if cut < from + wanted && cut > start {
            let there = cut - from;
            let place = format!("packet {number} (byte {from})");
            return Some(format!("ends in the middle of {place}: {wanted} bytes expected, {there} there"));
        }
        from += wanted;
    }
    None
}

fn check_cut(folder: &std::path::Path, form: fn(&[Vec<u8>]) -> Vec<u8>, frames: &[Vec<u8>], cut: usize) {
    let whole = form(frames);
    let starts: Vec<usize> = (0..=frames.len()).map(|count| form(&frames[..count]).len()).collect();
    let header = if starts[0] == 24 { 24 } else { section(Little).len() };
    if cut < header {
        let said = refused(folder, &whole[..cut]);
        let expected = match cut {
            0 => "is empty, not a capture file",
            1..4 => "is not a pcap or pcapng capture: it begins with ",
            _ => "ends or is damaged inside its file header",
        };
        assert!(said.starts_with(expected), "{said}");
        return;
    }
    let readable = starts[1..].iter().filter(|end| cut >= **end).count();
    let (read, faults) = read_bytes(folder, &whole[..cut]);
    let data: Vec<Vec<u8>> = read.into_iter().map(|frame| frame.data).collect();

    assert_eq!(data, frames[..readable]);
    let expected = match frames.get(readable) {
        _ if cut < starts[0] => sentence(cut, header, &[4, 4, 8, 4], 1),
        Some(frame) => sentence(cut, starts[readable], &parts(form, frame), readable + 1),
        None => None,
    };
    assert_eq!(faults, expected.into_iter().collect::<Vec<_>>(), "cut at {cut}");
}

#[test]
fn a_file_cut_anywhere_loses_nothing_before() {
    let folder = folder("cut");
    for form in [pcap, pcapng] {
        for cut in 0..=form(&frames()).len() {
            check_cut(&folder, form, &frames(), cut);
        }
    }
}

#[test]
fn the_sentence_of_a_cut_tells_where() {
    let folder = folder("where");
    let path = file(&folder, "x.pcap", &pcap(&frames())[..24 + 16 + 9 + 16 + 16 + 7]);
    let said = format!("{}: ends in the middle of packet 3 (byte 81): 19 bytes expected, 7 there", path.display());

    assert_eq!(read(&[path]).1, [said]);
}

#[test]
fn a_record_that_claims_too_much() {
    let folder = folder("claims");
    let whole = pcap(&frames()[..1]);
    for (claimed, there) in [(1 << 30, 60), (300_000, 300_000), (262_145, 0), (u32::MAX, 5)] {
        let record = [Little.words(&[1, 0, claimed, 60]), vec![0; there]].concat();
        let (read, faults) = read_bytes(&folder, &[whole.clone(), record].concat());

        assert_eq!(read.len(), 1);
        assert_eq!(faults, [format!("is damaged in packet 2 (byte {}): it claims {claimed} bytes", whole.len())]);
    }
}

#[test]
fn a_damaged_block_is_told() {
    let folder = folder("block");
    let whole = pcapng(&frames()[..1]);
    let contradiction = |size: usize| {
        let place = whole.len() + size;
        format!("is damaged after packet 1 (byte {place}): a block contradicts itself")
    };
    let claims = |size: u32| format!("is damaged in packet 2 (byte {}): it claims {size} bytes", whole.len());
    let section_of = |length: u32, rest: &[u8]| [&Little.words(&[0x0A0D_0D0A, length])[..], rest].concat();
    let magic = Little.u32(0x1A2B_3C4D);
    let major = [&magic[..], &Little.u16(2)].concat();
    let sound = [&magic[..], &Little.u16(1), &[0; 10]].concat();
    let packet = |options: Vec<u8>| enhanced(Little, 0, 0, b"four", &options);
    let cases = [
        (enhanced(Little, 7, 0, b"unknown interface", &[]), contradiction(52)),
        (Little.words(&[6, 8]), contradiction(8)),
        (Little.words(&[6, 12, 13]), contradiction(12)),
        (block(Little, 6, b"short"), contradiction(20)),
        (block(Little, 2, &[0; 16]), contradiction(28)),
        (block(Little, 1, &[0; 4]), contradiction(16)),
        (block(Little, 3, &[]), contradiction(12)),
        (block(Little, 10, &Little.words(&[1, 4])), contradiction(20)),
        (block(Little, 10, &[0; 4]), contradiction(16)),
        (block(Little, 0x8000_0001, &[]), contradiction(12)),
        (packet(option(Little, 2, b"abc")), contradiction(44)),
        (packet(option(Little, 0x8001, b"")), contradiction(40)),
        (packet(option(Little, 0x8003, b"abcde")), contradiction(48)),
        (Little.words(&[6, 0xFFFF_FFF0]), claims(0xFFFF_FFE4)),
        (Little.words(&[6, (1 << 24) + 16]), claims((1 << 24) + 4)),
        (Little.words(&[0x0A0D_0D0A, 28, 0xDEAD_BEEF, 0]), contradiction(12)),
        (section_of(24, &sound), contradiction(12)),
        (section_of(28, &major), contradiction(14)),
        (section_of(28, &[&sound[..], &[0; 4]].concat()), contradiction(28)),
        (section_of((1 << 24) + 32, &sound), claims((1 << 24) + 4)),
    ];
    for (damage, expected) in cases {
        let (read, faults) = read_bytes(&folder, &[whole.clone(), damage.clone()].concat());

        assert_eq!((read.len(), faults), (1, vec![expected]), "{damage:x?}");
    }
}

#[test]
fn a_simple_packet_before_any_interface_is_told() {
    let (read, faults) = read_bytes(&folder("early"), &[section(Little), block(Little, 3, &[0; 4])].concat());

    assert!(read.is_empty());
    assert_eq!(faults, ["is damaged after packet 0 (byte 44): a block contradicts itself"]);
}

#[test]
fn a_file_cut_in_a_later_section_header() {
    let first = pcapng(&frames()[..1]);
    let second = [Little.words(&[0x0A0D_0D0A, 36]), section(Little)[8..24].to_vec(), b"abc".to_vec()].concat();
    let (read, faults) = read_bytes(&folder("later"), &[first.clone(), second].concat());
    let place = first.len() + 24;

    assert_eq!(read.len(), 1);
    assert_eq!(faults, [format!("ends in the middle of packet 2 (byte {place}): 8 bytes expected, 3 there")]);
}

#[test]
fn what_is_no_capture_is_refused_before_anything_runs() {
    let folder = folder("refused");
    let cases: [(&[u8], &str); 9] = [
        (b"", "is empty, not a capture file"),
        (b"PK\x03\x04 a zip file", "is not a pcap or pcapng capture: it begins with 50 4b 03 04"),
        (b"\n\r", "is not a pcap or pcapng capture: it begins with 0a 0d"),
        (&pcap(&[])[..20], "ends or is damaged inside its file header"),
        (&section(Little)[..23], "ends or is damaged inside its file header"),
        (&gzip(b"not a capture"), "is not a pcap or pcapng capture: it begins with 6e 6f 74 20"),
        (&gzip(b""), "is empty, not a capture file"),
        (&zstd(&[0; 99])[..8], "the zstd data ends early"),
        (&gzip(&gzip(b"twice")), "is not a pcap or pcapng capture: it begins with 1f 8b 08 00"),
    ];
    for (content, expected) in cases {
        assert_eq!(refused(&folder, content), expected);
    }
}

fn some_frames() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..5)
}

fn form() -> impl Strategy<Value = fn(&[Vec<u8>]) -> Vec<u8>> {
    prop_oneof![Just(pcap as fn(&[Vec<u8>]) -> Vec<u8>), Just(pcapng as fn(&[Vec<u8>]) -> Vec<u8>)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_file_cut_anywhere(frames in some_frames(), form in form(), cut in any::<prop::sample::Index>()) {
        let length = form(&frames).len();
        check_cut(&folder("any_cut"), form, &frames, cut.index(length + 1));
    }

    #[test]
    fn hostile_files_end_in_a_sentence(
        frames in some_frames(),
        form in form(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        packing in 0..3,
    ) {
        let mut content = form(&frames);
        for (at, value) in changes {
            let at = at.index(content.len());
            content[at] = value;
        }
        let content = [content.clone(), gzip(&content), zstd(&content)][packing as usize].clone();
        let path = file(&folder("hostile"), "x.cap", &content);
        let told = match open_one(&path) {
            Ok(mut files) => {
                drain(&mut files, 2);
                dataplane::source::Source::faults(&mut files)
            }
            Err(refusals) => refusals,
        };
        prop_assert!(told.len() <= 1 && told.iter().all(|said| said.starts_with(&path.display().to_string())));
    }

    #[test]
    fn any_bytes_end(
        magic in prop::sample::select(vec![&[0xD4, 0xC3, 0xB2, 0xA1][..], &[0x0A, 0x0D, 0x0D, 0x0A], &[0x1F, 0x8B, 8, 0],
            &[0x28, 0xB5, 0x2F, 0xFD], &[0x50, 0x2A, 0x4D, 0x18], &[]]),
        bytes in prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(0x1C), any::<u8>()], 0..300),
    ) {
        let path = file(&folder("any_bytes"), "x.cap", &[magic, &bytes].concat());
        if let Ok(mut files) = open(&[path], None) {
            drain(&mut files, 3);
        }
    }
}
