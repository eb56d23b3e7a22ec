//! Names of certificates: escapes, kinds of text, and what cannot be read.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod hellos;

use dataplane::apps::certificate::{CertificateNames, certificate_names};
use hellos::{C, CN, O, attribute, certificate, der, name};

fn subject_of(relative: &[Vec<u8>]) -> Option<String> {
    let read = certificate_names(&certificate(&name(&[]), &name(relative)));
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
