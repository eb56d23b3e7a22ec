"""What was recorded of a time, by all gateways, and what of it cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import polars as pl

from crossborder.engine.communityids import community_ids
from crossborder.publish.history import inventory, read
from crossborder.publish.history.inventory import Span
from crossborder.publish.history.places import hour_of, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from crossborder.publish.history.gathering import LeftOut, Where
    from crossborder.publish.history.places import File, Place

T = TypeVar("T")


class Record(NamedTuple):
    """The flows of a time: one row for each hour of a crossing flow."""

    rows: pl.LazyFrame  # HISTORY_SCHEMA; Community IDs are made where they are asked for
    files: tuple[File, ...]
    left_out: tuple[LeftOut, ...]  # damaged and missing files: whoever shows rows shows these too, and first
    recorded: Mapping[str, tuple[Span, ...]]  # by gateway, when an agent recorded; see `inventory.gaps`
    pseudonyms: frozenset[str]  # keys under which addresses at home are pseudonyms: rules on those say nothing there


def open_record(
    place: Place | Where, since: datetime | None = None, until: datetime | None = None, *, thorough: bool = False
) -> Record:
    """Return what the history at a place holds of the hours from `since` to before `until`; None: no bound.

    The end of each file is looked at, or with `thorough` all its bytes.
    """
    return Record(*read(place, since, until, thorough=thorough, identify=community_ids))


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
    """Hours of a gateway of which nothing says that anybody recorded."""

    gateway: str
    since: datetime
    until: datetime


def gaps(record: Record, since: datetime | None = None, until: datetime | None = None) -> Iterator[Gap]:
    """Yield the gaps of each gateway between two moments, else between the first and last hour of any gateway.

    An hour without a row in which an agent recorded is none: nothing crossed.
    """
    hours: dict[str, set[int]] = {}
    for file in record.files:
        hours.setdefault(file.gateway, set()).add(file.hour)
    if not hours:
        return
    every = set[int]().union(*hours.values())
    first = hour_of(since) if since else min(every)
    after = min(hour_of(until), max(every) + 1) if until else max(every) + 1
    for gateway, known in sorted(hours.items()):
        rows = (Span(moment(hour), moment(hour + 1)) for hour in known)
        for gap in inventory.gaps([*rows, *record.recorded.get(gateway, ())], moment(first), moment(after)):
            yield Gap(gateway, *gap)
