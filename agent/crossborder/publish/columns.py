"""Expressions over reports that several sinks need: which rows count, and labels drawn from closed sets only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.publish.series import OTHER

if TYPE_CHECKING:
    from crossborder.model import Column

CROSSES = pl.col("scope") == "crossing"
TRANSITS = pl.col("scope") == "transit"
OPENED = pl.col("phase") == "opened"

_OUT = pl.col("packets_out")
FIRST = _OUT + pl.col("packets_in") == pl.col("total_packets_out") + pl.col("total_packets_in")
"""A flow's first report: what it counts is all there was."""
FIRST_OUT = (_OUT > 0) & (pl.col("total_packets_out") == _OUT)
"""A flow's first report with anything outward: once in the life of a flow that sends, never of one that does not."""


UNITED = ("detectors", "detected_kinds", "detected_items")
"""States that speak of one report and not of all so far: of several they are what any of them said."""


def summed(column: Column) -> pl.Expr:
    """Return how several reports of one flow, oldest first, become one value; of lists an empty one where none is."""
    values = pl.col(column.name)
    if column.name in UNITED:
        return values.list.explode(keep_nulls=False, empty_as_null=False).unique(maintain_order=True)
    if column.name == "detected_values":
        return values.max()
    if column.kind == "key":
        return values.first()
    if column.kind in {"state", "total"}:
        return values.last()
    if isinstance(column.dtype, pl.List):
        return values.list.explode(keep_nulls=False, empty_as_null=False)
    return pl.when(values.count() > 0).then(values.sum())  # all null: not measured, and a sum of 0 would be made up


def country() -> pl.Expr:
    """Return the country as a label: two capital letters, anything else is `other`."""
    code = pl.col("country")
    return pl.when(code.str.contains(r"\A[A-Z]{2}\z")).then(code).otherwise(pl.lit(OTHER)).alias("country")


def named(column: str) -> pl.Expr:
    """Return a column as a label: text, `other` where there is none."""
    return pl.col(column).cast(pl.String).fill_null(OTHER)
