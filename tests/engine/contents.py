"""What is said over HTTP and mail, in every encoding; and what each engine finds in it."""

from __future__ import annotations

import base64
import gzip
import quopri
import zlib
from typing import TYPE_CHECKING, Any

import brotli
import pytest
import zstandard
from tests.engine.searches import KEY, LIMIT, shipped

from crossborder.engine.names import Names
from crossborder.engine.portable.apps import Conversation, DnsNames
from crossborder.engine.portable.search import Clear, Detectors, Reading
from crossborder.model import Inspection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crossborder.engine.detectors import Search

Pieces = list[tuple[bool, bytes]]
"""What is said: whether it goes out, and the bytes."""


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    "identity": lambda data: data,
    "gzip": gzip.compress,
    "x-gzip": lambda data: gzip.compress(data[: len(data) // 2]) + gzip.compress(data[len(data) // 2 :]),
    "deflate": zlib.compress,
    "Deflate": _raw_deflate,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}
MAIL_ENCODINGS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    "8bit": lambda data: data,
    "base64": base64.encodebytes,
    "quoted-printable": lambda data: quopri.encodestring(data).replace(b"\n", b"\r\n"),
}


def packed(data: bytes, *codings: str) -> bytes:
    """Return data packed by one coding after the other."""
    for coding in codings:
        data = CODINGS[coding](data)
    return data


def request(body: bytes, content_type: str = "text/plain", *codings: str, chunk: int = 0, target: str = "/in") -> bytes:
    """Return a request with a body, packed; in chunks of so many bytes if any."""
    body = packed(body, *codings)
    framing = f"Content-Length: {len(body)}"
    if chunk:
        framing = "Transfer-Encoding: chunked"
        parts = [body[at : at + chunk] for at in range(0, len(body), chunk)]
        body = b"".join(b"%x;x=1\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\nExpires: 0\r\n\r\n"
    lines = [f"POST {target} HTTP/1.1", "Host: a.example", f"Content-Type: {content_type}", framing]
    lines += [f"Content-Encoding: {', '.join(codings)}"] if codings else []
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def parts(*contents: tuple[str, bytes], boundary: str = "=_b") -> bytes:
    """Return a body of several parts: the head of each and what it holds."""
    lines = (f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n" for head, data in contents)
    return b"preamble\r\n" + b"".join(lines) + f"--{boundary}--\r\n".encode()


def smtp(message: bytes) -> Pieces:
    """Return the dialogue that sends a message from home."""
    stuffed = message.replace(b"\r\n.", b"\r\n..")
    return [
        (False, b"220 mx.example ESMTP\r\n"),
        (True, b"EHLO a.example\r\n"),
        (False, b"250 ok\r\n"),
        (True, b"MAIL FROM:<a@home.example>\r\nRCPT TO:<b@far.example>\r\nDATA\r\n"),
        (False, b"250 ok\r\n250 ok\r\n354 go on\r\n"),
        (True, stuffed + b"\r\n.\r\n"),
        (False, b"250 ok\r\n"),
        (True, b"QUIT\r\n"),
    ]


def cut(pieces: Pieces, sizes: Iterable[int]) -> Pieces:
    """Return what is said in smaller pieces, of these sizes over and over."""
    found: Pieces = []
    step = list(sizes) or [1 << 30]
    for outward, data in pieces:
        at = turn = 0
        while at < len(data):
            size = step[turn % len(step)]
            found.append((outward, data[at : at + size]))
            at, turn = at + size, turn + 1
    return found


def by_portable(pieces: Pieces, searches: Iterable[Search], limit: int = LIMIT, **more: Any) -> tuple[Any, list[str]]:
    """Return what the portable engine finds in a stream, and at which limits reading ended."""
    reading, names = Reading(Detectors(searches, KEY, limit, **more)), Names()
    talk = Conversation("tcp", names, DnsNames(), reading=reading)
    for outward, data in pieces:
        reading.begin_piece()
        wanted = talk.feed(None, outward, data)
        if outward:
            inspection = names.inspected(payload_seen=True)
            unknown = Clear.NOT_YET_KNOWN if wanted and inspection == Inspection.OPAQUE.value else Clear.NO
            clear = Clear.YES if inspection == Inspection.CLEARTEXT.value else unknown
            reading.show(data, clear, file=talk.may_be_file)
    found = reading.take(last=True)
    told = [
        (name, pytest.approx(one.confidence), one.matches, list(one.distinct), one.samples)
        for name, one in found.detections.items()
    ]
    return (told, [(row["kind"], row["hashes"]) for row in found.person_rows()]), sorted(reading.take_limited())


def by_native(pieces: Pieces, searches: Iterable[Search], limit: int = LIMIT, **more: Any) -> tuple[Any, list[str]]:
    """Return what the native engine finds in a stream, and at which limits reading ended."""
    import crossborder_native

    found, limits = crossborder_native.ContentSearch(list(searches), KEY, limit, **more).converse(pieces)
    return found, sorted(limits)


def counts(found: tuple[Any, list[str]]) -> dict[str, int]:
    """Return how many matches of each detector were found."""
    (detections, _), _ = found
    return {name: matches for name, _, matches, _, _ in detections}


SHIPPED = [detector.search for detector in shipped()]
