//! DNS messages and talks.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod speech;

use dataplane::apps::dns::{Message, Name, looks_like_dns};
use dataplane::apps::dnstalk::{DnsDatagrams, DnsStream, note};
use dataplane::apps::talk::{Scene, Talk};
use dataplane::model::Address;
use dataplane::names::dns::{DnsEvent, DnsLog};
use dataplane::names::transfers::Transfers;
use dataplane::names::{List, Names, Text};
use proptest::prelude::*;
use speech::{client, hear, hear_datagrams, list, server};

const V4: Address = Address::v4([203, 0, 113, 7]);
const V6: Address = Address::v6([0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
/// To the first question's name.
const POINTER: &[u8] = b"\xc0\x0c";
const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;
const ASKED: u16 = 0x0100;
const ANSWERED: u16 = 0x8180;

/// A name as labels (RFC 1035 3.1).
fn labels(name: &str) -> Vec<u8> {
    let parts = name.split('.').filter(|label| !label.is_empty());
    parts.flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat()).chain([0]).collect()
}

fn question(name: &str) -> Vec<u8> {
    [labels(name), vec![0, 1, 0, 1]].concat()
}

/// A resource record; `owner` is already in the wire's form.
fn answer(owner: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    let size = (data.len() as u16).to_be_bytes();
    [owner, &kind.to_be_bytes(), b"\0\x01\0\0\0\x3c", &size, data].concat()
}

fn message(flags: u16, questions: &[Vec<u8>], answers: &[Vec<u8>]) -> Vec<u8> {
    let counts = [0x1234, flags, questions.len() as u16, answers.len() as u16, 0, 0];
    [counts.map(u16::to_be_bytes).concat(), questions.concat(), answers.concat()].concat()
}

/// What is known after talking.
#[derive(Default)]
struct Known {
    names: Names,
    dns: DnsLog,
    transfers: Transfers,
}

impl Known {
    fn scene(&mut self) -> Scene<'_> {
        let Self { names, dns, transfers } = self;
        Scene { names, dns, transfers, flow: None, ends: None, reading: None }
    }

    fn learnt(&self) -> Vec<(Address, &str)> {
        fn learnt(event: &DnsEvent) -> (Address, &str) {
            match event {
                DnsEvent::Learn { address, name, .. } => (*address, name),
                DnsEvent::Ask { .. } => unreachable!(),
            }
        }
        self.dns.events.iter().map(learnt).collect()
    }
}

fn noted(message: &[u8]) -> Known {
    let mut known = Known::default();
    note(&mut known.scene(), message);
    known
}

/// The text of the first question, whose name is in the wire's form.
fn name(wire: &[u8]) -> Option<String> {
    let whole = message(ASKED, &[[wire, b"\0\x01\0\x01"].concat()], &[]);
    let mut name = Name::default();
    Message::read(&whole)?.question(&mut name)?;
    Some(String::from_utf8(name.as_bytes().to_vec()).unwrap())
}

/// The names asked come in the wire's case, without the dot at the end.
#[test]
fn a_question_is_read() {
    assert_eq!(name(&labels("WWW.Example.com")).as_deref(), Some("WWW.Example.com"));
}

/// Twelve bytes are a header; fewer are not DNS.
#[test]
fn a_message_without_a_whole_header_says_nothing() {
    assert!(Message::read(&[0; 11]).is_none());
    assert!(Message::read(&[0; 12]).is_some());
}

/// Each way a name may be damaged has its answer.
#[test]
fn damaged_and_odd_names() {
    let looped = format!("{}a", "a.".repeat(32));
    let cases: [(&[u8], Option<&str>); 9] = [
        (b"\x03www\xc0\x12\0", Some("www")),            // a pointer to a root behind it
        (b"\xc0\x0c", Some("")),                        // a pointer to itself
        (b"\x01a\xc0\x0c", Some(&looped)),              // a loop: as many labels as jumps are followed
        (b"\x40abc", None),                             // a reserved label type
        (b"\xff\xff", None),                            // a pointer outside the message
        (b"\x09short", None),                           // a label longer than the message
        (b"\x05a.b\\c\x03com\0", Some(r"a\.b\\c.com")), // dots and backslashes inside a label
        (b"\x06vi\xe1\xbb\x87t\0", Some("việt")),       // UTF-8, as multicast names are
        (b"\x02\xff\xfe\0", Some(r"\xff\xfe")),         // no UTF-8
    ];
    for (wire, text) in cases {
        assert_eq!(name(wire).as_deref(), text, "{}", wire.escape_ascii());
    }
}

/// Labels beyond the longest name are left out.
#[test]
fn a_name_is_cut_at_255_bytes() {
    let label = "x".repeat(63);
    let wire = [[&[63], label.as_bytes()].concat().repeat(10), vec![0]].concat();

    assert_eq!(name(&wire), Some([label.as_str(); 3].join(".")));
}

