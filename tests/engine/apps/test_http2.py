"""HTTP/2 without TLS: frames, and their fields in compressed form."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.apps.speech import dns_message, hear, question

from crossborder.engine.names import Names
from crossborder.engine.portable.apps import Conversation, DnsNames
from crossborder.engine.portable.apps.hpack import FieldTable
from crossborder.engine.portable.apps.http2 import PREFACE

REQUESTS = [
    bytes.fromhex(block)
    for block in (
        "828684418cf1e3c2e5f23a6ba0ab90f4ff",
        "828684be5886a8eb10649cbf",
        "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    )
]
"""The requests of RFC 7541 C.4: each points to fields of those before it."""


def frame(kind: int, payload: bytes, flags: int = 0, stream: int = 1) -> bytes:
    """Return an HTTP/2 frame."""
    return len(payload).to_bytes(3, "big") + struct.pack("!BBI", kind, flags, stream) + payload


def field(name: bytes, value: bytes) -> bytes:
    """Return a field written out."""
    return b"\x10" + bytes([len(name)]) + name + bytes([len(value)]) + value


def test_fields_point_to_those_before_them() -> None:
    """The examples of the RFC, and a table that is made empty."""
    table = FieldTable()
    common = [(b":method", b"GET"), (b":scheme", b"http"), (b":path", b"/"), (b":authority", b"www.example.com")]

    assert table.read(REQUESTS[0]) == common
    assert table.read(REQUESTS[1]) == [*common, (b"cache-control", b"no-cache")]
    third = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/index.html"), common[3]]
    assert table.read(REQUESTS[2]) == [*third, (b"custom-key", b"custom-value")]
    assert table.read(b"\xc0\xbe\x20\x82") == [common[3], (b"custom-key", b"custom-value"), common[0]]
    assert table.read(b"\xbe") is None


@pytest.mark.parametrize(
    "block",
    [
        b"\x80",  # no such field
        b"\xbe",  # nothing is remembered
        b"\xff\x80\x80\x80\x80\x80\x01",  # an integer without end
        b"\x3f\xe2\x7f",  # a table of 16,385 bytes
        b"\x40\x02a",  # a name that ends early
        b"\x40\x84\xff\xff\xff\xff\0",  # the end of a string inside it
        b"\x40\x81\x00\0",  # padding of zeros
        b"\x40\x82\x1f\xff\0",  # padding of more than seven bits
    ],
)
def test_blocks_that_cannot_be_read(block: bytes) -> None:
    """Nonsense is no field."""
    assert FieldTable().read(block) is None


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_any_block_is_survived(blocks: list[bytes]) -> None:
    """Whatever comes, nothing is raised and the table keeps to its size."""
    table = FieldTable()
    for block in blocks:
        for name, value in table.read(block) or []:
            assert len(name) + len(value) < 4096


@pytest.mark.parametrize("piece", [None, 1, 10])
def test_frames_count_and_dns_is_found(piece: int | None) -> None:
    """Frames of data are counted where they go out, and a DNS message inside one is read (RFC 8484)."""
    asked = dns_message(question(b"doh.example"))
    client = PREFACE + frame(4, bytes(6)) + frame(1, b"?????") + frame(0, asked) + frame(0, bytes(9000))
    server = frame(4, b"") + frame(0, bytes(100)) + frame(6, bytes(8))

    names = hear("tcp", (">", client), ("<", server), piece=piece)

    assert names.app_protocol == "http2"
    assert names.dns_query == ["doh.example"]
    assert names.http_upload_bytes == len(asked) + 9000


@pytest.mark.parametrize("piece", [None, 1, 10])
@pytest.mark.parametrize(
    "frames",
    [
        frame(1, REQUESTS[0], 0x05),
        frame(1, b"\x02\0\0\0\0\xff" + REQUESTS[0] + b"\0\0", 0x2C),
        frame(1, REQUESTS[0][:7], 0x01) + frame(9, b"") + frame(9, REQUESTS[0][7:], 0x04),
    ],
)
def test_who_is_asked_for_what(frames: bytes, piece: int | None) -> None:
    """Host, method and path, in one frame or several, with and without padding and priority."""
    names = hear("tcp", (">", PREFACE + frames), piece=piece)

    assert (names.http_host, names.http_method, names.http_path) == ("www.example.com", "GET", "/")
    assert (names.server_name, names.server_name_source) == ("www.example.com", "http")


def test_what_goes_out() -> None:
    """A file that is put abroad, or fetched at home by a client abroad."""
    put = field(b":method", b"PUT") + field(b":path", b"/a/dump.sql?x") + field(b"content-type", b"application/sql")
    answer = field(b":status", b"200") + field(b"content-disposition", b"attachment; filename=b.csv")

    names = hear("tcp", (">", PREFACE + frame(1, put, 0x04)))
    assert (names.file_names, names.file_types) == (["dump.sql"], ["application/sql"])
    assert names.http_content_type == "application/sql"
    assert hear("tcp", (">", PREFACE + frame(1, put, 0x05))).file_names is None  # no body follows
    names = hear("tcp", (">", PREFACE + frame(1, put, 0x04)), ("<", frame(1, answer, 0x04)), client_at_home=False)
    assert (names.file_names, names.http_method) == (["b.csv"], "PUT")


@pytest.mark.parametrize(
    "bad",
    [frame(1, b"\xbe", 0x04), frame(1, b"\xff", 0x0C), frame(1, bytes(20_000), 0x04)],
    ids=["index", "pad", "long"],
)
def test_after_fields_that_cannot_be_read_no_more_are(bad: bytes) -> None:
    """The table is not known any more; data counts on."""
    names = hear("tcp", (">", PREFACE + bad + frame(1, REQUESTS[0], 0x05) + frame(0, b"sent")))

    assert (names.http_host, names.http_upload_bytes) == (None, 4)


def test_a_promise_is_no_request() -> None:
    """Its fields are remembered and not told."""
    promise = frame(5, b"\0\0\0\x02" + REQUESTS[0], 0x04)
    names = hear("tcp", (">", PREFACE), ("<", promise + frame(1, b"\xbe", 0x05)))

    assert (names.http_host, names.http_method) == (None, None)


def test_a_gap_gives_a_direction_up() -> None:
    """Frames have no mark to find them again by."""
    names = Names()
    conversation = Conversation("tcp", names, DnsNames())
    conversation.feed(True, True, PREFACE)
    conversation.gap(True, True)
    conversation.feed(True, True, frame(0, bytes(10)))

    assert names.http_upload_bytes is None
