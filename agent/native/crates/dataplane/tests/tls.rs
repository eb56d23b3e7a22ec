//! TLS and DTLS: hellos, versions, fingerprints and certificates, however the bytes are cut.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod hellos;

use dataplane::apps::certificate::certificate_names;
use dataplane::apps::handshakes::{Handshakes, Heard, MAX_HANDSHAKE};
use dataplane::apps::ja4::{Transport, is_grease, ja4};
use dataplane::apps::tls::{
    first_certificate, looks_like_record, looks_like_ssl2_hello, parse_client_hello, parse_server_hello, version_name,
};
use dataplane::apps::tlstalk::{BUDGET, TlsTalk};
use dataplane::names::{Ech, Source};
use hellos::{
    C, CN, Event, O, Told, alpn, attribute, block8, block16, certificate, extension, hear, hello, hello_body, message,
    name, play, record, server_hello, server_name,
};
use proptest::prelude::*;

const WHOLE: usize = usize::MAX;

fn said(lines: &[(bool, Vec<u8>)]) -> Told {
    hear(&mut TlsTalk::default(), lines, WHOLE)
}

fn fingerprint(body: &[u8], transport: Transport) -> String {
    String::from_utf8(ja4(&parse_client_hello(body, false).unwrap(), transport).to_vec()).unwrap()
}

fn tls_1_2() -> Vec<(bool, Vec<u8>)> {
    let subject =
        name(&[attribute(C, 19, b"VN"), attribute(O, 12, b"Example, Office"), attribute(CN, 12, b"www.example.com")]);
    let certificate = certificate(&name(&[attribute(CN, 12, b"Example Root")]), &subject);
    let entry = [&[0], &(certificate.len() as u16).to_be_bytes()[..], &certificate].concat();
    let list = [&[0], &(entry.len() as u16).to_be_bytes()[..], &entry].concat();
    let answer = [server_hello(0x0303), message(11, &list), message(14, b"")].concat();
    vec![
        (true, record(22, &hello(&[server_name(b"www.example.com"), alpn(b"h2")]))),
        (false, [record(22, &answer[..60]), record(22, &answer[60..])].concat()),
        (true, [record(22, &message(16, &[7; 66])), record(20, b"\x01"), record(22, &[9; 40])].concat()),
        (false, [record(20, b"\x01"), record(22, &[9; 40]), record(23, &[1; 400])].concat()),
    ]
}

fn told_of_tls_1_2() -> Told {
    let text = |text: &str| Some(text.to_owned());
    Told {
        server: Some(("www.example.com".to_owned(), Source::Tls)),
        alpn: text("h2"),
        ja4: text("t12d0102h2_0f2cb44170f4_000000000000"),
        version: text("1.2"),
        ech: Some(Ech::None),
        subject: text("CN=www.example.com,O=Example\\, Office,C=VN"),
        issuer: text("CN=Example Root"),
    }
}

#[test]
fn a_handshake_of_tls_1_2_however_cut_whoever_opened_it() {
    for piece in [WHOLE, 1, 3, 100] {
        assert_eq!(hear(&mut TlsTalk::default(), &tls_1_2(), piece), told_of_tls_1_2());
        let turned: Vec<_> = tls_1_2().into_iter().map(|(way, data)| (!way, data)).collect();
        assert_eq!(hear(&mut TlsTalk::default(), &turned, piece), told_of_tls_1_2());
    }
}

#[test]
fn the_version_is_what_the_server_takes_and_from_1_3_on_nothing_more_is_wanted() {
    let offer = record(22, &hello(&[extension(43, b"\x04\x03\x04\x03\x03")]));
    let older = record(22, &server_hello(0x0303));
    let chosen = message(2, &[&[3, 3][..], &[0; 32], b"\0\x13\x01\0", &block16(&extension(43, b"\x03\x04"))].concat());

    assert_eq!(said(&[(true, offer.clone())]).version.unwrap(), "1.3");
    assert_eq!(said(&[(true, offer.clone()), (false, older)]).version.unwrap(), "1.2");
    let (told, done) =
        play(&mut TlsTalk::default(), [Event::Data(true, &offer), Event::Data(false, &record(22, &chosen))]);
    assert_eq!((told.version.as_deref(), done), (Some("1.3"), true));
}