/// A name whose every byte is escaped is kept whole.
#[test]
fn the_longest_text_is_kept() {
    let wire = [[&[63][..], &[0xFF; 63]].concat().repeat(3), [&[61][..], &[0xFF; 61]].concat(), vec![0]].concat();

    assert_eq!(name(&wire).unwrap().len(), 4 * (3 * 63 + 61) + 3);
}

/// Addresses of the name asked and of its aliases count; those of others prove nothing.
#[test]
fn answers_follow_the_chain_of_aliases() {
    let answers = [
        answer(POINTER, CNAME, &labels("cdn.example.net")),
        answer(&labels("CDN.example.net"), A, V4.wire()),
        answer(&labels("cdn.example.net"), AAAA, V6.wire()),
        answer(&labels("bank.example.org"), A, &[0; 4]),
        answer(POINTER, A, b"abc"), // an A record of three bytes
    ];
    let known = noted(&message(ANSWERED, &[question("www.Example.com")], &answers));

    assert_eq!(known.learnt(), [(V4, "www.example.com"), (V6, "www.example.com")]);
}

/// A response cut by the capture: what was read of it counts.
#[test]
fn an_answer_that_breaks_off_keeps_what_stands_before() {
    let answers = [answer(POINTER, A, V4.wire()), answer(POINTER, A, &[0; 4])];
    let whole = message(0x8183, &[question("a.example")], &answers);
    let known = noted(&whole[..whole.len() - 2]);

    assert_eq!(known.learnt(), [(V4, "a.example")]);
    assert_eq!(known.names.text(Text::DnsRcode), Some("nxdomain"));
}

/// Behind a question that breaks off nobody knows where the answers begin.
#[test]
fn a_broken_question_answers_nothing() {
    let broken = [b"\x40".to_vec(), answer(POINTER, A, V4.wire())].concat();
    let known = noted(&message(ANSWERED, &[question("a.example"), broken], &[]));

    assert_eq!(list(&known.names, List::DnsQuery), ["a.example"]);
    assert!(known.learnt().is_empty());
}

/// The names asked and the last response code come from one talk.
#[test]
fn responses_teach_names_and_codes() {
    let names = hear_datagrams(&[
        client(&message(ASKED, &[question("www.Example.com")], &[])),
        server(&message(ANSWERED, &[question("www.example.com")], &[answer(POINTER, A, V4.wire())])),
        client(&message(ASKED, &[question("nowhere.example")], &[])),
        server(&message(0x8183, &[question("nowhere.example")], &[])),
    ]);

    assert_eq!(names.app_protocol, Some("dns"));
    assert_eq!(list(&names, List::DnsQuery), ["www.example.com", "nowhere.example"]);
    assert_eq!(names.text(Text::DnsRcode), Some("nxdomain"));
}

/// Codes that have no name are told by number; a question for the root zone is seen, and tells its code.
#[test]
fn unknown_codes_and_the_root() {
    for (flags, code) in [(0x800F, "rcode15"), (0x800A, "notzone"), (0x8000, "noerror")] {
        let names = hear_datagrams(&[server(&message(flags, &[question("")], &[answer(POINTER, A, V4.wire())]))]);

        assert_eq!(names.app_protocol, Some("dns"));
        assert_eq!(names.text(Text::DnsRcode), Some(code));
    }
    assert!(noted(&message(ANSWERED, &[question("")], &[answer(POINTER, A, V4.wire())])).learnt().is_empty());
}

fn stream(names: &[&str]) -> Vec<u8> {
    let messages = names.iter().map(|name| message(ASKED, &[question(name)], &[]));
    messages.flat_map(|said| [(said.len() as u16).to_be_bytes().to_vec(), said].concat()).collect()
}

/// Over TCP each message has its length before it, however the stream is cut.
#[test]
fn several_messages_over_tcp() {
    for piece in [1, 2, 3, 7, 1000] {
        let names = hear(&[client(&stream(&["a.example", "b.example", "a.example"]))], piece);

        assert_eq!(names.app_protocol, Some("dns"));
        assert_eq!(list(&names, List::DnsQuery), ["a.example", "b.example"]);
    }
}

/// After a gap the next piece that begins like a message is one.
#[test]
fn dns_over_tcp_after_a_gap() {
    let mut known = Known::default();
    let mut talk = DnsStream::default();
    talk.feed(&mut known.scene(), true, &stream(&["a.example"])[..20]);
    talk.gap(&mut known.scene(), true);
    for piece in [&[0; 50][..], &stream(&["b.example"])] {
        talk.feed(&mut known.scene(), true, piece);
    }

    assert_eq!(list(&known.names, List::DnsQuery), ["b.example"]);
}

