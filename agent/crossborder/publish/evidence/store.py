"""The folder of sealed evidence: a file a finding, there whole or not at all, the oldest removed."""

from __future__ import annotations

import errno
import os
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from crossborder.errors import CrossborderError
from crossborder.publish.evidence.sealing import SUFFIX
from crossborder.publish.history.places import DRAFT, make_folder, write_whole
from crossborder.statefile import flush

if TYPE_CHECKING:
    from pathlib import Path

ENDING = f".pcapng{SUFFIX}"


class Limits(NamedTuple):
    """How much is kept, and what of the disk is left to others."""

    keep: float = 30 * 86_400.0  # seconds
    size: int = 1 << 30  # bytes
    reserve: int = 512 << 20  # bytes that stay free


class Store:
    """Files of a folder by their age. Raises OSError where one cannot be written; then nothing of it is there."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        """Open a folder, made when missing; raises CrossborderError where it cannot be."""
        self._folder, self._limits = folder, limits
        try:
            make_folder(folder)
            for draft in folder.glob(f".*{ENDING}{DRAFT}"):
                draft.unlink(missing_ok=True)
            found = ((path.stat(), path) for path in folder.glob(f"*{ENDING}"))
            self._files = deque(sorted((stat.st_mtime, stat.st_size, path) for stat, path in found))
        except OSError as error:
            raise CrossborderError.at(folder, f"evidence cannot be kept there: {error.strerror or error}") from None
        self.bytes = sum(size for _, size, _ in self._files)

    def has(self, name: str) -> bool:
        """Tell whether there is a file of that name already."""
        return (self._folder / f"{name}{ENDING}").exists()

    def put(self, name: str, data: bytes, now: float) -> None:
        """Write a file; `now` is the clock, in seconds since 1970."""
        disk = os.statvfs(self._folder)
        if disk.f_bavail * disk.f_frsize - len(data) < self._limits.reserve:
            raise OSError(errno.ENOSPC, "no room but what evidence.reserve leaves to others")
        path = self._folder / f"{name}{ENDING}"
        draft = self._folder / f".{path.name}{DRAFT}"
        try:
            write_whole(draft, data)
            draft.rename(path)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise
        self._files.append((now, len(data), path))
        self.bytes += len(data)

    def tend(self, now: float) -> None:
        """Have what was written on the disk, and remove the oldest files while they are too old or all is too much."""
        while self._files and (self.bytes > self._limits.size or now - self._files[0][0] > self._limits.keep):
            _, size, path = self._files.popleft()
            self.bytes -= size
            path.unlink(missing_ok=True)
        flush(self._folder)
