//! HTTP/1.x heads and talks, HTTP/2 without TLS.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod hellos;
mod speech;

use dataplane::apps::disposition::file_name;
use dataplane::apps::hpack::FieldTable;
use dataplane::apps::http::{chunk_size, looks_like_http, parse_head};
use dataplane::apps::http2::PREFACE;
use dataplane::model::Inspection;
use dataplane::names::{List, Names, Source, Text};
use hex_literal::hex;
use speech::{Ear, Line, WHOLE, client, hear, hear_from_abroad, host, inspected, list, server, server_of};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const GET: &str = "GET /a/b?citizen=001199000001 HTTP/1.1\r\nHost: WWW.Example.com:8080\r\n\r\n";
const FORM: &str = concat!(
    "--xx\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\ntext\r\n",
    "--xx\r\nContent-Type: application/pdf\r\n",
    "Content-Disposition: form-data; name=\"f\";\r\n filename=\"C:\\\\files\\\\report.pdf\"\r\n\r\n%PDF-1.7\r\n",
    "--xx\r\nContent-Disposition: form-data; name=f; filename*=UTF-8''b%E1%BA%A3ng.xlsx\r\n",
    "Content-Type: application/vnd.ms-excel; x=y\r\n\r\n\0\x01\x02\r\n--xx--\r\n"
);

fn post() -> String {
    let fields = "Host: files.example.net\r\nContent-Type: Multipart/Form-Data; boundary=xx\r\n";
    format!("POST /upload HTTP/1.1\r\n{fields}Content-Length: {}\r\n\r\n{FORM}", FORM.len())
}

fn client_hello(name: &[u8]) -> Line {
    client(&hellos::record(22, &hellos::hello(&[hellos::server_name(name)])))
}

#[test]
fn a_request_tells_host_method_and_path_without_port_and_query() {
    for piece in [WHOLE, 1, 7] {
        let names = hear(&[client(GET), server(OK)], piece);

        assert_eq!(names.app_protocol, Some("http"));
        assert_eq!(server_of(&names), Some(("www.example.com", Source::Http)));
        assert_eq!(host(&names), Some("www.example.com"));
        assert_eq!((names.text(Text::HttpMethod), names.text(Text::HttpPath)), (Some("GET"), Some("/a/b")));
        assert_eq!((names.http_upload_bytes, inspected(&names)), (None, Some(Inspection::Cleartext)));
    }
}

#[test]
fn a_form_with_files_goes_out() {
    for piece in [WHOLE, 1, 13] {
        let names = hear(&[client(&(post() + GET)), server(OK)], piece);

        assert_eq!(names.http_upload_bytes, Some(FORM.len() as u64));
        assert_eq!(names.text(Text::HttpContentType), Some("multipart/form-data"));
        assert_eq!(list(&names, List::FileNames), ["report.pdf", "bảng.xlsx"]);
        assert_eq!(list(&names, List::FileTypes), ["application/pdf", "application/vnd.ms-excel"]);
    }
}

#[test]
fn names_of_files_in_the_words_of_mail_programs() {
    let named = |name: &str| {
        let form = format!("--xx\r\nContent-Disposition: form-data; filename=\"{name}\"\r\n\r\n");
        let head = "POST / HTTP/1.1\r\nContent-Type: multipart/mixed\r\nContent-Length: 999\r\n\r\n";
        list(&hear(&[client(&format!("{head}{form}"))], WHOLE), List::FileNames).join("|")
    };

    assert_eq!(named("=?UTF-8?B?YuG6o25nLnhsc3g=?="), "bảng.xlsx");
    assert_eq!(named("=?utf-8?q?b=E1=BA?= =?utf-8?q?=A3ng_1=2Exlsx?="), "bảng 1.xlsx");
    assert_eq!(named("=?windows-1258?Q?b=E0=D2ng?= plain =?iso-8859-1?B?6Q?="), "bà\u{309}ng plain é");
    for unread in ["=?hex?q?61?=", "=?utf-8?b?a?=", "=?utf-8?x?a?=", "=?utf-7?q?a?=", "=?utf-8?q?a"] {
        assert_eq!(named(unread), unread);
    }
}

#[test]
fn a_foreign_client_draws_files_from_home() {
    let response = "HTTP/1.1 200 OK\r\nContent-Type: text/csv; charset=utf-8\r\nContent-Length: 10\r\n\
                    Content-Disposition: attachment; filename=citizens.csv\r\n\r\n0123456789";
    for piece in [WHOLE, 1] {
        let lines = [client(&(post() + GET)), server(&format!("{OK}{response}"))];
        let names = hear_from_abroad(&lines, piece);

        assert_eq!((names.http_upload_bytes, names.text(Text::HttpContentType)), (Some(15), Some("text/csv")));
        assert_eq!(list(&names, List::FileNames), ["citizens.csv"]);
        assert_eq!(list(&names, List::FileTypes), ["text/csv"]);
    }
}

