//! Filters decide as libpcap's own interpreter does: programs of its compiler and its decisions, written down.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use dataplane::filter::{ANY_OTHER, Filter, Instruction};
use dataplane::model::Frame;
use hex_literal::hex;
use proptest::prelude::*;

const ETHERNET: u32 = 1;

const FRAMES: [&[u8]; 8] = [
    &hex!(
        "0200000000020200000000010800450000280001000040068e93c0000201c63364079c4001bb00000000000000005002"
        "200005ab0000"
    ), // tcp syn
    &hex!(
        "02000000000202000000000108004600003e0001000040068b7bc0000201c6336407010101019c400050000000000000"
        "000050182000284d0000474554202f20485454502f312e310d0a0d0a"
    ), // http
    &hex!(
        "0200000000020200000000010800450000280001000040117c8dc0000201cb00713514e9003500148604303132333435"
        "363738396162"
    ), // dns
    &hex!(
        "02000000000202000000000186dd600000000014114020010db800000000000000000000000120010db8000000000000"
        "00000000005314e9003500142876303132333435363738396162"
    ), // dns6
    &hex!(
        "02000000000202000000000186dd6000000000243c4020010db800000000000000000000000120010db8000000000000"
        "0000000000533c00010400000000060001040000000000010002000000000000000050022000341a0000"
    ), // dest options
    &hex!(
        "020000000002020000000001810000050800450000280001000040068e93c0000201c63364079c4001bb000000000000"
        "00005002200005ab0000"
    ), // vlan
    &hex!("02000000000202000000000108060001080006040001020000000001c0000201000000000000c0000209"), // arp
    &hex!("0200000000020200000000010800450000280001000040068e93c0000201"),                         // cut
];

