"""Rotates the event log by itself: the chain goes on in the next file, and old files go when nobody needs them."""

from __future__ import annotations

import contextlib
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from crossborder.errors import CrossborderError
from crossborder.publish.appender import open_file
from crossborder.publish.chain import link_of
from crossborder.publish.logreading import begin_of, raw_lines
from crossborder.publish.shipping.position import Position, position_file, read_position
from crossborder.statefile import flush
from crossborder.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from crossborder.publish.appender import Appender

HOUR = 3600.0
DAY = 24 * HOUR
_STAMP = "%Y%m%dT%H%M%SZ"


class Limits(NamedTuple):
    """When a file is full, and what becomes of the old ones; None: no limit."""

    size: int | None = None  # bytes of a file
    every: float | None = None  # seconds; at whole multiples of it since 1970 UTC
    keep: float = 400 * DAY  # seconds after a file was rotated
    keep_size: int | None = None  # bytes of all files


class _Old(NamedTuple):
    """A file that was rotated by this program; what others have renamed is theirs."""

    path: Path
    rotated: float  # seconds since 1970 UTC
    last: int  # sequence of its last line
    size: int


class Rotation:
    """Looks at the file after each tick. Used by the thread that writes it."""

    def __init__(self, path: Path, limits: Limits, sinks: Sequence[str] = ()) -> None:
        """Take the file, the limits, and the names of the sinks that must have a file before it goes."""
        self._path, self._limits, self._sinks = path, limits, tuple(sinks)
        self._period = self._period_of(_begun(path))
        self._looked = float("-inf")  # monotonic
        self._waiting: frozenset[Path] = frozenset()  # old files that are kept for a sink
        self._failing = False

    def look(self, appender: Appender) -> None:
        """Rotate when it is time, and once an hour remove what is over. What goes wrong is told, and tried again."""
        try:
            if self._due(appender):
                self._rotate(appender)
                self._looked = float("-inf")
            if time.monotonic() - self._looked >= HOUR:
                self._looked = time.monotonic()
                self._remove(appender)
        except (OSError, CrossborderError) as error:
            if not self._failing:
                log().error("the event log cannot be rotated, it goes on as it is", reason=str(error))
            self._failing = True
        else:
            self._failing = False

    def _due(self, appender: Appender) -> bool:
        """Tell whether the file is full; one that cannot be written now is left as it is."""
        if appender.held:
            return False
        size = self._path.stat().st_size
        full = self._limits.size is not None and size >= self._limits.size
        return size > 0 and (full or self._period_of(time.time()) != self._period)

    def _period_of(self, at: float) -> int:
        return int(at // self._limits.every) if self._limits.every else 0

    def _rotate(self, appender: Appender) -> None:
        """Go on in another file, and only when its first line stands there give both their names.

        At no moment is there a file at the path that the chain does not go on in: see `take_up`.
        """
        draft = next_file(self._path)
        fd, chain = open_file(draft), appender.chain
        assert chain  # noqa: S101 - every event log has one
        if chain.origin.signer:
            appender.begin(chain.checkpoint("rotated"))
            appender.append([])
        last = chain.end.sequence
        appender.turn_to(fd, chain.note("log-continued"))
        appender.append([])
        with contextlib.suppress(FileNotFoundError):  # somebody else has rotated meanwhile
            self._path.rename(_name(self._path, time.time(), last))
        draft.rename(self._path)
        flush(self._path.parent)
        self._period = self._period_of(time.time())

    def _remove(self, appender: Appender) -> None:
        """Remove the oldest files that are too old and that all sinks have, and whatever there is no room for."""
        files = _old(self._path)
        total = sum(file.size for file in files) + self._path.stat().st_size
        current = appender.chain.end.log if appender.chain else ""
        places = [read_position(position_file(self._path, sink)) for sink in self._sinks]
        waiting: set[Path] = set()
        for file in files:
            crowded = self._limits.keep_size is not None and total > self._limits.keep_size
            aged = time.time() - file.rotated > self._limits.keep
            given = not (crowded or aged) or all(_has(place, file, current) for place in places)
            if crowded or (aged and given):
                file.path.unlink(missing_ok=True)
                total -= file.size
                log().info("an old file of the event log was removed", file=str(file.path))
            if crowded and not given:
                log().error("it was removed before all sinks had it: there was no room", file=str(file.path))
            if aged and not given and not crowded:
                waiting.add(file.path)
        for path in sorted(waiting - self._waiting):
            log().warning("an old file of the event log is kept for a sink", file=str(path))
        self._waiting = frozenset(waiting)


def next_file(path: Path) -> Path:
    """Return where the next file is begun; a name that `events.jsonl*` does not match."""
    return path.with_name(f".{path.name}.next")


def take_up(path: Path) -> None:
    """Put the next file in the place of one that is gone: a kill came between two names."""
    with contextlib.suppress(OSError):
        if not path.exists():
            next_file(path).rename(path)


def leave(path: Path) -> None:
    """Remove a next file that a kill has left, by who holds the file: its chain goes on where that one ends."""
    with contextlib.suppress(OSError):
        next_file(path).unlink()


def _name(path: Path, now: float, last: int) -> Path:
    return path.with_name(f"{path.name}-{datetime.fromtimestamp(now, UTC).strftime(_STAMP)}-{last:012d}")


def _old(path: Path) -> list[_Old]:
    """Return the files that were rotated, the oldest first, packed since or not."""
    pattern = re.compile(re.escape(path.name) + r"-([0-9]{8}T[0-9]{6}Z)-([0-9]{1,18})(?:\.gz|\.zst)?")
    found = []
    for file in path.parent.iterdir():
        said = pattern.fullmatch(file.name)
        with contextlib.suppress(FileNotFoundError, ValueError):
            if said:
                rotated = datetime.strptime(said[1], _STAMP).replace(tzinfo=UTC).timestamp()
                found.append(_Old(file, rotated, int(said[2]), file.stat().st_size))
    return sorted(found, key=lambda file: (file.rotated, file.last))


def _has(place: Position, file: _Old, current: str) -> bool:
    """Tell whether a sink has all of a file: it is that far in its log, or in the present log and the file is not."""
    try:
        begin = begin_of(file.path)
    except CrossborderError:
        return True  # nothing in it can be read, by sinks neither
    if begin is None or place.log == begin.log:
        return begin is None or place.sequence >= file.last
    return place.log == current


def _begun(path: Path) -> float:
    """Return when a file was begun, by what its first line says."""
    with contextlib.suppress(CrossborderError, ValueError, KeyError, TypeError):
        for raw in raw_lines(path):
            linked = link_of(raw.text)
            if linked:
                return datetime.fromisoformat(linked[1]["@timestamp"]).timestamp()
            break
    return time.time()
