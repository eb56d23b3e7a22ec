"""QUIC version 1 as an observer meets it: Initial packets that anyone can open, then short headers.

RFC 9000 (packets), RFC 9001 (Initial keys and header protection).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from crossborder.demo.protocols import tls

if TYPE_CHECKING:
    import random

_VERSION = b"\0\0\0\1"
_SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")  # RFC 9001 section 5.2
_INITIAL, _HANDSHAKE = 0, 2
_DATAGRAM = 1200  # RFC 9000 section 14.1
_NUMBER = 4  # bytes of packet number used here
_TAG = 16


class Keys(NamedTuple):
    """What protects one direction's Initial packets."""

    key: bytes
    iv: bytes
    header: bytes


def initial_keys(connection: bytes) -> tuple[Keys, Keys]:
    """Return the client's and the server's keys for the client's first destination connection id."""
    secret = _hmac(_SALT, connection)
    return _keys(_expand(secret, b"client in", 32)), _keys(_expand(secret, b"server in", 32))


def _keys(secret: bytes) -> Keys:
    return Keys(_expand(secret, b"quic key", 16), _expand(secret, b"quic iv", 12), _expand(secret, b"quic hp", 16))


def _hmac(key: bytes, data: bytes) -> bytes:
    mac = HMAC(key, SHA256())
    mac.update(data)
    return mac.finalize()


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label of RFC 8446 section 7.1; one block is always enough here."""
    name = b"tls13 " + label
    return _hmac(secret, struct.pack("!HB", size, len(name)) + name + b"\0\1")[:size]


def varint(value: int) -> bytes:
    """Return a variable-length integer (RFC 9000 section 16)."""
    for bits, width in ((6, 1), (14, 2), (30, 4)):
        if value < 1 << bits:
            return (value | (width.bit_length() - 1) << (8 * width - 2)).to_bytes(width)
    return (value | 3 << 62).to_bytes(8)


def crypto(offset: int, data: bytes) -> bytes:
    """Return a CRYPTO frame."""
    return b"\6" + varint(offset) + varint(len(data)) + data


def initial(keys: Keys, number: int, to: bytes, sender: bytes, frames: bytes) -> bytes:
    """Return a protected Initial packet (RFC 9001 sections 5.3 and 5.4)."""
    first = 0xC0 | _INITIAL << 4 | _NUMBER - 1
    length = varint(_NUMBER + len(frames) + _TAG)
    head = bytes([first]) + _VERSION + bytes([len(to)]) + to + bytes([len(sender)]) + sender + b"\0" + length
    packet_number = number.to_bytes(_NUMBER)
    nonce = (int.from_bytes(keys.iv) ^ number).to_bytes(12)
    sealed = AESGCM(keys.key).encrypt(nonce, frames, head + packet_number)
    encryptor = Cipher(algorithms.AES(keys.header), modes.ECB()).encryptor()  # noqa: S305 - RFC 9001 5.4.3 says so
    mask = encryptor.update(sealed[:16])
    hidden = bytes(a ^ b for a, b in zip(packet_number, mask[1:5], strict=True))
    return bytes([first ^ mask[0] & 0x0F]) + head[1:] + hidden + sealed


def _padded(keys: Keys, number: int, to: bytes, sender: bytes, frames: bytes) -> bytes:
    """Return an Initial that fills its datagram."""
    overhead = 1 + 4 + 1 + len(to) + 1 + len(sender) + 1 + 2 + _NUMBER + _TAG
    return initial(keys, number, to, sender, frames.ljust(_DATAGRAM - overhead, b"\0"))


class Opening(NamedTuple):
    """The datagrams before a connection carries data, and the ids its short headers bear."""

    client: list[bytes]
    server: list[bytes]
    confirm: bytes
    client_id: bytes
    server_id: bytes


def opening(rng: random.Random, name: str, *, hybrid: bool) -> Opening:
    """Return the opening of a connection; a post-quantum hello is split, its second half sent first."""
    first_id, client_id, server_id = rng.randbytes(8), rng.randbytes(8), rng.randbytes(8)
    ours, theirs = initial_keys(first_id)
    hello = tls.client_hello(rng, name, ("h3",), hybrid=hybrid, parameters=_parameters(client_id))
    cut = 900
    parts = [crypto(cut, hello[cut:]), crypto(0, hello[:cut])] if hybrid else [crypto(0, hello)]
    client = [_padded(ours, number, first_id, client_id, part) for number, part in enumerate(parts)]
    reply = tls.server_hello(rng, hello, modern=True)
    acknowledge = b"\2" + varint(len(parts) - 1) + b"\0\0" + varint(len(parts) - 1)
    answer = initial(theirs, 0, client_id, server_id, acknowledge + crypto(0, reply))
    first = answer + _sealed_handshake(rng, client_id, server_id, _DATAGRAM - len(answer))
    second = _sealed_handshake(rng, client_id, server_id, _DATAGRAM)
    confirm = _padded(ours, len(parts), server_id, client_id, b"\2\0\0\0\0")
    return Opening(client, [first, second], confirm, client_id, server_id)


def _parameters(client_id: bytes) -> bytes:
    """Return transport parameters: idle time-out, flow-control limits, source connection id (RFC 9000 section 18)."""
    pairs = ((1, varint(30_000)), (4, varint(1 << 20)), (5, varint(1 << 18)), (8, varint(100)), (15, client_id))
    return b"".join(varint(kind) + varint(len(value)) + value for kind, value in pairs)


def _sealed_handshake(rng: random.Random, to: bytes, sender: bytes, size: int) -> bytes:
    """Return a Handshake packet of a size, its content secret."""
    head = bytes([0xC0 | _HANDSHAKE << 4 | rng.randrange(16)]) + _VERSION
    head += bytes([len(to)]) + to + bytes([len(sender)]) + sender
    body = size - len(head) - 2
    return head + (body | 0x4000).to_bytes(2) + rng.randbytes(body)


def short(rng: random.Random, to: bytes, size: int) -> bytes:
    """Return a 1-RTT packet with that many bytes behind the connection id."""
    return bytes([0x40 | rng.randrange(64)]) + to + rng.randbytes(size)
