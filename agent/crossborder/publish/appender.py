"""The append-only writer of lines: in order, whole, held for later while disk or reader does not take them."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

STDOUT = 1
HELD_BYTES = 32 * 1024 * 1024
"""Most bytes held for a file that cannot be written; lines beyond that are lost, and counted."""


class Appender:
    """One open file that lines are appended to, in order and whole. What cannot be written now is kept for later."""

    def __init__(self, name: str, fd: int, hold: int = HELD_BYTES) -> None:
        """Take a name for messages, a descriptor open for writing, and the most bytes held."""
        self.name = name
        self.fd = fd
        self.error: OSError | None = None  # why the last write failed
        self.lost = 0  # lines given up since the start
        self.held: list[bytes] = []  # lines not written yet; the first may be half written
        self._hold = hold

    def append(self, lines: Iterable[bytes]) -> tuple[int, int, int]:
        """Write what is held and these lines; return how many were written, newly delayed and lost."""
        old = len(self.held)
        self.held.extend(lines)
        written = self._write()
        delayed = len(self.held) - max(0, old - written)
        lost = self._trim()
        self.lost += lost
        return written, delayed, lost

    def _write(self) -> int:
        data = memoryview(b"".join(self.held))
        at, self.error = 0, None
        try:
            while at < len(data):
                at += os.write(self.fd, data[at:])
        except OSError as error:
            self.error = error
        return self._forget(at)

    def _forget(self, size: int) -> int:
        """Drop so many bytes from the front; return how many lines are done."""
        done = 0
        while done < len(self.held) and size >= len(self.held[done]):
            size -= len(self.held[done])
            done += 1
        del self.held[:done]
        if size:
            self.held[0] = self.held[0][size:]
        return done

    def _trim(self) -> int:
        """Give up the newest lines beyond the limit: what came first is what an auditor asks for."""
        size = sum(map(len, self.held))
        before = len(self.held)
        while size > self._hold and len(self.held) > 1:
            size -= len(self.held.pop())
        return before - len(self.held)

    @property
    def reason(self) -> str:
        """Say why lines are missing."""
        if self.error is None:
            return "too many were waiting to be written"
        return self.error.strerror or str(self.error)

    def turn_to(self, fd: int) -> None:
        """Go on with another descriptor, closing this one."""
        self.close()
        self.fd = fd

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self.fd != STDOUT:
            os.close(self.fd)


def open_appenders(path: Path | None, *, stdout: bool) -> list[Appender]:
    """Open where lines go: a file (`-` is standard output) and/or standard output.

    The file is made with mode 0600, less the umask, and only ever appended to. Raises CrossborderError when it cannot
    be opened or there is no room left on its disk.
    """
    appenders = []
    if path is not None and str(path) != "-":
        appenders.append(Appender(str(path), open_file(path)))
    if stdout or str(path) == "-":
        sys.stdout.flush()
        appenders.append(Appender("standard output", STDOUT))
    return appenders


def check(path: Path) -> None:
    """Raise CrossborderError when events could not be appended to the file, without making it."""
    if path.exists():
        os.close(open_file(path))
    elif not path.parent.is_dir():
        raise CrossborderError.at(path, f"events cannot be appended: there is no folder {path.parent}")
    elif not os.access(path.parent, os.W_OK):
        raise CrossborderError.at(path, f"events cannot be appended: folder {path.parent} is not writable")


def open_file(path: Path) -> int:
    """Open a file for appending and return its descriptor; raises as `open_appenders` does."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe nobody reads must not hang
    try:
        fd = os.open(path, flags, 0o600)
    except OSError as error:
        raise CrossborderError.at(path, f"events cannot be appended: {error.strerror}") from None
    os.set_blocking(fd, True)
    if stat.S_ISREG(os.fstat(fd).st_mode) and os.fstatvfs(fd).f_bavail == 0:
        os.close(fd)
        raise CrossborderError.at(path, "events cannot be appended: no room is left on its disk")
    _end_torn_line(path, fd)
    return fd


def _end_torn_line(path: Path, fd: int) -> None:
    """End the half line that a crash or a full disk has left, so that it spoils no line of ours."""
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) or status.st_size == 0:
        return
    try:
        with path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                os.write(fd, b"\n")
    except OSError:
        return  # not readable: append as it is
