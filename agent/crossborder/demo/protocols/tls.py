"""TLS on the wire: hellos with names, certificates of invented servers, records of random bytes in place of secrets.

RFC 8446 (1.3), RFC 5246 (1.2), RFC 6066 (SNI), RFC 7301 (ALPN), RFC 8701 (GREASE).
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import ipaddress
import struct
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

CHANGE_CIPHER, HANDSHAKE, APPLICATION = 20, 22, 23
CLIENT_HELLO, SERVER_HELLO, NEW_TICKET, CERTIFICATE, KEY_EXCHANGE, HELLO_DONE, CLIENT_KEY = 1, 2, 4, 11, 12, 14, 16
_TLS10, _TLS12, _TLS13 = b"\x03\x01", b"\x03\x03", b"\x03\x04"
_X25519, _P256, _P384, _HYBRID = 0x001D, 0x0017, 0x0018, 0x11EC  # the last: X25519MLKEM768
_SUITES_13 = (0x1301, 0x1302, 0x1303)
_SUITES_12 = (0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x009C, 0x009D)
_SIGNATURES = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0807)
_RECORD = 16_384  # RFC 8446 section 5.1
_SEALED = 17  # inner content type and authentication tag
_AUTHORITY = "Demo Trust Services CA"


def record(kind: int, body: bytes, version: bytes = _TLS12) -> bytes:
    """Return one record."""
    return bytes([kind]) + version + struct.pack("!H", len(body)) + body


def handshake(kind: int, body: bytes) -> bytes:
    """Return one handshake message."""
    return bytes([kind]) + len(body).to_bytes(3) + body


def application(rng: random.Random, size: int) -> bytes:
    """Return records that carry `size` bytes nobody can read."""
    full, rest = divmod(size, _RECORD)
    sizes = [_RECORD] * full + ([rest] if rest else [])
    return b"".join(record(APPLICATION, rng.randbytes(part + _SEALED)) for part in sizes)


def _vector(body: bytes, width: int = 2) -> bytes:
    return len(body).to_bytes(width) + body


def _words(values: Iterable[int]) -> bytes:
    return b"".join(struct.pack("!H", value) for value in values)


def _extension(kind: int, body: bytes) -> bytes:
    return struct.pack("!H", kind) + _vector(body)


def _grease(rng: random.Random) -> int:
    return rng.randrange(16) * 0x1010 + 0x0A0A


def _server_name(name: str) -> bytes:
    return _extension(0, _vector(b"\0" + _vector(name.encode())))


def _alpn(names: Iterable[str]) -> bytes:
    return _extension(16, _vector(b"".join(_vector(name.encode(), 1) for name in names)))


def _key_shares(rng: random.Random, *, hybrid: bool, grease: int) -> bytes:
    shares = struct.pack("!H", grease) + _vector(b"\0")
    if hybrid:
        shares += struct.pack("!H", _HYBRID) + _vector(rng.randbytes(1216))
    return _extension(51, _vector(shares + struct.pack("!H", _X25519) + _vector(rng.randbytes(32))))


def client_hello(
    rng: random.Random,
    name: str,
    alpn: tuple[str, ...] = ("h2", "http/1.1"),
    *,
    highest: float = 1.3,
    hybrid: bool = False,
    parameters: bytes | None = None,
) -> bytes:
    """Return the handshake message a current client sends.

    `hybrid` makes it a browser's: a post-quantum key share, with which it no longer fits one packet, and an encrypted
    client hello, which is decoy or real, as nobody but the server can tell (RFC 9849). `parameters` are QUIC's
    transport parameters and leave out what QUIC does not use. An empty name sends no SNI.
    """
    first, second = _grease(rng), _grease(rng)
    modern = highest >= 1.3
    quic = parameters is not None
    suites = [first, *(_SUITES_13 if modern else ()), *(() if quic else _SUITES_12)]
    groups = [first, *((_HYBRID,) if hybrid else ()), _X25519, _P256, _P384]
    extensions = [_extension(second, b""), _server_name(name) if name else b""]
    if not quic:
        extensions += [_extension(23, b""), _extension(0xFF01, b"\0"), _extension(11, b"\1\0"), _extension(35, b"")]
    extensions += [_extension(10, _vector(_words(groups))), _alpn(alpn) if alpn else b""]
    extensions += [_extension(5, b"\1\0\0\0\0"), _extension(13, _vector(_words(_SIGNATURES)))]
    if modern:
        extensions += [_key_shares(rng, hybrid=hybrid, grease=first), _extension(45, b"\1\1")]
        versions = (second, 0x0304) if quic else (second, 0x0304, 0x0303)
        extensions.append(_extension(43, _vector(_words(versions), 1)))
    if hybrid:
        extensions.append(
            _extension(
                0xFE0D, b"\0\0\1\0\1" + rng.randbytes(1) + _vector(rng.randbytes(32)) + _vector(rng.randbytes(208))
            )
        )
    if parameters is not None:
        extensions.append(_extension(57, parameters))
    session = b"" if quic else rng.randbytes(32)
    body = _TLS12 + rng.randbytes(32) + _vector(session, 1) + _vector(_words(suites)) + b"\1\0"
    return handshake(CLIENT_HELLO, body + _vector(b"".join(extensions)))


def server_hello(rng: random.Random, hello: bytes, *, modern: bool, alpn: str = "h2") -> bytes:
    """Return the handshake message that answers a client's hello; its session id is echoed in 1.3."""
    session = hello[39 : 39 + hello[38]]
    if modern:
        extensions = _extension(51, struct.pack("!H", _X25519) + _vector(rng.randbytes(32))) + _extension(43, _TLS13)
        suite = 0x1301
    else:
        session = rng.randbytes(32)
        extensions = _extension(23, b"") + _extension(0xFF01, b"\0") + _extension(35, b"") + _extension(11, b"\1\0")
        extensions += _alpn([alpn]) if alpn else b""
        suite = 0xC02B
    body = _TLS12 + rng.randbytes(32) + _vector(session, 1) + struct.pack("!HB", suite, 0) + _vector(extensions)
    return handshake(SERVER_HELLO, body)


