"""The inventory of a gateway: what was written, what went by right, and when somebody recorded at all.

It is lines of JSON beside the hours, each appended in one piece and flushed. Nothing of it is needed to read a history;
without it an hour that somebody removed is not missed, and a quiet hour looks like one in which no agent ran.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from crossborder.publish.history.places import DRAFT, file_at, folder_of, hour_at, write_whole
from crossborder.statefile import flush

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crossborder.publish.history.places import File, Place

NAME = "INVENTORY"
PAUSE = timedelta(minutes=5)
"""Shorter pauses between two records of the agent are none: it was started anew."""

_Line = dict[str, object]


class Span(NamedTuple):
    """A time, by the clock of packets."""

    since: datetime
    until: datetime


class Inventory(NamedTuple):
    """What the inventory of a gateway says."""

    wrote: tuple[File, ...] = ()  # and was not removed by right; by where it was written
    moved: frozenset[File] = frozenset()  # those of them that are in the store now
    recorded: tuple[Span, ...] = ()  # one after the other, none touches another
    unread: tuple[int, ...] = ()  # numbers of lines that say nothing

    def missing(self, files: Iterable[File], *, here: bool = True, stored: bool = False) -> list[File]:
        """Return what was written and is in none of the files that are there, joined ones seen through.

        `here` and `stored` say where was looked: beside the inventory, in the store.
        """
        there: dict[int, list[File]] = {}
        for file in files:
            there.setdefault(file.hour, []).append(file)
        sought = (one for one in self.wrote if (stored if one in self.moved else here))
        return [one for one in sought if not any(_within(one, file) for file in there.get(one.hour, ()))]


def read(folder: Path) -> Inventory:
    """Return the inventory of a gateway's folder; an empty one where there is none. Raises OSError."""
    try:
        text = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return Inventory()
    return understood(text, folder)


def understood(text: bytes, folder: Place) -> Inventory:
    """Return what an inventory says that belongs into a gateway's folder."""
    said = _Said(folder)
    unread = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            said.take(json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError):
            unread.append(number)
    wrote = tuple(file for hour in sorted(said.wrote) for file in said.wrote[hour])
    return Inventory(wrote, frozenset(said.moved.intersection(wrote)), united(said.spans), tuple(unread))


def note_written(folder: Path, files: Iterable[str]) -> None:
    """Note files by their paths in the gateway's folder. Raises OSError; may be done again."""
    _append(folder, ({"wrote": path} for path in files))


def note_removed(folder: Path, hour: int, why: str) -> None:
    """Note that the files of an hour are about to go, so that nobody misses them. Raises OSError."""
    _append(folder, [{"removed": folder_of(hour), "why": why}])


def note_moved(folder: Path, hour: int) -> None:
    """Note that the files of an hour that were noted so far are in the store. Raises OSError."""
    _append(folder, [{"moved": folder_of(hour)}])


def note_recorded(folder: Path, spans: Iterable[Span]) -> None:
    """Note times in which whatever crossed was recorded. Raises OSError."""
    _append(folder, map(_span, spans))


def tidy(folder: Path) -> tuple[int, ...]:
    """Write the inventory anew without what it need not say any more; tell which lines said nothing. Raises OSError."""
    said = read(folder)
    if (folder / NAME).exists():
        lines: list[_Line] = [_span(span) for span in said.recorded]
        for hour, group in groupby(said.wrote, key=lambda file: file.hour):
            files = list(group)
            moved = [file for file in files if file in said.moved]
            lines += map(_wrote, moved)
            lines += [{"moved": folder_of(hour)}] * bool(moved)
            lines += (_wrote(file) for file in files if file not in said.moved)
        draft = folder / f".{NAME}{DRAFT}"
        write_whole(draft, _text(lines))
        draft.rename(folder / NAME)
        flush(folder)
    return said.unread


def united(spans: Iterable[Span], pause: timedelta = PAUSE) -> tuple[Span, ...]:
    """Return spans in order, those that touch or nearly touch as one."""
    made: list[Span] = []
    for span in sorted(spans):
        if made and span.since - made[-1].until <= pause:
            made[-1] = Span(made[-1].since, max(made[-1].until, span.until))
        else:
            made.append(span)
    return tuple(made)


def gaps(recorded: Iterable[Span], since: datetime, until: datetime) -> list[Span]:
    """Return the times between two moments of which nothing says that somebody recorded."""
    found = []
    for span in united(recorded):
        if since < span.since:
            found.append(Span(since, min(span.since, until)))
        since = max(since, span.until)
        if since >= until:
            break
    else:
        found.append(Span(since, until))
    return [gap for gap in found if gap.until - gap.since > PAUSE]


def _within(one: File, file: File) -> bool:
    return file.first <= one.first and one.last <= file.last


class _Said:
    """What the lines so far say."""

    def __init__(self, folder: Place) -> None:
        self._folder, self._gateway = folder, unquote(folder.name.removeprefix("gateway="))
        self.wrote: dict[int, dict[File, None]] = {}
        self.moved: set[File] = set()
        self.spans: list[Span] = []

    def take(self, said: _Line) -> None:
        """Take one line; raises what comes of one that says nothing."""
        if "recorded" in said:
            since, until = (datetime.fromisoformat(moment).astimezone(UTC) for moment in said["recorded"])  # type: ignore[attr-defined]  # else TypeError
            self.spans.append(Span(since, until))
        elif "removed" in said:
            self.wrote.pop(hour_at(str(said["removed"])), None)
        elif "moved" in said:
            self.moved.update(self.wrote.get(hour_at(str(said["moved"])), ()))
        else:
            file = file_at(self._folder, self._gateway, str(said["wrote"]))
            self.wrote.setdefault(file.hour, {})[file] = None


def _wrote(file: File) -> _Line:
    return {"wrote": f"{folder_of(file.hour)}/{file.path.name}"}


def _span(span: Span) -> _Line:
    return {"recorded": [moment.isoformat() for moment in span]}


def _append(folder: Path, lines: Iterable[_Line]) -> None:
    """Write lines in one piece behind what is there; a line that a crash has torn ends before them."""
    text = _text(lines)
    handle = os.open(folder / NAME, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(handle).st_size
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        data = memoryview(b"\n" * torn + text)
        while data:
            data = data[os.write(handle, data) :]
        os.fdatasync(handle)
    finally:
        os.close(handle)


def _text(lines: Iterable[_Line]) -> bytes:
    return "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines).encode()
