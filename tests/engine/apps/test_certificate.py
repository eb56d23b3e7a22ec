"""Names of certificates: as another library writes them, and of certificates that it refuses."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type as Kind
from cryptography.x509.oid import NameOID as N

from crossborder.engine.portable.apps.certificate import certificate_names

CN, ORGANIZATION, COUNTRY = b"\x55\x04\x03", b"\x55\x04\x0a", b"\x55\x04\x06"
EMAIL = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"


def element(kind: int, content: bytes) -> bytes:
    """Return an element of DER."""
    size = len(content)
    return bytes([kind]) + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")) + content


def attribute(oid: bytes, kind: int, value: bytes) -> bytes:
    """Return an attribute of a relative name."""
    return element(0x30, element(6, oid) + element(kind, value))


def distinguished(*relative: bytes) -> bytes:
    """Return a name; each relative one is one attribute or several behind one another."""
    return element(0x30, b"".join(element(0x31, attributes) for attributes in relative))


def certificate(subject: bytes, issuer: bytes = distinguished(), version: bytes = element(0xA0, b"\2\1\2")) -> bytes:
    """Return a certificate that is right up to its subject and nonsense behind it."""
    fields = version + element(2, b"\1") + element(0x30, b"") + issuer + element(0x30, b"") + subject
    return element(0x30, element(0x30, fields + bytes(9)) + bytes(9))


@pytest.mark.parametrize(
    "relative",
    [
        [{N.COUNTRY_NAME: "VN"}, {N.ORGANIZATION_NAME: "Example, Office"}, {N.COMMON_NAME: "www.example.com"}],
        [{N.COMMON_NAME: ' #a,b+c"d\\e<f>g;h= '}],
        [{N.COMMON_NAME: "#a b", N.ORGANIZATIONAL_UNIT_NAME: " "}, {N.LOCALITY_NAME: "\0"}],
        [{N.STATE_OR_PROVINCE_NAME: "Hồ Chí Minh"}, {N.STREET_ADDRESS: "1 Main", N.DOMAIN_COMPONENT: "com"}],
        [{N.USER_ID: "me", N.EMAIL_ADDRESS: "a@b.example"}, {N.SERIAL_NUMBER: "0815"}],
        [],
    ],
)
@pytest.mark.parametrize("kind", [Kind.UTF8String, Kind.BMPString, Kind.UniversalString])
def test_names_are_written_as_another_library_writes_them(
    relative: list[dict[x509.ObjectIdentifier, str]], kind: Kind
) -> None:
    """Short names, numbers with dots, escapes; the last relative name first."""
    made = [
        x509.RelativeDistinguishedName([x509.NameAttribute(oid, value, kind) for oid, value in attributes.items()])
        for attributes in relative
    ]
    theirs = x509.Name.from_bytes(x509.Name(made).public_bytes())

    for version in (b"", element(0xA0, b"\2\1\2")):
        read = certificate_names(certificate(distinguished(), theirs.public_bytes(), version))
        assert read == (b"", theirs.rfc4514_string().encode())
        read = certificate_names(certificate(theirs.public_bytes(), version=version))
        assert read == (theirs.rfc4514_string().encode(), b"")


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        (attribute(CN, 12, b""), b"CN="),
        (attribute(CN, 20, b"caf\xe9"), b"CN=caf\xe9"),
        (attribute(CN, 30, b"\xd8\x00"), b"CN=#1e02d800"),
        (attribute(CN, 28, b"\0\x11\0\0"), b"CN=#1c0400110000"),
        (attribute(b"\x55\x04\x2d", 3, b"\0\xff"), b"2.5.4.45=#030200ff"),
        (attribute(CN, 12, b"a") * 2, b"CN=a+CN=a"),
        (attribute(EMAIL, 22, b"a@b.example"), b"1.2.840.113549.1.9.1=a@b.example"),
        (attribute(b"\x88\x37\x8f\xff\xff\xff\x7f", 12, b"a"), b"2.999.4294967295=a"),
    ],
)
def test_what_others_refuse_is_named(attributes: bytes, text: bytes) -> None:
    """Text that is no UTF-8 stays as it is; what is no text is written in hexadecimal (RFC 4514 2.4)."""
    assert certificate_names(certificate(distinguished(attributes))).subject == text


@pytest.mark.parametrize(
    "attributes",
    [
        attribute(b"\x2a\x90\x80\x80\x80\x00", 12, b"a"),  # a number over 32 bits
        attribute(b"\x2a\x86", 12, b"a"),
        attribute(b"", 12, b"a"),
        element(0x30, element(6, CN)),
        element(0x30, element(6, CN) + b"\x0c\x05abc"),
        b"",
    ],
)
def test_a_name_that_cannot_be_read_is_none(attributes: bytes) -> None:
    """The other name is not lost with it."""
    good = distinguished(attribute(ORGANIZATION, 12, b"b"), attribute(COUNTRY, 19, b"VN"))

    assert certificate_names(certificate(distinguished(attributes), good)) == (None, b"C=VN,O=b")
    assert certificate_names(certificate(good, distinguished(attributes))) == (b"C=VN,O=b", None)


def test_a_damaged_certificate_has_no_names() -> None:
    """Whatever a certificate is made of, reading it raises nothing."""
    whole = certificate(distinguished(attribute(CN, 12, b"a")))

    assert certificate_names(b"\x30\x82\xff\xff" + bytes(100)) == (None, None)
    assert certificate_names(bytes(100_000)) == (None, None)
    assert {certificate_names(whole[:end]) for end in range(len(whole) - 1)} == {(None, None)}
    for at in range(len(whole)):
        for bit in range(8):
            certificate_names(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
