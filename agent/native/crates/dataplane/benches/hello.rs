//! How long a browser's hello takes, in TLS and in QUIC.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../tests/hellos/mod.rs"]
mod hellos;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use dataplane::apps::ja4::{Transport, ja4};
use dataplane::apps::quic::{Side, V1, initial_keys};
use dataplane::apps::quictalk::QuicTalk;
use dataplane::apps::talk::Talk;
use dataplane::apps::tls::parse_client_hello;
use dataplane::apps::tlstalk::TlsTalk;
use hellos::{Event, MADE, alpn, block16, crypto, extension, hello_body, initial, message, play, record, server_name};

criterion_group!(benches, parts);
criterion_main!(benches);

/// A hello as browsers say it: sixteen ciphers, seventeen extensions, GREASE here and there.
fn browsers_hello() -> Vec<u8> {
    let ciphers = [
        0xAAAA, 0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x9C, 0x9D,
        0x2F, 0x35,
    ];
    let algorithms: Vec<u8> =
        [0x403_u16, 0x804, 0x401, 0x503, 0x805, 0x501, 0x806, 0x601].into_iter().flat_map(u16::to_be_bytes).collect();
    let kinds = [0x1B_u16, 0x4469, 0x17, 0x2D, 0x05, 0x23, 0x12, 0xFF01, 0x0B, 0x0A];
    let mut extensions = vec![extension(0x3A3A, b""), server_name(b"edge.microservices.example.com"), alpn(b"h2")];
    extensions.extend(kinds.map(|kind| extension(kind, &[0; 6])));
    extensions.extend([extension(13, &block16(&algorithms)), extension(43, b"\x06\x6a\x6a\x03\x04\x03\x03")]);
    extensions.extend([extension(51, &[0; 41]), extension(21, &[0; 180])]);
    hello_body(&extensions, &ciphers, 0x0303)
}

fn parts(criterion: &mut Criterion) {
    let body = browsers_hello();
    let handshake = message(1, &body);
    let stream = record(22, &handshake);
    let datagram = initial(&[crypto(&handshake, 0, 9999), vec![0; 600]].concat(), MADE);
    let scattered: Vec<u8> = (0..9).rev().flat_map(|at| crypto(&handshake, at * 60, at * 60 + 60)).collect();
    let scattered = initial(&[scattered, vec![0; 600]].concat(), MADE);
    let parsed = parse_client_hello(&body, false).unwrap();
    let hear = |mut talk: Box<dyn Talk>, data: &[u8]| play(&mut *talk, [Event::Data(true, data)]);
    let (tls, quic) = (|| Box::<TlsTalk>::default(), || Box::<QuicTalk>::default());

    criterion.bench_function("hello: client hello", |bench| bench.iter(|| parse_client_hello(black_box(&body), false)));
    criterion.bench_function("hello: JA4", |bench| bench.iter(|| ja4(black_box(&parsed), Transport::Tcp)));
    criterion.bench_function("hello: hello over TLS into names", |bench| bench.iter(|| hear(tls(), &stream)));
    criterion.bench_function("hello: QUIC keys", |bench| {
        bench.iter(|| initial_keys(V1, black_box(b"8394c8f0"), Side::Client))
    });
    criterion.bench_function("hello: hello over QUIC into names", |bench| bench.iter(|| hear(quic(), &datagram)));
    criterion.bench_function("hello: the same in nine frames", |bench| bench.iter(|| hear(quic(), &scattered)));
}
