"""QUIC Initial packets (RFC 9000, RFC 9001, RFC 9369): headers, keys, and the CRYPTO frames inside."""

from __future__ import annotations

import hmac
from typing import Final, Literal, NamedTuple

from crossborder.engine.portable.apps.reader import Reader, ShortError

V1, V2, DRAFT_29 = 0x00000001, 0x6B3343CF, 0xFF00001D
MAX_CID = 20  # RFC 9000 17.2
MAX_PACKETS = 8  # coalesced in one datagram that are looked at
MAX_FRAMES = 256  # of one packet that are looked at, runs of padding counted once
SAMPLE = 16  # bytes sampled for header protection (RFC 9001 5.4.2)
PADDING, PING, ACK, ACK_ECN, CRYPTO = 0x00, 0x01, 0x02, 0x03, 0x06  # all an Initial may carry but CONNECTION_CLOSE


class _Flavour(NamedTuple):
    salt: bytes
    label: bytes  # prefix of the labels of key, iv and hp
    initial: int  # the packet type that means Initial


_SALT_29 = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")
_SALT_23 = bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502")
_FLAVOURS: Final = {
    V1: _Flavour(bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), b"quic ", 0),  # RFC 9001 5.2
    V2: _Flavour(bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), b"quicv2 ", 1),  # RFC 9369 3.3
    **{0xFF000000 + draft: _Flavour(_SALT_29, b"quic ", 0) for draft in range(29, 33)},
    **{0xFF000000 + draft: _Flavour(_SALT_23, b"quic ", 0) for draft in range(23, 29)},
}


class InitialKeys(NamedTuple):
    """Keys of one direction's Initial packets: AES-128-GCM key, its nonce base, and the header protection key."""

    key: bytes
    iv: bytes
    hp: bytes


class Initial(NamedTuple):
    """A protected Initial packet. Offsets count from the start of the datagram."""

    version: int
    dcid: bytes
    start: int
    number_at: int  # where the protected packet number begins
    end: int


class Piece(NamedTuple):
    """The content of a CRYPTO frame and where in the handshake it belongs."""

    offset: int
    data: bytes


def initial_keys(version: int, dcid: bytes, side: Literal["client", "server"] = "client") -> InitialKeys:
    """Return the keys that protect the Initial packets a side sends (RFC 9001 5.2, RFC 9369 3.3).

    `dcid` is the destination connection id of the client's first Initial (or of its first after a Retry). Raises
    KeyError for a version whose salt is not known.
    """
    flavour = _FLAVOURS[version]
    common = hmac.digest(flavour.salt, dcid, "sha256")
    secret = _expand(common, f"{side} in".encode("ascii"), 32)
    return InitialKeys(
        _expand(secret, flavour.label + b"key", 16),
        _expand(secret, flavour.label + b"iv", 12),
        _expand(secret, flavour.label + b"hp", 16),
    )


