"""The write-ahead segment: what is in no partition yet, on disk after every tick, and read again after a crash.

A segment begins with the moves that finish the writing before it and with the rows that were left; then a record for
each tick. It comes into being by a rename, and that rename is the one moment at which a writing is done: before it the
old segment holds everything, after it the new one says which drafts to put in place.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.publish.history.places import DRAFT, write_whole
from crossborder.publish.history.rows import PENDING_SCHEMA
from crossborder.statefile import flush

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = ".ahead"
_HEAD = struct.Struct("<4sQ16s")
_MAGIC = b"CBah"
Move = tuple[str, str]
"""From which draft to which file, by their paths in the gateway's folder."""


class Found(NamedTuple):
    """What a crash, or the end of an agent, has left."""

    number: int
    moves: tuple[Move, ...]
    rows: pl.DataFrame  # PENDING_SCHEMA
    torn: int  # bytes at the end that were no whole record
    spoilt: tuple[str, ...]  # segments that cannot be read at all


class Segment:
    """One open segment. Raises OSError where it cannot be written; then it is to be closed, and a new one begun."""

    def __init__(self, path: Path, handle: int, size: int) -> None:
        """Take an open file and its size; use `begin`."""
        self.path = path
        self.size = size
        self.begun = size  # bytes it began with
        self._handle = handle

    @classmethod
    def begin(cls, folder: Path, number: int, moves: list[Move], rows: pl.DataFrame) -> Segment:
        """Put a new segment in place of all before it."""
        path = folder / f"{number:010d}.ahead"
        draft = folder / f".{path.name}{DRAFT}"
        data = _record(json.dumps(moves).encode()) + _record(_packed(rows))
        write_whole(draft, data)
        draft.rename(path)
        try:
            flush(folder)
            return cls(path, os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC), len(data))
        except OSError:
            path.unlink(missing_ok=True)  # else the next start would go by it, and the caller does not
            raise

    def append(self, rows: pl.DataFrame) -> None:
        """Write the rows of a tick and have them on the disk."""
        data = memoryview(_record(_packed(rows)))
        at = 0
        while at < len(data):
            at += os.write(self._handle, data[at:])
        os.fdatasync(self._handle)
        self.size += len(data)

    def close(self) -> None:
        """Close the file; it stays, and tells the next start how far numbers went."""
        os.close(self._handle)


def remove_before(folder: Path, number: int) -> None:
    """Remove the segments that a later one replaces."""
    for path in folder.glob("*.ahead"):
        if path.stem.isdigit() and int(path.stem) < number:
            path.unlink(missing_ok=True)


def recover(folder: Path) -> Found:
    """Read the newest segment that has a beginning, as far as it is whole; raises OSError where that is refused."""
    spoilt: list[str] = []
    paths = sorted(p for p in folder.glob("*.ahead") if p.stem.isdigit())
    for path in reversed(paths):
        data = path.read_bytes()
        records = list(_records(data))
        if len(records) >= 2:
            moves = tuple((draft, file) for draft, file in json.loads(records[0]))
            rows = pl.concat([_unpacked(record) for record in records[1:]])
            torn = len(data) - sum(_HEAD.size + len(record) for record in records)
            return Found(int(paths[-1].stem), moves, rows, torn, tuple(spoilt))
        path.rename(path.with_suffix(".damaged"))
        spoilt.append(path.with_suffix(".damaged").name)
    return Found(int(paths[-1].stem) if paths else 0, (), pl.DataFrame(schema=PENDING_SCHEMA), 0, tuple(spoilt))


def _record(data: bytes) -> bytes:
    return _HEAD.pack(_MAGIC, len(data), _digest(data)) + data


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def _records(data: bytes) -> Iterator[bytes]:
    """Yield records up to the first that is not whole."""
    at = 0
    while at + _HEAD.size <= len(data):
        magic, size, digest = _HEAD.unpack_from(data, at)
        record = data[at + _HEAD.size : at + _HEAD.size + size]
        if magic != _MAGIC or len(record) < size or _digest(record) != digest:
            return
        yield record
        at += _HEAD.size + size


def _packed(rows: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    rows.rechunk().write_ipc_stream(file, compression="zstd")
    return file.getvalue()


def _unpacked(record: bytes) -> pl.DataFrame:
    """Return the rows of a record, with the columns of this program: one of another version may have written it."""
    rows = pl.read_ipc_stream(io.BytesIO(record))
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in PENDING_SCHEMA.items() if name not in rows.columns]
    return rows.with_columns(missing).select(PENDING_SCHEMA.names()).cast(PENDING_SCHEMA)
