"""What was recorded of a time, by all gateways, and what of it cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from crossborder.engine.communityids import community_ids
from crossborder.publish.history import read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import polars as pl

    from crossborder.publish.history.gathering import LeftOut, Where
    from crossborder.publish.history.inventory import Span
    from crossborder.publish.history.places import File, Place


class Record(NamedTuple):
    """The flows of a time: one row for each hour of a crossing flow."""

    rows: pl.LazyFrame  # HISTORY_SCHEMA; Community IDs are made where they are asked for
    files: tuple[File, ...]
    left_out: tuple[LeftOut, ...]  # damaged and missing files: whoever shows rows shows these too, and first
    recorded: Mapping[str, tuple[Span, ...]]  # by gateway, when an agent recorded; see `inventory.gaps`


def open_record(place: Place | Where, since: datetime | None = None, until: datetime | None = None) -> Record:
    """Return what the history at a place holds of the hours from `since` to before `until`; None: no bound."""
    return Record(*read(place, since, until, identify=community_ids))
