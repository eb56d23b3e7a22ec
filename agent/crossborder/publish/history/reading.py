"""Reads the history: a lazy frame over the hours asked for, older versions brought up, damaged files named."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.publish.history.files import fault_of, told_of
from crossborder.publish.history.places import files_of, gateways, hour_of, standing
from crossborder.publish.history.rows import HISTORY_SCHEMA, VERSION, conformed, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from crossborder.publish.history.places import File
    from crossborder.publish.history.rows import Identify

MIGRATIONS: dict[int, Callable[[pl.LazyFrame], pl.LazyFrame]] = {}
"""Version → what makes its rows those of the next. A column that is only new needs none: it is null in older files."""

_HIVE = {"gateway": pl.String(), "date": pl.Date(), "hour": pl.Int8()}
_Shape = tuple[int, tuple[tuple[str, pl.DataType], ...]]


class LeftOut(NamedTuple):
    """A file that is not in a frame, and why."""

    path: Path
    why: str


class Found(NamedTuple):
    """What there is of the time asked for."""

    rows: pl.LazyFrame  # HISTORY_SCHEMA
    files: tuple[File, ...]
    left_out: tuple[LeftOut, ...]
    pseudonyms: frozenset[str] = frozenset()  # fingerprints of keys: rules on addresses at home say nothing there


def read(
    directory: Path,
    since: datetime | None = None,
    until: datetime | None = None,
    *,
    thorough: bool = False,
    identify: Identify | None = None,
) -> Found:
    """Return the history of all gateways from the hour of `since` to before `until`, both with a time zone.

    A row is one hour of a flow, and hours are not cut: one of which `until` is within is there wholly. Files that
    cannot be read are left out and named; `thorough` reads all bytes of each beforehand, else its end alone.

    `identify` makes Community IDs, which are not kept (`engine.communityids`), where they are asked for; without it
    they are null.
    """
    first = None if since is None else hour_of(since)
    after = None if until is None else hour_of(until) + (until != until.replace(minute=0, second=0, microsecond=0))
    found = (file for folder in gateways(directory) for file in files_of(folder, first, after))
    shapes: dict[_Shape, list[File]] = {}
    left_out, keys = [], set[str]()
    for file in standing(found)[0]:
        try:
            shape, pseudonyms = _shape(file, thorough=thorough)
            shapes.setdefault(shape, []).append(file)
            keys |= pseudonyms
        except (OSError, ValueError) as error:
            left_out.append(LeftOut(file.path, str(error)))
    frames = [whole(_kept(shape, files), identify) for shape, files in shapes.items()]
    rows = pl.concat(frames) if frames else pl.LazyFrame(schema=HISTORY_SCHEMA)
    return Found(rows, tuple(file for files in shapes.values() for file in files), tuple(left_out), frozenset(keys))


def stored(files: Iterable[File]) -> pl.LazyFrame:
    """Return the rows of files as they are kept: STORED_SCHEMA, gateway, date and hour."""
    return pl.concat([_kept(_shape(file)[0], [file]) for file in files])


def _shape(file: File, *, thorough: bool = False) -> tuple[_Shape, frozenset[str]]:
    """Return version, columns and keys of pseudonyms of a file; raises OSError or ValueError with what is wrong."""
    fault = fault_of(file) if thorough else ""
    if fault:
        raise ValueError(fault)
    version, keys = told_of(file.path)
    if version > VERSION:
        raise ValueError(f"was written by a newer Crossborder (history version {version})")
    if version < VERSION and not set(range(version, VERSION)) <= MIGRATIONS.keys():
        raise ValueError(f"is of history version {version}, which nothing reads any more")
    return (version, tuple(pl.read_parquet_schema(file.path).items())), keys


def _kept(shape: _Shape, files: list[File]) -> pl.LazyFrame:
    version, _ = shape
    rows = pl.scan_parquet([file.path for file in files], hive_partitioning=True, hive_schema=_HIVE)
    for at in range(version, VERSION):
        rows = MIGRATIONS[at](rows)
    return conformed(rows)