def _expand(secret: bytes, label: bytes, size: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 7.1) of at most one block of SHA-256."""
    info = size.to_bytes(2, "big") + bytes([6 + len(label)]) + b"tls13 " + label + b"\0"
    return hmac.digest(secret, info + b"\x01", "sha256")[:size]


def looks_like_quic(datagram: bytes) -> bool:
    """Tell whether a datagram begins with a long header of a version that exists, or negotiates one (RFC 8999)."""
    if len(datagram) < 7 or not datagram[0] & 0x80:
        return False
    version = int.from_bytes(datagram[1:5], "big")
    known = version in _FLAVOURS or version >> 8 in {0xFF0000, 0xFACEB0} or datagram[1:4] in {b"Q04", b"Q05", b"T05"}
    if not known and version != 0:
        return False
    reader = Reader(datagram, 5)
    try:
        fits = len(reader.block(1)) <= MAX_CID and len(reader.block(1)) <= MAX_CID
    except ShortError:
        return False
    if version == 0:  # version negotiation (RFC 9000 17.2.1): a list of versions to the end
        offered = [reader.uint(4) for _ in range(reader.left // 4)]
        return fits and not reader.left and not {V1, V2, DRAFT_29}.isdisjoint(offered)
    return fits


def initials(datagram: bytes) -> list[Initial]:
    """Return the Initial packets coalesced in a datagram (RFC 9000 12.2, 17.2.2) whose keys can be known."""
    found: list[Initial] = []
    at = 0
    for _ in range(MAX_PACKETS):
        if at + 7 > len(datagram) or datagram[at] & 0xC0 != 0xC0:  # a short header ends the datagram
            break
        version = int.from_bytes(datagram[at + 1 : at + 5], "big")
        flavour = _FLAVOURS.get(version)
        if flavour is None:
            break
        kind = datagram[at] >> 4 & 3
        if kind == (flavour.initial + 3) % 4:  # Retry has no length (RFC 9000 17.2.5)
            break
        start = at
        try:
            reader = Reader(datagram, at + 5)
            dcid, _scid = reader.block(1), reader.block(1)
            if kind == flavour.initial:
                reader.take(reader.varint())  # token
            at = reader.varint() + reader.at
        except ShortError:
            break
        if at > len(datagram):
            break
        if kind == flavour.initial and len(dcid) <= MAX_CID:
            found.append(Initial(version, dcid, start, reader.at, at))
    return found


def open_initial(datagram: bytes, packet: Initial, keys: InitialKeys) -> bytes | None:
    """Take header protection and encryption off (RFC 9001 5.3, 5.4); None when the keys do not fit."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sample = datagram[packet.number_at + 4 : packet.number_at + 4 + SAMPLE]
    if len(sample) < SAMPLE or packet.number_at + 4 + SAMPLE > packet.end:
        return None
    block = Cipher(algorithms.AES(keys.hp), modes.ECB()).encryptor()  # noqa: S305 - a mask of one block, RFC 9001 5.4.3
    mask = block.update(sample)
    first = datagram[packet.start] ^ mask[0] & 0x0F
    size = (first & 3) + 1
    number = bytes(
        a ^ b for a, b in zip(datagram[packet.number_at : packet.number_at + size], mask[1 : 1 + size], strict=True)
    )
    header = bytes([first]) + datagram[packet.start + 1 : packet.number_at] + number
    nonce = int.from_bytes(keys.iv, "big") ^ int.from_bytes(number, "big")
    sealed = datagram[packet.number_at + size : packet.end]
    try:
        return AESGCM(keys.key).decrypt(nonce.to_bytes(12, "big"), sealed, header)
    except InvalidTag:
        return None


def crypto_pieces(payload: bytes) -> list[Piece]:
    """Return the CRYPTO frames of an Initial's payload (RFC 9000 12.4, 19); a frame that does not belong ends it."""
    pieces: list[Piece] = []
    reader = Reader(payload)
    try:
        for _ in range(MAX_FRAMES):
            kind = reader.varint()
            if kind == PADDING:
                rest = payload[reader.at :]
                reader.at += len(rest) - len(rest.lstrip(b"\0"))
            elif kind == CRYPTO:
                pieces.append(Piece(reader.varint(), reader.take(reader.varint())))
            elif kind in {ACK, ACK_ECN}:
                _skip_ack(reader, kind)
            elif kind != PING:
                break
    except ShortError:  # the end of the packet, or a frame that claims more than there is
        pass
    return pieces


def _skip_ack(reader: Reader, kind: int) -> None:
    """Skip an ACK frame (RFC 9000 19.3)."""
    reader.varint()
    reader.varint()
    ranges = reader.varint()
    reader.varint()
    for _ in range(min(2 * ranges, reader.left + 1)):
        reader.varint()
    for _ in range(3 if kind == ACK_ECN else 0):
        reader.varint()
