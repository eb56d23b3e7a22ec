//! Mail, FTP, SMB and TFTP: whom mail goes to and which files go out.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod hellos;
mod speech;

use dataplane::apps::ftp::FtpTalk;
use dataplane::apps::mail::recipient_domain;
use dataplane::apps::smb::{SmbTalk, looks_like_smb};
use dataplane::apps::talk::{Scene, Step, Talk};
use dataplane::apps::tftp::looks_like_tftp;
use dataplane::model::{Address, Inspection};
use dataplane::names::dns::DnsLog;
use dataplane::names::transfers::{Ends, FlowRef, Transfers};
use dataplane::names::{List, Names, Source};
use proptest::prelude::*;
use speech::{
    Ear, Line, WHOLE, client, hear, hear_datagrams, hear_from_abroad, inspected, list, server, server_of, told,
};

const MAIL: &str = "Subject: x\r\nContent-Type: multipart/mixed; boundary=yy\r\n\r\n--yy\r\n\
    Content-Type: application/zip;\r\n name=x.zip\r\nContent-Transfer-Encoding: base64\r\n\
    content-disposition: attachment;\r\n\tfilename=\"=?UTF-8?B?bMawxqFuZy56aXA=?=\"\r\n\r\nUEsDBA==\r\n--yy--\r\n\
    RCPT TO:<inside@body.example>\r\n..\r\n";
const DOMAINS: [&str; 3] = ["example.com", "x.example", "later.example"];
const WRITE: u32 = 0x0012_0196;
const READ: u32 = 0x0012_0089;

fn smtp() -> Vec<Line> {
    vec![
        server("220 mx.example.com ESMTP\r\n"),
        client("EHLO client.example\r\n"),
        server("250-mx\r\n250 PIPELINING\r\n"),
        client("MAIL FROM:<a@home.example>\r\nRCPT TO:<b@Example.COM> NOTIFY=NEVER\r\n"),
        client("rcpt to: <@relay.example:c@x.example>\r\n"),
        server("250 ok\r\n550 no\r\n250 ok\r\n"),
        client("DATA\r\n"),
        server("354 go\r\n"),
        client(&format!("{MAIL}.\r\n")),
        server("250 queued\r\n"),
        client("RCPT TO:<d@later.example>\r\nQUIT\r\n"),
    ]
}

/// Recipients' domains of every mail, the attachments' names and types; the mail's own text is no command.
#[test]
fn mail_goes_out() {
    for piece in [WHOLE, 1, 9] {
        let names = hear(&smtp(), piece);

        assert_eq!(names.app_protocol, Some("smtp"));
        assert_eq!(list(&names, List::MailDomains), DOMAINS);
        assert_eq!(list(&names, List::FileNames), ["lương.zip"]);
        assert_eq!(list(&names, List::FileTypes), ["application/zip"]);
    }
}

/// Attachments of mail from abroad do not leave; whom it is for is told all the same.
#[test]
fn mail_that_comes_in_names_no_files() {
    let names = hear_from_abroad(&smtp(), WHOLE);

    assert!(list(&names, List::FileNames).is_empty());
    assert_eq!(list(&names, List::MailDomains), DOMAINS);
}

/// Where the replies take another way, DATA is believed at once.
#[test]
fn one_direction_of_mail_is_enough() {
    let commands: Vec<Line> = smtp().into_iter().filter(|(is_client, _)| *is_client).collect();
    for piece in [WHOLE, 1] {
        let names = hear(&commands, piece);

        assert_eq!(list(&names, List::MailDomains), DOMAINS);
        assert_eq!(list(&names, List::FileNames), ["lương.zip"]);
    }
}

/// After 554 the client goes on with commands.
#[test]
fn refused_data_is_no_mail() {
    let names = hear(
        &[
            server("220 mx ESMTP\r\n"),
            client("HELO a\r\n"),
            server("250 a\r\n"),
            client("DATA\r\n"),
            server("554 no\r\n"),
            client("RCPT TO:<x@after.example>\r\n"),
        ],
        WHOLE,
    );

    assert_eq!(list(&names, List::MailDomains), ["after.example"]);
}

