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
from crossborder.publish.history.places import File, files_of, moment, standing
from crossborder.publish.history.reading import stored
from crossborder.publish.history.rows import PENDING_SCHEMA, VERSION, folded
from crossborder.statefile import flush
from crossborder.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

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


class Keeper:
    """Goes round in a thread of its own whenever something was written; one round at a time."""

    def __init__(self, folder: Path, gateway: str, limits: Limits, failed: Callable[[], None]) -> None:
        """Take the gateway's folder, its name, and who counts failures."""
        self.kept = Kept()
        self._folder, self._gateway, self._limits, self._failed = folder, gateway, limits, failed
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
        self.kept = self._trimmed(stand)

    def _joined(self, files: list[File]) -> None:
        """Make the files of an hour into one; where one is damaged all stay, for a person to look at."""
        if len(files) < 2 or any(map(self._damaged, files)):
            return
        for group in _groups([(file, height_of(file.path) or 0) for file in files]):
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
            if not fault and version_of(file.path) <= VERSION:
                return False
        self._told.add(file.path)
        self._failed()
        log().error("a file of the flow history is damaged", file=str(file.path), reason=fault or "of a newer version")
        return True

    def _trimmed(self, files: list[File]) -> Kept:
        """Remove the oldest hours that are not held while they are too old or all is too much."""
        sizes = {file.path: _size(file.path) for file in files}
        held = holds.read(self._folder)
        hours = [(hour, list(group)) for hour, group in groupby(files, key=lambda file: file.hour)]
        stays = {hour for hour, _ in hours if held.covers(hour)}
        total = sum(sizes.values())
        now = min(time.time(), moment(hours[-1][0] + 1).timestamp()) if hours else 0.0  # old captures are not too old
        left = [hour for hour, _ in hours]
        for hour, group in hours[:-1]:
            too_old = now - moment(hour + 1).timestamp() > self._limits.keep
            if hour not in stays and hour not in self._open and (too_old or total > self._limits.size):
                note_removed(self._folder, hour, "age" if too_old else "size")
                _remove(group)
                left.remove(hour)
                total -= sum(sizes[file.path] for file in group)
        return Kept(total, moment(left[0]).timestamp() if left else 0.0, len(stays))


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


def _remove(files: list[File]) -> None:
    """Remove the files of an hour, and its folders where nothing else is in them."""
    for file in files:
        file.path.unlink(missing_ok=True)
    place = files[0].path.parent
    with contextlib.suppress(OSError):
        place.rmdir()
        place.parent.rmdir()
