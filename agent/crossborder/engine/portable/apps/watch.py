"""Follows protocols of framed messages only to notice when TLS takes over (RDP, LDAP and databases)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crossborder.engine.portable.apps.talk import Step

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_FRAMES = 32  # after which TLS is not waited for any more
_HELLO = 6  # bytes that show a client hello: record header and message type


def tpkt_frame(head: bytes) -> int:
    """Return the length of a TPKT message (RFC 1006 6), as RDP begins with."""
    return int.from_bytes(head[2:4], "big")


def mysql_frame(head: bytes) -> int:
    """Return the length of a MySQL packet: three bytes of length, one of sequence."""
    return int.from_bytes(head[:3], "little") + 4


def pgsql_frame(head: bytes) -> int:
    """Return the length of a PostgreSQL message; those before the first answer have no type byte."""
    if head[0] == 0:
        return int.from_bytes(head[:4], "big")
    return int.from_bytes(head[1:5], "big") + 1


def ldap_frame(head: bytes) -> int:
    """Return the length of a BER element (X.690 8.1.3), as each LDAP message is."""
    if head[1] < 0x80:
        return head[1] + 2
    size = head[1] & 0x7F
    return int.from_bytes(head[2 : 2 + size], "big") + 2 + size if size <= 4 else 0


class FramedTalk:
    """Skips messages and looks at each one's beginning for a client hello (StartTLS, SSLRequest and their like)."""

    def __init__(self, frame: Callable[[bytes], int]) -> None:
        """Use `frame` to tell a message's whole length by its first six bytes; 0 when they are no message."""
        self.rest = b""
        self._frame: Final = frame
        self._held = {False: b"", True: b""}
        self._skip = {False: 0, True: 0}
        self._frames = 0

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take bytes of one direction; six of them are kept at most."""
        data = self._held[outward] + data
        self._held[outward] = b""
        while data and self._frames <= MAX_FRAMES:
            skipped = min(self._skip[outward], len(data))
            self._skip[outward] -= skipped
            data = data[skipped:]
            if len(data) < _HELLO:
                self._held[outward] = data
                return Step.MORE
            if data[:2] == b"\x16\x03" and data[2] <= 4 and data[5] == 1:
                self.rest = data
                return Step.UPGRADE
            self._frames += 1
            self._skip[outward] = max(self._frame(data[:_HELLO]), 1)
        return Step.MORE if self._frames <= MAX_FRAMES else Step.DONE

    def gap(self, outward: bool) -> None:
        """Begin a new message with what comes next."""
        self._held[outward] = b""
        self._skip[outward] = 0
