//! QUIC Initial packets: keys, and hellos split, shuffled, coalesced and sent again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod hellos;

use dataplane::apps::quic::{
    DRAFT_29, InitialKeys, Side, V1, V2, crypto_pieces, initial_keys, initials, looks_like_quic, open_initial,
};
use dataplane::apps::quictalk::QuicTalk;
use dataplane::names::{Ech, Source};
use hellos::{DCID, Event, MADE, Made, Told, alpn, crypto, extension, hello, initial, message, play, server_name};
use hex_literal::hex;
use proptest::prelude::*;

fn quic_hello() -> Vec<u8> {
    let extensions =
        [server_name(b"quic.example.com"), alpn(b"h3"), extension(43, b"\x02\x03\x04"), extension(51, &[0; 1200])];
    hello(&extensions)
}

fn learnt(datagrams: &[&[u8]]) -> Told {
    play(&mut QuicTalk::default(), datagrams.iter().map(|datagram| Event::Data(true, datagram))).0
}

/// RFC 9001 A.1 and RFC 9369 A.1.
#[test]
fn keys_of_the_standards() {
    let keys = |version, side| initial_keys(version, &DCID, side).unwrap();
    let expected = [
        (
            V1,
            Side::Client,
            hex!("1f369613dd76d5467730efcbe3b1a22d"),
            hex!("fa044b2f42a3fd3b46fb255c"),
            hex!("9f50449e04a0e810283a1e9933adedd2"),
        ),
        (
            V1,
            Side::Server,
            hex!("cf3a5331653c364c88f0f379b6067e37"),
            hex!("0ac1493ca1905853b0bba03e"),
            hex!("c206b8d9b9f0f37644430b490eeaa314"),
        ),
        (
            V2,
            Side::Client,
            hex!("8b1a0bc121284290a29e0971b5cd045d"),
            hex!("91f73e2351d8fa91660e909f"),
            hex!("45b95e15235d6f45a6b19cbcb0294ba9"),
        ),
    ];
    for (version, side, key, iv, hp) in expected {
        assert_eq!(keys(version, side), InitialKeys { key, iv, hp });
    }
    assert_eq!(initial_keys(0x1A2A_3A4A, &DCID, Side::Client), None);
}

/// RFC 9001 A.2 and RFC 9369 A.2: the client's first Initial, and what it says.
#[test]
fn the_clients_packets_of_the_standards() {
    let hello = hex!(
        "010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c000000010000e
         00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e00050005010000000000330026
         0024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e04030503
         06030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff08011001048000
         75300901100f088394c8f03e51570806048000ffff"
    );
    let mut payload = [&b"\x06\x00\x40\xf1"[..], &hello].concat();
    payload.resize(1162, 0);
    let standards = [
        (
            V1,
            hex!("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11"),
            hex!("e221af44860018ab0856972e194cd934"),
        ),
        (
            V2,
            hex!("d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485"),
            hex!("a18b2faa745b6fe189cf772a9f84cbfc"),
        ),
    ];
    for (version, head, tag) in standards {
        let packet = initial(&payload, Made { number: 2, version, scid: b"", token: b"", ..MADE });
        assert_eq!((packet.len(), &packet[..32], &packet[1184..]), (1200, &head[..], &tag[..]));
        let told = learnt(&[&packet]);
        assert_eq!((told.name(), told.alpn.as_deref()), ("example.com", Some("alpn")));
    }
}

/// RFC 9001 A.3 and RFC 9369 A.3: the server's Initial, with a packet number of two bytes.
#[test]
fn the_servers_packets_of_the_standards() {
    let payload = hex!(
        "02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc79825df566dc5430b9a045a1200130100002e0033
         0024001d00209d3c940d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a002b00020304"
    );
    let packets = [
        hex!(
            "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb38cc5a99f5e
             de4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84022f8ef4cdd93795d77d
             06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee"
        ),
        hex!(
            "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf8726301791535823
             0035f7fd3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2c984c707f0a0812d8cd5
             a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140"
        ),
    ];
    for (version, datagram) in [V1, V2].into_iter().zip(packets) {
        let keys = initial_keys(version, &DCID, Side::Server).unwrap();
        let packet = initials(&datagram).next().unwrap();
        let mut room = Vec::new();
        let opened = open_initial(&packet, &keys, &mut room).unwrap();
        assert_eq!(room[opened], payload);
    }
}

