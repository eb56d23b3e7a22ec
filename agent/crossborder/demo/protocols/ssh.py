"""SSH: identification, key exchange in the clear, then packets nobody can read (RFC 4253, RFC 5656)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_KEXINIT, _NEWKEYS, _ECDH_INIT, _ECDH_REPLY = 20, 21, 30, 31
_ALGORITHMS = (
    "curve25519-sha256,ecdh-sha2-nistp256",
    "ssh-ed25519,rsa-sha2-512",
    "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com,aes256-gcm@openssh.com",
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-256-etm@openssh.com",
    "none",
    "none",
    "",
    "",
)


def banner(software: str) -> bytes:
    """Return the identification line."""
    return f"SSH-2.0-{software}\r\n".encode()


def _packet(rng: random.Random, payload: bytes) -> bytes:
    """Return a binary packet before encryption: padded to eight bytes, at least four of padding."""
    padding = 8 - (5 + len(payload)) % 8
    padding += 8 if padding < 4 else 0
    return struct.pack("!IB", 1 + len(payload) + padding, padding) + payload + rng.randbytes(padding)


def _string(value: bytes) -> bytes:
    return struct.pack("!I", len(value)) + value


def key_exchange_init(rng: random.Random) -> bytes:
    """Return the list of algorithms."""
    names = b"".join(_string(names.encode()) for names in _ALGORITHMS)
    return _packet(rng, bytes([_KEXINIT]) + rng.randbytes(16) + names + bytes(5))


def key_offer(rng: random.Random) -> bytes:
    """Return the client's ephemeral key."""
    return _packet(rng, bytes([_ECDH_INIT]) + _string(rng.randbytes(32)))


def key_reply(rng: random.Random) -> bytes:
    """Return the server's host key, its ephemeral key and its signature, and the end of the clear."""
    host_key = _string(_string(b"ssh-ed25519") + _string(rng.randbytes(32)))
    signature = _string(_string(b"ssh-ed25519") + _string(rng.randbytes(64)))
    return _packet(rng, bytes([_ECDH_REPLY]) + host_key + _string(rng.randbytes(32)) + signature) + new_keys(rng)


def new_keys(rng: random.Random) -> bytes:
    """Return the last clear packet."""
    return _packet(rng, bytes([_NEWKEYS]))


def sealed(rng: random.Random, size: int) -> bytes:
    """Return encrypted packets of about that size together."""
    return rng.randbytes(size)