/// A datagram of another protocol, or of none, does not hide the questions behind it.
#[test]
fn junk_first_hides_no_question() {
    let snmp = b"\x30\x29\x02\x01\x01\x04\x06public\xa0\x1c\x02\x04\x124Vx\x02\x01\0\x02\x01\0\x30\x0e\x30\x0c\x06\x08\
                 \x2b\x06\x01\x02\x01\x01\x01\0\x05\0";
    for junk in [&snmp[..], &[0xFF; 40]] {
        let names = hear_datagrams(&[client(junk), client(&message(ASKED, &[question("hidden.example")], &[]))]);

        assert_eq!(list(&names, List::DnsQuery), ["hidden.example"]);
    }
}

/// Content alone must tell: a port never helps.
#[test]
fn what_is_not_dns() {
    let asked = |tail: &[u8]| message(ASKED, &[[labels("a.example"), tail.to_vec()].concat()], &[]);
    let whole = asked(b"\0\x01\0\x01");
    let cases = [
        vec![0; 40],                          // no question
        asked(b"\0\x01\0\x07"),               // a class that does not exist
        asked(b"\0\0\0\x01"),                 // no type
        asked(b"\0\x01\0"),                   // the question is not whole
        [&whole[..12], &[0x40; 40]].concat(), // reserved label type
        [&whole[..4], b"\xff\xff", &whole[6..]].concat(),
        [&whole[..6], b"\0\x09", &whole[8..], &[0; 100]].concat(), // a question that brings answers
        whole[..11].to_vec(),
    ];
    for datagram in cases {
        assert_eq!(looks_like_dns(&datagram, datagram.len()), Some(false), "{}", datagram.escape_ascii());
    }
    assert_eq!(looks_like_dns(&whole, whole.len()), Some(true));
}

/// A message whose rest is still to come is undecided; one that ends there is not DNS.
#[test]
fn more_bytes_are_asked_for_only_where_they_may_come() {
    let whole = message(ASKED, &[question("www.example.com")], &[]);

    assert_eq!(looks_like_dns(&whole[..20], 33), None);
    assert_eq!(looks_like_dns(&whole[..20], 20), Some(false));
    assert_eq!(looks_like_dns(&whole[..3], 33), None);
}

/// A message of names, whole or damaged.
fn said() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        Just(POINTER.to_vec()),
        prop::collection::vec("[a-zA-Zé.]{1,9}", 0..4).prop_map(|parts| labels(&parts.join("."))),
        prop::collection::vec(any::<u8>(), 0..20),
    ];
    let record = (name.clone(), prop_oneof![Just(A), Just(CNAME), Just(AAAA)], name.clone());
    let answers = prop::collection::vec(record.prop_map(|(owner, kind, data)| answer(&owner, kind, &data)), 0..6);
    let damage = prop::option::of((any::<prop::sample::Index>(), any::<u8>()));
    (name, answers, damage).prop_map(|(asked, answers, damage)| {
        let mut whole = message(ANSWERED, &[[&asked[..], b"\0\x01\0\x01"].concat()], &answers);
        if let Some((at, byte)) = damage {
            let at = at.index(whole.len());
            whole[at] = byte;
        }
        whole
    })
}

proptest! {
    /// Any bytes are read without panic.
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300), size in 0usize..400) {
        let verdict = looks_like_dns(&bytes, size);
        prop_assert!(verdict != Some(true) || bytes.len() >= 17);
        noted(&bytes);
    }

    /// Damaged messages too; one that is all there is never undecided.
    #[test]
    fn any_message_is_read(message in said()) {
        prop_assert!(looks_like_dns(&message, message.len()).is_some());
        prop_assert!(noted(&message).learnt().len() <= 128);
    }

    /// Where a stream is cut does not matter.
    #[test]
    fn any_cut_gives_the_same_names(
        messages in prop::collection::vec(said(), 1..5),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let framed = |said: &Vec<u8>| [(said.len() as u16).to_be_bytes().to_vec(), said.clone()].concat();
        let stream: Vec<u8> = messages.iter().flat_map(framed).collect();
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        places.extend([0, stream.len()]);
        places.sort_unstable();

        let (mut cut, mut whole) = (Known::default(), Known::default());
        let mut talk = DnsStream::default();
        for pair in places.windows(2) {
            talk.feed(&mut cut.scene(), true, &stream[pair[0]..pair[1]]);
        }
        for said in &messages {
            DnsDatagrams::default().feed(&mut whole.scene(), true, said);
        }

        prop_assert_eq!(cut.learnt(), whole.learnt());
        prop_assert_eq!(format!("{:?}", cut.names), format!("{:?}", whole.names));
    }
}
