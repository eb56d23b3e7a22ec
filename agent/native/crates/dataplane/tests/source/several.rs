//! Several files, windows and filters.

use std::path::PathBuf;

use dataplane::filter::{Filter, Instruction};
use dataplane::source::{Block, Filled, Pushed, Source};

use crate::captures::*;

fn frames(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| vec![number as u8; number * 37 % 1500]).collect()
}

#[test]
fn files_follow_each_other() {
    let folder = folder("follow");
    let paths = ["b.pcap", "a.pcapng"]
        .map(|name| file(&folder, name, &if name.ends_with("ng") { pcapng(&frames(2)) } else { pcap(&frames(3)) }));
    let mut files = open(&paths, None).unwrap();
    let interfaces: Vec<u16> = drain(&mut files, 1000).iter().map(|frame| frame.interface).collect();
    let size = paths.iter().map(|path| path.metadata().unwrap().len()).sum();

    assert_eq!(interfaces, [0, 0, 0, 1, 1]);
    assert_eq!(files.progress(), (size, size));
}

#[test]
fn every_bad_file_is_told_at_once() {
    let folder = folder("bad");
    let (inner, missing) = (folder.join("folder"), folder.join("missing.pcap"));
    let fine = file(&folder, "fine.pcap", &pcap(&frames(1)));
    let under = fine.join("x.pcap");
    std::fs::create_dir(&inner).unwrap();
    let paths = [inner, fine, missing, under];
    let told = open(&paths, None).err().unwrap();
    let say = |path: &PathBuf, what: &str| format!("{}: {what}", path.display());

    assert_eq!(
        told,
        [
            say(&paths[0], "is a directory, not a capture file"),
            say(&paths[2], "no such file"),
            say(&paths[3], "cannot be read: Not a directory"),
        ]
    );
}

#[test]
fn a_file_that_may_not_be_read_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let path = file(&folder("permission"), "x.pcap", &pcap(&frames(1)));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o0)).unwrap();
    if std::fs::File::open(&path).is_ok() {
        return; // root may read everything
    }
    assert_eq!(open_one(&path).err().unwrap(), [format!("{}: no permission to read it", path.display())]);
}

#[test]
fn a_broken_file_does_not_keep_the_next_from_being_read() {
    let folder = folder("broken");
    let cut = file(&folder, "cut.pcap", &pcap(&frames(3))[..24 + 16 * 3 + 37 + 73]);
    let gone = file(&folder, "gone.pcap", &pcap(&frames(3)));
    let whole = file(&folder, "whole.pcap", &pcap(&frames(3)));
    let mut files = open(&[cut.clone(), gone.clone(), whole], None).unwrap();
    std::fs::remove_file(&gone).unwrap();
    let interfaces: Vec<u16> = drain(&mut files, 1000).iter().map(|frame| frame.interface).collect();
    let said = "ends in the middle of packet 3 (byte 109): 74 bytes expected, 73 there";

    assert_eq!(interfaces, [0, 0, 2, 2, 2]);
    assert_eq!(files.faults(), [format!("{}: {said}", cut.display()), format!("{}: no such file", gone.display())]);
    assert!(files.faults().is_empty());
}

#[test]
fn many_frames_in_blocks_of_any_size() {
    let frames = frames(3000);
    let paths = [
        file(&folder("windows"), "x.pcap", &pcap(&frames)),
        file(&folder("windows2"), "y.pcap", &gzip(&pcapng(&frames))),
    ];
    for limit in [1, 7, 100, 1000, usize::MAX] {
        let mut files = open(&paths, None).unwrap();
        let read = drain(&mut files, limit);

        assert_eq!(read.len(), 6000);
        for (number, frame) in read.iter().enumerate() {
            let number = number % 3000;
            assert!(frame.data == frames[number]);
            assert_eq!(frame.ts_ns, (START + number as u64 * 1_000_000) as i64);
        }
        assert!(files.faults().is_empty());
    }
}

#[test]
fn what_does_not_pass_the_filter_was_never_received() {
    let path = file(&folder("filter"), "x.pcap", &pcap(&frames(10)));
    let insn = |code, jt, jf, k| Instruction { code, jt, jf, k };
    let longer = vec![insn(0x80, 0, 0, 0), insn(0x25, 0, 1, 200), insn(0x06, 0, 0, 1), insn(0x06, 0, 0, 0)];
    let mut files = open(&[path], Some(Filter::new([(1, Ok(longer))]).unwrap())).unwrap();
    let lengths: Vec<usize> = drain(&mut files, 2).iter().map(|frame| frame.data.len()).collect();

    assert_eq!(lengths, [222, 259, 296, 333]);
}

#[test]
fn a_filter_that_makes_no_sense_ends_the_file() {
    let folder = folder("sense");
    let tunnel = [section(Little), described(Little, 1, 0, &[]), described(Little, 101, 0, &[])].concat();
    let packets = [0, 1, 0].map(|interface| enhanced(Little, interface, 5, b"data", &[])).concat();
    let paths = [file(&folder, "x.pcapng", &[tunnel, packets].concat()), file(&folder, "y.pcap", &pcap(&frames(1)))];
    let all = vec![Instruction { code: 0x06, jt: 0, jf: 0, k: 1 }];
    let programs = [(1, Ok(all)), (101, Err("filter 'ether host …' does not compile".to_owned()))];
    let mut files = open(&paths, Some(Filter::new(programs).unwrap())).unwrap();
    let interfaces: Vec<u16> = drain(&mut files, 1000).iter().map(|frame| frame.interface).collect();

    assert_eq!(interfaces, [0, 1]);
    assert_eq!(files.faults(), ["filter 'ether host …' does not compile"]);
}

#[test]
fn frames_pushed_by_hand() {
    let source = Pushed::default();
    let mut reader = source.clone();
    for (number, frame) in frames(2500).iter().enumerate() {
        assert!(source.push(frame, number as i64, 113, if number == 3 { 1500 } else { 0 }));
    }
    let mut block = Block::default();
    assert_eq!(reader.fill(&mut block, 10), Filled::More);
    assert_eq!(block.records.len(), 10);
    assert_eq!((block.records[3].wire_len, block.records[4].wire_len), (1500, 4 * 37));
    assert_eq!(block.frame(&block.records[9]).data, frames(10)[9]);
    source.end();
    let rest = drain(&mut reader, 1000);

    assert_eq!(rest.len(), 2490);
    assert!(!source.push(&[1], 0, 1, 0), "after the end");
    assert!(rest.iter().zip(&frames(2500)[10..]).all(|(read, frame)| read.data == *frame && read.linktype == 113));
    assert_eq!(reader.faults(), Vec::<String>::new());
}

#[test]
fn there_is_only_so_much_room_for_pushed_frames() {
    let source = Pushed::default();
    let large = vec![0; 1 << 24];
    let taken = (0..100).take_while(|_| source.push(&large, 0, 1, 0)).count();
    assert_eq!(taken, 16);
    let mut block = Block::default();
    assert_eq!(source.clone().fill(&mut block, 4), Filled::More);

    assert_eq!(block.records.len(), 4);
    assert!(source.push(&large, 0, 1, 0));
}
