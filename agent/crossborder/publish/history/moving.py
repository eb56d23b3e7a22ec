"""Moves hours that are over from the disk into an object store, and removes there what is over."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from crossborder.publish.history.inventory import NAME, note_moved
from crossborder.publish.history.places import remove
from crossborder.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from crossborder.publish.history.places import File
    from crossborder.publish.history.store import Store


class Mover:
    """Moves the hours of one gateway. What the store does not take stays on the disk, and is tried again."""

    def __init__(self, store: Store, folder: Path, failed: Callable[[], None]) -> None:
        """Take the store, the gateway's folder, and who counts failures."""
        self._store, self._folder, self._failed = store, folder, failed
        self._silent = False
        self.moved = 0  # files

    def move(self, files: Iterable[File]) -> list[tuple[File, int]]:
        """Move files, in the order of hours; return what the store has, nothing where it does not answer.

        A file is in the store before the inventory says so, and leaves the disk after: a crash between leaves it in
        both, with the same name, and readers take it once.
        """
        try:
            return self._moved(files)
        except OSError as error:
            self._failed()
            if not self._silent:
                reason = error.strerror or str(error)
                log().error("the flow history cannot be moved, it stays on the disk and is tried again", reason=reason)
            self._silent = True
            return []

    def remove(self, files: Iterable[File]) -> None:
        """Remove those of the files that are in the store. Raises OSError."""
        for file in files:
            if file.store:
                self._store.remove(file)

    def _moved(self, files: Iterable[File]) -> list[tuple[File, int]]:
        before = self.moved
        for hour, group in groupby(files, key=lambda file: file.hour):
            some = list(group)
            for file in some:
                self._store.put(file.path, self._folder.parent)
            note_moved(self._folder, hour)
            remove(some)
            self.moved += len(some)
        if self.moved > before:
            self._store.put(self._folder / NAME, self._folder.parent)
        found = self._store.sizes_of(self._store.url / self._folder.name)
        if self._silent:
            log().info("the flow history is moved again", store=self._store.url)
        self._silent = False
        return found