/// An expression; which of the frames pass; the program for Ethernet, its instructions as `code.jt.jf.k`.
const PROGRAMS: [(&str, &str, &str); 12] = [
    (
        "tcp",
        "xx.....x",
        "28.0.0.c 15.0.2.800 30.0.0.17 15.6.7.6 15.0.6.86dd 30.0.0.14 15.3.0.6 15.0.3.2c 30.0.0.36 15.0.1.6 \
         6.0.0.ffff 6.0.0.0",
    ),
    (
        "udp port 53",
        "..xx....",
        "28.0.0.c 15.0.6.86dd 30.0.0.14 15.0.15.11 28.0.0.36 15.12.0.35 28.0.0.38 15.10.11.35 15.0.10.800 \
         30.0.0.17 15.0.8.11 28.0.0.14 45.6.0.1fff b1.0.0.e 48.0.0.e 15.2.0.35 48.0.0.10 15.0.1.35 6.0.0.ffff \
         6.0.0.0",
    ),
    (
        "tcp port 443",
        "x.......",
        "28.0.0.c 15.0.6.86dd 30.0.0.14 15.0.15.6 28.0.0.36 15.12.0.1bb 28.0.0.38 15.10.11.1bb 15.0.10.800 \
         30.0.0.17 15.0.8.6 28.0.0.14 45.6.0.1fff b1.0.0.e 48.0.0.e 15.2.0.1bb 48.0.0.10 15.0.1.1bb 6.0.0.ffff \
         6.0.0.0",
    ),
    (
        "vlan 5 and tcp",
        ".....x..",
        "28.0.0.c 15.2.0.8100 15.1.0.88a8 15.0.14.9100 28.0.0.e 54.0.0.fff 15.0.11.5 28.0.0.10 15.0.2.800 \
         30.0.0.1b 15.6.7.6 15.0.6.86dd 30.0.0.18 15.3.0.6 15.0.3.2c 30.0.0.3a 15.0.1.6 6.0.0.ffff 6.0.0.0",
    ),
    (
        "ip6 protochain 6",
        "....x...",
        "28.0.0.c 15.0.33.86dd 30.0.0.14 1.0.0.28 15.27.0.6 15.26.0.3b 15.3.0.0 15.2.0.3c 15.1.0.2b 15.0.9.2c \
         50.0.0.e 2.0.0.0 50.0.0.f 4.0.0.1 24.0.0.8 c.0.0.0 7.0.0.0 60.0.0.0 5.0.0.fffffff1 15.0.12.33 87.0.0.0 \
         50.0.0.e 2.0.0.0 87.0.0.0 4.0.0.1 7.0.0.0 50.0.0.e 4.0.0.2 24.0.0.4 7.0.0.0 60.0.0.0 5.0.0.ffffffe4 \
         4.0.0.0 15.0.1.6 6.0.0.ffff 6.0.0.0",
    ),
    (
        "tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420",
        ".x......",
        "28.0.0.c 15.0.13.800 30.0.0.17 15.0.11.6 28.0.0.14 45.9.0.1fff b1.0.0.e 50.0.0.1a 54.0.0.f0 74.0.0.2 \
         c.0.0.0 7.0.0.0 40.0.0.e 15.0.1.47455420 6.0.0.ffff 6.0.0.0",
    ),
    ("ip[2:2] % 7 = 5", "x.x....x", "28.0.0.c 15.0.4.800 28.0.0.10 94.0.0.7 15.0.1.5 6.0.0.ffff 6.0.0.0"),
    ("len > 60", ".x.xx...", "80.0.0.0 25.0.1.3c 6.0.0.ffff 6.0.0.0"),
    (
        "ip[8] - 64 = 0 and -ip[8] < 0xfffffff0",
        "xxx....x",
        "28.0.0.c 15.0.5.800 30.0.0.16 15.0.3.40 84.0.0.0 35.1.0.fffffff0 6.0.0.ffff 6.0.0.0",
    ),
    (
        "net 198.51.100.0/24 and not tcp[tcpflags] & tcp-syn != 0",
        ".x......",
        "28.0.0.c 15.0.13.800 20.0.0.1a 54.0.0.ffffff00 15.3.0.c6336400 20.0.0.1e 54.0.0.ffffff00 \
         15.0.16.c6336400 30.0.0.17 15.0.13.6 28.0.0.14 45.11.0.1fff b1.0.0.e 50.0.0.1b 45.9.8.2 15.1.0.806 \
         15.0.7.8035 20.0.0.1c 54.0.0.ffffff00 15.3.0.c6336400 20.0.0.26 54.0.0.ffffff00 15.0.1.c6336400 \
         6.0.0.ffff 6.0.0.0",
    ),
    (
        "ip[2:2] / (ip[8] - ip[8]) > 1",
        "........",
        "28.0.0.c 15.0.10.800 28.0.0.10 2.0.0.1 30.0.0.16 7.0.0.5 1c.0.0.0 7.0.0.5 60.0.0.1 3c.0.0.0 25.0.1.1 \
         6.0.0.ffff 6.0.0.0",
    ),
    (
        "ip[2:2] * ip[8] ^ ip[9] > 2560 and ip[8] << 2 | 1 = 257",
        "xxx....x",
        "28.0.0.c 15.0.17.800 28.0.0.10 2.0.0.1 30.0.0.16 2.0.0.3 30.0.0.17 7.0.0.5 60.0.0.3 ac.0.0.0 7.0.0.5 \
         60.0.0.1 2c.0.0.0 25.0.5.a00 30.0.0.16 64.0.0.2 44.0.0.1 15.0.1.101 6.0.0.ffff 6.0.0.0",
    ),
];

fn insn(code: u16, jt: u8, jf: u8, k: u32) -> Instruction {
    Instruction { code, jt, jf, k }
}

fn program(text: &str) -> Vec<Instruction> {
    let number = |hex: &str| u32::from_str_radix(hex, 16).unwrap();
    let read = |text: &str| {
        let parts: Vec<&str> = text.split('.').collect();
        insn(number(parts[0]) as u16, parts[1].parse().unwrap(), parts[2].parse().unwrap(), number(parts[3]))
    };
    text.split_whitespace().map(read).collect()
}

fn frame(data: &[u8]) -> Frame<'_> {
    Frame { ts_ns: 0, linktype: ETHERNET, wire_len: data.len() as u32, interface: 0, data }
}

fn filter(program: Vec<Instruction>) -> Result<Filter, String> {
    Filter::new([(ETHERNET, Ok(program))])
}

fn passes(program: Vec<Instruction>, data: &[u8]) -> bool {
    filter(program).unwrap().matches(&frame(data)).unwrap()
}

#[test]
fn programs_decide_as_libpcap_does() {
    for (expression, expected, text) in PROGRAMS {
        let pass = |data: &&[u8]| if passes(program(text), data) { 'x' } else { '.' };

        assert_eq!(FRAMES.iter().map(pass).collect::<String>(), expected, "{expression}");
    }
}