#[test]
fn a_hello_over_many_records_with_an_alert_between() {
    let body = hello(&[server_name(b"split.example")]);
    let mut stream: Vec<u8> = body.chunks(7).flat_map(|part| record(22, part)).collect();
    stream.splice(12..12, record(21, b"\x01\0"));

    for piece in [WHOLE, 1, 5] {
        assert_eq!(hear(&mut TlsTalk::default(), &[(true, stream.clone())], piece).name(), "split.example");
    }
}

#[test]
fn a_gap_leaves_the_name_that_came_before_it() {
    let hello = record(22, &hello(&[server_name(b"half.example"), extension(21, &[0; 2000])]));
    let events = [Event::Data(true, &hello[..1000]), Event::Gap(true), Event::Data(true, &hello[1500..])];
    let (told, _) = play(&mut TlsTalk::default(), events);

    assert_eq!(told.name(), "half.example");
    assert_eq!((told.ja4, told.ech), (None, None));
}

#[test]
fn a_message_that_never_ends_is_not_waited_for() {
    let claims = |size: u32| record(22, &[&(0x0100_0000 | size).to_be_bytes()[..], &[0; 600]].concat());
    let feed = |side: &mut Handshakes, data: &[u8]| side.feed(data, &mut |_| Heard::More);
    let mut side = Handshakes::default();
    feed(&mut side, &claims(MAX_HANDSHAKE as u32));
    assert!(side.finished() && side.unfinished().is_none());

    let mut side = Handshakes::default();
    feed(&mut side, &claims(MAX_HANDSHAKE as u32 - 4)[..500]); // a record that has not come whole
    assert_eq!(side.unfinished().map(|(kind, body)| (kind, body.len())), Some((1, 491)));

    let alert = record(21, &[0; 900]);
    let patient = |times| play(&mut TlsTalk::default(), std::iter::repeat_n(Event::Data(true, &alert), times));
    assert_eq!(patient(BUDGET / alert.len()), (Told::default(), false));
    assert_eq!(patient(BUDGET / alert.len() + 1), (Told::default(), true));
}

#[test]
fn a_hello_of_the_format_of_ssl_2() {
    let body = [b"\x01\x03\x01\0\x06\0\0\0\x10\0\0\x2f\0\0\x35".to_vec(), (1..=16).collect()].concat();
    let hello = [&(0x8000 | body.len() as u16).to_be_bytes()[..], &body].concat();
    let lines = [(true, hello.clone()), (false, record(22, &server_hello(0x0301)))];

    for piece in [WHOLE, 1] {
        let told = hear(&mut TlsTalk::default(), &lines, piece);
        assert_eq!((told.version.as_deref(), told.ech, told.ja4), (Some("1.0"), Some(Ech::None), None));
    }
    assert_eq!(looks_like_ssl2_hello(&hello), Some(true));
    assert_eq!(looks_like_ssl2_hello(&hello[..10]), None);
    assert_eq!(looks_like_ssl2_hello(&[&[hello[0] & 0x7F], &hello[1..]].concat()), Some(false)); // no length of SSL 2
}

#[test]
fn the_first_hello_counts() {
    let first = record(22, &hello(&[server_name(b"first.example")]));
    let second = record(22, &message(1, &hello_body(&[server_name(b"second.example")], &[0x1301, 0x1302], 0x0303)));
    let both = [first.clone(), second].concat();

    assert_eq!(said(&[(true, first)]), said(&[(true, both)]));
}

