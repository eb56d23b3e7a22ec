"""Hostile bytes: nothing raises, every split gives the same names, memory is bounded."""

from __future__ import annotations

import ssl
import sys
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.apps.speech import Line, dns_message, handshake, hear, question, told
from tests.engine.apps.test_files import FTP, _smb2, _smtp
from tests.engine.apps.test_http import FORM, GET, OK, POST
from tests.engine.apps.test_probes import DATAGRAMS, STREAMS
from tests.engine.apps.test_quic import HELLO, crypto, initial

from crossborder.engine.names import COLUMNS, Names
from crossborder.engine.portable.apps import Conversation, DnsNames

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MEMORY = 400_000  # bytes that a conversation may hold, whatever is said


@cache
def plays() -> list[tuple[str, list[Line]]]:
    """Return real conversations to damage: (transport, lines)."""
    chunked = b"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + GET
    write = _smb2("sent.xlsx", 0x0012_0196)
    connect = [(">", b"CONNECT a.example:443 HTTP/1.1\r\n\r\n"), ("<", b"HTTP/1.1 200 OK\r\n\r\n")]
    asked = dns_message(question(b"www.example.com"))
    streams: list[list[Line]] = [
        handshake(),
        handshake(ssl.TLSVersion.TLSv1_2),
        [*connect, *handshake()],
        [(">", POST + GET), ("<", OK + OK)],
        [(">", chunked), ("<", OK)],
        _smtp(),
        [*FTP, ("<", b"234 go\r\n"), *handshake(ssl.TLSVersion.TLSv1_2)],
        [(">", b"\0" + len(write).to_bytes(3, "big") + write)],
        [(">", len(asked).to_bytes(2, "big") + asked)],
        *(lines for many in STREAMS.values() for lines in many),
    ]
    datagrams: list[list[Line]] = [
        [(">", initial(crypto(0, 600)) + initial(crypto(600, len(HELLO)), number=1))],
        [(">", asked), ("<", dns_message(question(b"www.example.com"), flags=0x8180))],
        *DATAGRAMS.values(),
    ]
    return [("tcp", lines) for lines in streams] + [("udp", lines) for lines in datagrams]


def _proper(names: Names) -> None:
    """Every value may stand in a report."""
    for column in COLUMNS:
        value = getattr(names, column)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                assert text.isprintable()
                text.encode("utf-8")


@FEW
@given(
    transport=st.sampled_from(["tcp", "udp"]),
    lines=st.lists(st.tuples(st.sampled_from("<>"), st.binary(max_size=300)), max_size=12),
)
def test_random_bytes_raise_nothing(transport: str, lines: list[Line]) -> None:
    """Whatever is said, something proper is learnt, or nothing."""
    _proper(hear(transport, *lines))


@FEW
@given(data=st.data())
def test_damaged_conversations_raise_nothing(data: st.DataObject) -> None:
    """Bytes flipped, cut out and put in, anywhere in real conversations."""
    transport, lines = data.draw(st.sampled_from(plays()))
    damaged: list[Line] = []
    for side, text in lines:
        raw = bytearray(text)
        for _ in range(data.draw(st.integers(0, 4))):
            at = data.draw(st.integers(0, len(raw)))
            raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        damaged.append((side, bytes(raw)))

    _proper(hear(transport, *damaged))


@FEW
@given(data=st.data())
def test_any_split_gives_the_same_names(data: st.DataObject) -> None:
    """A stream has no pieces: where it is cut must not matter. Damaged ones are no exception."""
    transport, lines = data.draw(st.sampled_from([play for play in plays() if play[0] == "tcp"]))
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(lines) - 1))
        raw = bytearray(lines[at][1])
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
        lines = [*lines[:at], (lines[at][0], bytes(raw)), *lines[at + 1 :]]
    cut = [(side, part) for side, text in lines for part in _cut(data, text)]

    assert told(hear(transport, *cut)) == told(hear(transport, *lines))


def _cut(data: st.DataObject, text: bytes) -> Iterator[bytes]:
    places = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=5)) | {0, len(text)})
    return (text[a:b] for a, b in pairwise(places))


