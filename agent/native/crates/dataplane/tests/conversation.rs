//! Hostile bytes: nothing panics, every split gives the same names, memory is bounded.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod hellos;
mod speech;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use dataplane::names::{List, Names, Text};
use proptest::prelude::*;
use proptest::sample::Index;
use speech::{Ear, Line, client, server, told};

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
}

/// Counts the bytes that a thread holds.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

#[allow(unsafe_code, reason = "hands everything on to the system's allocator")]
// SAFETY: the system's allocator does all; counting touches a number of this thread alone.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = HELD.try_with(|held| held.set(held.get() + layout.size() as isize));
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        let _ = HELD.try_with(|held| held.set(held.get() - layout.size() as isize));
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(place, layout) }
    }
}

const FORM: &str = "--xx\r\nContent-Disposition: form-data; name=f; filename=\"a.pdf\"\r\nContent-Type: application/pdf\
                    \r\n\r\n%PDF\r\n--xx\r\nContent-Disposition: x; filename==?utf-8?q?b=C3=A9.txt?=\r\n\r\n--xx--\r\n";
/// A question for www.example.com.
const ASKED: &[u8] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01";

fn hello() -> Line {
    client(&hellos::record(22, &hellos::hello(&[hellos::server_name(b"www.example.com"), hellos::alpn(b"h2")])))
}

fn post() -> String {
    let length = FORM.len();
    let fields = format!("Host: files.example.net\r\nContent-Type: multipart/form-data\r\nContent-Length: {length}");
    format!("POST /upload HTTP/1.1\r\n{fields}\r\n\r\n{FORM}GET /next HTTP/1.1\r\nHost: two.example\r\n\r\n")
}

fn streams() -> Vec<Vec<Line>> {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let chunked = "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let mail = format!("EHLO x\r\nRCPT TO:<a@b.example>\r\nDATA\r\n{FORM}\r\n.\r\nRCPT TO:<c@d.example>\r\n");
    let tls = hellos::record(22, &hellos::server_hello(0x0303));
    let fields = b"\0\0\x11\x01\x04\0\0\0\x01\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff";
    let data = [&[0, 0, ASKED.len() as u8, 0, 0, 0, 0, 0, 1][..], ASKED].concat();
    vec![
        vec![hello(), server(&tls)],
        vec![client(&post()), server(&answer.repeat(2))],
        vec![client(&format!("{chunked}{}", post())), server(answer)],
        vec![
            client("CONNECT a.example:443 HTTP/1.1\r\n\r\n"),
            server("HTTP/1.1 200 OK\r\n\r\n"),
            hello(),
            server(&tls),
        ],
        vec![client(b"\x05\x01\0"), server(b"\x05\0"), client(b"\x05\x01\0\x03\x01a\0\x50"), hello()],
        vec![server("220 x ESMTP\r\n"), client(&mail), server("354 go\r\n")],
        vec![client("EHLO x\r\nSTARTTLS\r\n"), server("220 go\r\n"), hello(), server(&tls)],
        vec![server("220 x FTP\r\n"), client("USER a\r\nSTOR b.txt\r\n"), server("234 go\r\n"), hello()],
        vec![client("NICK a\r\n"), hello()],
        vec![client(b"\0\0\0\x08\x04\xd2\x16\x2f"), server("S"), hello()],
        vec![client(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &fields[..], &data].concat())],
        vec![client(&[&[0, ASKED.len() as u8], ASKED].concat())],
        vec![client("12:text of no protocol, but text\n"), server("and an answer that is text")],
    ]
}

fn damaged(lines: &mut [Line], places: &[(Index, Index, u8)]) {
    for (line, at, byte) in places {
        let data = &mut line.get_mut(lines).1;
        if !data.is_empty() {
            *at.get_mut(data) = *byte;
        }
    }
}

/// The pieces of lines that are cut at some places.
fn cut<'a>(lines: &'a [Line], cuts: &[Index]) -> Vec<(bool, &'a [u8])> {
    let mut pieces = Vec::new();
    for (way, data) in lines {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(data.len() + 1)).chain([0, data.len()]).collect();
        places.sort_unstable();
        pieces.extend(places.windows(2).map(|ends| (*way, &data[ends[0]..ends[1]])));
    }
    pieces
}

fn hear(pieces: &[(bool, &[u8])]) -> Names {
    let mut ear = Ear::new(true);
    for (outward, data) in pieces {
        ear.feed(*outward, data);
    }
    ear.names
}