#[test]
fn a_hello_in_one_packet() {
    let hello = quic_hello();
    for version in [V1, V2, DRAFT_29, 0xFF00_0017] {
        let mut told = learnt(&[&initial(&crypto(&hello, 0, 9999), Made { version, ..MADE })]);
        assert!(told.ja4.take().unwrap().starts_with("q13d0104h3_"));
        let expected = Told {
            server: Some(("quic.example.com".to_owned(), Source::Quic)),
            alpn: Some("h3".to_owned()),
            version: Some("1.3".to_owned()),
            ech: Some(Ech::None),
            ..Told::default()
        };
        assert_eq!(told, expected);
    }
}

#[test]
fn a_hello_split_shuffled_and_repeated() {
    let hello = quic_hello();
    let part = |start, stop| crypto(&hello, start, stop);
    let last = initial(&[part(900, 9999), b"\x01".to_vec(), part(300, 400)].concat(), Made { number: 2, ..MADE });
    let middle = initial(&[part(350, 901), vec![0; 50], part(100, 301)].concat(), Made { number: 1, ..MADE });
    let first = initial(&[b"\x02\x05\x00\x00\x00".to_vec(), part(0, 150)].concat(), MADE);

    assert_eq!(learnt(&[&last, &last, &middle, &first]).name(), "quic.example.com");
    assert_eq!(learnt(&[&last, &middle]), Told::default());
}

#[test]
fn packets_coalesced_in_one_datagram() {
    let hello = quic_hello();
    let second = initial(&crypto(&hello, 600, 9999), Made { number: 1, ..MADE });
    let datagram = [initial(&crypto(&hello, 0, 600), MADE), second, vec![0x40; 30]].concat();

    assert_eq!(initials(&datagram).count(), 2);
    assert_eq!(learnt(&[&datagram]).name(), "quic.example.com");
    assert_eq!(initials(&datagram.repeat(1)[..100]).count(), 0); // cut short
}

#[test]
fn the_connection_id_changes_and_the_keys_stay() {
    let hello = quic_hello();
    let second = initial(&crypto(&hello, 600, 9999), Made { number: 1, dcid: b"newid", ..MADE });

    assert_eq!(learnt(&[&initial(&crypto(&hello, 0, 600), MADE), &second]).name(), "quic.example.com");
}

#[test]
fn after_a_retry_the_keys_change_and_the_servers_packets_do_not_disturb() {
    let hello = quic_hello();
    let first = initial(&crypto(&hello, 0, 600), MADE);
    let retry = [&b"\xf0\0\0\0\x01\0\x04wxyz"[..], &[0; 40]].concat();
    let again = initial(&crypto(&hello, 0, 9999), Made { number: 1, dcid: b"wxyz", keys_of: b"wxyz", ..MADE });
    let server = initial(&crypto(&message(2, &[0; 90]), 0, 90), Made { dcid: b"abcd", keys_of: b"other", ..MADE });
    let second = initial(&crypto(&hello, 600, 9999), Made { number: 1, ..MADE });

    assert_eq!(learnt(&[&first, &retry, &again]).name(), "quic.example.com");
    assert_eq!(learnt(&[&first, &server, &second]).name(), "quic.example.com");
}

#[test]
fn the_talk_ends_with_the_hello_or_with_patience() {
    let hello = quic_hello();
    let whole = initial(&crypto(&hello, 0, 9999), MADE);
    let sealed = initial(&crypto(&hello, 0, 600), Made { keys_of: b"other", ..MADE });
    let done = |datagram: &[u8], times| {
        play(&mut QuicTalk::default(), std::iter::repeat_n(datagram, times).map(|data| Event::Data(true, data))).1
    };

    assert!(done(&whole, 1));
    assert!(!done(&sealed, 32));
    assert!(done(&sealed, 33));
    assert!(!done(&[0xC0; 40], 256));
    assert!(done(&[0xC0; 40], 257));
}

