"""Speaks to a Conversation in tests: plays of two sides, and real TLS handshakes to put into them."""

from __future__ import annotations

import datetime as dt
import ssl
import struct
import tempfile
from functools import cache
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.engine.captures import LOCAL, REMOTE, packed

from crossborder.engine.names import Names
from crossborder.engine.portable.apps import Conversation, DnsNames

if TYPE_CHECKING:
    from collections.abc import Iterable

Line = tuple[str, bytes]
"""What one side says: `>` is the client, who opened the connection, `<` the server."""


def hear(
    transport: str,
    *lines: Line,
    piece: int | None = None,
    client_at_home: bool = True,
    initiator_known: bool = True,
    dns_names: DnsNames | None = None,
) -> Names:
    """Return what a conversation learns from the lines; `piece` cuts each line of a stream into so many bytes."""
    names = Names()
    conversation = Conversation(transport, names, dns_names if dns_names is not None else DnsNames())
    for side, data in lines:
        from_client = side == ">"
        for at in range(0, len(data), piece or max(len(data), 1)):
            part = data[at : at + piece] if piece else data
            conversation.feed(from_client if initiator_known else None, from_client is client_at_home, part)
    return names


def told(names: Names) -> dict[str, object]:
    """Return what is known, without the columns of which nothing is."""
    return {column: getattr(names, column) for column in names.__slots__ if getattr(names, column) is not None}


def frames_of(lines: Iterable[Line], number: int = 0) -> list[bytes]:
    """Return the lines as frames of a TCP connection that home opened, one each; `number` tells connections apart."""
    numbers = {">": 1, "<": 1}
    frames = []
    for side, data in lines:
        ends = (LOCAL, REMOTE, 40000 + number, 443) if side == ">" else (REMOTE, LOCAL, 443, 40000 + number)
        body = struct.pack("!HHIIBBHHH", *ends[2:], numbers[side], 1, 0x50, 0x18, 8192, 0, 0) + data
        header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64, 6, 0) + packed(ends[0]) + packed(ends[1])
        frames.append(bytes(12) + b"\x08\x00" + header + body)
        numbers[side] += len(data)
    return frames


@cache
def _certificate() -> bytes:
    """Return a certificate and its key as PEM, made for these tests."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example, Office"),
            x509.NameAttribute(NameOID.COMMON_NAME, "www.example.com"),
        ]
    )
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Root")])
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("WWW.example.com."), x509.DNSName("*.example.net")]),
            critical=False,
        )
        .not_valid_after(begin + dt.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM) + secret


def _load_certificate(context: ssl.SSLContext) -> None:
    """Give a server its certificate; the ssl module takes it from a file only."""
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(_certificate())
        file.flush()
        context.load_cert_chain(file.name)


def handshake(
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    name: str | None = "www.example.com",
    alpn: tuple[str, ...] = ("h2", "http/1.1"),
) -> list[Line]:
    """Return a real handshake by OpenSSL, and a little application data both ways."""
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = False
    client_context.verify_mode = ssl.CERT_NONE
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load_certificate(server_context)
    for context in (client_context, server_context):
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols(list(alpn))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    lines: list[Line] = []
    pending = {client: True, server: True}
    wire = {client: to_server, server: to_client}
    while any(pending.values()):
        for side, mark in ((client, ">"), (server, "<")):
            try:
                side.do_handshake()
                pending[side] = False
            except ssl.SSLWantReadError:
                pass
            lines.append((mark, _drain_to(wire[side])))
    for side, mark in ((client, ">"), (server, "<")):
        side.write(b"secret" * 10)
        lines.append((mark, wire[side].read()))
    return [line for line in lines if line[1]]


def _drain_to(wire: ssl.MemoryBIO) -> bytes:
    """Return what is on the wire and leave it there for the other side."""
    data = wire.read()
    wire.write(data)
    return data


def client_hello(name: str | None = "www.example.com", alpn: tuple[str, ...] = ("h2", "http/1.1")) -> bytes:
    """Return the record with a real client hello."""
    return handshake(name=name, alpn=alpn)[0][1]


def extension(kind: int, body: bytes) -> bytes:
    """Return an extension of a hello."""
    return struct.pack("!HH", kind, len(body)) + body


def server_name(name: bytes) -> bytes:
    """Return a server_name extension (RFC 6066 3)."""
    return extension(0, struct.pack("!HBH", len(name) + 3, 0, len(name)) + name)


def hello_body(extensions: Iterable[bytes], ciphers: tuple[int, ...] = (0x1301,), version: int = 0x0303) -> bytes:
    """Return the body of a client hello made by hand."""
    suites = b"".join(struct.pack("!H", cipher) for cipher in ciphers)
    tail = b"".join(extensions)
    head = struct.pack("!H", version) + bytes(range(32)) + b"\0" + struct.pack("!H", len(suites)) + suites + b"\x01\0"
    return head + (struct.pack("!H", len(tail)) + tail if tail else b"")


def message(kind: int, body: bytes) -> bytes:
    """Return a handshake message."""
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def record(payload: bytes, kind: int = 22, version: int = 0x0301) -> bytes:
    """Return a TLS record."""
    return struct.pack("!BHH", kind, version, len(payload)) + payload


def question(name: bytes, kind: int = 1, klass: int = 1) -> bytes:
    """Return a question section's entry; labels stand in `name` with dots."""
    return labels(name) + struct.pack("!HH", kind, klass)


def labels(name: bytes) -> bytes:
    """Return a name as labels (RFC 1035 3.1)."""
    return b"".join(bytes([len(label)]) + label for label in name.split(b".") if label) + b"\0"


def dns_message(
    *questions: bytes, answers: Iterable[bytes] = (), flags: int = 0x0100, ident: int = 0x1234, extra: bytes = b""
) -> bytes:
    """Return a DNS message."""
    answers = list(answers)
    counts = struct.pack("!HHHHHH", ident, flags, len(questions), len(answers), 0, 0)
    return counts + b"".join(questions) + b"".join(answers) + extra


def answer(owner: bytes, kind: int, data: bytes) -> bytes:
    """Return a resource record; `owner` is already on the wire's form."""
    return owner + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
