//! Which protocol is spoken, told by the first bytes and never by a port.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod hellos;
mod speech;

use dataplane::apps::datagramprobes::DATAGRAM_PROBES;
use dataplane::apps::listen::STREAM_LIMIT;
use dataplane::apps::probes::{ProbeSet, STREAM_PROBES};
use dataplane::model::Inspection;
use dataplane::names::List;
use hex_literal::hex;
use proptest::prelude::*;
use speech::{Ear, Line, WHOLE, client, hear, hear_datagrams, inspected, list, server};

fn client_hello() -> Vec<u8> {
    hellos::record(22, &hellos::hello(&[hellos::server_name(b"inner.example")]))
}

/// A question for www.example.com.
const ASKED: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01";

fn rpc(program: u32) -> Vec<u8> {
    [[0x7E57, 0, 2, program, 3, 1].map(u32::to_be_bytes).concat(), vec![0; 16]].concat()
}

fn with(head: &[u8], zeros: usize) -> Vec<u8> {
    [head, &vec![0; zeros]].concat()
}

fn streams() -> Vec<(&'static str, Vec<Line>)> {
    let text = b"(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=x)))";
    let tns = [&with(b"\0\x67\0\0\x01\0", 52)[..], text].concat();
    let dicom = [&b"\x01\0\0\0\0\xcd\0\x01\0\0ANY-SCP         ECHOSCU         "[..], &[0; 32]].concat();
    let startup = b"\0\0\0\x19\0\x03\0\0user\0app\0\0\0\0\0\0\0\0\0";
    vec![
        ("tls", vec![client(b"\x16\x03\x01\x02\0\x01\0\x01\xfc")]),
        ("tls", vec![server(&with(b"\x17\x03\x03\0\x20", 32))]),
        ("ssh", vec![server("SSH-2.0-OpenSSH_9.6\r\n")]),
        ("smtp", vec![server("220 mail.example.com ESMTP\r\n")]),
        ("smtp", vec![server("220 mail.example.com ready\r\n"), client("EHLO x\r\n")]),
        ("smtp", vec![client("HELO x\r\n")]),
        ("smtp", vec![client("lhlo x\r\n")]),
        ("ftp", vec![server("220-Welcome\r\n220 FTP\r\n")]),
        ("ftp", vec![server("220 ready\r\n"), client("USER anonymous\r\n")]),
        ("ftp", vec![client("PASV\r\n")]),
        ("pop3", vec![server("+OK Dovecot POP ready\r\n")]),
        ("pop3", vec![server("+OK ready\r\n"), client("CAPA\r\n")]),
        ("imap", vec![server("* OK [CAPABILITY IMAP4rev1] ready\r\n")]),
        ("imap", vec![client("a1 LOGIN user pw\r\n")]),
        ("rdp", vec![client(b"\x03\0\0\x2b\x26\xe0\0\0\0\0\0Cookie: mstshash=user\r\n\x01\0\x08\0\x03\0\0\0")]),
        ("rdp", vec![server(&hex!("030000130ed000001234000200080002000000"))]),
        ("rdp", vec![client(&hex!("0300000b06e00000000000"))]),
        ("mysql", vec![server(&with(b"\x4a\0\0\0\x0a8.0.36\0", 66))]),
        ("postgresql", vec![client(startup)]),
        ("postgresql", vec![server(b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I")]),
        ("postgresql", vec![client(b"Q\0\0\0\x16select * from t;\0")]),
        ("tds", vec![client(&with(b"\x12\x01\0\x2f\0\0\x01\0\0\0\x1a", 36))]),
        ("oracle", vec![client(&tns)]),
        ("mongodb", vec![client(&with(&[60u32, 1, 0, 2013].map(u32::to_le_bytes).concat(), 44))]),
        ("cassandra", vec![client(b"\x04\0\0\0\x01\0\0\0\x16\0\x01\0\x0bCQL_VERSION\0\x053.0.0")]),
        ("cassandra", vec![client(&with(b"\x04\0\0\0\x05\0\0\0\0", 20))]),
        ("memcached", vec![client("set key 0 900 5\r\nhello\r\n")]),
        ("memcached", vec![server("VALUE key 0 5\r\nhello\r\nEND\r\n")]),
        ("redis", vec![client("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")]),
        ("ldap", vec![client(b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0")]),
        ("sip", vec![client("REGISTER sip:example.com SIP/2.0\r\nVia: x\r\n")]),
        ("sip", vec![server("SIP/2.0 200 OK\r\n")]),
        ("rtsp", vec![client("OPTIONS rtsp://cam.example/1 RTSP/1.0\r\n")]),
        ("mqtt", vec![client(b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04abcd")]),
        ("amqp", vec![client(b"AMQP\0\0\x09\x01")]),
        ("xmpp", vec![client("<?xml version='1.0'?><stream:stream to='x'>")]),
        ("bittorrent", vec![client(&with(b"\x13BitTorrent protocol", 48))]),
        ("rfb", vec![server("RFB 003.008\n")]),
        ("nfs", vec![client(&[&b"\x80\0\0\x28"[..], &rpc(100_003)].concat())]),
        ("sunrpc", vec![client(&[&b"\x80\0\0\x28"[..], &rpc(100_000)].concat())]),
        ("sunrpc", vec![server(&[0x8000_0018u32, 9, 1, 0, 0, 0, 0].map(u32::to_be_bytes).concat())]),
        ("telnet", vec![server(b"\xff\xfd\x18\xff\xfd\x20")]),
        ("dicom", vec![client(&dicom)]),
        ("hl7", vec![client("\x0bMSH|^~\\&|LAB|HOSPITAL|\r")]),
        ("rsync", vec![server("@RSYNCD: 31.0\n")]),
        ("git", vec![client("0032git-upload-pack /project.git\0host=example.com\0\n")]),
        ("irc", vec![client("NICK someone\r\nUSER a 0 * :b\r\n")]),
        ("syslog", vec![client("<34>1 2026-01-01T00:00:00Z host app - - - text\n")]),
        ("syslog", vec![client("52 <34>1 2026-01-01T00:00:00Z host app - - - text\n")]),
        ("socks", vec![client(b"\x05\x01\0"), server(b"\x05\0")]),
        ("socks", vec![client(b"\x04\x01\0\x50\xcb\0\x71\x07\0"), server(&with(b"\0\x5a", 6))]),
        ("dnp3", vec![client(b"\x05\x64\x05\xc0\x01\0\0\x04\xe9\x21")]),
        ("pptp", vec![client(&with(b"\0\x9c\0\x01\x1a\x2b\x3c\x4d\0\x01", 146))]),
        ("openvpn", vec![client(b"\0\x0e\x38\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\0\0")]),
        ("bgp", vec![client(&[&[0xFF; 16][..], b"\0\x1d\x01\x04"].concat())]),
        ("dns", vec![client(&[&[0, ASKED.len() as u8], ASKED].concat())]),
        ("http", vec![client("GET / HTTP/1.1\r\n")]),
        ("http", vec![server("HTTP/1.1 200 OK\r\n")]),
        ("http2", vec![client("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]),
        ("smb", vec![client(&with(b"\0\0\0\x9b\xffSMBr", 30))]),
    ]
}

fn datagrams() -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let ike = [&hex!("0102030405060708 0000000000000000 21202208 00000000 00000040")[..], &[0; 36]].concat();
    let counted = |head: &[u8]| [head, &(0..56).collect::<Vec<u8>>()].concat();
    let nbns = b"\x12\x34\x01\x10\0\x01\0\0\0\0\0\0\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\x21\0\x01";
    vec![
        ("dns", vec![ASKED.to_vec()]),
        (
            "mdns",
            vec![with(b"\0\0\x84\0\0\0\0\x01\0\0\0\0\x01a\x05local\0\0\x01\x80\x01\0\0\0\x78\0\x04\xc0\0\x02\x01", 0)],
        ),
        ("nbns", vec![nbns.to_vec()]),
        ("stun", vec![with(b"\0\x01\0\0\x21\x12\xa4\x42", 12)]),
        ("dhcp", vec![[&with(b"\x01\x01\x06\0", 232)[..], b"\x63\x82\x53\x63\x35\x01\x01\xff"].concat()]),
        ("isakmp", vec![ike.clone()]),
        ("ipsec", vec![[&[0; 4][..], &ike].concat()]),
        ("wireguard", vec![with(b"\x01\0\0\0", 144)]),
        ("openvpn", vec![with(b"\x38\x01\x02\x03\x04\x05\x06\x07\x08", 5)]),
        ("l2tp", vec![with(b"\xc8\x02\0\x0c", 8)]),
        ("ntp", vec![with(b"\x23\0\x06\xec", 44)]),
        ("snmp", vec![with(b"\x30\x29\x02\x01\x01\x04\x06public", 30)]),
        ("ldap", vec![with(b"\x30\x84\0\0\0\x2d\x02\x01\x01\x63\x84\0\0\0\x24", 36)]),
        ("sip", vec![b"INVITE sip:b@example.com SIP/2.0\r\n".to_vec()]),
        ("ssdp", vec![b"M-SEARCH * HTTP/1.1\r\nHost: x\r\n".to_vec()]),
        ("bittorrent", vec![[&with(b"d1:ad2:id20:", 20)[..], b"e1:q4:ping1:t2:aa1:y1:qe"].concat()]),
        ("syslog", vec![b"<13>Jan  1 00:00:00 host app: text".to_vec()]),
        ("nfs", vec![rpc(100_003)]),
        ("sunrpc", vec![rpc(100_000)]),
        ("radius", vec![[&with(b"\x01\x07\0\x1b", 16)[..], b"\x01\x07alice"].concat()]),
        ("tftp", vec![b"\0\x01a.cfg\0octet\0".to_vec()]),
        ("esp", vec![counted(b"\x12\x34\x56\x78\0\0\0\x01"), counted(b"\x12\x34\x56\x78\0\0\0\x02")]),
        (
            "rtp",
            vec![
                with(b"\x80\x60\xff\xff\0\0\x10\0\x12\x34\x56\x78", 160),
                with(b"\x80\xe0\0\0\0\0\x10\xa0\x12\x34\x56\x78", 160),
                with(b"\x80\x60\0\x01\0\0\x11\x40\x12\x34\x56\x78", 160),
            ],
        ),
        ("quic", vec![with(b"\xc0\xff\0\0\x20\x08abcdefgh\0", 40)]),
        ("dtls", vec![with(b"\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x0e\x10", 13)]),
    ]
}

fn say(datagrams: &[Vec<u8>]) -> Vec<Line> {
    datagrams.iter().map(client).collect()
}

#[test]
fn streams_are_told_apart_however_they_come() {
    for (protocol, lines) in streams() {
        for piece in [WHOLE, 1, 3] {
            assert_eq!(hear(&lines, piece).app_protocol, Some(protocol), "{lines:?}");
        }
    }
}

#[test]
fn datagrams_are_told_apart() {
    for (protocol, data) in datagrams() {
        assert_eq!(hear_datagrams(&say(&data)).app_protocol, Some(protocol), "{data:?}");
    }
}

#[test]
fn every_probe_has_a_case() {
    assert!(STREAM_PROBES.iter().all(|probe| streams().iter().any(|(protocol, _)| *protocol == probe.protocol)));
    assert!(DATAGRAM_PROBES.iter().all(|probe| datagrams().iter().any(|(protocol, _)| *protocol == probe.protocol)));
}

#[test]
fn media_may_be_encrypted() {
    let (_, media) = datagrams().into_iter().find(|(protocol, _)| *protocol == "rtp").unwrap();

    assert_eq!(inspected(&hear_datagrams(&say(&media))), Some(Inspection::Opaque));
}

#[test]
fn the_questions_behind_a_first_datagram_are_heard() {
    let names = hear_datagrams(&[client(b"<13>text"), client(ASKED)]);

    assert_eq!((names.app_protocol, list(&names, List::DnsQuery)), (Some("dns"), vec!["www.example.com"]));
}

#[test]
fn nothing_is_told_of_what_nobody_speaks() {
    let all: Vec<u8> = (0..=255).collect();
    for data in [&[0; 64][..], &[0xFF; 64], &[0x80; 64], &all, &[b'A'; 64]] {
        let lines = [client(data), server(data)];
        assert!(matches!(hear(&lines, WHOLE).app_protocol, None | Some("bgp")));
        assert_eq!(hear_datagrams(&lines).app_protocol, None);
    }
}

#[test]
fn what_can_be_read_of_an_unknown_protocol() {
    let low: Vec<u8> = (0..200).collect();
    let high: Vec<u8> = (128..=255).collect();
    for (data, told) in [
        (&b"12:Hello world"[..], Inspection::Cleartext),
        ("Họ tên: Nguyễn Văn A; số định danh: …\n".as_bytes(), Inspection::Cleartext),
        (b"H\xf2 t\xean: Nguy\xean Van A, sinh ng\xe0y 1 th\xe1ng 1\n", Inspection::Cleartext),
        (b"\xff\xfec\0h\0", Inspection::Cleartext),
        (b"text that ends in half a character \xe1\xba", Inspection::Cleartext),
        (&[b"PK\x03\x04", &low[..]].concat(), Inspection::Cleartext),
        (&low, Inspection::Opaque),
        (&high, Inspection::Opaque),
        (b"ab", Inspection::Opaque),
    ] {
        for piece in [WHOLE, 1] {
            let names = hear(&[client(data)], piece);
            assert_eq!((names.app_protocol, inspected(&names)), (None, Some(told)), "{}", data.escape_ascii());
        }
        let datagram = hear_datagrams(&[client(data)]);
        if !data.starts_with(b"PK") {
            assert_eq!(inspected(&datagram), Some(told));
        }
    }
}

#[test]
fn a_file_on_a_bare_stream_has_a_type_where_it_goes_out() {
    assert_eq!(list(&hear(&[client("%PDF-1.7\n")], WHOLE), List::FileTypes), ["application/pdf"]);
    assert!(list(&hear(&[server("%PDF-1.7\n")], WHOLE), List::FileTypes).is_empty());
}

#[test]
fn one_side_that_is_unknown_may_be_explained_by_the_other() {
    let lines = [client(b"\0\0\0\0odd"), server("HTTP/1.1 400 Bad Request\r\n\r\n")];

    assert_eq!(hear(&lines, WHOLE).app_protocol, Some("http"));
}

#[test]
fn a_stream_that_was_announced_is_what_it_was_announced_as() {
    let transfer = |data: &[u8]| {
        let mut ear = Ear::new(true);
        ear.names.app_protocol = Some("ftp-data");
        let wanted = ear.feed(true, data);
        (ear.names.app_protocol, wanted, inspected(&ear.names))
    };

    assert_eq!(transfer(b"GET / HTTP/1.1\r\n\r\n"), (Some("ftp-data"), false, Some(Inspection::Cleartext)));
    assert_eq!(transfer(&client_hello()), (Some("tls"), true, Some(Inspection::Metadata)));
}

#[test]
fn listening_ends() {
    let mut stream = Ear::new(true);
    let fed = (1..).find(|_| !stream.feed(true, &[0, 1, 2, 3].repeat(25))).unwrap();
    assert!((fed - 1) * 100 <= STREAM_LIMIT);

    let mut datagrams = Ear::new(false);
    let wanted: Vec<bool> = (0..8).map(|_| datagrams.feed(true, &[0; 30])).collect();
    assert_eq!(wanted, [true, true, true, true, true, true, true, false]);
}

#[test]
fn what_is_behind_a_proxy() {
    let plays = [
        vec![
            client(b"\x05\x02\0\x02"),
            server(b"\x05\x02"),
            client(b"\x01\x01u\x02pw"),
            server(b"\x01\0"),
            client(b"\x05\x01\0\x03\x09a.example\x01\xbb"),
            server(b"\x05\0\0\x01\xcb\0\x71\x07\x01\xbb"),
        ],
        vec![
            client(b"\x05\x01\0"),
            server(b"\x05\0"),
            client(&[&b"\x05\x01\0\x04"[..], &[0; 16], b"\x01\xbb"].concat()),
            server(&with(b"\x05\0\0\x01", 6)),
        ],
        vec![client(b"\x04\x01\x01\xbb\0\0\0\x01me\0a.example\0"), server(&with(b"\0\x5a", 6))],
    ];
    for (play, piece) in plays.iter().flat_map(|play| [(play, WHOLE), (play, 1)]) {
        let and = |line: Line| [play.as_slice(), &[line]].concat();
        let tls = hear(&and(client(&client_hello())), piece);
        let ssh = hear(&and(server("SSH-2.0-x\r\n")), piece);

        assert_eq!((tls.app_protocol, tls.server().unwrap().0), (Some("tls"), "inner.example"));
        assert_eq!(ssh.app_protocol, Some("ssh"));
    }
}

#[test]
fn proxies_in_proxies_have_an_end() {
    let mut ear = Ear::new(true);
    let mut layer =
        || ear.feed(true, b"CONNECT a.example:1 HTTP/1.1\r\n\r\n") & ear.feed(false, b"HTTP/1.1 200 OK\r\n\r\n");

    assert!(layer());
    assert!((0..9).map(|_| layer()).any(|wanted| !wanted));
}

#[test]
fn tls_takes_over_where_a_message_would_begin() {
    for before in [
        vec![client(b"\0\0\0\x08\x04\xd2\x16\x2f"), server("S")],
        vec![client(b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0")],
        vec![server("* OK [CAPABILITY IMAP4rev1] ready\r\n"), client("a1 STARTTLS\r\n"), server("a1 OK\r\n")],
        vec![client("NICK someone\r\n")],
    ] {
        for piece in [WHOLE, 1, 4] {
            let names = hear(&[before.as_slice(), &[client(&client_hello())]].concat(), piece);
            let kept = names.app_protocol.is_some_and(|protocol| protocol != "tls");
            assert_eq!((names.server().unwrap().0, kept), ("inner.example", true));
            assert_eq!(inspected(&names), Some(Inspection::Metadata));
        }
    }
}

proptest! {
    /// What is said of a part holds of the whole: no stays no, yes stays yes.
    #[test]
    fn answers_stand(
        play in prop::sample::select(streams()),
        noise in prop::collection::vec(any::<u8>(), 0..40),
        at in any::<prop::sample::Index>(),
    ) {
        let mut head = play.1[0].1.clone();
        head.truncate(at.index(head.len()));
        head.extend(noise);
        for probe in &STREAM_PROBES {
            let answers = (1..=head.len()).map(|size| (probe.test)(&head[..size], &[]));
            let mut known = None;
            for answer in answers {
                prop_assert!(known.is_none() || known == answer, "{}: {}", probe.protocol, head.escape_ascii());
                known = answer;
            }
        }
    }

    /// No probe is passed over that would say yes.
    #[test]
    fn the_first_byte_leaves_out_no_one(head in prop::collection::vec(any::<u8>(), 1..80)) {
        let asked: Vec<_> = ProbeSet::beginning(head[0]).probes().map(|(_, probe)| probe.protocol).collect();
        let open = STREAM_PROBES.iter().filter(|probe| (probe.test)(&head, &[]) != Some(false));
        prop_assert!(open.map(|probe| probe.protocol).all(|protocol| asked.contains(&protocol)));
    }
}
