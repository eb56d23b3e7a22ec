//! DTLS: hellos put together from fragments in any order.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod hellos;

use dataplane::apps::dtls::{DtlsTalk, handshake_fragments, looks_like_dtls};
use dataplane::apps::handshakes::Pieces;
use dataplane::names::Ech;
use hellos::{Event, Told, alpn, block8, block16, hello_body, play, server_name};
use proptest::prelude::*;

fn dtls(body: &[u8], size: usize, cookie: &[u8]) -> Vec<Vec<u8>> {
    let (head, tail) = body.split_at(35 + usize::from(body[34]));
    let body = [head, &block8(cookie), tail].concat();
    let u24 = |value: usize| (value as u32).to_be_bytes()[1..].to_vec();
    let fragment = |(at, piece): (usize, &[u8])| {
        let fragment = [&b"\x01"[..], &u24(body.len()), b"\0\0", &u24(at * size), &u24(piece.len()), piece].concat();
        [&b"\x16\xfe\xff\0\0"[..], &[0; 6], &block16(&fragment)].concat()
    };
    body.chunks(size).enumerate().map(fragment).collect()
}

#[test]
fn dtls_in_fragments_out_of_order() {
    let body = hello_body(&[server_name(b"vpn.example.com"), alpn(b"webrtc")], &[0x1301], 0xFEFD);
    for size in [1000, 20] {
        let datagrams = dtls(&body, size, b"cookie");
        let events = datagrams.iter().rev().map(|datagram| Event::Data(true, datagram));
        let (told, _) = play(&mut DtlsTalk::default(), events);

        assert!(datagrams.iter().all(|datagram| looks_like_dtls(datagram)));
        assert_eq!((told.name(), told.alpn.as_deref()), ("vpn.example.com", Some("webrtc")));
        assert_eq!((told.version.as_deref(), told.ech), (Some("1.2"), Some(Ech::None)));
        assert!(told.ja4.unwrap().starts_with("dd2d0102wc"));
    }
}

#[test]
fn fragments_that_lie_do_not_stand_in_the_way() {
    let good = dtls(&hello_body(&[server_name(b"vpn.example.com")], &[0x1301], 0xFEFD), 1000, b"").concat();
    let mut over = good.clone();
    over[22..25].copy_from_slice(&[0, 0x40, 0]); // the same, said to lie further on than its message goes

    assert_eq!(play(&mut DtlsTalk::default(), [Event::Data(true, &over)]).0, Told::default());
    let (told, _) = play(&mut DtlsTalk::default(), [Event::Data(true, &over), Event::Data(true, &good)]);
    assert_eq!(told.name(), "vpn.example.com");
}

#[test]
fn of_pieces_that_overlap_the_one_that_begins_first_counts() {
    let mut pieces = Pieces::default();
    assert!(pieces.add(3, b"DEF", 3));
    assert!(pieces.add(0, b"ab", 3));
    assert_eq!(&*pieces.joined(), b"ab");
    assert!(pieces.add(0, b"abcde", 3));
    assert!(!pieces.add(0, b"ABCDE", 3)); // not longer
    assert!(pieces.add(9, b"x", 3));
    assert!(!pieces.add(6, b"too many", 3));
    assert_eq!((&*pieces.joined(), pieces.kept()), (&b"abcdeF"[..], 11));
}

proptest! {
    /// Damaged datagrams, and any bytes.
    #[test]
    fn any_bytes_are_survived(
        data in prop::collection::vec(any::<u8>(), 0..400),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
    ) {
        let mut damaged = dtls(&hello_body(&[server_name(b"a.example")], &[0x1301], 0xFEFD), 20, b"").concat();
        places.into_iter().for_each(|(place, byte)| *place.get_mut(&mut damaged) = byte);
        play(&mut DtlsTalk::default(), [Event::Data(true, &damaged), Event::Data(false, &data)]);
        prop_assert!(handshake_fragments(&data).all(|fragment| fragment.data.len() + 25 <= data.len()));
        prop_assert!(!looks_like_dtls(&data) || data.len() > 13);
    }
}
