"""What was recorded of a time, by all gateways, and what of it cannot be read."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import polars as pl

from crossborder.engine.communityids import community_ids
from crossborder.publish.history import read
from crossborder.publish.history.places import hour_of, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from crossborder.publish.history.places import File
    from crossborder.publish.history.reading import LeftOut

T = TypeVar("T")


class Record(NamedTuple):
    """The flows of a time: one row for each hour of a crossing flow."""

    rows: pl.LazyFrame  # HISTORY_SCHEMA; Community IDs are made where they are asked for
    files: tuple[File, ...]
    left_out: tuple[LeftOut, ...]  # damaged files: whoever shows rows shows these too, and first


def open_record(
    folder: Path, since: datetime | None = None, until: datetime | None = None, *, thorough: bool = False
) -> Record:
    """Return what the history in `folder` holds of the hours from `since` to before `until`; None: no bound.

    The end of each file is looked at, or with `thorough` all its bytes.
    """
    return Record(*read(folder, since, until, thorough=thorough, identify=community_ids))


def made_of_sound(make: Callable[[bool], T]) -> T:
    """Return what is made of records, which `make` opens with the `thorough` it is given.

    A file may be damaged where nobody looks beforehand, or have been joined with others meanwhile. That shows when rows
    are read: then all is opened anew, thoroughly, and what is damaged is left out and named.
    """
    try:
        return make(False)
    except (OSError, pl.exceptions.PolarsError):
        return make(True)


class Gap(NamedTuple):
    """Hours of a gateway without a row: nothing crossed, or nobody recorded; which, the record cannot tell."""

    gateway: str
    since: datetime
    until: datetime


def gaps(record: Record, since: datetime | None = None, until: datetime | None = None) -> Iterator[Gap]:
    """Yield the gaps of each gateway between two moments, else between the first and last hour of any gateway."""
    hours: dict[str, set[int]] = {}
    for file in record.files:
        hours.setdefault(file.gateway, set()).add(file.hour)
    if not hours:
        return
    every = set[int]().union(*hours.values())
    first = hour_of(since) if since else min(every)
    after = min(hour_of(until), max(every) + 1) if until else max(every) + 1
    for gateway, known in sorted(hours.items()):
        edges = [first - 1, *sorted(hour for hour in known if first <= hour < after), after]
        for one, other in pairwise(edges):
            if other > one + 1:
                yield Gap(gateway, moment(one + 1), moment(other))