#[test]
fn an_extension_present_is_not_an_extension_used() {
    let ech = || extension(0xFE0D, &[b"\0\0\x01\0\x01\x2a\0\x20".to_vec(), vec![0; 34], vec![0; 144]].concat());
    let cases: [(&[u8], bool, Ech); 6] = [
        (b"www.example.com", false, Ech::None),
        (b"www.example.com", true, Ech::Grease),
        (b"Cloudflare-ECH.com.", true, Ech::Offered),
        (b"ech.example.net", true, Ech::Offered),
        (b"technology.example", true, Ech::Grease),
        (b"cloudflare-ech.com", false, Ech::None),
    ];
    for (name, present, expected) in cases {
        let extensions = if present { vec![server_name(name), ech()] } else { vec![server_name(name)] };
        assert_eq!(said(&[(true, record(22, &hello(&extensions)))]).ech, Some(expected));
    }
    assert_eq!(parse_client_hello(&hello(&[ech()])[4..], false).unwrap().ech, Ech::Grease);
    let second = [&b"\0\0\x01\0\x01\x2a\0\0\0\x90"[..], &[0; 144]].concat();
    let odd: [(&[u8], Ech); 7] = [
        (b"\x01", Ech::Accepted),
        (&second, Ech::Accepted),
        (b"\x01\0", Ech::Grease),
        (b"\x02", Ech::Grease),
        (b"", Ech::Grease),
        (b"\0\0\x01\0\x01\x2a\0\0\0\0", Ech::Grease),
        (b"\0\0\x01\0\x01\x2a\0\0\0\x09abc", Ech::Grease),
    ];
    for (body, expected) in odd {
        assert_eq!(parse_client_hello(&hello(&[extension(0xFE0D, body)])[4..], false).unwrap().ech, expected);
    }
    assert_eq!(parse_client_hello(&hello(&[extension(0xFFCE, &[0; 20])])[4..], false).unwrap().ech, Ech::Offered);
}

#[test]
fn versions_have_names() {
    let names = [0x0300, 0x0301, 0x0304, 0x7F16, 0xFB1A, 0xFEFD, 0x0505].map(version_name);

    assert_eq!(names, ["ssl3", "1.0", "1.3", "1.3", "1.3", "1.2", "0x0505"]);
}

#[test]
fn extensions_that_break_off_leave_those_before() {
    let body = hello_body(&[server_name(b"a.example"), alpn(b"h2")], &[0x1301], 0x0303);
    let hello = parse_client_hello(&body[..body.len() - 2], false).unwrap();

    assert_eq!(hello.server_name, Some(&b"a.example"[..]));
    assert!(!hello.whole);
    assert!(parse_client_hello(&body[..41], false).is_some_and(|hello| hello.whole)); // from before extensions
}

#[test]
fn of_two_extensions_the_first_counts_in_a_hello_and_the_last_in_its_answer() {
    let two = [server_name(b"a.example"), server_name(b"b.example")];
    let versions = [extension(43, b"\x03\x04"), extension(43, b"\x03\x03")].concat();
    let answer = [&[3, 3][..], &[0; 32], b"\0\x13\x01\0", &block16(&versions)].concat();

    let body = hello_body(&two, &[], 0x0303);
    assert_eq!(parse_client_hello(&body, false).unwrap().server_name, Some(&b"a.example"[..]));
    assert_eq!(parse_server_hello(&answer), Some(0x0303));
}

#[test]
fn what_is_no_hello() {
    for body in [&b""[..], &[0; 34], &[&b"\x03\x03"[..], &[0; 32], b"\xff"].concat()] {
        assert!(parse_client_hello(body, false).is_none());
        assert_eq!(parse_server_hello(body), None);
    }
}

#[test]
fn record_headers() {
    assert_eq!(looks_like_record(b""), None);
    assert_eq!(looks_like_record(b"\x16\x03"), None);
    assert_eq!(looks_like_record(b"\x16\x03\x01\x00\x05 and more"), Some(true));
    assert_eq!(looks_like_record(b"\x16\x03\x05\x00\x05"), Some(false));
    assert_eq!(looks_like_record(b"\x16\x02\x01\x00\x05"), Some(false));
    assert_eq!(looks_like_record(b"\x16\x03\x01\xff\xff"), Some(false));
    assert_eq!(looks_like_record(b"\x16\x03\x01\0\0"), Some(false));
    assert_eq!(looks_like_record(b"\x30"), Some(false));
}

