"""Follows an event log through its files, rotated and packed ones too, by the numbers of its lines."""

from __future__ import annotations

import os
import re
import zlib
from typing import IO, TYPE_CHECKING, NamedTuple

from crossborder.errors import CrossborderError
from crossborder.publish.logreading import LONGEST, begin_of, unpacked
from crossborder.publish.shipping.position import Position

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.publish.chain import Link

_LOG = re.compile(rb'"chain":\{"log":"([^"\\]*)","previous":"')
_SEQUENCE = re.compile(rb'"sequence":([0-9]{1,18})[,}]')
_PACKED = {".gz", ".zst"}
_GLANCES = 3
"""Times a gap must be seen before lines are taken for gone: a file may be on its way from one name to another."""


class Line(NamedTuple):
    """A line of the log, and the position behind it."""

    text: bytes  # without its end
    at: Position


class Batch(NamedTuple):
    """The next lines, and how many before them are gone from the files."""

    lines: list[Line]
    missing: int


class _File(NamedTuple):
    """A file that holds lines of a log."""

    path: Path
    inode: int
    size: int
    mtime: int
    begin: Link

    @property
    def packed(self) -> bool:
        return self.path.suffix in _PACKED


class Follower:
    """Reads on from a position. Knows nothing of who reads, and changes nothing."""

    def __init__(self, path: Path, at: Position) -> None:
        """Take the file that the agent appends to, whose rotated ones have names that begin with its own."""
        self._path = path
        self._at = at
        self._file: IO[bytes] | None = None
        self._raw: IO[bytes] | None = None  # the same before it is unpacked
        self._inode = 0
        self._offset = 0
        self._packed = False
        self._begins: dict[tuple[int, int, int], Link | None] = {}
        self._gap = (0, 0)  # the line behind a gap, how often it was seen

    def rewind(self, at: Position) -> None:
        """Go back to a position."""
        self.close()
        self._at = at

    def close(self) -> None:
        """Let go of the file."""
        for file in (self._file, self._raw):
            if file:
                file.close()
        self._file = self._raw = None

    def next(self, lines: int, size: int) -> Batch:
        """Return the next lines, up to a number and about so many bytes; none while there are no more.

        Raises OSError when a file cannot be read.
        """
        found: list[Line] = []
        missing = 0
        while len(found) < lines and size > 0:
            line = self._line() if self._file else None
            if line:
                found.append(line)
                size -= len(line.text)
            elif found or (behind := self._turned()) is None:
                break
            else:
                missing += behind
        return Batch(found, missing)

    def bytes_behind(self, at: Position) -> int:
        """Return the bytes of files behind a position."""
        files = self._files()
        here = self._holding(files, at)
        if here is None:
            return 0
        read = at.offset if here.inode == at.inode else 0
        rest = {file.inode: file.size for file in files[files.index(here) + 1 :] if file.inode != here.inode}
        return max(0, here.size - read) + sum(rest.values())

    # One file.

    def _line(self) -> Line | None:
        """Return the next whole line of the log in this file, if there is one now."""
        while self._file:
            text = self._read(self._file)
            if not text.endswith(b"\n"):
                if len(text) < LONGEST:
                    self._back()
                    return None
                self._offset += len(text)  # a line that long is none
                continue
            self._offset += len(text)
            log, sequence = _place(text)
            if not log or (log == self._at.log and sequence <= self._at.sequence):
                continue
            self._at = Position(log, sequence, self._inode, 0 if self._packed else self._offset)
            return Line(text[:-1], self._at)
        return None

    def _read(self, file: IO[bytes]) -> bytes:
        try:
            return file.readline(LONGEST)
        except (EOFError, zlib.error) as error:
            raise OSError(0, f"cannot be unpacked: {error}") from None

    def _back(self) -> None:
        """Stand before a line that is not whole yet."""
        if self._file and not self._packed:
            self._file.seek(self._offset)

    # From file to file.

    def _turned(self) -> int | None:
        """Open the file that has the next line and return how many lines are gone before it; None: there is none."""
        if self._file and self._is_written_to():
            self._look_for_cut(self._file)
            return None
        files = self._files()
        file = self._behind(files, self._at) if self._file else self._holding(files, self._at)
        if file is None or (self._file and self._grew(self._file)):  # a file is ended before the next one begins
            return None
        gap = file.begin.sequence - self._at.sequence - 1 if file.begin.log == self._at.log else 0
        if gap > 0 and not self._sure(file):
            return None
        self._open(file)
        return max(0, gap)

    def _is_written_to(self) -> bool:
        try:
            return self._path.stat().st_ino == self._inode
        except FileNotFoundError:
            return False

    def _look_for_cut(self, file: IO[bytes]) -> None:
        """Begin anew with a file that was emptied in place: what was in it may be in another now."""
        if os.fstat(file.fileno()).st_size < self._offset:
            self.close()

    def _grew(self, file: IO[bytes]) -> bool:
        """Tell whether another whole line has come."""
        if self._packed:
            return False
        text = self._read(file)
        self._back()
        return text.endswith(b"\n")

    def _holding(self, files: list[_File], at: Position) -> _File | None:
        """Return the file that holds the line behind a position, or the one that comes next."""
        if not any(file.begin.log == at.log for file in files):
            return files[0] if files else None
        before = [f for f in files if f.begin.log == at.log and f.begin.sequence <= at.sequence + 1]
        return before[-1] if before else self._behind(files, at)

    def _behind(self, files: list[_File], at: Position) -> _File | None:
        """Return the next file of a position's log, or else the first of the log after it."""
        mine = [index for index, file in enumerate(files) if file.begin.log == at.log]
        later = [files[index] for index in mine if files[index].begin.sequence > at.sequence]
        if later:
            first = later[0].begin.sequence
            return [file for file in later if file.begin.sequence == first][-1]  # the one that is not packed
        rest = files[mine[-1] + 1 :] if mine else files
        return rest[0] if rest else None

    def _sure(self, file: _File) -> bool:
        line, seen = self._gap
        self._gap = (file.begin.sequence, seen + 1 if line == file.begin.sequence else 1)
        return self._gap[1] >= _GLANCES

    def _open(self, file: _File) -> None:
        self.close()
        self._raw = file.path.open("rb")
        self._inode, self._packed, self._offset = os.fstat(self._raw.fileno()).st_ino, file.packed, 0
        self._file = unpacked(file.path, self._raw)
        if self._inode == self._at.inode and not self._packed:
            self._leap(self._at.offset)

    def _leap(self, offset: int) -> None:
        """Go on where the position says, if that is behind the line it names."""
        if not self._file or not 0 < offset <= os.fstat(self._file.fileno()).st_size:
            return
        start = max(0, offset - LONGEST)
        self._file.seek(start)
        before = self._file.read(offset - start)
        last = before[before.rfind(b"\n", 0, -1) + 1 :]
        if last.endswith(b"\n") and _place(last) == (self._at.log, self._at.sequence):
            self._offset = offset
        self._file.seek(self._offset)

    def _files(self) -> list[_File]:
        """Return the files that hold lines of logs, log after log, each in its order."""
        found = [file for path in self._names() if (file := self._seen(path))]
        newest: dict[str, int] = {}
        for file in found:
            newest[file.begin.log] = max(newest.get(file.begin.log, 0), file.mtime)
        self._begins = {key: begin for key, begin in self._begins.items() if any(key[0] == f.inode for f in found)}
        return sorted(found, key=lambda f: (newest[f.begin.log], f.begin.log, f.begin.sequence, not f.packed))

    def _names(self) -> list[Path]:
        try:
            return [path for path in self._path.parent.iterdir() if path.name.startswith(self._path.name)]
        except FileNotFoundError:
            return []

    def _seen(self, path: Path) -> _File | None:
        try:
            status = path.stat()
            key = (status.st_ino, status.st_size, status.st_mtime_ns)
            if key not in self._begins:
                self._begins[key] = begin_of(path)
            begin = self._begins[key]
        except FileNotFoundError:
            return None
        except (OSError, CrossborderError):
            return None  # no file of ours, or one that is being packed
        return _File(path, status.st_ino, status.st_size, status.st_mtime_ns, begin) if begin else None


def _place(text: bytes) -> tuple[str, int]:
    """Return the log and sequence of a line, by where its own members stand; texts in JSON cannot look like them."""
    log = _LOG.search(text)
    sequence = _SEQUENCE.search(text, log.end()) if log else None
    return (log[1].decode(errors="replace"), int(sequence[1])) if log and sequence else ("", 0)
