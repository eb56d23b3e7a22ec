"""What a row of the history holds, and how the reports of a flow become one row for each hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.model import CLASSIFY_COLUMNS, CROSSING_SCHEMA, REPORT_COLUMNS, Scope
from crossborder.publish.columns import UNITED, summed

if TYPE_CHECKING:
    from collections.abc import Callable

    Identify = Callable[[pl.Series], pl.Series]
    """Makes Community IDs of structs with the columns they are a hash of."""

VERSION = 1
HOUR_NS = 3_600 * 10**9

DERIVED = ("community_id",)
"""Columns of a crossing that can be made again from others and hardly compress."""

_TOTALS = tuple(c.name for c in REPORT_COLUMNS if c.name.startswith("total_"))
_KEPT = tuple(c for c in (*REPORT_COLUMNS, *CLASSIFY_COLUMNS) if c.name not in (*_TOTALS, *DERIVED))
_BEFORE = {f"before_{name.removeprefix('total_')}": name for name in _TOTALS}

STORED_SCHEMA = pl.Schema(
    {c.name: pl.String() if isinstance(c.dtype, pl.Enum) else c.dtype for c in _KEPT}
    | dict.fromkeys(_BEFORE, pl.UInt64())
    | {"pseudonyms": pl.String()}
)
"""The columns of a file. Of a total what stood before the hour is kept: of most flows 0, which costs nothing.
`pseudonyms` is the fingerprint of the key that addresses at home are pseudonyms under; null: they are the addresses."""
PENDING_SCHEMA = pl.Schema({**STORED_SCHEMA, "hour": pl.Int64()})
"""Rows that wait to be written, and the hour they belong to: hours since 1970 UTC."""
HISTORY_SCHEMA = pl.Schema({**CROSSING_SCHEMA, "gateway": pl.String(), "date": pl.Date(), "hour": pl.Int8()})
"""What a reader gets: the columns of a crossing, and where the row stands."""

_ORDER = ["transport", "app_protocol", "server_name", "remote_key", "local_key", "first_ns", "flow_id"]
"""What is alike stands together: that is what compression and statistics live on."""
_TUPLE = ["transport", "initiator", "local_key", "remote_key", "local_port", "remote_port"]
_FLOW_HOUR = ["flow_id", "hour"]


def pending(crossings: pl.DataFrame, pseudonyms: str | None = None) -> pl.DataFrame:
    """Return what is kept of a batch (CROSSING_SCHEMA): its crossings, PENDING_SCHEMA, a row for each report."""
    before = [(pl.col(total) - pl.col(total.removeprefix("total_"))).alias(name) for name, total in _BEFORE.items()]
    plain = [pl.col(c.name).cast(pl.String) if isinstance(c.dtype, pl.Enum) else pl.col(c.name) for c in _KEPT]
    hour = (pl.col("last_ns") // HOUR_NS).alias("hour")
    key = pl.lit(pseudonyms, pl.String).alias("pseudonyms")
    return crossings.filter(pl.col("scope") == Scope.CROSSING.value).select(*plain, *before, key, hour)


def folded(rows: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each flow and hour from rows in the order of time: deltas added, names as last known.

    Most flows have one report; those pass as they are.
    """
    again = pl.len().over(_FLOW_HOUR) > 1
    one, more = rows.filter(~again), rows.filter(again)
    if more.is_empty():
        return one
    summed = more.group_by(_FLOW_HOUR, maintain_order=True).agg(_SUMMED)
    lists = [pl.when(pl.col(f"{name} seen") > 0).then(pl.col(name)).alias(name) for name in _LISTS]
    return pl.concat([one, summed.with_columns(lists).select(PENDING_SCHEMA.names())])


def ordered(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows of one hour as a file has them: STORED_SCHEMA, alike beside alike."""
    return rows.select(STORED_SCHEMA.names()).sort(_ORDER)


def conformed(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return rows of a file as STORED_SCHEMA and what they have besides: columns it did not know yet are null."""
    present = rows.collect_schema()
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in STORED_SCHEMA.items() if name not in present]
    other = [pl.col(name).cast(dtype) for name, dtype in STORED_SCHEMA.items() if present.get(name, dtype) != dtype]
    return rows.with_columns(*missing, *other)


def whole(rows: pl.LazyFrame, identify: Identify | None = None) -> pl.LazyFrame:
    """Return rows of files as a reader gets them: HISTORY_SCHEMA, totals made from what stood before the hour."""
    totals = [(pl.col(name) + pl.col(total.removeprefix("total_"))).alias(total) for name, total in _BEFORE.items()]
    enums = [pl.col(c.name).cast(c.dtype, strict=False) for c in _KEPT if isinstance(c.dtype, pl.Enum)]
    ids = pl.lit(None, pl.String)
    if identify:
        ids = pl.struct(_TUPLE).map_batches(identify, pl.String, is_elementwise=True)
    return rows.with_columns(*totals, *enums, ids.alias("community_id")).select(HISTORY_SCHEMA.names())


_LISTS = (*UNITED, *(c.name for c in _KEPT if c.kind == "delta" and isinstance(c.dtype, pl.List)))
_SUMMED = [
    *(summed(c).alias(c.name) for c in _KEPT if c.name != "flow_id"),
    *(pl.col(name).min() for name in _BEFORE),
    pl.col("pseudonyms").first(),
    *(pl.col(name).count().alias(f"{name} seen") for name in _LISTS),
]