@FEW
@given(data=st.data())
def test_gaps_anywhere_raise_nothing(data: st.DataObject) -> None:
    """Bytes may be missing in either direction at any time."""
    transport, lines = data.draw(st.sampled_from(plays()))
    names = Names()
    conversation = Conversation(transport, names, DnsNames())
    for side, text in lines:
        for part in _cut(data, text):
            if data.draw(st.booleans()):
                conversation.feed(None, side == ">", part)
            else:
                conversation.gap(None, side == ">")

    _proper(names)


def _size(thing: object, seen: set[int]) -> int:
    """Return the memory that an object holds, roughly; tables of the program do not count."""
    if id(thing) in seen or isinstance(thing, type) or callable(thing):
        return 0
    seen.add(id(thing))
    size = sys.getsizeof(thing)
    if isinstance(thing, dict):
        return size + sum(_size(key, seen) + _size(value, seen) for key, value in thing.items())
    if isinstance(thing, list | tuple | set | frozenset):
        return size + sum(_size(item, seen) for item in thing)
    return size + sum(_size(value, seen) for value in getattr(thing, "__dict__", {}).values())


@pytest.mark.parametrize(
    ("transport", "start", "more"),
    [
        ("tcp", b"", b"U"),
        ("tcp", b"", b"USER"),
        ("tcp", b"GET / HTTP/1.1\r\n", b"x" * 1000),
        ("tcp", b"GET / HTTP/1.1\r\n", b"A: b\r\n" * 100),
        ("tcp", POST[: -len(FORM)], b"--xx\r\nContent-Disposition: " * 40),
        ("tcp", b"", b"GET / HTTP/1.1\r\n\r\n" * 60),
        ("tcp", b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"0" * 1000),
        ("tcp", b"\x16\x03\x01\x40\0\x01\xff\xff\xff", b"\x16" * 1000),
        ("tcp", b"\x16\x03\x01\x00\x05\x01\xff\xff\xff\x00", b"\x16\x03\x01\x00\x01\x00" * 150),
        ("tcp", b"\xff\xff" + dns_message(question(b"a.example")), bytes(1000)),
        ("tcp", b"\0\xff\xff\xff\xfeSMB", b"S" * 1000),
        ("tcp", b"EHLO a\r\n", b"x" * 1000),
        ("tcp", b"EHLO a\r\nDATA\r\n", b"\nContent-Disposition: a" * 40),
        ("tcp", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x10\0\0\0\0\0\0\0", b"h" * 1000),
        ("tcp", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0\0\x24\x01\x04\0\0\0\x01\x40\x01a\x20" + b"b" * 32),
        ("tcp", b"\0\0\0\x08\x04\xd2\x16\x2f", b"\x50\0\0\0\x04" * 200),
        ("udp", initial(crypto(0, 100)), initial(crypto(700, 900), number=5)),
        ("udp", b"", dns_message(question(b"a.example"))),
        ("udp", b"", b"\x16\xfe\xfd" + bytes(8) + b"\0\x20\x01\0\x30\0\0\0\0\x10\0\0\0\x14" + bytes(20)),
    ],
)
def test_memory_is_bounded(transport: str, start: bytes, more: bytes) -> None:
    """Much of what is never finished: little is held at any time, and less once it is over."""
    conversation = Conversation(transport, Names(), DnsNames(limit=8))
    wanted = True
    if start:
        conversation.feed(True, True, start)
    for _ in range(min(2_000_000 // len(more), 20_000)):
        wanted = conversation.feed(True, True, more)
        if not wanted:
            break

    assert _size(conversation.__dict__, set()) < (MEMORY if wanted else 10_000)


def test_it_is_over_when_all_is_learnt() -> None:
    """Afterwards nothing is looked at any more."""
    names = Names()
    conversation = Conversation("tcp", names, DnsNames())
    for side, data in handshake():
        conversation.feed(side == ">", side == ">", data)
    before = told(names)

    assert not conversation.feed(True, True, GET)
    conversation.gap(True, True)
    assert told(names) == before