def certificate(name: str) -> bytes:
    """Return the certificate message with one certificate for a name (RFC 5246 section 7.4.2)."""
    return handshake(CERTIFICATE, _vector(_vector(_der(name), 3), 3))


@functools.cache
def _der(name: str) -> bytes:
    """Return the DER certificate of an invented server; keys come from the names, so the bytes never change."""
    start = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    alternative: x509.GeneralName = x509.DNSName(name)
    if name.replace(".", "").isdigit():
        alternative = x509.IPAddress(ipaddress.ip_address(name))
    made = (
        x509.CertificateBuilder()
        .subject_name(_distinguished(name, "Demo Organisation"))
        .issuer_name(_distinguished(_AUTHORITY, "Demo Trust Services"))
        .public_key(_key(name).public_key())
        .serial_number(int.from_bytes(hashlib.sha256(name.encode()).digest()[:9]) | 1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .sign(_key(_AUTHORITY), None)
    )
    return made.public_bytes(serialization.Encoding.DER)


def _distinguished(common: str, organisation: str) -> x509.Name:
    parts = ((NameOID.ORGANIZATION_NAME, organisation), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


def _key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def opening_13(rng: random.Random, name: str, alpn: tuple[str, ...], *, hybrid: bool) -> tuple[bytes, bytes, bytes]:
    """Return what client, server and again the client send before TLS 1.3 carries data (RFC 8446 appendix D.4)."""
    hello = client_hello(rng, name, alpn, hybrid=hybrid)
    change = record(CHANGE_CIPHER, b"\1")
    reply = record(HANDSHAKE, server_hello(rng, hello, modern=True)) + change
    sealed = record(APPLICATION, rng.randbytes(rng.randint(2200, 4100)))
    return record(HANDSHAKE, hello, _TLS10), reply + sealed, change + record(APPLICATION, rng.randbytes(53))


def opening_12(rng: random.Random, name: str, alpn: tuple[str, ...], subject: str) -> tuple[bytes, bytes, bytes, bytes]:
    """Return what client and server send in turn, twice, before TLS 1.2 carries data (RFC 5246 section 7.3)."""
    hello = client_hello(rng, name, alpn, highest=1.2)
    exchange = (
        b"\3" + struct.pack("!H", _X25519) + _vector(rng.randbytes(32), 1) + b"\x08\x07" + _vector(rng.randbytes(64))
    )
    reply = record(HANDSHAKE, server_hello(rng, hello, modern=False, alpn=alpn[-1] if alpn else ""))
    reply += record(HANDSHAKE, certificate(subject)) + record(HANDSHAKE, handshake(KEY_EXCHANGE, exchange))
    reply += record(HANDSHAKE, handshake(HELLO_DONE, b""))
    change = record(CHANGE_CIPHER, b"\1")
    key = record(HANDSHAKE, handshake(CLIENT_KEY, _vector(rng.randbytes(32), 1)))
    finished = record(HANDSHAKE, rng.randbytes(40))
    ticket = record(HANDSHAKE, handshake(NEW_TICKET, struct.pack("!I", 7200) + _vector(rng.randbytes(192))))
    return (
        record(HANDSHAKE, hello, _TLS10),
        reply,
        key + change + finished,
        ticket + change + record(HANDSHAKE, rng.randbytes(40)),
    )
