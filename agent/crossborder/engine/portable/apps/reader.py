"""A cursor over bytes of the wire whose lengths may lie."""

from __future__ import annotations


class ShortError(Exception):
    """Bytes end before the value does. Never leaves the parsers."""


class Reader:
    """Reads big-endian values in order; raises ShortError at the end of the bytes."""

    __slots__ = ("_data", "_end", "at")

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        """Read `data` from `at` up to `end`."""
        self._data = data
        self._end = len(data) if end is None else min(end, len(data))
        self.at = at

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return self._end - self.at

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        start, stop = self.at, self.at + size
        if size < 0 or stop > self._end:
            raise ShortError
        self.at = stop
        return self._data[start:stop]

    def uint(self, size: int) -> int:
        """Return the next unsigned integer of `size` bytes."""
        return int.from_bytes(self.take(size), "big")

    def block(self, size: int) -> bytes:
        """Return a block that is preceded by its length in `size` bytes (a TLS vector, RFC 8446 3.4)."""
        return self.take(self.uint(size))

    def varint(self) -> int:
        """Return a variable-length integer (RFC 9000 16)."""
        first = self.uint(1)
        size = 1 << (first >> 6)
        return (first & 0x3F) << 8 * (size - 1) | self.uint(size - 1)
