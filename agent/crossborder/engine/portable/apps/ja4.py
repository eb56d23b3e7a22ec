"""JA4, the fingerprint of a TLS client hello.

After the public specification of JA4 (TLS client), BSD-3-Clause, by FoxIO. The other methods of the JA4+ suite stand
under another licence and are not built.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from crossborder.engine.portable.apps.tls import ClientHello

SNI, ALPN = 0x0000, 0x0010
NOTHING = "0" * 12
_VERSIONS = {
    0x0304: "13",
    0x0303: "12",
    0x0302: "11",
    0x0301: "10",
    0x0300: "s3",
    0x0002: "s2",
    0xFEFF: "d1",
    0xFEFD: "d2",
    0xFEFC: "d3",
}
_ALNUM = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def is_grease(value: int) -> bool:
    """Tell whether a 16-bit value is reserved to keep servers tolerant (RFC 8701)."""
    return value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF


def ja4(hello: ClientHello, transport: Literal["t", "q", "d"]) -> str:
    """Return the JA4 of a client hello that came over TCP (t), QUIC (q) or as DTLS (d)."""
    ciphers = [c for c in hello.ciphers if not is_grease(c)]
    extensions = [e for e in hello.extensions if not is_grease(e)]
    head = (
        f"{transport}{_VERSIONS.get(hello.offered_version, '00')}{'d' if SNI in extensions else 'i'}"
        f"{min(len(ciphers), 99):02}{min(len(extensions), 99):02}{_alpn(hello.alpn)}"
    )
    algorithms = [a for a in hello.signature_algorithms if not is_grease(a)]
    listed = _hexes(sorted(e for e in extensions if e not in {SNI, ALPN}))
    if algorithms:
        listed += "_" + _hexes(algorithms)
    return f"{head}_{_hash(_hexes(sorted(ciphers)))}_{_hash(listed)}"


def _hexes(values: list[int]) -> str:
    return ",".join(f"{value:04x}" for value in values)


def _hash(listed: str) -> str:
    return sha256(listed.encode("ascii")).hexdigest()[:12] if listed else NOTHING


def _alpn(first: bytes | None) -> str:
    """Return the first and last character of the first ALPN value, of its hex form where one is no ASCII letter."""
    if not first:
        return "00"
    if first[0] in _ALNUM and first[-1] in _ALNUM:
        return chr(first[0]) + chr(first[-1])
    text = first.hex()
    return text[0] + text[-1]
