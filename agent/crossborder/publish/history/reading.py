"""Reads the history: a lazy frame over the hours asked for, older versions brought up, damaged files named."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

import polars as pl

from crossborder.publish.history import inventory
from crossborder.publish.history.files import fault_of, version_of
from crossborder.publish.history.places import files_of, gateways, hour_of, standing
from crossborder.publish.history.rows import HISTORY_SCHEMA, VERSION, conformed, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from crossborder.publish.history.inventory import Inventory, Span
    from crossborder.publish.history.places import File
    from crossborder.publish.history.rows import Identify

MIGRATIONS: dict[int, Callable[[pl.LazyFrame], pl.LazyFrame]] = {}
"""Version → what makes its rows those of the next. A column that is only new needs none: it is null in older files."""

END = 1 << 40
"""An hour after all others."""
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
    recorded: Mapping[str, tuple[Span, ...]]  # by gateway; where no inventory was kept, none


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
    cannot be read are left out and named, and so are those that were written and are gone; `thorough` reads all bytes
    of each beforehand, else its end alone.

    `identify` makes Community IDs, which are not kept (`engine.communityids`), where they are asked for; without it
    they are null.
    """
    first = 0 if since is None else hour_of(since)
    after = END if until is None else hour_of(until) + (until != until.replace(minute=0, second=0, microsecond=0))
    files: list[File] = []
    left_out: list[LeftOut] = []
    recorded = {}
    for folder in gateways(directory):
        there = standing(files_of(folder, first, after))[0]
        files += there
        said = _inventory(folder, left_out)
        recorded[unquote(folder.name.removeprefix("gateway="))] = said.recorded
        missed = (one for one in said.missing(there) if first <= one.hour < after)
        left_out += (LeftOut(one.path, "was written and is not there any more") for one in missed)
    shapes: dict[_Shape, list[File]] = {}
    for file in files:
        try:
            shapes.setdefault(_shape(file, thorough=thorough), []).append(file)
        except (OSError, ValueError) as error:
            left_out.append(LeftOut(file.path, str(error)))
    frames = [whole(_kept(shape, files), identify) for shape, files in shapes.items()]
    rows = pl.concat(frames) if frames else pl.LazyFrame(schema=HISTORY_SCHEMA)
    return Found(rows, tuple(file for group in shapes.values() for file in group), tuple(left_out), recorded)


def _inventory(folder: Path, left_out: list[LeftOut]) -> Inventory:
    """Return what a gateway's inventory says; what cannot be read of it is named."""
    try:
        said = inventory.read(folder)
    except OSError as error:
        left_out.append(LeftOut(folder / inventory.NAME, error.strerror or str(error)))
        return inventory.Inventory()
    left_out += (LeftOut(folder / inventory.NAME, f"line {number} says nothing") for number in said.unread)
    return said


def stored(files: Iterable[File]) -> pl.LazyFrame:
    """Return the rows of files as they are kept: STORED_SCHEMA, gateway, date and hour."""
    return pl.concat([_kept(_shape(file), [file]) for file in files])


def _shape(file: File, *, thorough: bool = False) -> _Shape:
    """Return version and columns of a file; raises OSError or ValueError with what is wrong with it."""
    fault = fault_of(file) if thorough else ""
    if fault:
        raise ValueError(fault)
    version = version_of(file.path)
    if version > VERSION:
        raise ValueError(f"was written by a newer Crossborder (history version {version})")
    if version < VERSION and not set(range(version, VERSION)) <= MIGRATIONS.keys():
        raise ValueError(f"is of history version {version}, which nothing reads any more")
    return version, tuple(pl.read_parquet_schema(file.path).items())


def _kept(shape: _Shape, files: list[File]) -> pl.LazyFrame:
    version, _ = shape
    rows = pl.scan_parquet([file.path for file in files], hive_partitioning=True, hive_schema=_HIVE)
    for at in range(version, VERSION):
        rows = MIGRATIONS[at](rows)
    return conformed(rows)
