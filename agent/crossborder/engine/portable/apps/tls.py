"""TLS records and hellos (RFC 8446, RFC 5246, RFC 6066, RFC 7301): bytes to values."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from crossborder.engine.portable.apps.ja4 import is_grease
from crossborder.engine.portable.apps.reader import Reader, ShortError

RECORD_HEADER = 5  # RFC 8446 5.1
SSL2_HEADER = 11  # of a hello in the format of SSL 2, its length among it
MAX_RECORD = (1 << 14) + 2048  # RFC 5246 6.2.3, the most a TLSCiphertext may hold
MAX_EXTENSIONS = 128  # read of one hello
CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA, HEARTBEAT = 20, 21, 22, 23, 24
CLIENT_HELLO, SERVER_HELLO, CERTIFICATE = 1, 2, 11
SERVER_NAME, SIGNATURE_ALGORITHMS, ALPN, SUPPORTED_VERSIONS = 0, 13, 16, 43
ECH = 0xFE0D  # encrypted_client_hello (RFC 9849)
ESNI = 0xFFCE  # encrypted_server_name, the draft before it

Ech = Literal["none", "grease", "offered", "accepted"]

_RETRY: Final = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random value of a HelloRetryRequest (RFC 8446 4.1.3)."""

ECH_PUBLIC_NAMES: Final = frozenset(
    {"cloudflare-ech.com", "crypto.cloudflare.com", "public.tls-ech.dev", "cover.defo.ie", "tls-ech.dev"}
)
"""Outer server names of well-known ECH configurations, seen in their DNS HTTPS records."""

_VERSIONS: Final = {
    0x0002: "ssl2",
    0x0300: "ssl3",
    0x0301: "1.0",
    0x0302: "1.1",
    0x0303: "1.2",
    0x0304: "1.3",
    0xFEFF: "1.0",  # DTLS counts downwards (RFC 6347 4.1); app_protocol tells it apart
    0xFEFD: "1.2",
    0xFEFC: "1.3",
}


class ClientHello(NamedTuple):
    """What a client says first. Numbers are kept as on the wire, known or not."""

    offered_version: int  # the highest, GREASE left out
    ciphers: tuple[int, ...]
    extensions: tuple[int, ...]
    server_name: bytes | None
    alpn: bytes | None  # the first protocol offered
    signature_algorithms: tuple[int, ...]
    ech: Ech
    whole: bool  # False: the hello ends early, counts and fingerprints mean nothing


class ServerHello(NamedTuple):
    """What a server answers."""

    version: int


def version_name(version: int) -> str:
    """Return a version as the report writes it; drafts of TLS 1.3 (0x7fxx, 0xfbxx) are 1.3."""
    if version >> 8 in {0x7F, 0xFB}:
        return "1.3"
    return _VERSIONS.get(version, f"0x{version:04x}")


def looks_like_record(head: bytes) -> bool | None:
    """Tell whether bytes begin a TLS record; None when more are needed."""
    if not head:
        return None
    if not CHANGE_CIPHER_SPEC <= head[0] <= HEARTBEAT or head[1:2] not in {b"", b"\x03"}:
        return False
    if len(head) < RECORD_HEADER:
        return None
    return head[2] <= 4 and 0 < int.from_bytes(head[3:5], "big") <= MAX_RECORD


def looks_like_ssl2_hello(head: bytes) -> bool | None:
    """Tell whether bytes begin a client hello in the format of SSL 2 (RFC 5246 E.2); None when more are needed."""
    if head and not head[0] & 0x80:  # a length of SSL 2 in two bytes
        return False
    if len(head) < SSL2_HEADER:
        return None
    size, ciphers, session, challenge = (int.from_bytes(head[i : i + 2], "big") for i in (0, 5, 7, 9))
    return (
        head[2] == CLIENT_HELLO
        and (head[3] == 3 or head[3:5] == b"\x00\x02")
        and ciphers % 3 == 0
        and session in {0, 16}
        and 16 <= challenge <= 32
        and size & 0x7FFF == 9 + ciphers + session + challenge
    )


def parse_client_hello(body: bytes, *, dtls: bool = False) -> ClientHello | None:
    """Return what the body of a ClientHello says (RFC 8446 4.1.2; with `dtls` RFC 6347 4.2.1); None when it is none.

    Extensions that break off leave what stands before them, with `whole` False.
    """
    reader = Reader(body)
    try:
        version = reader.uint(2)
        reader.take(32)
        reader.block(1)
        if dtls:
            reader.block(1)  # cookie
        ciphers = _numbers(reader.block(2))
    except ShortError:
        return None
    extensions, whole = _client_extensions(reader)
    found = dict(reversed(extensions))  # the first of two counts
    return ClientHello(
        offered_version=_highest(found.get(SUPPORTED_VERSIONS, b""), version),
        ciphers=ciphers,
        extensions=tuple(kind for kind, _ in extensions),
        server_name=(name := _server_name(found.get(SERVER_NAME, b""))),
        alpn=_first_alpn(found.get(ALPN, b"")),
        signature_algorithms=_numbers(found.get(SIGNATURE_ALGORITHMS, b"")[2:]),
        ech=_ech(found, name),
        whole=whole,
    )