/// BDAT says how long the mail is (RFC 3030).
#[test]
fn mail_in_chunks() {
    let chunk = format!("BDAT {} LAST\r\n{MAIL}RCPT TO:<x@after.example>\r\n", MAIL.len());
    for piece in [WHOLE, 1] {
        let greeting = [server("220 mx ESMTP\r\n"), client("EHLO a\r\n"), server("250 a\r\n")];
        let names = hear(&[&greeting[..], &[client(&chunk)]].concat(), piece);

        assert_eq!(list(&names, List::MailDomains), ["after.example"]);
        assert_eq!(list(&names, List::FileNames), ["lương.zip"]);
    }
}

/// After STARTTLS the flow keeps its protocol, tells the server's name, and is no longer read in the clear.
#[test]
fn mail_goes_over_to_tls() {
    let hello = hellos::record(22, &hellos::hello(&[hellos::server_name(b"mx.example.com")]));
    let said = [
        server("220 mx ESMTP\r\n"),
        client("EHLO a\r\n"),
        server("250 STARTTLS\r\n"),
        client("RCPT TO:<a@b.example>\r\nSTARTTLS\r\n"),
        server("220 go\r\n"),
        client(&hello),
    ];
    for piece in [WHOLE, 1] {
        let names = hear(&said, piece);

        assert_eq!(names.app_protocol, Some("smtp"));
        assert_eq!(list(&names, List::MailDomains), ["b.example"]);
        assert_eq!(server_of(&names), Some(("mx.example.com", Source::Tls)));
        assert_eq!(inspected(&names), Some(Inspection::Metadata));
    }
}

/// The line with a single dot ends a mail, whichever line ends it has; nothing that only looks like it does.
#[test]
fn the_end_of_mail_is_found() {
    for (mail, ends) in [
        (".\n", true),
        ("a\n.\n", true),
        ("a\r\n.\r\n", true),
        ("a\n\n.\r\n", true),
        ("a.\r\n", false),
        ("..\r\n", false),
        (".a\r\n", false),
        (".\r\r\n", false),
        (".\r.\n", false),
    ] {
        let said = format!("EHLO a\r\nDATA\r\n{mail}RCPT TO:<x@after.example>\r\n");
        for piece in [WHOLE, 1] {
            let names = hear(&[client(&said)], piece);
            assert_eq!(list(&names, List::MailDomains).is_empty(), !ends, "{}", mail.escape_default());
        }
    }
}

/// Forms of RFC 5321 4.1.2, and what lax clients send.
#[test]
fn domains_of_recipients() {
    let cases: [(&[u8], Option<&[u8]>); 9] = [
        (b"RCPT TO:<a@b.example>", Some(b"b.example")),
        (b"RCPT TO: a@b.example", Some(b"b.example")),
        (b"rcpt\t\x0bto:\x0b<a@b.example\x0b", Some(b"b.example")),
        (b"RCPT TO:<\"x@y\"@b.example>", Some(b"b.example")),
        (b"RCPT TO:<postmaster>", None),
        (b"RCPT TO:<>", None),
        (b"RCPT TO:<a@ >", None),
        (b"RCPTTO:<a@b>", None),
        (b"RCPT", None),
    ];
    for (line, domain) in cases {
        assert_eq!(recipient_domain(line), domain, "{}", line.escape_ascii());
    }
}

/// A mail client abroad fetches mail from a server at home: its attachments leave.
#[test]
fn a_mailbox_is_read_from_abroad() {
    for greeting in ["* OK IMAP4rev1\r\n", "+OK POP3 server\r\n"] {
        for piece in [WHOLE, 1] {
            let said = [server(greeting), server(&format!("+OK 99 octets\r\n{MAIL}.\r\n"))];

            assert_eq!(list(&hear_from_abroad(&said, piece), List::FileNames), ["lương.zip"]);
            assert!(list(&hear(&said, piece), List::FileNames).is_empty());
        }
    }
}

fn ftp() -> Vec<Line> {
    vec![
        server("220 FTP ready\r\n"),
        client("USER a\r\n"),
        client("stor /up/sent.csv\r\n"),
        client("RETR fetched.csv\r\n"),
        client("APPE more.log\r\n"),
        client("STOU\r\nSTOR \x0b\r\n"),
    ]
}

