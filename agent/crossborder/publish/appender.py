"""The append-only writer of lines: in order, whole, held for later while disk or reader does not take them."""

from __future__ import annotations

import fcntl
import os
import stat
from typing import TYPE_CHECKING

from crossborder.errors import CrossborderError
from crossborder.publish.chain import Checkpoint, Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from crossborder.publish.chain import Chain

STDOUT = 1
AT_ONCE = 256
"""Lines linked and written at a time: while nothing can be written no more than these are linked in vain."""
HELD_BYTES = 32 * 1024 * 1024
"""Most bytes held for a file that cannot be written; lines beyond that are lost, and counted."""


class Appender:
    """One open file that lines are appended to, in order and whole. What cannot be written now is kept for later.

    With a chain lines are linked as they are written: what is given up, or goes on in another file, never was in it.
    """

    def __init__(self, name: str, fd: int, hold: int = HELD_BYTES, chain: Chain | None = None) -> None:
        """Take a name for messages, a descriptor open for writing, the most bytes held, and whose chain it is."""
        self.name = name
        self.fd = fd
        self.chain = chain
        self.error: OSError | None = None  # why the last write failed
        self.lost = 0  # events given up since the start
        self.held: list[bytes] = []  # lines not written yet, not linked
        self._begun = 0  # bytes of the first of them that are written
        self._untold = 0  # events given up that no line tells of yet
        self._hold = hold

    @property
    def waiting(self) -> int:
        """Return how many events are held."""
        return _events(self.held)

    @property
    def room(self) -> int | None:
        """Return the bytes free on the file's disk; None of what is no file."""
        if not is_file(self.fd):
            return None
        disk = os.fstatvfs(self.fd)
        return disk.f_bavail * disk.f_frsize

    @property
    def torn(self) -> bytes:
        """Return what is written of a line that is not whole yet."""
        first = self.held[:1] if self._begun else []
        return b"".join(self.chain.linked(first) if self.chain else first)[: self._begun]

    def begin(self, *notes: Note) -> None:
        """Put notes before everything that is held; they are written with the next lines."""
        self.held[:0] = notes

    def append(self, lines: Sequence[bytes]) -> tuple[int, int, int]:
        """Write what is held and these events; return how many were written, newly delayed and lost."""
        old = self.waiting
        written = self._write() if self._untold else 0
        if self._untold and self.held:  # the line that tells of the gap comes first
            lost = len(lines)
        else:
            self.held += self._told_of_gap()
            self.held += self.chain.with_checkpoints(lines) if self.chain else lines
            written += self._write()
            lost = 0
        delayed = self.waiting + lost - max(0, old - written)
        lost += self._trim()
        self.lost += lost
        self._untold += lost if self.chain else 0
        return written, delayed, lost

    def _told_of_gap(self) -> list[bytes]:
        """Return the line that tells how many events are missing, vouched for: a checkpoint may be missing too."""
        if not self.chain or not self._untold:
            return []
        told = self.chain.note("events-lost", lost=self._untold)
        self._untold = 0
        return [told, self.chain.checkpoint("events")] if self.chain.origin.signer else [told]

    def _write(self) -> int:
        """Write what is held, as far as it goes; return how many events are done."""
        before, self.error = self.waiting, None
        try:
            while self.held:
                some = self.held[:AT_ONCE]
                self._put(self.chain.linked(some) if self.chain else some)
        except OSError as error:
            self.error = error
        return before - self.waiting

    def _put(self, lines: list[bytes]) -> None:
        data = memoryview(b"".join(lines))
        at = self._begun
        try:
            while at < len(data):
                at += os.write(self.fd, data[at:])
        finally:
            self._forget(lines, at)

    def _forget(self, lines: list[bytes], size: int) -> None:
        """Drop the lines that so many bytes are of, and note how much of the next one is written."""
        done = 0
        while done < len(lines) and size >= len(lines[done]):
            size -= len(lines[done])
            done += 1
        vouched = any(isinstance(line, Checkpoint) for line in self.held[:done])
        del self.held[:done]
        self._begun = size
        if self.chain:
            self.chain.written(lines[:done], vouched=vouched)

    def _trim(self) -> int:
        """Give up the newest lines beyond the limit: what came first is what an auditor asks for."""
        size = sum(map(len, self.held)) - self._begun
        before = self.waiting
        while size > self._hold and len(self.held) > 1:
            size -= len(self.held.pop())
        return before - self.waiting

    @property
    def reason(self) -> str:
        """Say why lines are missing."""
        if self.error is None:
            return "too many were waiting to be written"
        return self.error.strerror or str(self.error)

    def turn_to(self, fd: int, *notes: Note) -> None:
        """Go on with another descriptor, closing this one; a line begun there stands whole behind the notes."""
        self.close()
        self.fd, self._begun = fd, 0
        self.begin(*notes)

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self.fd != STDOUT:
            os.close(self.fd)


def _events(lines: Iterable[bytes]) -> int:
    return sum(not isinstance(line, Note) for line in lines)


def check(path: Path) -> None:
    """Raise CrossborderError when events could not be appended to the file; it is neither made nor changed."""
    if path.exists():
        os.close(_opened(path))
    elif not path.parent.is_dir():
        raise CrossborderError.at(path, f"events cannot be appended: there is no folder {path.parent}")
    elif not os.access(path.parent, os.W_OK):
        raise CrossborderError.at(path, f"events cannot be appended: folder {path.parent} is not writable")


def open_file(path: Path) -> int:
    """Open a file for appending and return its descriptor; a file is made with mode 0600, less the umask.

    Raises CrossborderError when it cannot be opened, another agent appends to it, or its disk has no room left.
    """
    fd = _opened(path)
    try:
        _own(path, fd)
        end_torn_line(path, fd)
    except CrossborderError:
        os.close(fd)
        raise
    return fd


def _opened(path: Path) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe nobody reads must not hang
    try:
        fd = os.open(path, flags, 0o600)
    except OSError as error:
        raise CrossborderError.at(path, f"events cannot be appended: {error.strerror}") from None
    os.set_blocking(fd, True)
    if is_file(fd) and os.fstatvfs(fd).f_bavail == 0:
        os.close(fd)
        raise CrossborderError.at(path, "events cannot be appended: no room is left on its disk")
    return fd


def _own(path: Path, fd: int) -> None:
    """Keep other agents out of a file: a chain has one end. The kernel lets go of it however this one ends."""
    try:
        if is_file(fd):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CrossborderError.at(path, "events cannot be appended: another agent appends to it") from None
    except OSError:
        return  # a file system without locks


def is_file(fd: int) -> bool:
    """Tell whether a descriptor is of a file on a disk."""
    return stat.S_ISREG(os.fstat(fd).st_mode)


def end_torn_line(path: Path, fd: int) -> None:
    """End the half line that a crash or a full disk has left, so that it spoils no line of ours."""
    if not is_file(fd) or os.fstat(fd).st_size == 0:
        return
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                os.write(fd, b"\n")
    except OSError:
        return  # not readable: append as it is
