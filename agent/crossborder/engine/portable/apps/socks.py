"""SOCKS 4, 4a and 5 (RFC 1928, RFC 1929): a proxy's greeting, and where the connection inside begins."""

from __future__ import annotations

from crossborder.engine.portable.apps.reader import Reader, ShortError
from crossborder.engine.portable.apps.talk import Step

MAX_GREETING = 1024  # bytes of one direction before the connection inside begins
_METHODS = frozenset({0, 1, 2, 3, 5, 6, 7, 8, 9, 0x80, 0x82})


def looks_like_socks(head: bytes, other: bytes) -> bool | None:
    """Tell whether bytes open SOCKS; None when more are needed: the greeting alone is too short to be sure."""
    if not head:
        return None
    if head[0] == 4:
        if head[1:2] not in {b"", b"\x01", b"\x02"}:
            return False
        if len(head) < 9 or len(other) < 2:
            return None if other[:1] in {b"", b"\0"} else False
        return other[0] == 0 and 0x5A <= other[1] <= 0x5D
    if head[0] != 5 or (len(head) >= 2 and not 1 <= head[1] <= len(_METHODS)):
        return False
    methods = head[2 : 2 + head[1]] if len(head) >= 2 else b""
    if not _METHODS.issuperset(methods):
        return False
    if len(other) < 2 or len(head) < 2 or len(methods) < head[1]:
        return None if other[:1] in {b"", b"\x05"} else False
    return other[0] == 5 and (other[1] in _METHODS or other[1] == 0xFF)


def greeting_end(data: bytes, *, client: bool) -> int | None:
    """Return where one side's greeting ends; None when more is needed. Raises nothing; nonsense ends at the limit."""
    reader = Reader(data[:MAX_GREETING])
    try:
        if data[:1] == (b"\x04" if client else b"\x00"):
            return _socks4(reader, client=client)
        if client:
            reader.take(1)
            reader.block(1)  # methods
            if reader.uint(1) == 1:  # user name and password (RFC 1929)
                reader.block(1)
                reader.block(1)
                reader.take(1)
            reader.take(2)
        else:
            reader.take(1)
            if reader.uint(1) == 2:
                reader.take(2)
            reader.take(3)
        _address(reader)
    except ShortError:
        return None if len(data) < MAX_GREETING else MAX_GREETING
    return reader.at


def _socks4(reader: Reader, *, client: bool) -> int:
    if not client:
        reader.take(8)
        return reader.at
    reader.take(4)
    address = reader.take(4)
    _text(reader)  # user
    if address[:3] == b"\0\0\0" and address[3]:  # 4a: a name follows
        _text(reader)
    return reader.at


def _text(reader: Reader) -> None:
    while reader.uint(1):
        pass


def _address(reader: Reader) -> None:
    kind = reader.uint(1)
    if kind == 3:
        reader.block(1)
    else:
        reader.take(16 if kind == 4 else 4)
    reader.take(2)


class SocksTalk:
    """SOCKS until the connection inside begins, whichever side speaks first there."""

    def __init__(self) -> None:
        """Expect the client's greeting first."""
        self.rest = b""
        self._held = {False: b"", True: b""}
        self._ended = {False: False, True: False}
        self._client: bool | None = None

    def feed(self, outward: bool, data: bytes) -> Step:
        """Take bytes of one direction."""
        if self._client is None:
            self._client = outward
        if not self._ended[outward]:
            held = self._held[outward] + data
            end = greeting_end(held, client=outward is self._client)
            self._held[outward] = held if end is None else b""
            if end is None:
                return Step.MORE
            self._ended[outward] = True
            data = held[end:]
        if not data:
            return Step.MORE
        self.rest = data
        return Step.UPGRADE

    def gap(self, outward: bool) -> None:
        """Take what comes next for the connection inside."""
        self._ended[outward] = True
