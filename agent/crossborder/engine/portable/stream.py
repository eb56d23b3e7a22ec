"""Opens a capture file as a stream of bytes: plain, gzip or zstd, a file or a pipe; remembers where it broke."""

from __future__ import annotations

import contextlib
import os
import select
import stat
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

import zstandard

from crossborder.engine import STDIN
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHUNK: Final = 1 << 18  # bytes read or unpacked at a time
READ_LIMIT: Final = 1 << 24  # most bytes of one record; a block that claims 4 GiB is a fault, not a reservation
_POLL_SECONDS: Final = 0.2  # how soon a read from a pipe notices that it shall stop

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = tuple(bytes([n, 0x2A, 0x4D, 0x18]) for n in range(0x50, 0x60))


class Break(NamedTuple):
    """Where a stream broke off: within a read of `wanted` bytes at `offset`, of which only `got` were there."""

    offset: int
    wanted: int
    got: int
    reason: str = ""  # said by the packing, when that is what broke


class DamagedError(Exception):
    """Packed data that cannot be unpacked on; the message says why. Never leaves the stream."""


class Stream:
    """A file-like object for capture readers: `read(n)` returns n bytes, or less where the data ends.

    Readers say with `mark` that a record begins. Data that ends there has `ended`; data that ends anywhere else is
    `broken`, and this tells where.
    """

    def __init__(self, chunks: Iterator[bytes], close: Callable[[], None], read_bytes: Callable[[], int]) -> None:
        """Read from an iterator of chunks."""
        self._chunks = chunks
        self._buffer = b""
        self._at = 0
        self._before = 0  # bytes before the buffer
        self.failure = ""  # why the packing could not be read on
        self._inside = False
        self._record = 0
        self.ended = False
        self.broken: Break | None = None
        self.close = close
        self.read_bytes = read_bytes

    @property
    def offset(self) -> int:
        """How many unpacked bytes were read."""
        return self._before + self._at

    def mark(self) -> None:
        """Take note that the next byte is the first of a record."""
        self._inside = False
        self._record = self.offset

    def read(self, size: int) -> bytes:
        """Return the next bytes; fewer than asked only where the data ends. Raises OSError beyond READ_LIMIT."""
        end = self._at + size
        if end > len(self._buffer):
            return self._read_on(size)
        data = self._buffer[self._at : end]
        self._at = end
        self._inside = True
        return data

    def peek(self, size: int) -> bytes:
        """Return the next bytes without taking them."""
        self._fill(size)
        return self._buffer[self._at : self._at + size]

    def fail(self, size: int) -> None:
        """Take note that the record claims a size that cannot be; how far a reader followed the claim says nothing."""
        self.broken = Break(self._record, size, 0, f"it claims {size} bytes")

    def _read_on(self, size: int) -> bytes:
        if size > READ_LIMIT:
            self.fail(size)
            raise OSError(self.broken)
        data = self.peek(size)
        if len(data) < size:
            if data or self._inside or self.failure:
                self._break(size, len(data), self.failure)
            else:
                self.ended = True
        self._at += len(data)
        self._inside = True
        return data

    def _break(self, wanted: int, got: int, reason: str) -> None:
        if self.broken is None:
            self.broken = Break(self.offset, wanted, got, reason)

    def _fill(self, size: int) -> None:
        parts, have = [self._buffer[self._at :]], len(self._buffer) - self._at
        self._before += self._at
        self._at = 0
        try:
            while have < size and (chunk := next(self._chunks, None)) is not None:
                parts.append(chunk)
                have += len(chunk)
        except DamagedError as error:
            self.failure = str(error)
        self._buffer = b"".join(parts)


def open_stream(path: Path, stopped: Callable[[], bool]) -> Stream:
    """Open a capture file, or standard input for `-`; unpack gzip and zstd whatever the file is called.

    Raises CrossborderError when the file cannot be opened.
    """
    try:
        handle = os.dup(0) if path == STDIN else os.open(path, os.O_RDONLY)
    except OSError as error:
        raise CrossborderError.at(path, _sentence(error)) from error
    if stat.S_ISDIR(os.fstat(handle).st_mode):
        os.close(handle)
        raise CrossborderError.at(path, "is a directory, not a capture file")
    raw = _Raw(handle, stopped)
    try:
        head = raw.peek(4)
    except DamagedError as error:
        raise CrossborderError.at(path, str(error)) from error
    chunks: Iterator[bytes] = raw.chunks(CHUNK)
    if head.startswith(GZIP):
        chunks = _gunzip(chunks)
    elif head == ZSTD or head in _ZSTD_SKIPPABLE:
        chunks = _unzstd(raw.chunks(CHUNK))
    return Stream(chunks, raw.close, lambda: raw.count)