/// A client at home sends what it stores; a client abroad takes what it retrieves.
#[test]
fn files_over_ftp() {
    for piece in [WHOLE, 1] {
        let names = hear(&ftp(), piece);

        assert_eq!(names.app_protocol, Some("ftp"));
        assert_eq!(list(&names, List::FileNames), ["sent.csv", "more.log"]);
        assert_eq!(list(&hear_from_abroad(&ftp(), piece), List::FileNames), ["fetched.csv"]);
    }
}

/// Lines are bounded; the command behind a long one is found.
#[test]
fn a_line_without_end_is_cut() {
    let long = format!("STOR {}\r\nSTOR b.txt\r\n", "x".repeat(100_000));
    let names = hear(&[&ftp()[..2], &[client(&long)]].concat(), 1400);

    assert!(list(&names, List::FileNames).contains(&"b.txt"));
}

/// The data connection is called by its name, and carries the file that is named before it opens or after.
#[test]
fn ftp_announces_its_data_connections() {
    let ends = Ends { server: Address::v4([203, 0, 113, 21]), client: Address::v4([192, 0, 2, 10]) };
    let back = Ends { server: ends.client, client: ends.server };
    let flow = FlowRef { slot: 3, generation: 1 };
    for (outward, line, opened, port, file) in [
        (false, "227 (203,0,113,21,156,64)\r\n", ends, 40000, "STOR a.csv\r\n"),
        (false, "227 (10,0,0,5,156,64)\r\n", ends, 40000, "STOR a.csv\r\n"),
        (false, "229 ok (|||40000|)\r\n", ends, 40000, "STOR a.csv\r\n"),
        (true, "PORT 192,0,2,10,4,1\r\n", back, 1025, "APPE a.csv\r\n"),
        (true, "EPRT |1|192.0.2.10|1025|\r\n", back, 1025, "STOU a.csv\r\n"),
    ] {
        for opens_early in [true, false] {
            let (mut control, mut data) = (Names::default(), Names::default());
            let (mut dns, mut transfers) = (DnsLog::default(), Transfers::default());
            let mut talk = FtpTalk::default();
            let mut say = |transfers: &mut Transfers, outward, line: &str| {
                let mut scene = Scene {
                    names: &mut control,
                    dns: &mut dns,
                    transfers,
                    flow: Some(flow),
                    ends: Some(ends),
                    reading: None,
                };
                assert_eq!(talk.feed(&mut scene, outward, line.as_bytes()), Step::More);
            };
            say(&mut transfers, outward, line);
            if !opens_early {
                say(&mut transfers, true, file);
            }
            assert!(transfers.claim(&opened, port, flow, &mut data), "{line}");
            if opens_early {
                say(&mut transfers, true, file);
                assert_eq!(transfers.take_told(), [(flow, b"a.csv".to_vec())]);
            } else {
                assert_eq!(list(&data, List::FileNames), ["a.csv"]);
            }
        }
    }
}

/// A CREATE request ([MS-SMB2] 2.2.13), `following` bytes long where another comes behind it.
fn create(name: &str, access: u32, following: u32, flags: u32, options: u32) -> Vec<u8> {
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut request = vec![0; 64 + 56];
    request[..4].copy_from_slice(b"\xfeSMB");
    request[12] = 5;
    request[16..20].copy_from_slice(&flags.to_le_bytes());
    request[20..24].copy_from_slice(&following.to_le_bytes());
    request[64 + 24..64 + 28].copy_from_slice(&access.to_le_bytes());
    request[64 + 40..64 + 44].copy_from_slice(&options.to_le_bytes());
    request[64 + 44] = 120;
    request[64 + 46] = name.len() as u8;
    request.extend_from_slice(&name);
    request.resize(request.len().max(following as usize), 0);
    request
}

fn opens(name: &str, access: u32) -> Vec<u8> {
    create(name, access, 0, 0, 0x40)
}

/// A message behind its length.
fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes(), message].concat()
}

fn smb2() -> Vec<u8> {
    let write = [&b"\xfeSMB\x40\0\0\0\0\0\0\0\x09"[..], &[0; 60_051]].concat();
    let both = [create("dir\\sent.xlsx", WRITE, 256, 0, 0x40), opens("dir\\both.xlsx", WRITE | READ)].concat();
    let messages = [
        both,
        write,
        opens("read.xlsx", READ),
        create("folder", WRITE, 0, 0, 0x21),
        create("answered.xlsx", WRITE, 0, 1, 0x40),
        opens("later\u{1F4C4}.xlsx", WRITE),
    ];
    messages.iter().flat_map(|message| framed(message)).collect()
}