#[test]
fn a_frame_is_as_long_as_it_was_on_the_wire() {
    let longer = filter(program("80.0.0.0 25.0.1.3c 6.0.0.ffff 6.0.0.0")).unwrap();
    let cut = Frame { wire_len: 61, ..frame(&[0; 14]) };

    assert_eq!(longer.matches(&cut), Ok(true));
    assert_eq!(longer.matches(&frame(&[0; 60])), Ok(false));
}

#[test]
fn what_is_not_there_does_not_pass() {
    for (code, size) in [(0x20, 4), (0x28, 2), (0x30, 1)] {
        let load = |k| vec![insn(code, 0, 0, k), insn(0x06, 0, 0, 1)];

        assert!(passes(load(10), &[0; 20][..10 + size]));
        assert!(!passes(load(10), &[0; 20][..9 + size]));
        assert!(!passes(load(0xFFFF_F02C), &[0; 20])); // where Linux keeps a VLAN tag
        assert!(!passes(
            vec![insn(0x01, 0, 0, u32::MAX), insn(code + 0x20, 0, 0, u32::MAX), insn(0x06, 0, 0, 1)],
            &[0; 20]
        ));
    }
}

#[test]
fn a_program_ends_whatever_it_does() {
    assert!(!passes(vec![insn(0x05, 0, 0, u32::MAX), insn(0x06, 0, 0, 1)], &[]));
    assert!(!passes(vec![insn(0x01, 0, 0, 0), insn(0x3C, 0, 0, 0), insn(0x06, 0, 0, 1)], &[]));
    assert!(!passes(vec![insn(0x01, 0, 0, 0), insn(0x9C, 0, 0, 0), insn(0x06, 0, 0, 1)], &[]));
    assert!(!passes(vec![insn(0x00, 0, 0, 1), insn(0x01, 0, 0, 32), insn(0x6C, 0, 0, 0), insn(0x16, 0, 0, 0)], &[]));
}

#[test]
fn what_is_no_program_is_refused() {
    let end = insn(0x06, 0, 0, 0);
    let wrong = [
        vec![],
        vec![insn(0x00, 0, 0, 0)],
        vec![insn(0x15, 0, 1, 0), end],
        vec![insn(0x15, 1, 0, 0), end],
        vec![insn(0x05, 0, 0, 1), end],
        vec![insn(0x05, 0, 0, u32::MAX - 1), end],
        vec![insn(0x34, 0, 0, 0), end],
        vec![insn(0x94, 0, 0, 0), end],
        vec![insn(0x60, 0, 0, 16), end],
        vec![insn(0x02, 0, 0, 16), end],
        vec![insn(0x03, 0, 0, u32::MAX), end],
        vec![insn(0xFFFF, 0, 0, 0), end],
        vec![insn(0x26, 0, 0, 0)],
        vec![insn(0x55, 0, 0, 0), end],
    ];
    for program in wrong {
        assert!(filter(program.clone()).err().unwrap().starts_with("link type 1: "), "{program:?}");
    }
}

#[test]
fn a_link_type_may_have_no_program() {
    let all = || Ok(vec![insn(0x06, 0, 0, 1)]);
    let some = Filter::new([(ETHERNET, all()), (105, Err("no sense".to_owned()))]).unwrap();
    let rest = Filter::new([(ETHERNET, all()), (ANY_OTHER, Err("none of this".to_owned()))]).unwrap();
    let of = |linktype| Frame { linktype, ..frame(&[]) };

    assert_eq!(some.matches(&of(1)), Ok(true));
    assert_eq!(some.matches(&of(105)), Err("no sense"));
    assert_eq!(some.matches(&of(7)), Err("the filter is not compiled for a link type of the capture"));
    assert_eq!(rest.matches(&of(7)), Err("none of this"));
}

proptest! {
    #[test]
    fn any_program_is_refused_or_ends(
        insns in prop::collection::vec((any::<u16>(), any::<u8>(), any::<u8>(), any::<u32>()), 0..30),
        data in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let codes = [0x00, 0x20, 0x28, 0x30, 0x40, 0x50, 0x60, 0x01, 0xB1, 0x02, 0x03, 0x04, 0x1C, 0x3C, 0x84, 0x05, 0x15, 0x2D, 0x45];
        let mut program: Vec<Instruction> = insns
            .into_iter()
            .map(|(code, jt, jf, k)| insn(codes[usize::from(code) % codes.len()], jt % 8, jf % 8, k % 16))
            .collect();
        program.push(insn(0x16, 0, 0, 0));
        if let Ok(filter) = filter(program) {
            prop_assert!(filter.matches(&frame(&data)).is_ok());
        }
    }
}