/// The example that the specification of JA4 works through, GREASE in every list.
#[test]
fn ja4_of_the_specification() {
    let ciphers = [
        0xAAAA, 0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x9C, 0x9D,
        0x2F, 0x35,
    ];
    let algorithms: Vec<u8> = [0xCACA_u16, 0x403, 0x804, 0x401, 0x503, 0x805, 0x501, 0x806, 0x601]
        .into_iter()
        .flat_map(u16::to_be_bytes)
        .collect();
    let kinds =
        [0x3A3A, 0x1B, 0, 0x33, 0x10, 0x4469, 0x17, 0x2D, 0x0D, 0x05, 0x23, 0x12, 0x2B, 0xFF01, 0x0B, 0x0A, 0x15];
    let body = |kind| match kind {
        0x10 => b"\0\x0c\x02h2\x08http/1.1".to_vec(),
        0x0D => block16(&algorithms),
        0x2B => b"\x06\x6a\x6a\x03\x04\x03\x03".to_vec(),
        _ => Vec::new(),
    };
    let extensions = kinds.map(|kind| extension(kind, &body(kind)));

    let hello = hello_body(&extensions, &ciphers, 0x0303);
    assert_eq!(fingerprint(&hello, Transport::Tcp), "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

#[test]
fn ja4_of_alpn() {
    let cases: [(&[u8], &str); 7] = [
        (b"h2", "h2"),
        (b"http/1.1", "h1"),
        (b"x", "xx"),
        (b"\xab\xcd", "ad"),
        (b"0\xab", "3b"),
        (b"\xab", "ab"),
        (b"", "00"),
    ];
    for (value, expected) in cases {
        let body = hello_body(&[extension(16, &block16(&block8(value)))], &[], 0x0303);
        assert_eq!(&fingerprint(&body, Transport::Quic)[8..10], expected);
    }
}

#[test]
fn ja4_without_anything_and_with_too_much() {
    let nothing = hello_body(&[], &[], 0x0300);
    let many: Vec<u16> = (0..200).collect();

    assert_eq!(fingerprint(&nothing, Transport::Tcp), "ts3i000000_000000000000_000000000000");
    assert_eq!(fingerprint(&hello_body(&[], &many, 0x0303), Transport::Dtls), "d12i990000_c2578811c8dc_000000000000");
}

#[test]
fn grease_values() {
    let grease: Vec<u16> = (0..=u16::MAX).filter(|value| is_grease(*value)).collect();

    assert_eq!(grease, (0..16).map(|n| 0x0A0A + 0x1010 * n).collect::<Vec<u16>>());
}

#[test]
fn a_talk_is_small() {
    assert!(size_of::<TlsTalk>() <= 56);
}

proptest! {
    /// Whatever the cuts, the same is told.
    #[test]
    fn cuts_do_not_matter(cuts in prop::collection::vec(1..300_usize, 1..200)) {
        let mut cuts = cuts.into_iter().cycle();
        let mut talk = TlsTalk::default();
        let lines = tls_1_2();
        let mut pieces = Vec::new();
        for (way, line) in &lines {
            let mut left = line.as_slice();
            while !left.is_empty() {
                let (piece, rest) = left.split_at(cuts.next().unwrap().min(left.len()));
                pieces.push(Event::Data(*way, piece));
                left = rest;
            }
        }
        prop_assert_eq!(play(&mut talk, pieces).0, told_of_tls_1_2());
    }

    /// Damaged handshakes neither panic nor keep much.
    #[test]
    fn damage_is_survived(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        piece in 1..500_usize,
        gap in any::<bool>(),
    ) {
        let mut lines = tls_1_2();
        for (place, byte) in places {
            let (_, line) = place.get_mut(&mut lines);
            let at = place.index(line.len());
            line[at] = byte;
        }
        let pieces = lines.iter().flat_map(|(way, line)| line.chunks(piece).map(|data| Event::Data(*way, data)));
        play(&mut TlsTalk::default(), pieces.chain(gap.then_some(Event::Gap(true))));
    }

    /// Any bytes, to each reader.
    #[test]
    fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..600)) {
        let read = [parse_client_hello(&data, false), parse_client_hello(&data, true)];
        for hello in read.into_iter().flatten() {
            prop_assert!(ja4(&hello, Transport::Tcp).is_ascii());
        }
        prop_assert!(parse_server_hello(&data).is_none() || data.len() >= 38);
        prop_assert!(first_certificate(&data).is_none_or(|der| der.len() + 6 <= data.len()));
        prop_assert!(certificate_names(&data).subject.is_none_or(|text| text.len() <= 4 * data.len()));
        prop_assert!(looks_like_ssl2_hello(&data) != Some(true) || data.len() > 10);
        let records = [record(22, &data), data.clone()].concat();
        play(&mut TlsTalk::default(), [Event::Data(true, &records), Event::Gap(true), Event::Data(false, &data)]);
    }
}
