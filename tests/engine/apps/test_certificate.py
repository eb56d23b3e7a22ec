"""Names of certificates: as another library writes them, and of certificates that it refuses."""

from __future__ import annotations

import datetime as dt
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type as Kind
from cryptography.x509.oid import NameOID as N

from crossborder.engine.portable.apps.certificate import DNS_NAMES_LIMIT, CertificateNames, certificate_names

CN, ORGANIZATION, COUNTRY = b"\x55\x04\x03", b"\x55\x04\x0a", b"\x55\x04\x06"
NOTHING = CertificateNames(None, None)
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
        assert read[:2] == (b"", theirs.rfc4514_string().encode())
        read = certificate_names(certificate(theirs.public_bytes(), version=version))
        assert read[:2] == (theirs.rfc4514_string().encode(), b"")


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

    assert certificate_names(certificate(distinguished(attributes), good))[:2] == (None, b"C=VN,O=b")
    assert certificate_names(certificate(good, distinguished(attributes)))[:2] == (b"C=VN,O=b", None)


def signed(*names: x509.GeneralName, critical: bool = False, more: tuple[x509.ExtensionType, ...] = ()) -> bytes:
    """Return a real certificate with these alternative names behind other extensions."""
    key = ec.generate_private_key(ec.SECP256R1())
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(N.COMMON_NAME, "a")]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=90))
    )
    for extension in more:
        made = made.add_extension(extension, critical=True)
    if names:
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=critical)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("critical", [False, True])
def test_alternative_names_of_real_certificates(critical: bool) -> None:
    """DNS names alone, in order, whatever other extensions and other names there are."""
    names = (
        x509.DNSName("*.example.com"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
        x509.RFC822Name("a@b.example"),
        x509.DNSName("xn--bcher-kva.example"),
    )
    more = (x509.BasicConstraints(ca=False, path_length=None), x509.ExtendedKeyUsage([x509.OID_SERVER_AUTH]))

    read = certificate_names(signed(*names, critical=critical, more=more))

    assert read == (b"CN=a", b"", (b"*.example.com", b"xn--bcher-kva.example"))
    assert certificate_names(signed(*names[1:3]))[2] == certificate_names(signed(more=more))[2] == ()


def test_alternative_names_are_bounded() -> None:
    """Certificates of large hosts have hundreds."""
    names = [x509.DNSName(f"host{number}.example") for number in range(100)]

    assert len(certificate_names(signed(*names)).dns_names) == DNS_NAMES_LIMIT


def test_alternative_names_that_break_off() -> None:
    """What was read stays, and so do subject and issuer."""
    whole = signed(x509.DNSName("first.example"), x509.DNSName("second.example"))
    second = whole.index(b"second.example")
    damaged = whole[: second - 1] + b"\x7f" + whole[second:]

    assert certificate_names(damaged) == (b"CN=a", b"", (b"first.example",))


def test_a_damaged_certificate_has_no_names() -> None:
    """Whatever a certificate is made of, reading it raises nothing."""
    whole = certificate(distinguished(attribute(CN, 12, b"a")))

    assert certificate_names(b"\x30\x82\xff\xff" + bytes(100)) == NOTHING
    assert certificate_names(bytes(100_000)) == NOTHING
    assert {certificate_names(whole[:end]) for end in range(len(whole) - 1)} == {NOTHING}
    for at in range(len(whole)):
        for bit in range(8):
            certificate_names(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
