"""The inventory of a gateway: what was written, what went by right, and when somebody recorded at all.

It is lines of JSON beside the hours, each appended in one piece and flushed. Nothing of it is needed to read a history;
without it an hour that somebody removed is not missed, and a quiet hour looks like one in which no agent ran.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from crossborder.publish.history.places import DRAFT, file_at, folder_of, hour_at, write_whole
from crossborder.statefile import flush

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crossborder.publish.history.places import File

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

    wrote: tuple[File, ...] = ()  # and was not removed by right
    recorded: tuple[Span, ...] = ()  # one after the other, none touches another
    unread: tuple[int, ...] = ()  # numbers of lines that say nothing

    def missing(self, files: Iterable[File]) -> list[File]:
        """Return what was written and is in none of the files that are there, joined ones seen through."""
        there: dict[int, list[File]] = {}
        for file in files:
            there.setdefault(file.hour, []).append(file)
        return [one for one in self.wrote if not any(_within(one, file) for file in there.get(one.hour, ()))]


def read(folder: Path) -> Inventory:
    """Return the inventory of a gateway's folder; an empty one where there is none. Raises OSError."""
    try:
        text = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return Inventory()
    gateway = unquote(folder.name.removeprefix("gateway="))
    wrote: dict[int, dict[str, File]] = {}
    spans, unread = [], []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            spans += _take(json.loads(line), folder, gateway, wrote)
        except (ValueError, TypeError, KeyError, AttributeError):
            unread.append(number)
    files = tuple(file for hour in sorted(wrote) for file in wrote[hour].values())
    return Inventory(files, united(spans), tuple(unread))


def note_written(folder: Path, files: Iterable[str]) -> None:
    """Note files by their paths in the gateway's folder. Raises OSError; may be done again."""
    _append(folder, ({"wrote": path} for path in files))


def note_removed(folder: Path, hour: int, why: str) -> None:
    """Note that the files of an hour are about to go, so that nobody misses them. Raises OSError."""
    _append(folder, [{"removed": str(folder_of(hour)), "why": why}])


def note_recorded(folder: Path, spans: Iterable[Span]) -> None:
    """Note times in which whatever crossed was recorded. Raises OSError."""
    _append(folder, map(_span, spans))


def tidy(folder: Path) -> tuple[int, ...]:
    """Write the inventory anew without what it need not say any more; tell which lines said nothing. Raises OSError."""
    said = read(folder)
    if (folder / NAME).exists():
        lines: list[_Line] = [_span(span) for span in said.recorded]
        lines += [{"wrote": str(file.path.relative_to(folder))} for file in said.wrote]
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


def _take(said: _Line, folder: Path, gateway: str, wrote: dict[int, dict[str, File]]) -> list[Span]:
    """Take one line; returns the time it tells of."""
    if "recorded" in said:
        since, until = (datetime.fromisoformat(moment).astimezone(UTC) for moment in said["recorded"])  # type: ignore[attr-defined]  # else TypeError
        return [Span(since, until)]
    if "removed" in said:
        wrote.pop(hour_at(str(said["removed"])), None)
    else:
        path = str(said["wrote"])
        file = file_at(folder, gateway, path)
        wrote.setdefault(file.hour, {})[path] = file
    return []


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
