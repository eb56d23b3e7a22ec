"""What was recorded of a time, by all gateways, and what of it cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from crossborder.engine.communityids import community_ids
from crossborder.publish.history import read

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import polars as pl

    from crossborder.publish.history.places import File
    from crossborder.publish.history.reading import LeftOut


class Record(NamedTuple):
    """The flows of a time: one row for each hour of a crossing flow."""

    rows: pl.LazyFrame  # HISTORY_SCHEMA; Community IDs are made where they are asked for
    files: tuple[File, ...]
    left_out: tuple[LeftOut, ...]  # damaged files: whoever shows rows shows these too, and first
    pseudonyms: frozenset[str]  # keys under which addresses at home are pseudonyms: rules on those say nothing there


def open_record(folder: Path, since: datetime | None = None, until: datetime | None = None) -> Record:
    """Return what the history in `folder` holds of the hours from `since` to before `until`; None: no bound."""
    return Record(*read(folder, since, until, identify=community_ids))
