"""Follows HTTP/1.x: who is asked for what, and how much of which kind goes out."""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import TYPE_CHECKING

from crossborder.engine.portable.apps import http, tls
from crossborder.engine.portable.apps.parts import PartScanner
from crossborder.engine.portable.apps.talk import Step

if TYPE_CHECKING:
    from crossborder.engine.names import Names
    from crossborder.engine.portable.apps.talk import Scene

MAX_PIPELINED = 64  # requests remembered until they are answered
MAX_CHUNK_LINE = 4096
_MAX_START = http.MAX_METHOD + http.MAX_FIRST_LINE  # bytes that show whether this is HTTP


class _Mode(Enum):
    HEAD = auto()  # expects or collects a head
    BODY = auto()  # `left` bytes of body to come
    CHUNK_LINE = auto()
    CHUNK = auto()  # `left` bytes of chunk to come
    TRAILER = auto()
    TO_THE_END = auto()  # the body ends with the connection
    LOST = auto()  # bytes are missing: a piece that begins like a message is waited for
    DEAD = auto()  # this is not HTTP any more


class _Side:
    """One direction."""

    def __init__(self) -> None:
        self.mode = _Mode.HEAD
        self.held = bytearray()  # of a head or line that is not whole
        self.left = 0
        self.counted = True  # the length was announced and is in the books
        self.scanner: PartScanner | None = None


