//! How long it takes to read a frame: nanoseconds a packet, by what the frame is.

#![allow(clippy::indexing_slicing)]

use std::hint::black_box;
use std::time::Instant;

use dataplane::decode::fragments::Fragments;
use dataplane::decode::{Decoded, Fit, decode};
use dataplane::home::Home;
use dataplane::model::{Address, Frame};

/// Short tries and many of them, so that the least is one that nothing else on the machine came into.
const ROUNDS: u32 = 1_000;
const TRIES: u32 = 5_000;

fn main() {
    let home = Home::new(&[(*Address::v4([10, 0, 0, 0]).key(), *Address::v4([10, 255, 255, 255]).key())], Vec::new());
    let tcp = ipv4(6, &tcp(&[0; 100]));
    let vxlan = udp(4789, &[&[8, 0, 0, 0, 0, 0, 7, 0][..], &ethernet(0x0800, &tcp)].concat());
    let mut piece = ipv4(17, &udp(53, &[0; 512]));
    piece[6] = 0x20;
    for (name, frame) in [
        ("ipv4 tcp", ethernet(0x0800, &tcp)),
        ("ipv4 udp", ethernet(0x0800, &ipv4(17, &udp(53, &[0; 100])))),
        ("ipv6 udp", ethernet(0x86DD, &ipv6(17, &udp(53, &[0; 100])))),
        ("vlan, ipv4 tcp", ethernet(0x8100, &[&[0, 5, 8, 0][..], &tcp].concat())),
        ("gre, ipv4 tcp", ethernet(0x0800, &ipv4(47, &[&[0, 0, 8, 0][..], &tcp].concat()))),
        ("vxlan, ethernet, ipv4 tcp", ethernet(0x0800, &ipv4(17, &vxlan))),
        ("first fragment", ethernet(0x0800, &piece)),
        ("arp", ethernet(0x0806, &[0; 28])),
    ] {
        println!("{name:28} {:6.1} ns", measure(&frame, &home));
    }
}

/// Nanoseconds to read a frame, the least of several tries.
fn measure(data: &[u8], home: &Home) -> f64 {
    let frame = Frame { ts_ns: 1, linktype: 1, wire_len: data.len() as u32, interface: 0, data };
    let mut fragments = Fragments::default();
    let mut once = || {
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            if let Decoded::Fragment = black_box(decode(black_box(&frame), home, Fit::Whole)) {
                black_box(fragments.decode(&frame, home, Fit::Whole));
            }
        }
        begun.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
    };
    (0..TRIES).map(|_| once()).fold(f64::INFINITY, f64::min)
}

fn ethernet(ethertype: u16, body: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1][..], &ethertype.to_be_bytes(), body].concat()
}

fn ipv4(proto: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = (20 + body.len() as u16).to_be_bytes();
    let head = [0x45, 0, high, low, 0, 1, 0, 0, 64, proto, 0, 0, 10, 1, 0, 5, 203, 0, 113, 9];
    [&head[..], body].concat()
}

fn ipv6(proto: u8, body: &[u8]) -> Vec<u8> {
    let [high, low] = (body.len() as u16).to_be_bytes();
    let mut head = [0; 40];
    head[..8].copy_from_slice(&[0x60, 0, 0, 0, high, low, proto, 64]);
    (head[8], head[24]) = (0x20, 0x20);
    [&head[..], body].concat()
}

fn udp(dport: u16, body: &[u8]) -> Vec<u8> {
    let [high, low] = dport.to_be_bytes();
    let [l0, l1] = (8 + body.len() as u16).to_be_bytes();
    [&[0xC0, 0, high, low, l0, l1, 0, 0][..], body].concat()
}

fn tcp(body: &[u8]) -> Vec<u8> {
    [&[0xC0, 0, 1, 0xBB, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 0, 0, 0, 0, 0, 0][..], body].concat()
}
