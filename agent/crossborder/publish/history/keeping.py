"""Looks after what was written, beside the ticks: files of an hour into one, the oldest hours away, holds respected."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.publish.history import holds
from crossborder.publish.history.files import FINAL_LEVEL, discard, draft, fault_of, height_of, put, version_of
from crossborder.publish.history.inventory import note_removed
from crossborder.publish.history.places import File, files_of, moment, remove, standing
from crossborder.publish.history.reading import stored
from crossborder.publish.history.rows import PENDING_SCHEMA, VERSION, folded
from crossborder.statefile import flush
from crossborder.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from crossborder.publish.history.moving import Mover

MOST_ROWS = 1_000_000
"""Most rows made into one file: a gigabyte of memory. An hour of more has several."""
DAY = 86_400


class Limits(NamedTuple):
    """How much is kept, and what of the disk is left to others."""

    keep: float = 400 * DAY  # seconds
    size: int = 100 << 30  # bytes
    compact: bool = True
    reserve: int = 256 << 20  # bytes that stay free
    pause_ns: int = 300 * 10**9  # packet time between ticks after which nobody recorded
    patience_ns: int = 180 * 10**9  # packet time an hour stays open after its end: flows end late


@dataclass(frozen=True, slots=True)
class Kept:
    """What is there after a round."""

    bytes: int = 0
    oldest: float = 0.0  # seconds since 1970 UTC; 0: nothing is there
    held: int = 0  # hours that must stay
    moved: int = 0  # files moved to the store, since the start


class Keeper:
    """Goes round in a thread of its own whenever something was written; one round at a time."""

    def __init__(
        self, folder: Path, gateway: str, limits: Limits, failed: Callable[[], None], mover: Mover | None = None
    ) -> None:
        """Take the gateway's folder, its name, who counts failures, and who moves hours that are over."""
        self.kept = Kept()
        self._folder, self._gateway, self._limits, self._failed = folder, gateway, limits, failed
        self._mover = mover
        self._asked = threading.Event()
        self._ending = False
        self._open: frozenset[int] = frozenset()
        self._told: set[Path] = set()  # damaged files
        self._thread: threading.Thread | None = None

    def wake(self, open_hours: Collection[int]) -> None:
        """Have a round made; the hours that are still written to are left alone."""
        self._open = frozenset(open_hours)
        self._asked.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._go_round, name="history", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Wait for the round under way, and make the last one."""
        self._ending = True
        self._asked.set()
        if self._thread:
            self._thread.join()
        self._open = frozenset()
        self.round()

    def _go_round(self) -> None:
        while not self._ending:
            self._asked.wait()
            self._asked.clear()
            if not self._ending:
                self.round()

    def round(self) -> None:
        """Make files of an hour into one, remove what is over, and see what is left; a fault is told and counted."""
        try:
            self._tend()
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            self._failed()
            log().error("the flow history cannot be looked after", folder=str(self._folder), reason=str(error))

    def _tend(self) -> None:
        stand, gone = standing(files_of(self._folder))
        for file in gone:
            file.path.unlink(missing_ok=True)
        if self._limits.compact:
            for hour, group in groupby(stand, key=lambda file: file.hour):
                if hour not in self._open:
                    self._joined(list(group))
            stand, _ = standing(files_of(self._folder))
        moved: list[tuple[File, int]] = []
        if self._mover:
            moved = self._mover.move(file for file in stand if file.hour not in self._open and not self._damaged(file))
            stand, _ = standing(files_of(self._folder))
        self.kept = self._trimmed([(file, _size(file.path)) for file in stand] + moved)

    def _joined(self, files: list[File]) -> None:
        """Make the files of an hour into one; where one is damaged all stay, for a person to look at."""
        if len(files) < 2 or any(map(self._damaged, files)):
            return
        for group in _groups([(file, height_of(file) or 0) for file in files]):
            self._join(group)

    def _join(self, files: list[File]) -> None:
        hour, numbers = files[0].hour, (files[0].first, max(file.last for file in files))
        kept = stored(files).with_columns(hour=pl.lit(hour, pl.Int64)).select(PENDING_SCHEMA.names()).collect()
        rows = folded(kept.sort("last_ns", maintain_order=True))
        made = draft(self._folder, self._gateway, hour, numbers, rows, FINAL_LEVEL)
        try:
            put(self._folder, [made.move])
        except OSError:
            discard(self._folder, [made])
            raise
        for file in files:
            file.path.unlink(missing_ok=True)
        flush(files[0].path.parent)

    def _damaged(self, file: File) -> bool:
        if file.path in self._told:
            return True
        fault = fault_of(file)
        with contextlib.suppress(OSError, ValueError):
            if not fault and version_of(file) <= VERSION:
                return False
        self._told.add(file.path)
        self._failed()
        log().error("a file of the flow history is damaged", file=str(file.path), reason=fault or "of a newer version")
        return True

    def _trimmed(self, files: list[tuple[File, int]]) -> Kept:
        """Remove the oldest hours that are not held while they are too old or all is too much."""
        held = holds.read(self._folder)
        hours: dict[int, list[tuple[File, int]]] = {}
        for file, size in sorted(files, key=lambda one: one[0].hour):
            hours.setdefault(file.hour, []).append((file, size))
        total = sum(size for _, size in files)
        newest = max(hours, default=0)
        now = min(time.time(), moment(newest + 1).timestamp())  # old captures are not too old
        stays = 0
        for hour in list(hours):
            too_old = now - moment(hour + 1).timestamp() > self._limits.keep
            if held.covers(hour):
                stays += 1
            elif hour != newest and hour not in self._open and (too_old or total > self._limits.size):
                group = hours.pop(hour)
                note_removed(self._folder, hour, "age" if too_old else "size")
                self._remove([file for file, _ in group])
                total -= sum(size for _, size in group)
        moved = self._mover.moved if self._mover else 0
        return Kept(total, moment(min(hours)).timestamp() if hours else 0.0, stays, moved)

    def _remove(self, files: list[File]) -> None:
        if self._mover:
            self._mover.remove(files)
        remove(files)


def _groups(files: list[tuple[File, int]]) -> list[list[File]]:
    """Return files that follow each other, as many together as may be made into one."""
    groups: list[list[File]] = []
    total = 0
    for file, rows in files:
        if not groups or total + rows > MOST_ROWS:
            groups.append([])
            total = 0
        groups[-1].append(file)
        total += rows
    return [group for group in groups if len(group) > 1]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
