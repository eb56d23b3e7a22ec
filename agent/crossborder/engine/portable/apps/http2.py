"""HTTP/2 without TLS (RFC 9113): how much goes out, and DNS questions inside (RFC 8484).

Header fields are compressed (HPACK, RFC 7541) and are not read: host, method and path stay unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.engine.portable.apps import dns
from crossborder.engine.portable.apps.dnstalk import note
from crossborder.engine.portable.apps.talk import Step

if TYPE_CHECKING:
    from crossborder.engine.names import Names
    from crossborder.engine.portable.apps.dnsnames import DnsNames

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # RFC 9113 3.4
FRAME_HEADER = 9  # RFC 9113 4.1
DATA = 0
MAX_MESSAGE = 4096  # bytes of a DATA frame that may be a DNS message


def looks_like_http2(head: bytes) -> bool | None:
    """Tell whether bytes begin with the client's preface; None when more are needed."""
    if len(head) < len(PREFACE):
        return None if PREFACE.startswith(head) else False
    return head.startswith(PREFACE)


class Http2Talk:
    """HTTP/2 with prior knowledge."""

    rest = b""

    def __init__(self, names: Names, dns_names: DnsNames) -> None:
        """Write into these."""
        self._names = names
        self._dns_names = dns_names
        self._held = {False: bytearray(), True: bytearray()}
        self._skip = {False: 0, True: 0}
        self._begun = {False: False, True: False}

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take bytes of one direction; of each frame its header is kept, and a small DATA frame whole."""
        held = self._held[outward]
        while data:
            skipped = min(self._skip[outward], len(data))
            self._skip[outward] -= skipped
            piece = data[skipped : skipped + self._wanted(outward, held) - len(held)]
            held += piece
            data = data[skipped + len(piece) :]
            if len(held) >= FRAME_HEADER and len(held) == self._wanted(outward, held):
                self._frame(outward, bytes(held))
                held.clear()
        return Step.MORE

    def _wanted(self, outward: bool, held: bytearray) -> int:
        if len(held) < FRAME_HEADER:
            return FRAME_HEADER
        if not self._begun[outward] and held.startswith(PREFACE[:FRAME_HEADER]):
            return len(PREFACE)
        size = int.from_bytes(held[:3], "big")
        return FRAME_HEADER + (size if held[3] == DATA and size <= MAX_MESSAGE else 0)

    def _frame(self, outward: bool, frame: bytes) -> None:
        if not self._begun[outward]:
            self._begun[outward] = True
            if frame.startswith(PREFACE[:FRAME_HEADER]):
                return
        size = int.from_bytes(frame[:3], "big")
        self._skip[outward] = FRAME_HEADER + size - len(frame)
        if frame[3] != DATA:
            return
        if outward:
            self._names.add_upload(size)  # padding included, where there is any
        message = frame[FRAME_HEADER:]
        if message and dns.looks_like_dns(message, len(message)):
            note(message, self._names, self._dns_names)

    def gap(self, outward: bool) -> None:
        """Give that direction up: frames have no mark to find them again by."""
        self._begun[outward] = True
        self._held[outward].clear()
        self._skip[outward] = 1 << 62
