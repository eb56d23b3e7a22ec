//! Whatever the bytes are, a frame is a packet or a drop, and what is counted is within bounds.

use dataplane::decode::fragments::Fragments;
use dataplane::decode::{Decoded, Fit, decode};
use dataplane::model::{Frame, Packet, proto};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::frames::*;

const LINKTYPES: [u32; 17] = [1, 0, 9, 12, 14, 50, 51, 101, 104, 108, 113, 166, 204, 228, 229, 276, 127];

/// Sound frames of every kind.
fn seeds() -> Vec<Vec<u8>> {
    let bridged = wire(&inner());
    let udp_tunnel = |port: u16, head: &[u8], inside: &[u8]| outer(17, &udp(port, port, &join(&[head, inside])));
    let tunnels = vec![
        outer(47, &join(&[&[0xB0, 0, 8, 0], &[0; 12], &inner()])),
        outer(47, &join(&[&[0x30, 0x81, 0x88, 0x0B], &[0; 12], &[0xFF, 3, 0, 0x21], &inner()])),
        outer(47, &join(&[&[0x10, 0, 0x22, 0xEB], &[0; 16], &bridged])),
        outer(4, &outer(41, &inner6())),
        udp_tunnel(4789, &[8, 0, 0, 0, 0, 0, 7, 0], &bridged),
        udp_tunnel(6081, &[2, 0, 0x65, 0x58, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0], &bridged),
        udp_tunnel(2152, &[0x34, 0xFF, 0, 60, 0, 0, 0, 7, 0, 1, 0, 0x85, 1, 0, 0, 0], &inner()),
        udp_tunnel(3544, &[0; 8], &inner6()),
        udp_tunnel(1701, &[0x4A, 2, 0, 70, 0, 7, 0, 9, 0, 1, 0, 2, 0, 0, 0xFF, 3, 0, 0x21], &inner()),
        outer(115, &join(&[&[0, 0, 0, 7], &bridged])),
    ];
    let mut packets = tunnels.clone();
    packets.extend(tunnels.iter().flat_map(|tunnel| pieces_of(tunnel, 64)));
    packets.extend(pieces_of(&ipv4(LOCAL, REMOTE, proto::UDP, &udp(1, 2, &[7; 200])), 64));
    packets.extend(pieces_of6(&ipv6(LOCAL6, REMOTE6, proto::UDP, &udp(1, 2, &[7; 200])), 64));
    packets.extend([four(), six(), ipv6(LOCAL6, REMOTE6, 60, &join(&[&[51, 0, 1, 4, 0, 0, 0, 0], &[17; 40]]))]);
    let mut frames: Vec<_> = packets.iter().map(|ip| wire(ip)).collect();
    frames.push(ethernet(0x8100, &tagged(1, 0x8864, &join(&[&[0x11, 0, 0, 7, 0, 99, 0, 0x21], &four()]))));
    frames.push(ethernet(0x8847, &join(&[&[0, 0, 1, 64, 0, 0, 0, 0], &wire(&four())])));
    frames.push(ethernet(90, &join(&[&[0xAA, 0xAA, 3, 0, 0, 0, 8, 0], &four()])));
    frames.extend(packets);
    frames
}

/// A sound frame with bytes changed, cut off or added.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let changes = vec((any::<Index>(), any::<u8>()), 0..6);
    (select(seeds()), changes, any::<Index>(), vec(any::<u8>(), 0..8)).prop_map(|(mut data, changes, cut, more)| {
        for (at, byte) in changes {
            let at = at.index(data.len().min(120));
            data[at] = byte;
        }
        if cut.index(4) == 0 {
            data.truncate(cut.index(data.len()));
        }
        join(&[&data, &more])
    })
}

fn check(packet: &Packet, frame: &Frame<'_>) {
    let captured = packet.payload_in(frame.data).len();
    assert!(packet.payload_bytes <= packet.ip_bytes);
    assert!(captured <= packet.payload_bytes as usize);
    assert!(packet.payload.1 as usize <= frame.data.len());
    assert_eq!(packet.src.is_v6(), packet.dst.is_v6());
}

proptest! {
    #[test]
    fn hostile_frames_are_packets_or_drops(
        frames in vec((prop_oneof![mutated(), vec(any::<u8>(), 0..120)], select(LINKTYPES.to_vec()), 0..99u32), 0..24),
        fit in select(vec![Fit::Whole, Fit::Sliced]),
    ) {
        let (home, mut fragments) = (home(), Fragments::default());
        for (data, linktype, unseen) in &frames {
            let frame = Frame { wire_len: data.len() as u32 + unseen, ..frame(data, *linktype) };
            let alone = decode(&frame, &home, fit);
            let in_order = fragments.decode(&frame, &home, fit);
            match (alone, in_order) {
                (Decoded::Packet(alone), Decoded::Packet(in_order)) => {
                    check(&alone, &frame);
                    prop_assert_eq!(format!("{alone:?}"), format!("{in_order:?}"));
                }
                (Decoded::Dropped(alone), Decoded::Dropped(in_order)) => prop_assert_eq!(alone, in_order),
                (Decoded::Fragment, Decoded::Packet(packet)) => check(&packet, &frame),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }

    #[test]
    fn any_cutting_into_fragments_gives_the_payload_back(size in 1..40usize, length in 300..3000usize, seed: u64) {
        let content: Vec<u8> = (0..length).map(|at| (at * 7 + at / 256) as u8).collect();
        let mut pieces = pieces_of(&ipv4(LOCAL, REMOTE, proto::UDP, &udp(1, 2, &content)), size * 8);
        let count = pieces.len();
        prop_assume!(count <= 256);
        for at in 0..count {
            pieces.swap(at, (seed >> (at % 50)) as usize % count);
        }
        let (home, mut fragments) = (home(), Fragments::default());
        for (number, piece) in pieces.iter().enumerate() {
            let data = wire(piece);
            let decoded = fragments.decode(&frame(&data, 1), &home, Fit::Whole);
            prop_assert!(matches!(decoded, Decoded::Packet(_)));
            let known = matches!(decoded, Decoded::Packet(packet) if packet.sport == 1);
            let expected = (number + 1 == count && known).then_some(content.as_slice());
            prop_assert_eq!(fragments.reassembled(), expected);
        }
    }
}
