"""Names in a server's certificate (X.509, RFC 5280 4.1) as text of RFC 4514, the most specific name first.

Read is only the way to the names: a certificate whose key, extensions or signature are odd names its server as well.
The alternative names (RFC 5280 4.2.1.6) are the DNS names among them, as they stand.
"""

from __future__ import annotations

import contextlib
from typing import Final, NamedTuple

from crossborder.engine.portable.apps.reader import Reader, ShortError

MAX_CERTIFICATE = 32_768  # bytes; larger ones are not looked at
DNS_NAMES_LIMIT = 64  # of one certificate that are read; how many of them are kept, `names` says
BOOLEAN, INTEGER, OCTETS, OID, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x06, 0x30, 0x31  # types of elements (X.680 8.6)
VERSION, EXTENSIONS = b"\xa0", 0xA3
SUBJECT_ALT_NAME, DNS_NAME = b"\x55\x1d\x11", 0x82
UNIVERSAL_STRING, BMP_STRING = 0x1C, 0x1E
_TEXTS: Final = frozenset({12, 18, 19, 20, 22, 26})  # UTF8, Numeric, Printable, T61, IA5, Visible
_SHORT: Final = {
    b"\x55\x04\x03": b"CN",
    b"\x55\x04\x06": b"C",
    b"\x55\x04\x07": b"L",
    b"\x55\x04\x08": b"ST",
    b"\x55\x04\x09": b"STREET",
    b"\x55\x04\x0a": b"O",
    b"\x55\x04\x0b": b"OU",
    b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19": b"DC",
    b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01": b"UID",
}
"""Types of attributes that have a short name (RFC 4514 3)."""
_ESCAPES: Final = {ord(c): "\\" + c for c in '\\"+,;<>'} | {0: "\\00"}


class CertificateNames(NamedTuple):
    """Whom a certificate is for and who signed it, as UTF-8 may be; None where that cannot be read."""

    subject: bytes | None
    issuer: bytes | None
    dns_names: tuple[bytes, ...] = ()


def certificate_names(der: bytes) -> CertificateNames:
    """Return subject, issuer and alternative names of a certificate in DER."""
    if len(der) > MAX_CERTIFICATE:
        return CertificateNames(None, None)
    issuer = None
    try:
        signed = _expect(Reader(_expect(Reader(der), SEQUENCE)), SEQUENCE)
        fields = Reader(signed)
        if signed[:1] == VERSION:
            _element(fields)
        _expect(fields, INTEGER)  # serial number
        _expect(fields, SEQUENCE)  # algorithm of the signature
        issuer = _name(_expect(fields, SEQUENCE))
        _expect(fields, SEQUENCE)  # validity
        subject = _name(_expect(fields, SEQUENCE))
    except ShortError:
        return CertificateNames(None, issuer)
    dns_names: list[bytes] = []
    with contextlib.suppress(ShortError):
        _read_dns_names(fields, dns_names)
    return CertificateNames(subject, issuer, tuple(dns_names))


def _read_dns_names(fields: Reader, found: list[bytes]) -> None:
    """Read on behind the subject, up to the DNS names of the first extension that has some; what is found stays."""
    _expect(fields, SEQUENCE)  # public key
    kind, content = _element(fields)
    while kind != EXTENSIONS:  # unique identifiers
        kind, content = _element(fields)
    extensions = Reader(_expect(Reader(content), SEQUENCE))
    while extensions.left and not found:
        extension = Reader(_expect(extensions, SEQUENCE))
        if _expect(extension, OID) != SUBJECT_ALT_NAME:
            continue
        kind, value = _element(extension)
        if kind == BOOLEAN:  # critical
            kind, value = _element(extension)
        names = Reader(_expect(Reader(value), SEQUENCE) if kind == OCTETS else b"")
        while names.left and len(found) < DNS_NAMES_LIMIT:
            kind, name = _element(names)
            if kind == DNS_NAME:
                found.append(name)


def _element(reader: Reader) -> tuple[int, bytes]:
    """Return the next element's type and content: a tag of one byte, a definite length (X.690 8.1)."""
    kind, size = reader.uint(1), reader.uint(1)
    if size in {0x81, 0x82}:
        size = reader.uint(size & 0x7F)
    elif size > 0x7F:  # longer than any certificate that is looked at, or indefinite
        raise ShortError
    if kind & 0x1F == 0x1F:
        raise ShortError
    return kind, reader.take(size)


def _expect(reader: Reader, wanted: int) -> bytes:
    kind, content = _element(reader)
    if kind != wanted:
        raise ShortError
    return content


def _name(name: bytes) -> bytes | None:
    """Return a distinguished name as text (RFC 4514 2.1): its relative names in reverse."""
    reader = Reader(name)
    relative: list[bytes] = []
    try:
        while reader.left:
            relative.append(_attributes(_expect(reader, SET)))
    except ShortError:
        return None
    return b",".join(reversed(relative))


def _attributes(attributes: bytes) -> bytes:
    """Return one relative name: its attributes, joined by `+` (RFC 4514 2.2)."""
    reader = Reader(attributes)
    texts: list[bytes] = []
    while reader.left or not texts:
        attribute = Reader(_expect(reader, SEQUENCE))
        oid = _expect(attribute, OID)
        texts.append((_SHORT.get(oid) or _numbers(oid)) + b"=" + _value(attribute.take(attribute.left)))
    return b"+".join(texts)


def _numbers(oid: bytes) -> bytes:
    """Return an object identifier with dots (X.690 8.19); a number that ends early or is over 32 bits is none."""
    numbers: list[int] = []
    number = 0
    for byte in oid:
        number = number << 7 | byte & 0x7F
        if number >> 32:
            raise ShortError
        if byte < 0x80:
            numbers.append(number)
            number = 0
    if not oid or oid[-1] & 0x80:
        raise ShortError
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]])).encode("ascii")


def _value(whole: bytes) -> bytes:
    """Return a value: text as it is, with escapes (RFC 4514 2.4); what is no text as `#` and its element in hex."""
    kind, content = _element(Reader(whole))
    try:
        if kind == BMP_STRING:
            content = content.decode("utf-16-be").encode()
        elif kind == UNIVERSAL_STRING:
            content = content.decode("utf-32-be").encode()
        elif kind not in _TEXTS:
            return b"#" + whole.hex().encode("ascii")
    except UnicodeDecodeError:
        return b"#" + whole.hex().encode("ascii")
    return _escaped(content)


def _escaped(value: bytes) -> bytes:
    text = value.decode("latin-1")  # byte by byte: all that needs an escape is ASCII
    escaped = text.translate(_ESCAPES)
    if text[:1] in {"#", " "}:
        escaped = "\\" + escaped
    if text[1:].endswith(" "):
        escaped = escaped[:-1] + "\\ "
    return escaped.encode("latin-1")
