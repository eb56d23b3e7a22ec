"""HTTP/2 without TLS (RFC 9113): who is asked for what, how much goes out, and DNS questions inside (RFC 8484)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.engine.portable.apps import dns, http
from crossborder.engine.portable.apps.dnstalk import note
from crossborder.engine.portable.apps.hpack import MAX_BLOCK, FieldTable
from crossborder.engine.portable.apps.httptalk import note_body, note_request
from crossborder.engine.portable.apps.talk import Step

if TYPE_CHECKING:
    from crossborder.engine.names import Names
    from crossborder.engine.portable.apps.dnsnames import DnsNames

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113 3.4
FRAME_HEADER = 9  # RFC 9113 4.1
DATA, HEADERS, PUSH_PROMISE, CONTINUATION = 0, 1, 5, 9
END_STREAM, END_HEADERS, PADDED, PRIORITY = 0x01, 0x04, 0x08, 0x20
MAX_MESSAGE = 4096  # bytes of a DATA frame that may be a DNS message
_KEPT = {DATA: MAX_MESSAGE, HEADERS: MAX_BLOCK, PUSH_PROMISE: MAX_BLOCK, CONTINUATION: MAX_BLOCK}


def looks_like_http2(head: bytes) -> bool | None:
    """Tell whether bytes begin with the client's preface; None when more are needed."""
    if len(head) < len(PREFACE):
        return None if PREFACE.startswith(head) else False
    return head.startswith(PREFACE)


def fragment_of(kind: int, flags: int, payload: bytes) -> bytes | None:
    """Return what a frame holds of a block of fields (RFC 9113 6.2, 6.6, 6.10); None when it contradicts itself."""
    if kind == CONTINUATION:
        return payload
    padding = 0
    if flags & PADDED:
        padding, payload = (payload[0] if payload else 0), payload[1:]
    before = 4 if kind == PUSH_PROMISE else 5 if flags & PRIORITY else 0
    if before + padding > len(payload):
        return None
    return payload[before : len(payload) - padding]


class _Side:
    """One direction."""

    def __init__(self) -> None:
        self.held = bytearray()  # of each frame its header, and a small one of some kinds whole
        self.skip = 0
        self.begun = False
        self.table: FieldTable | None = FieldTable()  # None: fields cannot be read any more
        self.block = bytearray()  # of fields that is not whole
        self.opened = (HEADERS, 0)  # kind and flags of the frame that began it

    def wanted(self) -> int:
        if len(self.held) < FRAME_HEADER:
            return FRAME_HEADER
        if not self.begun and self.held.startswith(PREFACE[:FRAME_HEADER]):
            return len(PREFACE)
        size = int.from_bytes(self.held[:3], "big")
        return FRAME_HEADER + (size if size <= _KEPT.get(self.held[3], -1) else 0)

    def lose_fields(self) -> None:
        self.table = None
        self.block.clear()

    def fields(self, kind: int, flags: int, payload: bytes) -> dict[bytes, bytes] | None:
        """Take a frame of fields; return them by name, the first of equal ones, once their block is whole."""
        if self.table is None:
            return None
        if kind != CONTINUATION:
            self.opened = (kind, flags)
            self.block.clear()
        fragment = fragment_of(kind, flags, payload)
        if fragment is None or len(self.block) + len(fragment) > MAX_BLOCK:
            self.lose_fields()
            return None
        self.block += fragment
        if not flags & END_HEADERS:
            return None
        fields = self.table.read(bytes(self.block))
        self.block.clear()
        if fields is None:
            self.lose_fields()
        return dict(reversed(fields or []))


class Http2Talk:
    """HTTP/2 with prior knowledge."""

    rest = b""

    def __init__(self, names: Names, dns_names: DnsNames) -> None:
        """Write into these."""
        self._names = names
        self._dns_names = dns_names
        self._sides = {False: _Side(), True: _Side()}

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take bytes of one direction."""
        side = self._sides[outward]
        while data:
            skipped = min(side.skip, len(data))
            side.skip -= skipped
            piece = data[skipped : skipped + side.wanted() - len(side.held)]
            side.held += piece
            data = data[skipped + len(piece) :]
            if len(side.held) >= FRAME_HEADER and len(side.held) == side.wanted():
                self._frame(outward, side, bytes(side.held))
                side.held.clear()
        return Step.MORE

    def _frame(self, outward: bool, side: _Side, frame: bytes) -> None:
        if not side.begun:
            side.begun = True
            if frame.startswith(PREFACE[:FRAME_HEADER]):
                return
        size, kind, payload = int.from_bytes(frame[:3], "big"), frame[3], frame[FRAME_HEADER:]
        side.skip = size - len(payload)
        if kind == DATA:
            self._data(outward, size, payload)
        elif kind in _KEPT and side.skip:
            side.lose_fields()
        elif kind in _KEPT:
            fields = side.fields(kind, frame[4], payload)
            if fields is not None and side.opened[0] == HEADERS:
                self._head(outward, fields, ended=bool(side.opened[1] & END_STREAM))

    def _data(self, outward: bool, size: int, message: bytes) -> None:
        if outward:
            self._names.add_upload(size)  # padding included, where there is any
        if message and dns.looks_like_dns(message, len(message)):
            note(message, self._names, self._dns_names)

    def _head(self, outward: bool, fields: dict[bytes, bytes], *, ended: bool) -> None:
        """Note what the fields of a request or response say (RFC 9113 8.3)."""
        method, path = fields.get(b":method", b""), fields.get(b":path", b"")
        if method:
            note_request(self._names, method, path, fields.get(b":authority") or fields.get(b"host", b""))
        if outward and not ended:
            note_body(self._names, http.Head(method, path, 0, fields))

    def gap(self, outward: bool) -> None:
        """Give that direction up: frames have no mark to find them again by."""
        side = self._sides[outward] = _Side()
        side.begun = True
        side.skip = 1 << 62