/// Opened for writing by a client at home, or for reading by one abroad; compounds, large writes between.
#[test]
fn files_over_smb2() {
    for piece in [WHOLE, 1, 50] {
        let names = hear(&[client(&smb2())], piece);

        assert_eq!(names.app_protocol, Some("smb"));
        assert_eq!(list(&names, List::FileNames), ["sent.xlsx", "both.xlsx", "later\u{1F4C4}.xlsx"]);
        let names = hear_from_abroad(&[client(&smb2())], piece);
        assert_eq!(list(&names, List::FileNames), ["both.xlsx", "read.xlsx"]);
    }
}

/// NT_CREATE_ANDX, names in UTF-16 and in the old code page.
#[test]
fn files_over_smb1() {
    for unicode in [true, false] {
        let name: Vec<u8> =
            if unicode { "sent.doc".encode_utf16().flat_map(u16::to_le_bytes).collect() } else { b"sent.doc".to_vec() };
        let mut message = vec![0; 33 + 50];
        message[..5].copy_from_slice(b"\xffSMB\xa2");
        message[11] = if unicode { 0x80 } else { 0 };
        message[33 + 5] = name.len() as u8;
        message[33 + 15..33 + 19].copy_from_slice(&WRITE.to_le_bytes());
        message.extend_from_slice(if unicode { b"\0" } else { b"" });
        message.extend_from_slice(&name);

        assert_eq!(list(&hear(&[client(&framed(&message))], WHOLE), List::FileNames), ["sent.doc"]);
        message[9] = 0x80; // an answer
        assert!(list(&hear(&[client(&framed(&message))], WHOLE), List::FileNames).is_empty());
    }
}

/// Half a pair of UTF-16, or half a unit, becomes a replacement character.
#[test]
fn damaged_names_over_smb() {
    let mut message = opens("a", WRITE);
    message.extend_from_slice(b"\0\xd8\x41");
    message[64 + 46] = 5;
    let names = hear(&[client(&framed(&message))], WHOLE);
    assert_eq!(list(&names, List::FileNames), ["a\u{FFFD}"]);

    message[64 + 46] = 200; // the name claims more than there is
    let names = hear(&[client(&framed(&message))], WHOLE);
    assert_eq!(list(&names, List::FileNames), ["a\u{FFFD}"]);
}

/// SMB 3 may encrypt what is inside.
#[test]
fn encrypted_smb_is_opaque() {
    let names = hear(&[client(&framed(&[&b"\xfdSMB"[..], &[0; 60]].concat()))], WHOLE);

    assert_eq!(names.app_protocol, Some("smb"));
    assert_eq!(inspected(&names), Some(Inspection::Opaque));
}

/// The next piece that begins like a message is one.
#[test]
fn smb_after_a_gap() {
    let mut ear = Ear::new(true);
    ear.feed(true, &framed(&opens("a.txt", WRITE))[..80]);
    ear.gap(true);
    ear.feed(true, &[0; 50]);
    ear.feed(true, &framed(&opens("b.txt", WRITE)));

    assert_eq!(list(&ear.names, List::FileNames), ["b.txt"]);
}

/// Direct and over NetBIOS; undecided, yes and no.
#[test]
fn what_looks_like_smb() {
    let cases: [(&[u8], Option<bool>); 9] = [
        (b"", None),
        (b"\0\0\0\x55\xffSM", None),
        (b"\0\0\0\x55\xffSMB", Some(true)),
        (b"\0\0\xff\xf7BAAD", Some(false)),
        (b"\x81\0\0", None),
        (b"\x81\0\0\x44", Some(true)),
        (b"\x81\0\0\x44\x20CKFDENECFD", Some(true)),
        (b"\x81\0\0\x44\x21", Some(false)),
        (b"\x82", Some(false)),
    ];
    for (head, verdict) in cases {
        assert_eq!(looks_like_smb(head), verdict, "{}", head.escape_ascii());
    }
}