def size_of(path: Path) -> int:
    """Return the size of a regular file; 0 for what has none."""
    try:
        status = path.stat()
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _sentence(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, PermissionError):
        return "no permission to read it"
    return f"cannot be read: {error.strerror or error}"


class _Raw:
    """Bytes of a file or pipe as they come, counted."""

    def __init__(self, handle: int, stopped: Callable[[], bool]) -> None:
        self._handle = handle
        self._poll = select.poll()  # not select(2), which knows no descriptor beyond 1023
        self._poll.register(handle, select.POLLIN)
        self._stopped = stopped
        self._waits = not stat.S_ISREG(os.fstat(handle).st_mode)
        self._head = b""
        self._open = True
        self.count = 0

    def peek(self, size: int) -> bytes:
        while len(self._head) < size:
            data = self._read(size - len(self._head))
            if not data:
                break
            self._head += data
        return self._head

    def chunks(self, size: int) -> Iterator[bytes]:
        if self._head:
            yield self._head
        while data := self._read(size):
            yield data

    def _read(self, size: int) -> bytes:
        """Read what is there; from a pipe wait for it, unless asked to stop."""
        while self._waits and not self._poll.poll(_POLL_SECONDS * 1000):
            if self._stopped():
                return b""
        try:
            data = os.read(self._handle, size)
        except OSError as error:
            raise DamagedError(_sentence(error)) from error
        self.count += len(data)
        return data

    def close(self) -> None:
        if self._open:
            os.close(self._handle)
            self._open = False


def _gunzip(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack gzip members one after the other (RFC 1952); padding with zeros after the last is fine."""
    unpack = zlib.decompressobj(wbits=31)
    begun = True
    for data in packed:
        rest = data
        while rest:
            if not begun:
                rest = rest.lstrip(b"\0")
                if not rest:
                    break
                unpack, begun = zlib.decompressobj(wbits=31), True
            before = unpack.copy()
            try:
                out = unpack.decompress(rest, CHUNK)
            except zlib.error as error:
                yield from _sound(before.decompress, rest)
                raise DamagedError(f"the gzip data is damaged ({error})") from error
            if out:
                yield out
            rest = unpack.unused_data if unpack.eof else unpack.unconsumed_tail
            begun = not unpack.eof
    if begun:
        raise DamagedError("the gzip data ends early")


def _sound(unpack: Callable[[bytes], bytes], packed: bytes) -> Iterator[bytes]:
    """Unpack what comes before the damage: zlib keeps to itself what it unpacked in the call that found it."""
    with contextlib.suppress(zlib.error):
        for at in range(len(packed)):
            yield unpack(packed[at : at + 1])


def _unzstd(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Unpack zstd frames one after the other (RFC 8878). The window is bound by the library: 128 MiB."""
    context = zstandard.ZstdDecompressor()
    unpack, begun = context.decompressobj(), True
    stream = Stream(packed, lambda: None, lambda: 0)
    for piece in filter(None, _pieces(stream)):
        if not begun:
            unpack, begun = context.decompressobj(), True
        try:
            out = unpack.decompress(piece)
        except zstandard.ZstdError as error:
            raise DamagedError(f"the zstd data is damaged ({error})") from error
        if out:
            yield out
        begun = not unpack.eof
    if stream.failure or begun:
        raise DamagedError(stream.failure or "the zstd data ends early")


def _pieces(packed: Stream) -> Iterator[bytes]:
    """Cut zstd data where headers, blocks and checksums end: a damaged block takes no sound one with it.

    A block is 128 KiB at most when it is unpacked; a few packed bytes may become as much (RFC 8878 3.1.1.2).
    """
    while magic := packed.read(4):
        yield magic
        if magic in _ZSTD_SKIPPABLE:
            size = packed.read(4)
            yield size
            left = int.from_bytes(size, "little")
            while skipped := packed.read(min(left, CHUNK)):
                yield skipped
                left -= len(skipped)
        else:
            yield from _frame_pieces(packed)


def _frame_pieces(packed: Stream) -> Iterator[bytes]:
    descriptor = packed.read(1)
    yield descriptor
    flags = int.from_bytes(descriptor)
    single = flags >> 5 & 1  # then there is no window descriptor, and always a content size
    yield packed.read((1 - single) + (0, 1, 2, 4)[flags & 3] + (single, 2, 4, 8)[flags >> 6])
    last = False
    while not last and len(header := packed.read(3)) == 3:
        said = int.from_bytes(header, "little")
        last = bool(said & 1)
        repeats = said >> 1 & 3 == 1  # one byte is all there is
        yield header + packed.read(1 if repeats else said >> 3)
    yield packed.read(4 if flags & 4 else 0)