#[test]
fn chunks_are_counted_without_their_frame() {
    let body = "5;ext=1\r\nhello\r\n0A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
    let put = "PUT /dump.sql.gz?sig=1 HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n";
    let second = "POST /second HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nabc";
    for piece in [WHOLE, 1, 4] {
        let names = hear(&[client(&[put, body, second].concat())], piece);

        assert_eq!((names.http_upload_bytes, list(&names, List::FileNames)), (Some(18), vec!["dump.sql.gz"]));
    }
}

#[test]
fn a_body_that_ends_with_the_connection_is_counted_as_seen() {
    let names = hear_from_abroad(&[client(GET), server(&[b"HTTP/1.0 200 OK\r\n\r\n", &[0; 1000][..]].concat())], WHOLE);

    assert_eq!(names.http_upload_bytes, Some(1000));
}

#[test]
fn announced_lengths_count_at_once() {
    let upload = |length: &str| {
        hear(&[client(&format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n"))], WHOLE).http_upload_bytes
    };

    assert_eq!(upload("5000000000"), Some(5_000_000_000));
    assert_eq!(upload(&"9".repeat(40)), Some((1 << 62) - 1));
    assert_eq!((upload("'7'"), upload("-7"), upload("0")), (Some(7), None, None));
}

#[test]
fn some_responses_have_no_body_whatever_they_say() {
    for response in [
        "HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ] {
        let names = hear_from_abroad(&[client(&[GET, GET].concat()), server(&format!("{response}{OK}"))], WHOLE);
        assert_eq!(names.http_upload_bytes, Some(5));
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n";
    let asked = GET.replace("GET", "HEAD") + GET;
    let names = hear_from_abroad(&[client(&asked), server(&format!("{head}{OK}"))], WHOLE);
    assert_eq!((names.http_upload_bytes, names.text(Text::HttpMethod)), (Some(5), Some("HEAD")));
}

#[test]
fn more_requests_than_are_remembered() {
    let asked = GET.repeat(70) + &GET.replace("GET", "HEAD");
    let answers = OK.repeat(63) + "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + OK;
    let names = hear_from_abroad(&[client(&asked), server(&answers)], WHOLE);

    assert_eq!(names.http_upload_bytes, Some(64 * 5));
}

#[test]
fn hosts_of_awkward_heads() {
    for (head, told) in [
        ("GET http://Proxied.example:3128/x HTTP/1.1\r\nHost: other.example\r\n\r\n", Some("proxied.example")),
        ("GET http://user:pw@a.example?x HTTP/1.1\r\n\r\n", Some("a.example")),
        ("GET / HTTP/1.1\nHost:bare-line-feeds.example\n\n", Some("bare-line-feeds.example")),
        ("GET / HTTP/1.1\r\nX: 1\r\n  folded: 2\r\nHost :\t spaced.example \r\n\r\n", Some("spaced.example")),
        ("GET / HTTP/1.1\r\nHost:\r\n folded.example\r\n\r\n", Some("folded.example")),
        ("GET / HTTP/1.1\r\nhOsT: one.example\r\nHost: two.example\r\n\r\n", Some("one.example")),
        ("GET / HTTP/1.1\r\nHost: one.example\r\nX: 1\r\nX: 2\r\n Host: two.example\r\n\r\n", Some("one.example")),
        ("GET / HTTP/1.1\r\nX: 1\r\nX: 2\r\n Host: no.example\r\n\r\n", None),
        ("\r\n\r\nGET  /  HTTP/1.1\r\r\nHost: leading.example\r\r\n\r\n", Some("leading.example")),
        ("GET%00 /i HTTP/1.1\r\nHost: odd-method.example\r\n\r\n", Some("odd-method.example")),
        ("M-CUSTOM /i HTTP/1.1\r\nHost: custom.example\r\n\r\n", Some("custom.example")),
        ("GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", Some("2001:db8::1")),
        ("GET /old\r\n", None), // HTTP/0.9
    ] {
        for piece in [WHOLE, 1] {
            let names = hear(&[client(head)], piece);
            assert_eq!((names.app_protocol, host(&names)), (Some("http"), told), "{head:?}");
        }
    }
}

#[test]
fn an_address_names_no_server() {
    for address in ["203.0.113.9", "[2001:db8::1]"] {
        let names = hear(&[client(&GET.replace("WWW.Example.com:8080", address))], WHOLE);
        assert_eq!((host(&names), server_of(&names)), (Some(address.trim_matches(['[', ']'])), None));
    }
}

#[test]
fn connect_opens_a_tunnel() {
    let connect = "CONNECT files.example.net:443 HTTP/1.1\r\nHost: files.example.net:443\r\n\r\n";
    for (piece, answered) in [(WHOLE, true), (1, true), (WHOLE, false), (1, false)] {
        let answer = if answered { "HTTP/1.1 200 Connection established\r\n\r\n" } else { "" };
        let names = hear(&[client(connect), server(answer), client_hello(b"inner.example")], piece);

        assert_eq!(names.app_protocol, Some("tls"));
        assert_eq!(server_of(&names), Some(("inner.example", Source::Tls)));
        assert_eq!(host(&names), Some("files.example.net"));
        assert_eq!((names.text(Text::HttpMethod), names.text(Text::HttpPath)), (Some("CONNECT"), None));
        assert_eq!(inspected(&names), Some(Inspection::Metadata));
    }
}

#[test]
fn a_tunnel_of_nothing_known_is_opaque() {
    let noise: Vec<u8> = (0..=255).cycle().take(5120).collect();
    let lines = [client("CONNECT a.example:9 HTTP/1.1\r\n\r\n"), server("HTTP/1.1 200 OK\r\n\r\n"), client(&noise)];
    let names = hear(&lines, WHOLE);

    assert_eq!((names.app_protocol, inspected(&names)), (Some("http"), Some(Inspection::Opaque)));
}

#[test]
fn a_refused_tunnel_stays_http() {
    let refused = "HTTP/1.1 407 Authenticate\r\nContent-Length: 2\r\n\r\nno";
    let connect = client("CONNECT a.example:443 HTTP/1.1\r\n\r\n");
    let names = hear(&[connect, server(refused), client(GET), server(OK)], WHOLE);

    assert_eq!((names.app_protocol, names.text(Text::HttpPath)), (Some("http"), Some("/a/b")));
}

#[test]
fn another_protocol_after_101_ends_the_talk() {
    let mut ear = Ear::new(true);

    assert!(ear.feed(true, GET.as_bytes()));
    assert!(!ear.feed(false, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"));
}

#[test]
fn after_a_gap_the_next_message_is_found() {
    let mut ear = Ear::new(true);
    ear.feed(true, &post().as_bytes()[..200]);
    ear.gap(true);
    ear.feed(true, b"of the body the rest");
    ear.feed(true, b"POST /2 HTTP/1.1\r\nContent-Length: 7\r\n\r\n");

    assert_eq!(ear.names.http_upload_bytes, Some(FORM.len() as u64 + 7));
}

#[test]
fn limits_hold_wherever_a_stream_is_cut() {
    let endless = "GET / HTTP/1.1\r\nHost: a.example\r\n".to_owned() + &"X: y\r\n".repeat(20_000) + "\r\n" + GET;
    let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let post = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n";
    let upload = |stream: &str, piece| hear(&[client(stream)], piece).http_upload_bytes;

    for piece in [WHOLE, 1400, 1] {
        let names = hear(&[client(&endless)], piece);
        assert_eq!((host(&names), names.text(Text::HttpPath)), (Some("a.example"), Some("/")));
        assert_eq!(upload(&format!("{chunked}xyz\r\n{post}"), piece), None);
        assert_eq!(upload(&format!("{chunked}{}0\r\n\r\n{post}", " ".repeat(4097)), piece), None);
        assert_eq!(upload(&format!("{chunked}{}0\r\n\r\n{post}", " ".repeat(4000)), piece), Some(3));
        assert_eq!(upload(&format!("{}{post}", "\n".repeat(31)), piece), Some(3));
        assert_eq!(upload(&format!("{}{post}", "\n".repeat(32)), piece), None);
        assert_eq!(upload(&format!("{GET}\nFOO {} HTTP/1.1\r\n\r\n{post}", "x".repeat(16_300)), piece), Some(3));
        assert_eq!(upload(&format!("{GET}\nFOO {} HTTP/1.1\r\n\r\n{post}", "x".repeat(16_400)), piece), None);
    }
}

#[test]
fn what_looks_like_http() {
    for (head, answer) in [
        (&b"GET /"[..], Some(true)),
        (b"HTTP/1.1 2", Some(true)),
        (b"HTT", None),
        (b"\r\n", None),
        (b"PROPFI", None),
        (b"FOO /x", None),
        (b"FOO /x HTTP/1.1\r\n", Some(true)),
        (b"FOO /x HTTP/x\r\n", Some(false)),
        (b"INVITE sip:a@b SIP/2.0\r\n", Some(false)),
        (b"USER anonymous\r\n", Some(false)),
        (b"PRI * HTTP/2.0\r\n", Some(false)),
        (b"\x16\x03\x01", Some(false)),
        (&[b'x'; 40], Some(false)),
        (&[b' '; 40], Some(false)),
    ] {
        assert_eq!(looks_like_http(head), answer, "{}", head.escape_ascii());
    }
}

#[test]
fn parts_of_heads() {
    assert!(parse_head(b"nonsense").is_none());
    let strange = parse_head(b"HTTP/1.1\tnothing\r\nContent-Length: x\r\n\r\n").unwrap();
    assert_eq!((strange.status, strange.length(), strange.chunked()), (200, None, false));
    assert_eq!(parse_head(b"HTTP/1.1 \t 404\r\n\r\n").unwrap().status, 404);
    let sizes = [&b"1f;x"[..], b"0x10", b"0x", b" \tA", b"", b"g", &[b'f'; 40]].map(chunk_size);
    assert_eq!(sizes, [Some(31), Some(16), Some(0), Some(10), None, None, Some((1 << 62) - 1)]);
}

#[test]
fn file_names_of_dispositions() {
    for (disposition, name) in [
        ("attachment; filename=a.txt", Some("a.txt")),
        ("attachment; filename=\"a b;c.txt\"; size=3", Some("a b;c.txt")),
        ("attachment; filename=\"say \\\"x\\\".txt\"", Some("say \"x\".txt")),
        ("attachment; filename=old.txt; filename*=UTF-8''new%20name.txt", Some("new name.txt")),
        ("attachment; filename*0*=UTF-8''long; filename*1=name", Some("long")),
        ("attachment; filename=\"\"; filename=b", Some("b")),
        ("FileName = \"open", Some("open")),
        ("inline", None),
        ("form-data; name=f", None),
        ("attachment; xfilename=a", None),
    ] {
        let found = file_name(disposition.as_bytes());
        assert_eq!(found.as_deref(), name.map(str::as_bytes), "{disposition}");
    }
}

fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let size = (payload.len() as u32) << 8 | u32::from(kind);
    [&size.to_be_bytes()[..], b"\0\0\0\0\x01", payload].concat()
}

/// A question for doh.example.
const ASKED: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03doh\x07example\0\0\x01\0\x01";

#[test]
fn http2_counts_and_finds_dns() {
    let preface = PREFACE.to_vec();
    let asks = [preface, frame(4, &[0; 6]), frame(1, b"?????"), frame(0, ASKED), frame(0, &[0; 9000])].concat();
    let answers = [frame(4, b""), frame(0, &[0; 100]), frame(6, &[0; 8])].concat();
    for piece in [WHOLE, 1, 10] {
        let names = hear(&[client(&asks), server(&answers)], piece);

        assert_eq!((names.app_protocol, list(&names, List::DnsQuery)), (Some("http2"), vec!["doh.example"]));
        assert_eq!(names.http_upload_bytes, Some(ASKED.len() as u64 + 9000));
    }
}

/// A frame with flags.
fn flagged(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = frame(kind, payload);
    frame[4] = flags;
    frame
}

/// The requests of RFC 7541 C.4: each points to fields of those before it.
const REQUESTS: [&[u8]; 3] = [
    &hex!("828684418cf1e3c2e5f23a6ba0ab90f4ff"),
    &hex!("828684be5886a8eb10649cbf"),
    &hex!("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"),
];

#[test]
fn fields_point_to_those_before_them() {
    let mut table = FieldTable::default();
    let mut read = |block: &[u8]| {
        let mut fields = Vec::new();
        let line = |name: &[u8], value: &[u8]| String::from_utf8([name, b"=", value].concat()).unwrap();
        table.read(block, |name, value| fields.push(line(name, value))).map(|()| fields.join(" "))
    };

    assert_eq!(read(REQUESTS[0]).unwrap(), ":method=GET :scheme=http :path=/ :authority=www.example.com");
    let second = ":method=GET :scheme=http :path=/ :authority=www.example.com cache-control=no-cache";
    assert_eq!(read(REQUESTS[1]).unwrap(), second);
    let third = ":method=GET :scheme=https :path=/index.html :authority=www.example.com custom-key=custom-value";
    assert_eq!(read(REQUESTS[2]).unwrap(), third);
    assert_eq!(read(b"\xc0\xbe\x20\x82").unwrap(), ":authority=www.example.com custom-key=custom-value :method=GET");
    assert_eq!(read(b"\xbe"), None); // the table was made empty
}

#[test]
fn blocks_that_cannot_be_read() {
    for block in [
        &b"\x80"[..],                    // no such field
        b"\xbe",                         // nothing is remembered
        b"\xff\x80\x80\x80\x80\x80\x01", // an integer without end
        b"\x3f\xe2\x7f",                 // a table of 16,385 bytes
        b"\x40\x02a",                    // a name that ends early
        b"\x40\x84\xff\xff\xff\xff\0",   // the end of a string inside it
        b"\x40\x81\x00\0",               // padding of zeros
        b"\x40\x82\x1f\xff\0",           // padding of more than seven bits
    ] {
        assert_eq!(FieldTable::default().read(block, |_, _| {}), None, "{}", block.escape_ascii());
    }
}

#[test]
fn http2_tells_who_is_asked_for_what() {
    let padded = [&b"\x02\0\0\0\0\xff"[..], REQUESTS[0], b"\0\0"].concat();
    let (first, second) = REQUESTS[0].split_at(7);
    for frames in [
        vec![flagged(1, 0x05, REQUESTS[0])],
        vec![flagged(1, 0x2C, &padded)],
        vec![flagged(1, 0x01, first), flagged(9, 0, b""), flagged(9, 0x04, second)],
    ] {
        let asked = [PREFACE.to_vec(), frames.concat()].concat();
        for piece in [WHOLE, 1, 10] {
            let names = hear(&[client(&asked)], piece);
            assert_eq!((host(&names), names.text(Text::HttpMethod)), (Some("www.example.com"), Some("GET")));
            assert_eq!(server_of(&names), Some(("www.example.com", Source::Http)));
            assert_eq!(names.text(Text::HttpPath), Some("/"));
        }
    }
}

#[test]
fn http2_tells_what_goes_out() {
    let field = |name: &str, value: &str| {
        let text = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
        [b"\x10".to_vec(), text(name), text(value)].concat()
    };
    let put = [field(":method", "PUT"), field(":path", "/a/dump.sql?x"), field("content-type", "application/sql")];
    let answer = [field(":status", "200"), field("content-disposition", "attachment; filename=b.csv")].concat();
    let asked = [PREFACE.to_vec(), flagged(1, 0x04, &put.concat())].concat();

    let names = hear(&[client(&asked)], WHOLE);
    assert_eq!(
        (list(&names, List::FileNames), list(&names, List::FileTypes)),
        (vec!["dump.sql"], vec!["application/sql"])
    );
    assert_eq!(names.text(Text::HttpContentType), Some("application/sql"));
    let ended = [PREFACE.to_vec(), flagged(1, 0x05, &put.concat())].concat();
    assert!(list(&hear(&[client(&ended)], WHOLE), List::FileNames).is_empty());
    let names = hear_from_abroad(&[client(&asked), server(&flagged(1, 0x04, &answer))], WHOLE);
    assert_eq!((list(&names, List::FileNames), names.text(Text::HttpMethod)), (vec!["b.csv"], Some("PUT")));
}

#[test]
fn after_fields_that_cannot_be_read_no_more_are() {
    for bad in [flagged(1, 0x04, b"\xbe"), flagged(1, 0x0C, b"\xff"), flagged(1, 0x04, &[0; 20_000])] {
        let asked = [PREFACE.to_vec(), bad, flagged(1, 0x05, REQUESTS[0]), frame(0, b"sent")].concat();
        let names = hear(&[client(&asked)], WHOLE);
        assert_eq!((host(&names), names.http_upload_bytes), (None, Some(4)));
    }
    let pushed = [b"\0\0\0\x02", REQUESTS[0]].concat();
    let promised = flagged(5, 0x04, &pushed);
    let names = hear(&[client(PREFACE), server(&[promised, flagged(1, 0x05, b"\xbe")].concat())], WHOLE);
    assert_eq!((host(&names), names.text(Text::HttpMethod)), (None, None));
}

#[test]
fn http2_with_a_gap_is_given_up() {
    let mut ear = Ear::new(true);
    ear.feed(true, PREFACE);
    ear.gap(true);
    ear.feed(true, &frame(0, &[0; 10]));

    assert_eq!(ear.names.http_upload_bytes, None);
}

#[test]
fn a_request_leaves_nothing_else_behind() {
    let names: Names = hear(&[client(GET), server(OK)], WHOLE);

    assert!(
        [List::DnsQuery, List::MailDomains, List::FileNames, List::FileTypes].iter().all(|l| names.list(*l).is_empty())
    );
    assert!([Text::Alpn, Text::Ja4, Text::HttpContentType].iter().all(|column| names.text(*column).is_none()));
}
