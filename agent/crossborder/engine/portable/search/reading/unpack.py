"""Unpacks what is packed (RFC 9110 8.4.1, RFC 8878, RFC 7932) in bounded memory, up to a limit; damage ends it."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final, Protocol

import brotli
import zstandard

if TYPE_CHECKING:
    from crossborder.engine.portable.search.reading.page import Page, Reader

PIECE: Final = 16_384  # bytes that are unpacked at a time
_BLOCK: Final = 512  # packed bytes that are taken at a time: what damage leaves of what stood before depends on that
_ZSTD_PIECE: Final = 256  # packed bytes of zstd, of which what they make cannot be bounded
_ZSTD_WINDOW: Final = 1 << 23  # the largest window that is let (RFC 8878 3.1.1.1.2 recommends it)
_GZIP_BITS: Final = 31  # the largest window, in gzip
CODINGS: Final = {b"gzip": b"gzip", b"x-gzip": b"gzip", b"deflate": b"deflate", b"br": b"br", b"zstd": b"zstd"}
"""Names as Content-Encoding has them."""


class _Codec(Protocol):
    """Unpacks one stream; `over` once it has ended, `rest` is what follows it."""

    over: bool
    rest: bytes

    def turn(self, data: bytes, room: int) -> bytes:
        """Unpack up to so many bytes; call again with nothing until nothing comes. Raises ValueError for damage."""


class _Zlib:
    """Gzip, or deflate with a head (RFC 1950) or without, which its first two bytes tell."""

    def __init__(self, gzip: bool) -> None:
        self._zlib = zlib.decompressobj(_GZIP_BITS) if gzip else None
        self._held = b""
        self.over = False
        self.rest = b""

    def turn(self, data: bytes, room: int) -> bytes:
        data = self._held + data
        self._held = b""
        if self._zlib is None:
            if len(data) < 2:
                self._held = data
                return b""
            headed = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._zlib = zlib.decompressobj(15 if headed else -15)
        try:
            made = self._zlib.decompress(data, room)
        except zlib.error as error:
            raise ValueError(str(error)) from error
        self._held = self._zlib.unconsumed_tail
        self.over, self.rest = self._zlib.eof, self._zlib.unused_data
        return made


class _Brotli:
    def __init__(self) -> None:
        self._brotli = brotli.Decompressor()
        self.over = False
        self.rest = b""

    def turn(self, data: bytes, room: int) -> bytes:
        try:
            made: bytes = self._brotli.process(data, output_buffer_limit=room)
        except brotli.error as error:
            raise ValueError(str(error)) from error
        self.over = self._brotli.is_finished()
        return made


class _Zstd:
    def __init__(self) -> None:
        self._zstd = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
        self._held = b""
        self.over = False
        self.rest = b""

    def turn(self, data: bytes, room: int) -> bytes:
        del room
        data = self._held + data
        made = b""
        try:
            while data and not made and not self._zstd.eof:
                made = self._zstd.decompress(data[:_ZSTD_PIECE])
                data = data[_ZSTD_PIECE:]
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from error
        self.over = self._zstd.eof
        self.rest = self._zstd.unused_data + data if self.over else b""
        self._held = b"" if self.over else data
        return made


def _codec(coding: bytes) -> _Codec:
    if coding == b"br":
        return _Brotli()
    return _Zstd() if coding == b"zstd" else _Zlib(coding == b"gzip")


class Unpack:
    """Unpacks for another reader."""

    __slots__ = ("_codec", "_coding", "_held", "_next")

    def __init__(self, coding: bytes, following: Reader) -> None:
        """Begin; `coding` is one of the values of CODINGS."""
        self._coding = coding
        self._codec: _Codec | None = _codec(coding)
        self._held = b""  # less than a block
        self._next = following

    def read(self, page: Page, data: bytes) -> None:
        """Take the next bytes."""
        self._held += data
        whole = len(self._held) // _BLOCK * _BLOCK
        for at in range(0, whole, _BLOCK):
            self._block(page, self._held[at : at + _BLOCK])
        self._held = self._held[whole:]

    def _block(self, page: Page, data: bytes) -> None:
        """Unpack a block of packed bytes."""
        while self._codec is not None and not page.over:
            room = page.room
            try:
                made = self._codec.turn(data, min(PIECE, room))[:room] if room else b""
            except ValueError:
                self._codec = None
                return
            self._hand_on(page, made, room)
            data = b""
            if self._codec.over:
                data = self._codec.rest
                self._codec = _codec(self._coding) if self._coding in {b"gzip", b"zstd"} else None
            if not data and (not made or page.over):
                return

    def _hand_on(self, page: Page, made: bytes, room: int) -> None:
        page.count_unpacked(len(made))
        if made:
            self._next.read(page, made)
        if len(made) == room:
            page.meet("bytes")
            self._next.end(page)
            page.end_text()
            page.over = True

    def end(self, page: Page) -> None:
        """Learn that nothing follows."""
        self._block(page, self._held)
        self._held = b""
        self._next.end(page)