/// Written abroad, or read at home.
#[test]
fn files_over_tftp() {
    for (operation, home, files) in [(2, true, &["a.cfg"][..]), (1, true, &[]), (1, false, &["a.cfg"]), (2, false, &[])]
    {
        let asked = [&[0, operation], &b"conf/a.cfg\0OCTET\0"[..]].concat();
        let names = hear_datagrams(&[(home, asked)]);

        assert_eq!(names.app_protocol, Some("tftp"));
        assert_eq!(list(&names, List::FileNames), files);
    }
}

/// An operation, a name that can be read, a mode, all ended.
#[test]
fn what_looks_like_tftp() {
    let named = |size: usize| [&b"\0\x02"[..], &vec![b'x'; size], b"\0mail\0blksize\0"].concat();
    for (datagram, verdict) in [
        (b"\0\x01a\0octet\0".to_vec(), true),
        (named(255), true),
        (named(256), false),
        (named(0), false),
        (b"\0\x01a\0octet".to_vec(), false),
        (b"\0\x01\x07\0octet\0".to_vec(), false),
        (b"\0\x01a\0binary\0".to_vec(), false),
        (b"\0\x03a\0octet\0".to_vec(), false),
    ] {
        assert_eq!(looks_like_tftp(&datagram), verdict, "{}", datagram.escape_ascii());
    }
}

/// What mail and FTP consist of.
fn spoken() -> impl Strategy<Value = Vec<Line>> {
    let words = prop::sample::select(vec![
        "EHLO a\r\n",
        "220 mx ESMTP\r\n",
        "DATA\r\n",
        "354 go\r\n",
        "250 ok\r\n",
        "RCPT TO:<b@c.example>\r\n",
        "BDAT 30\r\n",
        MAIL,
        ".\r\n",
        "\n.\n",
        "\n.\r\r\n",
        ".",
        "\r",
        "\n",
        "\x16",
        "\x16\x03\n",
        "STOR a.csv\r\n",
        "227 (1,2,3,4,5,6)\r\n",
    ]);
    let line = (any::<bool>(), words).prop_map(|(way, word)| (way, word.as_bytes().to_vec()));
    let first = prop::sample::select(vec!["EHLO a\r\n", "USER a\r\n", "CAPA\r\n"]).prop_map(client);
    (first, prop::collection::vec(line, 0..12)).prop_map(|(first, lines)| [vec![first], lines].concat())
}

proptest! {
    /// Where lines are cut does not matter.
    #[test]
    fn any_cut_of_lines_gives_the_same_names(lines in spoken(), piece in 1usize..40) {
        prop_assert_eq!(told(&hear(&lines, piece)), told(&hear(&lines, WHOLE)));
    }

    /// Nor where messages of SMB are, damaged or whole.
    #[test]
    fn any_cut_of_smb_gives_the_same_names(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        piece in 1usize..5000,
    ) {
        let mut stream = smb2();
        for (at, byte) in damage {
            let at = at.index(stream.len());
            stream[at] = byte;
        }
        let feed = |piece: usize| {
            let (mut names, mut dns, mut transfers) = (Names::default(), DnsLog::default(), Transfers::default());
            let mut talk = SmbTalk::default();
            for part in stream.chunks(piece) {
                let (names, dns, transfers) = (&mut names, &mut dns, &mut transfers);
                talk.feed(&mut Scene { names, dns, transfers, flow: None, ends: None, reading: None }, true, part);
            }
            format!("{names:?}")
        };
        prop_assert_eq!(feed(piece), feed(WHOLE));
    }

    /// Any bytes are read without panic, in any direction, with gaps anywhere.
    #[test]
    fn any_bytes_are_heard(pieces in prop::collection::vec((any::<bool>(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..90)), 0..20)) {
        for start in [&b"EHLO a\r\n"[..], b"USER a\r\n", b"CAPA\r\n", &framed(b"\xfeSMB"), b"\0\x01a\0mail\0"] {
            let mut ear = Ear::new(start[0] != 0 || start[1] == 0);
            ear.feed(true, start);
            for (way, gap, data) in &pieces {
                if *gap { ear.gap(*way) } else { ear.feed(*way, data); }
            }
        }
    }
}
