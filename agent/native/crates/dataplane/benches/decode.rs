//! How long it takes to read a frame, by what the frame is.

#![allow(clippy::indexing_slicing)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use dataplane::decode::fragments::Fragments;
use dataplane::decode::{Decoded, Fit, decode};
use dataplane::home::Home;
use dataplane::model::{Address, Frame};

criterion_group!(benches, frames);
criterion_main!(benches);

fn frames(criterion: &mut Criterion) {
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
        criterion.bench_function(&format!("decode: {name}"), |bench| {
            let mut fragments = Fragments::default();
            let frame = Frame { ts_ns: 1, linktype: 1, wire_len: frame.len() as u32, interface: 0, data: &frame };
            bench.iter(|| match decode(black_box(&frame), &home, Fit::Whole) {
                Decoded::Fragment => fragments.decode(&frame, &home, Fit::Whole),
                decoded => decoded,
            });
        });
    }
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
