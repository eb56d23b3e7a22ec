//! Names of certificates: escapes, kinds of text, and what cannot be read.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod hellos;

use dataplane::apps::certificate::{CertificateNames, DNS_NAMES_LIMIT, certificate_names};
use hellos::{C, CN, O, attribute, certificate, der, name};

fn subject_of(relative: &[Vec<u8>]) -> Option<String> {
    let der = certificate(&name(&[]), &name(relative));
    let read = certificate_names(&der);
    assert_eq!(read.issuer, Some(Vec::new()));
    read.subject.map(|text| String::from_utf8(text).unwrap())
}

#[test]
fn names_of_certificates_are_text_of_rfc_4514() {
    let both = [attribute(CN, 12, b"a"), attribute(O, 12, b"b")].concat();
    let cases: [(Vec<u8>, &str); 12] = [
        (both, "CN=a+O=b"),
        (attribute(CN, 12, b" #a,b+c\"d\\e<f>g;h\0 "), r#"CN=\ #a\,b\+c\"d\\e\<f\>g\;h\00\ "#),
        (attribute(CN, 12, b"#a b"), "CN=\\#a b"),
        (attribute(CN, 12, b" "), "CN=\\ "),
        (attribute(CN, 12, b""), "CN="),
        (attribute(CN, 30, b"\0H\x1e\xa1"), "CN=H\u{1EA1}"),
        (attribute(CN, 30, b"\xd8\x00"), "CN=#1e02d800"),
        (attribute(CN, 28, b"\0\0\0H\0\x01\xf6\0"), "CN=H\u{1F600}"),
        (attribute(b"\x55\x04\x2d", 3, b"\0\xff"), "2.5.4.45=#030200ff"),
        (attribute(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", 22, b"a@b.example"), "1.2.840.113549.1.9.1=a@b.example"),
        (attribute(b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", 22, b"com"), "DC=com"),
        (attribute(b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", 12, b"me"), "UID=me"),
    ];
    for (attributes, expected) in cases {
        assert_eq!(subject_of(&[attributes]).as_deref(), Some(expected));
    }
    assert_eq!(subject_of(&[attribute(C, 19, b"VN"), attribute(CN, 12, b"a")]).as_deref(), Some("CN=a,C=VN"));
}

#[test]
fn names_that_cannot_be_read_are_none() {
    let number_too_large = attribute(b"\x2a\x90\x80\x80\x80\x00", 12, b"a");
    let number_cut = attribute(b"\x2a\x86", 12, b"a");
    for relative in [number_too_large, number_cut, attribute(b"", 12, b"a"), der(0x30, &der(6, CN)), Vec::new()] {
        assert_eq!(subject_of(&[relative]), None);
    }
    for damaged in [&b""[..], &[&b"\x30\x82\xff\xff"[..], &[0; 100]].concat(), &[0; 100_000]] {
        assert_eq!(certificate_names(damaged), CertificateNames::default());
    }
}

/// A certificate with extensions, right in what is read.
fn extended(extensions: &[u8]) -> Vec<u8> {
    let empty = &name(&[])[..];
    let tail = [der(0x30, b""), der(0x81, b"unique"), der(0xA3, &der(0x30, extensions))].concat();
    let fields =
        [&der(0xA0, &der(2, b"\x02"))[..], &der(2, b"\x01"), &der(0x30, b""), empty, &der(0x30, b""), empty, &tail];
    der(0x30, &der(0x30, &fields.concat()))
}

#[test]
fn alternative_names_are_dns_names() {
    let names = [der(0x82, b"a.example"), der(0x87, &[192, 0, 2, 1]), der(0x82, b"*.b.example")].concat();
    let value = der(4, &der(0x30, &names));
    let other = der(0x30, &[der(6, b"\x55\x1d\x13"), der(4, b"")].concat());
    let plain = der(0x30, &[der(6, b"\x55\x1d\x11"), value.clone()].concat());
    let critical = der(0x30, &[der(6, b"\x55\x1d\x11"), der(1, b"\xff"), value].concat());
    for extensions in
        [plain.clone(), critical, [other.clone(), plain.clone()].concat(), [plain.clone(), vec![7]].concat()]
    {
        assert_eq!(certificate_names(&extended(&extensions)).dns_names, [&b"a.example"[..], b"*.b.example"]);
    }
    for extensions in [other, vec![7], plain[..9].to_vec()] {
        assert!(certificate_names(&extended(&extensions)).dns_names.is_empty());
    }
    let many = der(0x82, b"a").repeat(100);
    let many = der(0x30, &[der(6, b"\x55\x1d\x11"), der(4, &der(0x30, &many))].concat());
    assert_eq!(certificate_names(&extended(&many)).dns_names.len(), DNS_NAMES_LIMIT);
}