class HttpTalk:
    """HTTP/1.x over a stream, pipelined requests and all. Becomes a tunnel with CONNECT, ends with another upgrade."""

    def __init__(self, scene: Scene) -> None:
        """Write into its names, and hand over what goes out."""
        self.rest = b""
        self._scene = scene
        self._names = scene.names
        self._sides = {False: _Side(), True: _Side()}
        self._asked: deque[bytes] = deque(maxlen=MAX_PIPELINED)  # methods without an answer
        self._step = Step.MORE

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take bytes of one direction: heads are collected and read, bodies only counted and searched for names."""
        side = self._sides[outward]
        self._step = Step.MORE
        self._scene.take_over()
        while data and self._step is Step.MORE and side.mode is not _Mode.DEAD:
            data = self._take(outward, side, data)
        if side.mode is _Mode.DEAD and (reading := self._scene.reads(outward)):
            reading.text(data)
        if self._sides[False].mode is self._sides[True].mode is _Mode.DEAD:
            self._step = Step.DONE
        if self._step is not Step.MORE:
            self._scene.give_back(len(self.rest))
        return self._step

    def _take(self, outward: bool, side: _Side, data: bytes) -> bytes:
        """Take what belongs to the present mode and return the bytes behind it."""
        if side.mode is _Mode.LOST:
            if http.looks_like_http(data) is not True:
                return b""
            side.mode = _Mode.HEAD
        if side.mode is _Mode.HEAD:
            return self._head(outward, side, data)
        if side.mode in {_Mode.CHUNK_LINE, _Mode.TRAILER}:
            return self._line(outward, side, data)
        return self._body(outward, side, data)

    def _head(self, outward: bool, side: _Side, data: bytes) -> bytes:
        seen = len(side.held)
        side.held += data
        if seen < tls.RECORD_HEADER and self._tunnels(side) is not False:
            return b""
        verdict = http.looks_like_http(bytes(side.held[:_MAX_START])) if seen < _MAX_START else True
        reading = self._scene.reads(outward)
        if verdict is False:
            side.mode = _Mode.DEAD
            if reading:
                reading.text(bytes(side.held))
            side.held.clear()
        if verdict is not True:
            return b""
        end = _whole_head(side.held, seen)
        if end is None and len(side.held) <= http.MAX_HEAD:
            return b""
        end = None if end is None or end > http.MAX_HEAD else end
        head = http.parse_head(bytes(side.held[: end or http.MAX_HEAD]))
        rest = bytes(side.held[end:]) if end is not None else b""
        if reading:
            reading.head(bytes(side.held[:end]))
        side.held.clear()
        side.mode = _Mode.HEAD if end is not None else _Mode.DEAD
        if head is not None:
            self._note(outward, side, head, rest)
        return rest

    def _tunnels(self, side: _Side) -> bool | None:
        """Tell whether a TLS record stands where a head should: after CONNECT, or an upgrade (RFC 2817)."""
        verdict = tls.looks_like_record(bytes(side.held[: tls.RECORD_HEADER]))
        if verdict:
            self.rest = bytes(side.held)
            self._step = Step.UPGRADE
        return verdict

    def _note(self, outward: bool, side: _Side, head: http.Head, rest: bytes) -> None:
        if head.status:
            self._response(outward, side, head, rest)
        else:
            self._request(outward, side, head)

    def _request(self, outward: bool, side: _Side, head: http.Head) -> None:
        self._asked.append(head.method)
        note_request(self._names, head.method, head.target, head.host)
        if head.method != b"CONNECT" and (head.chunked or head.length):
            self._begin_body(outward, side, head)

    def _response(self, outward: bool, side: _Side, head: http.Head, rest: bytes) -> None:
        if head.status == 101:  # another protocol from here on (RFC 9110 7.8)
            self.rest, self._step = rest, Step.DONE
            return
        if head.status < 200:
            return
        method = self._asked.popleft() if self._asked else b""
        if method == b"CONNECT" and head.status < 300:
            self.rest = rest
            self._step = Step.UPGRADE
        elif method != b"HEAD" and head.status not in {204, 304} and (head.chunked or head.length != 0):
            self._begin_body(outward, side, head)

    def _begin_body(self, outward: bool, side: _Side, head: http.Head) -> None:
        """Frame the body (RFC 9112 6.3) and, where it goes out, say what it is."""
        length = head.length
        if head.chunked:
            side.mode = _Mode.CHUNK_LINE
        elif length is not None:
            side.mode, side.left = _Mode.BODY, length
        else:
            side.mode = _Mode.TO_THE_END
        side.counted = not outward or side.mode is _Mode.BODY
        side.scanner = None
        if not outward:
            return
        if side.mode is _Mode.BODY:
            self._names.add_upload(side.left)
        note_body(self._names, head)
        if self._scene.reading:
            fields = (b"content-type", b"content-encoding", b"transfer-encoding")
            kind, encoding, transfer = (head.fields.get(name, b"") for name in fields)
            self._scene.reading.begin_body(kind, encoding, transfer)
        if head.fields.get(b"content-type", b"").lower().startswith(b"multipart/"):
            side.scanner = PartScanner()

    def _body(self, outward: bool, side: _Side, data: bytes) -> bytes:
        if side.mode is _Mode.TO_THE_END:
            body, rest = data, b""
        else:
            body, rest = data[: side.left], data[side.left :]
            side.left -= len(body)
        if outward and not side.counted:
            self._names.add_upload(len(body))
        if side.scanner is not None:
            for part in side.scanner.feed(body):
                self._names.add_file(part.name, part.media_type)
        if reading := self._scene.reads(outward):
            reading.body(body)
            if side.left == 0 and side.mode is _Mode.BODY:
                reading.end_body()
        if side.left == 0 and side.mode is not _Mode.TO_THE_END:
            side.mode = _Mode.HEAD if side.mode is _Mode.BODY else _Mode.CHUNK_LINE
        return rest

    def _line(self, outward: bool, side: _Side, data: bytes) -> bytes:
        """Read a chunk's line, the empty line behind a chunk, or a line of the trailer (RFC 9112 7.1)."""
        piece, end, rest = data.partition(b"\n")
        side.held += piece
        if len(side.held) > MAX_CHUNK_LINE:
            side.mode = _Mode.DEAD
            side.held.clear()
            if reading := self._scene.reads(outward):
                reading.text(data)
            return b""
        if not end:
            return b""
        line = bytes(side.held).strip()
        side.held.clear()
        if side.mode is _Mode.TRAILER:
            side.mode = _Mode.TRAILER if line else _Mode.HEAD
        elif line:
            size = http.chunk_size(line)
            side.left = size or 0
            side.mode = _Mode.DEAD if size is None else _Mode.CHUNK if size else _Mode.TRAILER
            if side.mode is _Mode.TRAILER and (reading := self._scene.reads(outward)):
                reading.end_body()
        return rest

    def gap(self, outward: bool) -> None:
        """Go on counting a body that ends with the connection; else wait for the next message."""
        side = self._sides[outward]
        if side.mode not in {_Mode.TO_THE_END, _Mode.DEAD}:
            side.mode = _Mode.LOST
        side.held.clear()
        side.scanner = None


def note_request(names: Names, method: bytes, target: bytes, host: bytes) -> None:
    """Write down what is asked for, and of whom."""
    names.first("http_method", method)
    if method != b"CONNECT":
        names.first("http_path", target)
    if host:
        names.first("http_host", host)
        if not _is_address(names.http_host or ""):
            names.name_server(host, "http")


def note_body(names: Names, head: http.Head) -> None:
    """Write down what a body that goes out is."""
    media_type = head.fields.get(b"content-type", b"")
    names.first("http_content_type", media_type)
    name = http.file_of(head)
    if name:
        names.add_file(name, media_type)


def _whole_head(held: bytearray, seen: int) -> int | None:
    """Return where the head ends; a request of HTTP/0.9 ends with its line (RFC 1945 4.1)."""
    first = held.lstrip(b"\r\n \t")
    line, end, _ = first.partition(b"\n")
    if end and b"HTTP/" not in line:
        return len(held) - len(first) + len(line) + 1
    return http.head_end(held, max(seen - 3, len(held) - len(first)))


def _is_address(host: str) -> bool:
    """Tell whether a host is an address and so names nobody."""
    return ":" in host or host.replace(".", "").isdigit()
