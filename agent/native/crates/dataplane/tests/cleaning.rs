//! Names from the wire are bounded, distinct, and safe to print.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use dataplane::names::{LIST_LIMIT, List, NAME_LIMIT, Names, PATH_LIMIT, QUERY_LIMIT, Source, Text, UPLOAD_LIMIT};
use proptest::prelude::*;

fn text(column: Text, value: impl AsRef<[u8]>) -> Option<String> {
    let mut names = Names::default();
    names.first(column, value.as_ref());
    names.first(column, b"second");
    names.text(column).map(str::to_owned).filter(|text| text != "second")
}

fn entry(column: List, value: impl AsRef<[u8]>) -> String {
    let mut names = Names::default();
    names.add(column, value.as_ref());
    names.list(column).join("|")
}

fn server(said: &[(Source, &str)]) -> Option<(String, Source)> {
    let mut names = Names::default();
    said.iter().for_each(|(source, name)| names.name_server(name.as_bytes(), *source));
    names.server().map(|(name, source)| (name.to_owned(), source))
}

#[test]
fn controls_become_escapes() {
    for (value, shown) in [
        (&b"evil\x1b[2J\xff"[..], r"evil\x1b[2J\xff"),
        ("a\u{202e}b".as_bytes(), r"a\u202eb"),
        (b"a\tb\nc\rd\x7f", r"a\tb\nc\rd\x7f"),
        ("\u{a0}x\u{ad}\u{e0001}y\u{3000}".as_bytes(), r"x\xad\U000e0001y"),
        (b"\x1c \x1fz\x1e", "z"),
        (b"\xe1\xba\xa3\xe1\xba|\xed\xa0\x80|\xf4\x90\x80\x80", r"ả\xe1\xba|\xed\xa0\x80|\xf4\x90\x80\x80"),
    ] {
        assert_eq!(text(Text::HttpMethod, value).unwrap(), shown);
    }
}

#[test]
fn text_columns_hold_what_the_report_promises() {
    let long = format!("/{}", "a".repeat(9999));
    for (column, value, kept) in [
        (Text::HttpHost, "Files.Example:8443", "files.example"),
        (Text::HttpHost, "Files.Example:", "files.example"),
        (Text::HttpHost, "Files.Example.:x", "files.example.:x"),
        (Text::HttpHost, "[2001:DB8::1]:80", "2001:db8::1"),
        (Text::HttpHost, "a.example:\u{661}\u{b2}", "a.example"),
        (Text::HttpHost, "ΑΣ.İ.", "ασ.i\u{307}"),
        (Text::HttpHost, "ΑΣ.", "ας"),
        (Text::HttpPath, "/a/b?id=012345678901#x", "/a/b"),
        (Text::HttpPath, "http://files.example/a?b", "/a"),
        (Text::HttpPath, "http://files.example", "/"),
        (Text::HttpPath, "h-1+.://files.example?x", ""),
        (Text::HttpPath, "1http://files.example?x", "1http://files.example"),
        (Text::HttpPath, &long, &long[..PATH_LIMIT]),
        (Text::HttpContentType, "Text/HTML; charset=utf-8", "text/html"),
        (Text::DnsRcode, "nxdomain", "nxdomain"),
        (Text::CertSubject, &"ả".repeat(300), &"ả".repeat(NAME_LIMIT)),
        (Text::CertSubject, &"\u{1b}".repeat(300), &r"\x1b".repeat(NAME_LIMIT)[..NAME_LIMIT]),
    ] {
        assert_eq!(text(column, value).unwrap_or_default(), kept, "{value}");
    }
}

#[test]
fn files_are_called_by_the_last_part_of_their_path() {
    for (path, name) in [
        (&br"C:\secret\persons.xlsx"[..], "persons.xlsx"),
        (b"/srv/persons.xlsx", "persons.xlsx"),
        (b"a/b\\\\//", "b"),
        (b"/", ""),
        (b"dir/b\xe1ng.xlsx", r"b\xe1ng.xlsx"),
    ] {
        assert_eq!(entry(List::FileNames, path), name);
    }
}

#[test]
fn the_stronger_source_names_the_server() {
    for (first, second, name, source) in [
        ((Source::Dns, "a.example"), (Source::Tls, "b.example"), "b.example", Source::Tls),
        ((Source::Tls, "a.example"), (Source::Http, "b.example"), "a.example", Source::Tls),
        ((Source::Http, "A.Example:8080"), (Source::Dns, "b.example"), "a.example", Source::Http),
        ((Source::Http, "a.example"), (Source::Quic, "B.EXAMPLE."), "b.example", Source::Quic),
        ((Source::Tls, "a.example"), (Source::Tls, "b.example"), "a.example", Source::Tls),
        ((Source::Tls, ""), (Source::Dns, "b.example"), "b.example", Source::Dns),
    ] {
        assert_eq!(server(&[first, second]), Some((name.to_owned(), source)));
    }
}

#[test]
fn lists_are_distinct_in_order_and_bounded() {
    let mut names = Names::default();
    for name in ["B.example.", "a.example", "b.example", ""] {
        names.add(List::DnsQuery, name.as_bytes());
    }
    for number in 0..100 {
        names.add(List::DnsQuery, format!("{number}.example").as_bytes());
        names.add(List::FileTypes, format!("x/{number}").as_bytes());
    }

    assert_eq!(names.list(List::DnsQuery)[..2], ["b.example", "a.example"]);
    assert_eq!((names.list(List::DnsQuery).len(), names.list(List::FileTypes).len()), (QUERY_LIMIT, LIST_LIMIT));
}

#[test]
fn uploads_add_up_within_the_column() {
    let mut names = Names::default();
    names.add_upload(10);
    names.add_upload(u64::MAX);

    assert_eq!(names.http_upload_bytes, Some(UPLOAD_LIMIT));
}

proptest! {
    #[test]
    fn whatever_comes_may_be_shown(value in prop::collection::vec(any::<u8>(), 0..600), unicode in ".{0,600}") {
        for value in [value, unicode.into_bytes()] {
            let texts = [Text::HttpHost, Text::HttpPath, Text::HttpContentType, Text::CertSubject].map(|c| text(c, &value));
            let entries = [List::DnsQuery, List::FileNames, List::FileTypes].map(|column| entry(column, &value));
            let named = server(&[(Source::Tls, &String::from_utf8_lossy(&value))]).map(|(name, _)| name);
            for shown in texts.into_iter().flatten().chain(entries).chain(named) {
                prop_assert!(shown.chars().count() <= PATH_LIMIT);
                let hidden = |c: char| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c);
                prop_assert!(!shown.contains(hidden));
            }
        }
    }
}
