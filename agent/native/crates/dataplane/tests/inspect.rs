//! Payload of packets becomes content: segments in order, datagrams as they come, no more than is wanted.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod speech;

use dataplane::apps::talk::Scene;
use dataplane::inspect::{Content, DATAGRAM_LIMIT, Heard};
use dataplane::names::dns::DnsLog;
use dataplane::names::transfers::Transfers;
use dataplane::names::{List, Names};
use proptest::prelude::*;
use speech::list;

const ISN: u32 = u32::MAX - 20;
const SAID: &[u8] =
    b"EHLO a\r\nMAIL FROM:<x@y.example>\r\nRCPT TO:<a@one.example>\r\nRCPT TO:<b@two.example>\r\nDATA\r\n\
    Content-Disposition: attachment; filename=\"sent.csv\"\r\n\r\n1,2\r\n.\r\nRCPT TO:<c@three.example>\r\n";
const DOMAINS: [&str; 3] = ["one.example", "two.example", "three.example"];
/// A question for www.example.com.
const ASKED: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01";

/// The content of a flow, and what is learnt from it.
struct Listener {
    names: Names,
    dns: DnsLog,
    transfers: Transfers,
    content: Content,
}

impl Listener {
    fn new(tcp: bool) -> Self {
        let (names, dns, transfers) = (Names::default(), DnsLog::default(), Transfers::default());
        Self { names, dns, transfers, content: Content::new(tcp) }
    }

    fn hear(&mut self, heard: &Heard<'_>) -> bool {
        let Self { names, dns, transfers, content } = self;
        content.hear(&mut Scene { names, dns, transfers, flow: None, ends: None, reading: None }, heard)
    }
}

/// The packet that carries a part of what is said outward, its first byte right behind the SYN.
fn segment(start: usize, payload: &[u8]) -> Heard<'_> {
    let seq = ISN.wrapping_add(1).wrapping_add(start as u32);
    Heard { outward: true, seq, syn: false, isn: Some(ISN), payload, payload_bytes: payload.len() as u32 }
}

/// In any pieces, in any order, some of them twice: the same names.
#[test]
fn segments_are_put_in_order() {
    let mut listener = Listener::new(true);
    for (start, end) in [(90, SAID.len()), (0, 20), (60, 70), (10, 62), (65, 100), (0, 20)] {
        assert!(listener.hear(&segment(start, &SAID[start..end])));
    }

    assert_eq!(listener.names.app_protocol, Some("smtp"));
    assert_eq!(list(&listener.names, List::MailDomains), DOMAINS);
    assert_eq!(list(&listener.names, List::FileNames), ["sent.csv"]);
    assert_eq!(listener.content.held(), 0);
}

/// A SYN takes a sequence number before the data it carries (RFC 7413).
#[test]
fn data_in_a_syn_is_read() {
    let mut listener = Listener::new(true);
    listener.hear(&Heard { seq: ISN, syn: true, ..segment(0, &SAID[..30]) });
    listener.hear(&segment(30, &SAID[30..]));

    assert_eq!(list(&listener.names, List::MailDomains), DOMAINS);
}

/// Met in mid-stream, a direction begins with its first segment.
#[test]
fn a_stream_is_met_in_the_middle() {
    let mut listener = Listener::new(true);
    listener.hear(&Heard { isn: None, ..segment(5000, &SAID[..30]) });
    listener.hear(&Heard { isn: None, ..segment(5030, &SAID[30..]) });

    assert_eq!(list(&listener.names, List::MailDomains), DOMAINS);
}

/// What the capture cut off never comes: the direction is over, and with both nothing more is wanted.
#[test]
fn a_cut_segment_ends_its_direction() {
    let mut listener = Listener::new(true);
    let at = SAID.len() - 30;
    assert!(listener.hear(&Heard { payload_bytes: 1400, ..segment(0, &SAID[..at]) }));
    assert!(listener.hear(&segment(1400, &SAID[at..])));
    assert_eq!(list(&listener.names, List::MailDomains), DOMAINS[..2]);

    let answer = b"250 ok\r\n";
    assert!(listener.hear(&Heard { outward: false, isn: None, ..segment(0, answer) }));
    assert!(!listener.hear(&Heard { outward: false, isn: None, payload_bytes: 9, ..segment(answer.len(), answer) }));
}

/// What waits for bytes that are missing is counted, and let go when the direction is cut off.
#[test]
fn what_waits_is_counted() {
    let mut listener = Listener::new(true);
    assert!(listener.hear(&segment(0, &SAID[..10])));
    assert!(listener.hear(&segment(1000, &[0; 500])));
    assert!(listener.content.held() >= 500);

    listener.hear(&Heard { payload_bytes: 1400, ..segment(10, &SAID[10..20]) });

    assert_eq!(listener.content.held(), 0);
}

/// Of a flow of datagrams only the first are looked at.
#[test]
fn datagrams_are_limited() {
    let mut listener = Listener::new(false);
    let wanted = (0..DATAGRAM_LIMIT).filter(|_| listener.hear(&segment(0, ASKED))).count();
    assert_eq!(wanted, usize::from(DATAGRAM_LIMIT) - 1);

    assert!(!listener.hear(&segment(0, ASKED)));
    assert_eq!(list(&listener.names, List::DnsQuery), ["www.example.com"]);
    assert_eq!(listener.content.held(), 0);
}

proptest! {
    /// However the stream is cut, shuffled and repeated, the same is learnt.
    #[test]
    fn any_segments_give_the_same_names(
        order in prop::collection::vec(0..=SAID.len(), 0..12).prop_map(|mut cuts| {
            cuts.extend([0, SAID.len()]);
            cuts.sort_unstable();
            cuts.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()
        }).prop_shuffle(),
        again in prop::collection::vec((0..SAID.len(), 0..SAID.len()), 0..4),
    ) {
        let mut listener = Listener::new(true);
        let again = again.into_iter().map(|(a, b)| (a.min(b), a.max(b)));
        for (start, end) in again.chain(order) {
            listener.hear(&segment(start, &SAID[start..end]));
        }
        prop_assert_eq!(list(&listener.names, List::MailDomains), DOMAINS);
        prop_assert_eq!(list(&listener.names, List::FileNames), ["sent.csv"]);
    }

    /// Whatever the packets claim, nothing panics and little is held.
    #[test]
    fn any_packets_are_heard(
        tcp in any::<bool>(),
        packets in prop::collection::vec(
            (any::<bool>(), any::<u32>(), any::<bool>(), any::<Option<u32>>(), prop::collection::vec(any::<u8>(), 0..80), 0u32..100), 0..40),
    ) {
        let mut listener = Listener::new(tcp);
        for (outward, seq, syn, isn, payload, payload_bytes) in &packets {
            let (outward, seq, syn, isn, payload_bytes) = (*outward, *seq, *syn, *isn, *payload_bytes);
            listener.hear(&Heard { outward, seq, syn, isn, payload, payload_bytes });
            prop_assert!(listener.content.held() <= 40 * (80 + 64));
        }
    }
}