def _client_extensions(reader: Reader) -> tuple[list[tuple[int, bytes]], bool]:
    try:
        reader.block(1)  # compression methods
    except ShortError:
        return [], False
    if not reader.left:  # before extensions were invented (RFC 5246 7.4.1.2)
        return [], True
    return _extensions(reader)


def _extensions(reader: Reader) -> tuple[list[tuple[int, bytes]], bool]:
    found: list[tuple[int, bytes]] = []
    try:
        end = reader.uint(2)
        whole = end <= reader.left
        stop = reader.at + end
        while reader.at < stop and len(found) < MAX_EXTENSIONS:
            found.append((reader.uint(2), reader.block(2)))
    except ShortError:
        return found, False
    return found, whole


def parse_server_hello(body: bytes) -> ServerHello | None:
    """Return what the body of a ServerHello or HelloRetryRequest says (RFC 8446 4.1.3); None when it is none."""
    reader = Reader(body)
    try:
        version = reader.uint(2)
        reader.take(32)
        reader.block(1)
        reader.take(3)  # cipher suite and compression method
    except ShortError:
        return None
    chosen = dict(_extensions(reader)[0]).get(SUPPORTED_VERSIONS, b"")
    return ServerHello(int.from_bytes(chosen, "big") if len(chosen) == 2 else version)


def is_retry(body: bytes) -> bool:
    """Tell whether the body of a ServerHello is that of a HelloRetryRequest."""
    return body[2:34] == _RETRY


def first_certificate(body: bytes) -> bytes | None:
    """Return the first certificate of a Certificate message up to TLS 1.2 (RFC 5246 7.4.2); None when there is none."""
    reader = Reader(body)
    try:
        reader.uint(3)
        return reader.block(3) or None
    except ShortError:
        return None


def _numbers(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data) - 1, 2))


def _highest(supported: bytes, legacy: int) -> int:
    """Return the highest version offered (RFC 8446 4.2.1); DTLS versions count downwards."""
    offered = [v for v in _numbers(supported[1:]) if not is_grease(v)]
    if not offered:
        return legacy
    return min(offered) if legacy >> 8 == 0xFE else max(offered)


def _server_name(extension: bytes) -> bytes | None:
    """Return the first host name of the list (RFC 6066 3)."""
    reader = Reader(extension, 2)
    try:
        while reader.left:
            kind, name = reader.uint(1), reader.block(2)
            if kind == 0 and name:
                return name
    except ShortError:
        pass
    return None


def _first_alpn(extension: bytes) -> bytes | None:
    try:
        return Reader(extension, 2).block(1) or None
    except ShortError:
        return None


def _ech(found: dict[int, bytes], outer: bytes | None) -> Ech:
    """Tell what a hello says of encrypted client hello, as far as its content permits.

    A client without a configuration sends the extension with random content so that nobody may forbid it (GREASE,
    RFC 9849 6.2), and random content cannot be told from cipher text. What can be told is the outer server name: with
    a real configuration it is the configuration's public name. So `offered` where that name is known as one or calls
    itself `ech`, and `grease` otherwise: browsers send it in every hello, so that is the likelier by far.

    Two hellos are sent only where a server has accepted (RFC 9849 5, 6.1.5): the inner one, on its way from the server
    that faces the client to the one behind it, and the second outer one, whose key is that of the first: it is empty.
    """
    if ESNI in found:
        return "offered"
    if ECH not in found:
        return "none"
    if _accepted(found[ECH]):
        return "accepted"
    name = (outer or b"").decode("ascii", "replace").lower().rstrip(".")
    if name in ECH_PUBLIC_NAMES or "ech" in name.replace("-", ".").split("."):
        return "offered"
    return "grease"


def _accepted(extension: bytes) -> bool:
    """Tell whether an ECHClientHello is an inner one, or an outer one with an empty `enc` (RFC 9849 5)."""
    reader = Reader(extension)
    try:
        if reader.uint(1) == 1:
            return not reader.left
        reader.take(5)  # cipher suite and config id
        return extension[0] == 0 and not reader.block(2) and len(reader.block(2)) > 0
    except ShortError:
        return False
