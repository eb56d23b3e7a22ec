//! Fragments count to the flow of their first, and are put together for those who read names, within bounds.

use dataplane::decode::fragments::{Fragments, LIMIT};
use dataplane::decode::{Decoded, Fit};
use dataplane::home::Home;
use dataplane::model::{Frame, Packet, proto};

use crate::frames::*;

/// Reads frames in order.
struct Reader {
    fragments: Fragments,
    home: Home,
    ts_ns: i64,
    interface: u16,
}

impl Reader {
    fn new() -> Self {
        Self { fragments: Fragments::default(), home: home(), ts_ns: 1_000, interface: 0 }
    }

    fn read(&mut self, ip: &[u8]) -> Packet {
        let data = wire(ip);
        let frame = Frame { ts_ns: self.ts_ns, interface: self.interface, ..frame(&data, 1) };
        match self.fragments.decode(&frame, &self.home, Fit::Whole) {
            Decoded::Packet(packet) => packet,
            other => panic!("{other:?}"),
        }
    }

    /// What was put together when the last of these frames came; nothing may be before.
    fn joined(&mut self, pieces: &[Vec<u8>]) -> Option<Vec<u8>> {
        let (last, before) = pieces.split_last().unwrap();
        for piece in before {
            self.read(piece);
            assert_eq!(self.fragments.reassembled(), None);
        }
        self.read(last);
        self.fragments.reassembled().map(<[u8]>::to_vec)
    }
}

/// Bytes that all differ from their neighbours, so that a byte in the wrong place is seen.
fn content(size: usize) -> Vec<u8> {
    (0..size).map(|at| (at * 7 + at / 256) as u8).collect()
}

fn datagram(size: usize) -> Vec<u8> {
    ipv4(LOCAL, REMOTE, proto::UDP, &udp(1, 2, &content(size)))
}

#[test]
fn fragments_belong_to_the_flow_of_the_first() {
    let segment = tcp(1, 2, 2, &content(400));
    for pieces in [
        pieces_of(&datagram(400), 64),
        pieces_of(&ipv4(LOCAL, REMOTE, proto::TCP, &segment), 64),
        pieces_of6(&ipv6(LOCAL6, REMOTE6, proto::UDP, &udp(1, 2, &content(400))), 64),
    ] {
        let mut reader = Reader::new();
        let packets: Vec<_> = pieces.iter().map(|piece| reader.read(piece)).collect();
        assert!(packets.iter().all(|packet| (packet.sport, packet.dport) == (1, 2)));
        assert!(packets.iter().zip(&pieces).all(|(packet, piece)| packet.ip_bytes as usize == piece.len()));
        assert_eq!(packets.iter().map(|packet| packet.payload_bytes).sum::<u32>(), 400);
        assert!(packets[1..].iter().all(|packet| packet.tcp_flags == 0 && packet.payload == (0, 0)));
    }
}

#[test]
fn a_fragment_without_its_first_has_no_ports() {
    let pieces = pieces_of(&datagram(200), 64);
    let alone = Reader::new().read(&pieces[1]);
    let mut reader = Reader::new();
    reader.read(&pieces[0]);
    let late = Reader { ts_ns: 40_000_000_000, ..reader }.read(&pieces[1]);
    let mut reader = Reader::new();
    reader.read(&pieces[0]);
    let elsewhere = Reader { interface: 1, ..reader }.read(&pieces[1]);
    for packet in [alone, late, elsewhere] {
        assert_eq!((packet.proto, packet.sport, packet.dport, packet.payload_bytes), (17, 0, 0, 64));
    }
}

#[test]
fn fragments_remembered_are_bounded() {
    let mut reader = Reader::new();
    let begun = |ident: usize| {
        let mut piece = pieces_of(&datagram(200), 64).swap_remove(0);
        piece[4..6].copy_from_slice(&(ident as u16).to_be_bytes());
        piece
    };
    for number in 0..=LIMIT {
        reader.read(&begun(number));
    }
    let later = |ident: usize| {
        let mut piece = begun(ident);
        piece[7] = 8;
        piece
    };
    assert_eq!([LIMIT, 1, 0].map(|ident| reader.read(&later(ident)).sport), [1, 1, 0]);
}

#[test]
fn a_fragmented_tunnel_counts_the_inner_bytes_once() {
    let inner = ipv4(LOCAL2, REMOTE2, proto::UDP, &udp(1, 2, &content(400)));
    let whole = outer(proto::GRE, &join(&[&[0, 0, 8, 0], &inner]));
    let mut reader = Reader::new();
    let packets: Vec<_> = pieces_of(&whole, 64).iter().map(|piece| reader.read(piece)).collect();
    assert!(packets.iter().all(|packet| ends(packet) == ("10.1.0.6".into(), "198.51.100.7".into(), 17, 1, 2)));
    assert!(packets.iter().all(|packet| packet.tunnel.text().as_deref() == Some("gre")));
    assert_eq!(packets.iter().map(|packet| packet.ip_bytes as usize).sum::<usize>(), inner.len());
    assert_eq!(packets.iter().map(|packet| packet.payload_bytes).sum::<u32>(), 400);
}

