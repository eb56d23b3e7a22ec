"""Reads the history: a lazy frame over the hours asked for, older versions brought up, damaged files named."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.publish.history.files import bytes_of, fault_of, scanned, told_of
from crossborder.publish.history.gathering import LeftOut, gather, where
from crossborder.publish.history.places import EVER, hour_of
from crossborder.publish.history.rows import HISTORY_SCHEMA, VERSION, conformed, whole
from crossborder.publish.history.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from crossborder.publish.history.gathering import Where
    from crossborder.publish.history.inventory import Span
    from crossborder.publish.history.places import File, Place
    from crossborder.publish.history.rows import Identify

MIGRATIONS: dict[int, Callable[[pl.LazyFrame], pl.LazyFrame]] = {}
"""Version → what makes its rows those of the next. A column that is only new needs none: it is null in older files."""

AT_ONCE = 16
"""Files whose ends are read at the same time: a store takes its time for each."""
_HIVE = {"gateway": pl.String(), "date": pl.Date(), "hour": pl.Int8()}
_Shape = tuple[bool, int, tuple[tuple[str, pl.DataType], ...]]
_Told = tuple[_Shape, frozenset[str]]


class Found(NamedTuple):
    """What there is of the time asked for."""

    rows: pl.LazyFrame  # HISTORY_SCHEMA
    files: tuple[File, ...]
    left_out: tuple[LeftOut, ...]
    recorded: Mapping[str, tuple[Span, ...]]  # by gateway; where no inventory was kept, none
    pseudonyms: frozenset[str] = frozenset()  # fingerprints of keys: rules on addresses at home say nothing there


def read(
    place: Place | Where,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    thorough: bool = False,
    identify: Identify | None = None,
) -> Found:
    """Return the history of all gateways from the hour of `since` to before `until`, both with a time zone.

    A row is one hour of a flow, and hours are not cut: one of which `until` is within is there wholly. Files that
    cannot be read are left out and named, and so are those that were written and are gone; `thorough` reads all bytes
    of each beforehand, else its end alone.

    `identify` makes Community IDs, which are not kept (`engine.communityids`), where they are asked for; without it
    they are null.
    """
    first = EVER[0] if since is None else hour_of(since)
    after = EVER[1] if until is None else hour_of(until) + (until != until.replace(minute=0, second=0, microsecond=0))
    stand = where(place)
    files, left_out, recorded = gather(stand, first, after)
    fetch = Store(stand.store).read if stand.store else bytes_of
    shapes: dict[_Shape, list[File]] = {}
    keys = set[str]()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for file, shape in zip(files, pool.map(partial(_shape, thorough=thorough, fetch=fetch), files), strict=True):
            if isinstance(shape, str):
                left_out.append(LeftOut(file.place, shape))
            else:
                shapes.setdefault(shape[0], []).append(file)
                keys |= shape[1]
    frames = [whole(_kept(shape, group), identify) for shape, group in shapes.items()]
    rows = pl.concat(frames) if frames else pl.LazyFrame(schema=HISTORY_SCHEMA)
    return Found(
        rows, tuple(file for group in shapes.values() for file in group), tuple(left_out), recorded, frozenset(keys)
    )


def stored(files: Iterable[File]) -> pl.LazyFrame:
    """Return rows of files as they are kept: STORED_SCHEMA, gateway, date and hour. Raises OSError or ValueError."""
    return pl.concat([_kept(_shape_of(file)[0], [file]) for file in files])


def rows_of(file: File, identify: Identify | None = None) -> pl.LazyFrame:
    """Return the rows of one file as `read` does those of many; OSError or ValueError where it cannot be read."""
    return whole(_kept(_shape_of(file)[0], [file]), identify)


def _shape(file: File, *, thorough: bool, fetch: Callable[[File], bytes]) -> _Told | str:
    """Return version, columns and keys of pseudonyms of a file, or what is wrong with it."""
    try:
        return (thorough and fault_of(file, fetch)) or _shape_of(file)
    except (OSError, ValueError) as error:
        return str(error)


def _shape_of(file: File) -> _Told:
    version, keys = told_of(file)
    if version > VERSION:
        raise ValueError(f"was written by a newer Crossborder (history version {version})")
    if version < VERSION and not set(range(version, VERSION)) <= MIGRATIONS.keys():
        raise ValueError(f"is of history version {version}, which nothing reads any more")
    columns = scanned([file]).collect_schema()
    return (file.store is not None, version, tuple(columns.items())), keys


def _kept(shape: _Shape, files: list[File]) -> pl.LazyFrame:
    _, version, _ = shape
    rows = scanned(files, _HIVE)
    for at in range(version, VERSION):
        rows = MIGRATIONS[at](rows)
    return conformed(rows)
