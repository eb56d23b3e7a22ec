"""Picks some flows of what is found, and tells of each what held, as the agent tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from crossborder.engine.communityids import community_ids
from crossborder.match import masks
from crossborder.match.plan import Plan
from crossborder.match.why import Why, listed
from crossborder.publish.history.reading import rows_of
from crossborder.publish.history.rows import HOUR_NS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.match.ruleset import Rule
    from crossborder.review.record import Record

SAMPLED = ("last_ns", "flow_id", "total_bytes_out")
"""Columns that samples are picked by."""

_PICK_SCHEMA = pl.Schema(
    {
        "rule": pl.UInt32(),
        "gateway": pl.String(),
        "flow_id": pl.UInt64(),
        "last_ns": pl.Int64(),
        "total_bytes_out": pl.UInt64(),
    }
)


class Sample(NamedTuple):
    """A flow that a rule found, as it stood when its hour ended."""

    gateway: str
    row: dict[str, Any]  # of HISTORY_SCHEMA, with its Community ID
    why: tuple[dict[str, str | None], ...]  # the conditions that held: field, test, value
    but: tuple[dict[str, str | None], ...] = ()  # those that kept another rule from it


class Picks:
    """Of each rule the flows that had sent most when they were found."""

    def __init__(self, most: int) -> None:
        """Keep so many of each rule."""
        self._most = most
        self._kept = pl.DataFrame(schema=_PICK_SCHEMA)

    def add(self, opened: pl.DataFrame) -> None:
        """Take openings: rule, gateway and SAMPLED."""
        both = pl.concat([self._kept, opened.select(_PICK_SCHEMA.names()).cast(_PICK_SCHEMA)])
        ranked = both.sort("total_bytes_out", "last_ns", "flow_id", descending=[True, False, False])
        self._kept = ranked.filter(pl.int_range(pl.len()).over("rule") < self._most)

    def of(self, rule: int) -> pl.DataFrame:
        """Return what was picked of a rule, the largest first."""
        return self._kept.filter(pl.col("rule") == rule)


def read_picks(rule: Rule, picks: pl.DataFrame, record: Record) -> Iterator[tuple[Sample, pl.DataFrame]]:
    """Yield the flows that were picked, with why the rule holds and the row itself (HISTORY_SCHEMA)."""
    for rows in _rows(picks, record):
        yield Sample(str(rows["gateway"].item()), rows.row(0, named=True), held(rule, rows)), rows


def held(rule: Rule, rows: pl.DataFrame) -> tuple[dict[str, str | None], ...]:
    """Return the conditions of a rule that held for a row."""
    plan = Plan([rule.tree])
    tests = plan.tests(rows)
    why = Why(rule.tree, plan.truth)
    values = [masks.column(tests[name], 1).alias(name) if name in tests else rows[name] for name in why.columns]
    told = why(pl.DataFrame([pl.Series("at", [0], pl.UInt32), *values]))
    return tuple(listed([told], 1)[0].to_list())


def _rows(picks: pl.DataFrame, record: Record) -> Iterator[pl.DataFrame]:
    """Yield the picked rows, one a frame: all columns, and `gateway`."""
    for pick in picks.iter_rows(named=True):
        place = pick["gateway"], pick["last_ns"] // HOUR_NS
        files = [file for file in record.files if (file.gateway, file.hour) == place]
        for file in files:
            wanted = (pl.col("flow_id") == pick["flow_id"]) & (pl.col("last_ns") == pick["last_ns"])
            rows = rows_of(file, community_ids).filter(wanted).head(1).collect()
            if rows.height:
                yield rows
                break
