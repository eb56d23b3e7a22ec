"""QUIC Initial packets: keys, and hellos split, shuffled, coalesced and sent again."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tests.engine.apps.speech import extension, hear, hello_body, message, server_name, told

from crossborder.engine.names import Names
from crossborder.engine.portable.apps import Conversation, DnsNames
from crossborder.engine.portable.apps.quic import (
    DRAFT_29,
    V1,
    V2,
    crypto_pieces,
    initial_keys,
    initials,
    looks_like_quic,
    open_initial,
)

DCID = bytes.fromhex("8394c8f03e515708")
HELLO = message(
    1,
    hello_body(
        [
            server_name(b"quic.example.com"),
            extension(16, b"\0\x03\x02h3"),
            extension(43, b"\x02\x03\x04"),
            extension(51, bytes(1200)),
        ]
    ),
)


def _varint(value: int) -> bytes:
    return (value | 0x4000).to_bytes(2, "big") if value < 1 << 14 else (value | 0x8000_0000).to_bytes(4, "big")


def crypto(start: int, stop: int, data: bytes = HELLO) -> bytes:
    """Return a CRYPTO frame with a part of the handshake."""
    piece = data[start:stop]
    return b"\x06" + _varint(start) + _varint(len(piece)) + piece


def initial(
    payload: bytes, number: int = 0, version: int = V1, dcid: bytes = DCID, keys_of: bytes | None = None
) -> bytes:
    """Return a protected Initial packet of a client, made as RFC 9001 5 says."""
    keys = initial_keys(version, dcid if keys_of is None else keys_of)
    payload = payload.ljust(24, b"\0")
    first = 0xC3 | (0x10 if version == V2 else 0)
    head = bytes([first]) + version.to_bytes(4, "big") + bytes([len(dcid)]) + dcid + b"\x04abcd" + b"\x02tk"
    head += _varint(len(payload) + 4 + 16)
    at = len(head)
    head += number.to_bytes(4, "big")
    nonce = (int.from_bytes(keys.iv, "big") ^ number).to_bytes(12, "big")
    packet = bytearray(head + AESGCM(keys.key).encrypt(nonce, payload, head))
    block = Cipher(algorithms.AES(keys.hp), modes.ECB()).encryptor()  # noqa: S305 - as RFC 9001 5.4.3 has it
    mask = block.update(bytes(packet[at + 4 : at + 20]))
    packet[0] ^= mask[0] & 0x0F
    for i in range(4):
        packet[at + i] ^= mask[1 + i]
    return bytes(packet)


def _learnt(*datagrams: bytes) -> Names:
    return hear("udp", *((">", datagram) for datagram in datagrams))


@pytest.mark.parametrize(
    ("version", "side", "key", "iv", "hp"),
    [
        (V1, "client", "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
         "9f50449e04a0e810283a1e9933adedd2"),
        (V1, "server", "cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e",
         "c206b8d9b9f0f37644430b490eeaa314"),
        (V2, "client", "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
         "45b95e15235d6f45a6b19cbcb0294ba9"),
    ],
)  # fmt: skip
def test_keys_of_the_standards(version: int, side: str, key: str, iv: str, hp: str) -> None:
    """RFC 9001 A.1 and RFC 9369 A.1."""
    keys = initial_keys(version, DCID, "server" if side == "server" else "client")

    assert (keys.key.hex(), keys.iv.hex(), keys.hp.hex()) == (key, iv, hp)


def test_a_version_without_salt_has_no_keys() -> None:
    """Nobody can know the keys of a version nobody knows."""
    with pytest.raises(KeyError):
        initial_keys(0x1A2A3A4A, DCID)


@pytest.mark.parametrize("version", [V1, V2, DRAFT_29])
def test_a_hello_in_one_packet(version: int) -> None:
    """Name, ALPN, version and fingerprint, of each version of QUIC."""
    names = _learnt(initial(crypto(0, len(HELLO)), version=version))

    assert told(names) == {
        "app_protocol": "quic",
        "server_name": "quic.example.com",
        "server_name_source": "quic",
        "alpn": "h3",
        "tls_version": "1.3",
        "ja4": names.ja4,
        "ech": "none",
    }
    assert (names.ja4 or "").startswith("q13d0104h3_")
    assert names.inspected(payload_seen=True) == "metadata"


def test_a_hello_split_shuffled_and_repeated() -> None:
    """Chrome scatters frames within a packet, and large key shares spread them over datagrams in any order."""
    last = initial(crypto(900, len(HELLO)) + b"\x01" + crypto(300, 400), number=2)
    middle = initial(crypto(350, 901) + bytes(50) + crypto(100, 301), number=1)
    first = initial(b"\x02\x05\x00\x00\x00" + crypto(0, 150), number=0)

    assert _learnt(last, last, middle, first).server_name == "quic.example.com"
    assert _learnt(last, middle).server_name is None


def test_packets_coalesced_in_one_datagram() -> None:
    """Several packets may share a datagram; one with a short header ends it (RFC 9000 12.2)."""
    datagram = initial(crypto(0, 600)) + initial(crypto(600, len(HELLO)), number=1) + b"\x40" + bytes(30)

    assert len(initials(datagram)) == 2
    assert _learnt(datagram).server_name == "quic.example.com"


def test_the_connection_id_changes_and_the_keys_stay() -> None:
    """After the server's answer the client writes to another id, under the keys of the first (RFC 9001 5.2)."""
    first = initial(crypto(0, 600))
    second = initial(crypto(600, len(HELLO)), number=1, dcid=b"newid", keys_of=DCID)

    assert _learnt(first, second).server_name == "quic.example.com"