#[test]
fn a_packet_changed_on_the_way_does_not_open() {
    let packet = initial(&crypto(&quic_hello(), 0, 600), MADE);
    let keys = initial_keys(V1, &DCID, Side::Client).unwrap();
    let opens = |data: &[u8]| initials(data).any(|packet| open_initial(&packet, &keys, &mut Vec::new()).is_some());

    assert!(opens(&packet));
    for at in [1, 6, 200] {
        let mut changed = packet.clone();
        changed[at] ^= 1;
        assert!(!opens(&changed));
    }
}

#[test]
fn frames_that_do_not_belong_end_the_payload() {
    let hello = quic_hello();
    let stream = [crypto(&hello, 0, 10), b"\x08\x00".to_vec(), crypto(&hello, 10, 20)].concat();

    assert_eq!(crypto_pieces(&stream).map(|piece| piece.offset).collect::<Vec<_>>(), [0]);
    assert_eq!(crypto_pieces(b"\x06\x00\x41\x00abc").count(), 0);
    assert_eq!(crypto_pieces(b"\x02\x05\x00\xff\xff\xff\xff\xff\xff\xff\xff").count(), 0);
    assert_eq!(crypto_pieces(b"\x03\x05\x00\x01\x00\x01\x02\x00\x01\x02\x06\x00\x01a").count(), 1); // ACK_ECN
}

#[test]
fn what_looks_like_quic() {
    let negotiation = b"\x80\0\0\0\0\x04abcd\x04efgh";
    let cases: [(Vec<u8>, bool); 9] = [
        ([&negotiation[..], b"\0\0\0\x01\x1a\x2a\x3a\x4a"].concat(), true),
        ([&negotiation[..], b"\x1a\x2a\x3a\x4a"].concat(), false),
        ([&negotiation[..], b"\x1a\0\0\0\x01\x2a\x3a\x4a"].concat(), false), // no version stands across two
        ([&b"\xc0\0\0\0\x01\x15"[..], &[0; 40]].concat(), false),            // a connection id of 21 bytes
        (b"\xc0\0\0\0\x01\x08abc".to_vec(), false),
        ([&b"\x40"[..], &[0; 40]].concat(), false), // a short header says nothing
        ([&b"\xc3\x1a\x2a\x3a\x4a\0\0"[..], &[0; 30]].concat(), false),
        ([&b"\xc3Q046\0\0"[..], &[0; 30]].concat(), true),
        (b"\xc3\xfa\xce\xb0\x02\0\0".to_vec(), true),
    ];
    for (datagram, known) in cases {
        assert_eq!(looks_like_quic(&datagram), known);
    }
}

proptest! {
    /// However a hello is cut into frames, and in whatever order they come, the same is told.
    #[test]
    fn cuts_and_order_do_not_matter(
        cuts in prop::collection::btree_set(1..1290_usize, 0..20),
        order in any::<prop::sample::Index>(),
        together in 1..4_usize,
    ) {
        let hello = quic_hello();
        let ends: Vec<usize> = cuts.iter().copied().filter(|cut| *cut < hello.len()).chain([hello.len()]).collect();
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let mut frames: Vec<_> = starts.zip(&ends).map(|(start, end)| crypto(&hello, start, *end)).collect();
        frames.rotate_left(order.index(ends.len()));
        let datagrams: Vec<_> =
            frames.chunks(together).zip(0..).map(|(frames, number)| initial(&frames.concat(), Made { number, ..MADE }))
            .collect();
        let datagrams: Vec<&[u8]> = datagrams.iter().map(Vec::as_slice).collect();

        prop_assert_eq!(learnt(&datagrams), learnt(&[&initial(&crypto(&hello, 0, 9999), MADE)]));
    }

    /// Any bytes, behind a header of QUIC or not.
    #[test]
    fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..1300), headed in any::<bool>()) {
        let datagram = if headed { [&b"\xc0\0\0\0\x01"[..], &data].concat() } else { data.clone() };
        prop_assert!(!looks_like_quic(&datagram) || datagram.len() >= 7);
        prop_assert!(crypto_pieces(&data).all(|piece| piece.data.len() + 3 <= data.len()));
        let sealed = initial(&data, MADE);
        let damaged = [&datagram[..], &sealed].concat();
        play(&mut QuicTalk::default(), [&datagram[..], &sealed, &damaged].map(|data| Event::Data(true, data)));
    }
}
