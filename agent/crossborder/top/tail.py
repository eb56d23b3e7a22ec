"""Follows the end of a file of lines that grows, is rotated or is cut while it is looked at."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FIRST_BYTES = 1 << 20
"""How much of the end is read at first: some hundreds of events. No line is longer."""
MOST_BYTES = 4 << 20
"""Most read at one look; of what grew faster the older part is left out, and counted."""


class Tail:
    """Whole lines as they are appended. `note` says why there are none, `skipped` counts bytes left out."""

    def __init__(self, path: Path, first: int = FIRST_BYTES, most: int = MOST_BYTES) -> None:
        """Take the file, which need not be there yet."""
        self.path = path
        self.note = ""
        self.skipped = 0
        self._first, self._most = first, most
        self._fd = -1
        self._met = False  # a file that follows the first is read from its beginning
        self._begun = b""  # a line whose end has not been written yet
        self._torn = False  # what comes next lacks the beginning of its line

    def lines(self) -> list[bytes]:
        """Return the whole lines that came since the last look, without their ends."""
        self.note, found = "", []
        try:
            found += self._grown()
            if self._moved():
                self.close()
                self._open()
                found += self._grown()
        except OSError as error:
            self.close()
            self.note = f"{self.path}: {_reason(error)}"
        return found

    def close(self) -> None:
        """Let go of the file; the next look opens it anew."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._begun, self._torn = -1, b"", False

    def _open(self) -> None:
        self._fd = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # of a pipe nobody writes to, too
        status = os.fstat(self._fd)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "not a file of lines")
        if not self._met:
            self._leap(status.st_size, self._first)
        self._met = True

    def _moved(self) -> bool:
        """Tell whether another file stands at the path than the one that is open."""
        there = self.path.stat()
        here = os.fstat(self._fd) if self._fd >= 0 else None
        return here is None or (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)

    def _grown(self) -> list[bytes]:
        """Return what was appended; all of it where the file was cut and written anew."""
        if self._fd < 0:
            return []
        size = os.fstat(self._fd).st_size
        if size < os.lseek(self._fd, 0, os.SEEK_CUR):
            os.lseek(self._fd, 0, os.SEEK_SET)
            self._begun, self._torn = b"", False
        self.skipped += self._leap(size, self._most)
        return self._whole(os.read(self._fd, self._most))

    def _leap(self, size: int, most: int) -> int:
        """Go on so near to the end that no more than `most` bytes are left; return how many were leapt over."""
        over = size - most - os.lseek(self._fd, 0, os.SEEK_CUR)
        if over <= 0:
            return 0
        os.lseek(self._fd, size - most, os.SEEK_SET)
        self._begun, self._torn = b"", True
        return over

    def _whole(self, grown: bytes) -> list[bytes]:
        *whole, self._begun = (self._begun + grown).split(b"\n")
        if self._torn and whole:
            self._torn = False
            del whole[0]
        if len(self._begun) > self._first:
            self.skipped += len(self._begun)
            self._begun, self._torn = b"", True
        return [line for line in whole if line.strip()]


def _reason(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "not there yet; it is looked for"
    if isinstance(error, PermissionError):
        return "not readable by you (events are readable by their owner only; try sudo)"
    return error.strerror or str(error)