#[test]
fn the_whole_payload_is_handed_on_with_the_last_piece() {
    let options = join(&[&[proto::UDP, 0, 1, 4, 0, 0, 0, 0], &udp(1, 2, &content(400))]);
    let authenticated = join(&[&[proto::UDP, 4], &[0; 22], &udp(1, 2, &content(400))]);
    let inner = ipv4(LOCAL2, REMOTE2, proto::UDP, &udp(1, 2, &content(400)));
    for pieces in [
        pieces_of(&datagram(400), 64),
        pieces_of(&ipv4(LOCAL, REMOTE, proto::TCP, &tcp(1, 2, 0x18, &content(400))), 64),
        pieces_of(&ipv4(LOCAL, REMOTE, 51, &authenticated), 64),
        pieces_of6(&ipv6(LOCAL6, REMOTE6, proto::UDP, &udp(1, 2, &content(400))), 64),
        pieces_of6(&ipv6(LOCAL6, REMOTE6, 60, &options), 64),
        pieces_of(&outer(proto::GRE, &join(&[&[0, 0, 8, 0], &inner])), 64), // a packet in a tunnel in pieces
        pieces_of(&inner, 64).iter().map(|piece| outer(4, piece)).collect(), // pieces in a tunnel
    ] {
        assert_eq!(Reader::new().joined(&pieces), Some(content(400)));
    }
}

#[test]
fn pieces_may_come_in_any_order_once_the_flow_is_known() {
    let mut pieces = pieces_of(&datagram(400), 64);
    pieces[1..].reverse();
    assert_eq!(Reader::new().joined(&pieces), Some(content(400)));
    pieces.reverse(); // the first comes last, and its flow is known with it
    assert_eq!(Reader::new().joined(&pieces), Some(content(400)));
    pieces.swap(0, 6); // those before the first were counted in a flow without ports
    pieces.rotate_left(1);
    assert_eq!(Reader::new().joined(&pieces), Some(content(400)));
}

#[test]
fn the_first_fragment_brings_its_own_payload_at_once() {
    let pieces = pieces_of(&datagram(400), 64);
    let packet = Reader::new().read(&pieces[0]);
    assert_eq!(packet.payload_in(&wire(&pieces[0])), &content(400)[..56]);
}

#[test]
fn the_first_copy_of_a_byte_counts_and_overlaps_are_told() {
    let pieces = pieces_of(&datagram(400), 64);
    let mut reader = Reader::new();
    let mut other = pieces_of(&ipv4(LOCAL, REMOTE, proto::UDP, &udp(1, 2, &[0xEE; 400])), 128);
    other.truncate(2);
    let mut sent = pieces[..2].to_vec();
    sent.extend(other); // the first of these twice over what was there, the second new
    sent.extend_from_slice(&pieces[3..]);
    let mut expected = content(400);
    expected[120..248].fill(0xEE);
    assert_eq!(reader.joined(&sent), Some(expected));
    assert_eq!(reader.fragments.overlaps(), 2);
}

#[test]
fn what_contradicts_itself_is_not_put_together() {
    let pieces = pieces_of(&datagram(400), 64);
    let mut ends_early = pieces[2].clone();
    ends_early[6] = 0; // as if it were the last
    let mut longer = pieces[..6].to_vec();
    longer.insert(0, ends_early);
    let mut odd = pieces.clone();
    odd[1].truncate(80); // no multiple of eight bytes
    odd[1][3] = 80;
    for sent in [longer, odd, pieces[..6].to_vec(), pieces[1..].to_vec()] {
        assert_eq!(Reader::new().joined(&sent), None);
    }
}

#[test]
fn pieces_that_came_too_late_are_not_put_together() {
    let pieces = pieces_of(&datagram(400), 64);
    let mut reader = Reader::new();
    assert_eq!(reader.joined(&pieces[..3]), None);
    reader.ts_ns += 31_000_000_000;
    assert_eq!(reader.joined(&pieces[3..]), None);
    assert_eq!(reader.joined(&pieces[..3]), Some(content(400)));
}

#[test]
fn what_is_held_is_bounded_and_the_oldest_gives_way() {
    let mut reader = Reader::new();
    let mut victim = pieces_of(&datagram(400), 64);
    let last = victim.pop().unwrap();
    assert_eq!(reader.joined(&victim), None);
    let flood = |reader: &mut Reader, count: u32| {
        for number in 0..count {
            let mut piece = pieces_of(&datagram(2000), 1024).swap_remove(0);
            piece[4..6].copy_from_slice(&(number as u16).to_be_bytes());
            piece[15] = 77;
            reader.read(&piece);
        }
    };
    flood(&mut reader, 1000); // a megabyte
    let mut again = Reader::new();
    again.joined(&victim);
    flood(&mut again, 5000);
    assert_eq!(reader.joined(std::slice::from_ref(&last)), Some(content(400)));
    assert_eq!(again.joined(&[last]), None);
}

#[test]
fn a_piece_that_was_not_captured_whole_is_none() {
    let pieces = pieces_of(&datagram(400), 64);
    let mut reader = Reader::new();
    for piece in &pieces {
        let data = wire(piece);
        let sliced = Frame { data: &data[..data.len() - 1], ..frame(&data, 1) };
        assert!(matches!(reader.fragments.decode(&sliced, &reader.home, Fit::Whole), Decoded::Packet(_)));
        assert_eq!(reader.fragments.reassembled(), None);
    }
}