/// Every value may stand in a report.
fn assert_proper(names: &Names) {
    let texts = [Text::HttpHost, Text::HttpMethod, Text::HttpPath, Text::HttpContentType, Text::CertSubject];
    let lists = [List::DnsQuery, List::MailDomains, List::FileNames, List::FileTypes];
    let entries = lists.iter().flat_map(|column| names.list(*column));
    for value in texts.iter().filter_map(|column| names.text(*column)).chain(entries) {
        assert!(!value.is_empty() && value.chars().count() <= 512 && !value.contains(char::is_control), "{value:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_bytes_are_survived(
        stream in any::<bool>(),
        lines in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..300)), 0..12),
    ) {
        let mut ear = Ear::new(stream);
        for (outward, data) in &lines {
            ear.feed(*outward, data);
        }
        assert_proper(&ear.names);
    }

    #[test]
    fn any_split_gives_the_same_names(
        mut lines in prop::sample::select(streams()),
        cuts in prop::collection::vec(any::<Index>(), 0..9),
    ) {
        prop_assert_eq!(told(&hear(&cut(&lines, &cuts))), told(&hear(&cut(&lines, &[]))));
        lines.reverse(); // met in the middle, more or less
        prop_assert_eq!(told(&hear(&cut(&lines, &cuts))), told(&hear(&cut(&lines, &[]))));
    }

    /// Damage behind the first bytes, which tell the protocol.
    #[test]
    fn any_split_of_damaged_talks_gives_the_same_names(
        mut lines in prop::sample::select(streams()),
        places in prop::collection::vec((any::<Index>(), any::<Index>(), any::<u8>()), 1..4),
        cuts in prop::collection::vec(any::<Index>(), 0..9),
    ) {
        let first = lines[0].clone();
        damaged(&mut lines, &places);
        let size = first.1.len().min(40);
        lines[0].1[..size].copy_from_slice(&first.1[..size]);
        prop_assert_eq!(told(&hear(&cut(&lines, &cuts))), told(&hear(&cut(&lines, &[]))));
    }

    #[test]
    fn damage_and_gaps_are_survived(
        stream in any::<bool>(),
        mut lines in prop::sample::select(streams()),
        places in prop::collection::vec((any::<Index>(), any::<Index>(), any::<u8>()), 0..6),
        cuts in prop::collection::vec(any::<Index>(), 0..9),
        gaps in prop::collection::vec(any::<bool>(), 40),
    ) {
        damaged(&mut lines, &places);
        let mut ear = Ear::new(stream);
        for ((outward, data), gap) in cut(&lines, &cuts).into_iter().zip(gaps.iter().cycle()) {
            if *gap {
                ear.gap(outward);
            } else {
                ear.feed(outward, data);
            }
        }
        assert_proper(&ear.names);
    }
}

/// Bytes that a conversation may hold, whatever is said.
const MEMORY: isize = 200_000;

#[test]
fn memory_is_bounded_however_small_the_pieces() {
    let form = post().split_once("--xx").unwrap().0.replace("Length: ", "Length: 99999999");
    let lines = "A: b\r\n".repeat(100);
    for (start, more) in [
        ("", "U"),
        ("", "USER"),
        ("GET / HTTP/1.1\r\n", &*"x".repeat(1000)),
        ("GET / HTTP/1.1\r\n", &lines),
        (&form, &"--xx\r\nContent-Disposition: ".repeat(40)),
        (&form, &"\nContent-Disposition: a; filename=b\r\n\r\n".repeat(30)),
        ("", &"GET / HTTP/1.1\r\n\r\n".repeat(60)),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", &"0".repeat(1000)),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", &"1\r\nx\r\n".repeat(100)),
        ("EHLO a\r\n", &"x".repeat(1000)),
        ("EHLO a\r\nDATA\r\n", &"\nContent-Disposition: a".repeat(40)),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\x10\0\0\0\0\0\0\0", &"h".repeat(1000)),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &format!("\0\0\x24\x01\x04\0\0\0\x01\x40\x01a\x20{}", "b".repeat(32))),
        ("\0\0\0\x08\x04\u{52}", &"\x50\0\0\0\x04".repeat(200)),
        ("\x05\x01\0", &"\x05\x01\0\x03".repeat(200)),
    ] {
        for piece in [more.len(), 1] {
            let before = HELD.get();
            let mut ear = Ear::new(true);
            ear.feed(true, start.as_bytes());
            let pieces = more.as_bytes().chunks(piece).cycle().take(300_000 / piece);
            let wanted =
                pieces.map(|data| ear.feed(true, data)).take_while(|wanted| *wanted).count() == 300_000 / piece;
            let held = HELD.get() - before;
            assert!(held < if wanted { MEMORY } else { 3_000 }, "{start:?} {} {held}", &more[..8.min(more.len())]);
        }
    }
}

#[test]
fn it_is_over_when_all_is_learnt() {
    let mut ear = Ear::new(true);
    assert!(ear.feed(true, b"GET / HTTP/1.1\r\n\r\n"));
    assert!(!ear.feed(false, b"HTTP/1.1 101 Switching Protocols\r\n\r\n"));

    assert!(!ear.feed(true, b"GET /2 HTTP/1.1\r\nHost: late.example\r\n\r\n"));
    ear.gap(true);
    assert_eq!(ear.names.text(Text::HttpHost), None);
}

#[test]
fn what_is_known_at_once_is_not_kept() {
    let mut ear = Ear::new(true);
    let before = HELD.get();
    ear.feed(true, format!("GET / HTTP/1.1\r\nCookie: {}\r\n\r\n", "x".repeat(3000)).as_bytes());

    assert!(HELD.get() - before < 500, "{}", HELD.get() - before);
}