def test_after_a_retry_the_keys_change() -> None:
    """A Retry makes the client begin again with another id, and so with other keys (RFC 9001 5.2)."""
    retry = b"\xf0" + V1.to_bytes(4, "big") + b"\0\x04wxyz" + bytes(40)
    again = initial(crypto(0, len(HELLO)), number=1, dcid=b"wxyz")

    names = hear("udp", (">", initial(crypto(0, 600))), ("<", retry), (">", again))

    assert names.server_name == "quic.example.com"


def test_the_servers_packets_do_not_disturb() -> None:
    """They open with keys that are not tried."""
    server = initial(crypto(0, 90, message(2, bytes(90))), dcid=b"abcd", keys_of=DCID + b"x")

    names = hear(
        "udp", (">", initial(crypto(0, 600))), ("<", server), (">", initial(crypto(600, len(HELLO)), number=1))
    )

    assert names.server_name == "quic.example.com"


def test_the_talk_ends_with_the_hello_or_with_patience() -> None:
    """A hello ends it; so do packets that nothing opens."""
    conversation = Conversation("udp", Names(), DnsNames())
    assert not conversation.feed(True, True, initial(crypto(0, len(HELLO))))

    sealed = initial(crypto(0, 600), keys_of=b"other")
    conversation = Conversation("udp", Names(), DnsNames())
    answers = [conversation.feed(True, True, sealed) for _ in range(40)]

    assert answers[0]
    assert not answers[-1]


def test_a_packet_changed_on_the_way_does_not_open() -> None:
    """The tag covers header and payload."""
    packet = initial(crypto(0, 600))
    keys = initial_keys(V1, DCID)

    assert open_initial(packet, initials(packet)[0], keys) is not None
    for at in (1, 6, 200):
        changed = packet[:at] + bytes([packet[at] ^ 1]) + packet[at + 1 :]
        assert not [p for p in initials(changed) if open_initial(changed, p, keys) is not None]


def test_frames_that_do_not_belong_end_the_payload() -> None:
    """STREAM frames are not allowed in Initials; a frame that claims too much is left out."""
    assert [p.offset for p in crypto_pieces(crypto(0, 10) + b"\x08\x00" + crypto(10, 20))] == [0]
    assert crypto_pieces(b"\x06\x00\x41\x00abc") == []
    assert crypto_pieces(b"\x02\x05\x00\xff\xff\xff\xff\xff\xff\xff\xff") == []


@pytest.mark.parametrize(
    ("datagram", "known"),
    [
        (b"\x80\0\0\0\0\x04abcd\x04efgh\0\0\0\x01\x1a\x2a\x3a\x4a", True),  # version negotiation
        (b"\x80\0\0\0\0\x04abcd\x04efgh\x1a\x2a\x3a\x4a", False),
        (b"\x80\0\0\0\0\x04abcd\x04efgh\x1a\0\0\0\x01\x2a\x3a\x4a", False),  # no version stands across two
        (b"\xc0\0\0\0\x01\x15" + bytes(40), False),  # a connection id of 21 bytes
        (b"\xc0\0\0\0\x01\x08abc", False),
        (b"\x40" + bytes(40), False),  # a short header says nothing
        (b"\xc3\x1a\x2a\x3a\x4a\0\0" + bytes(30), False),
    ],
)
def test_what_looks_like_quic(datagram: bytes, known: bool) -> None:
    """A long header of a version that exists, or a list of such versions."""
    assert looks_like_quic(datagram) is known
