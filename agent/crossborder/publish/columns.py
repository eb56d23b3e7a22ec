"""Expressions over reports that several sinks need: which rows count, and labels drawn from closed sets only."""

from __future__ import annotations

import polars as pl

from crossborder.publish.series import OTHER

CROSSES = pl.col("scope") == "crossing"
TRANSITS = pl.col("scope") == "transit"
OPENED = pl.col("phase") == "opened"

_OUT = pl.col("packets_out")
FIRST = _OUT + pl.col("packets_in") == pl.col("total_packets_out") + pl.col("total_packets_in")
"""A flow's first report: what it counts is all there was."""
FIRST_OUT = (_OUT > 0) & (pl.col("total_packets_out") == _OUT)
"""A flow's first report with anything outward: once in the life of a flow that sends, never of one that does not."""


def country() -> pl.Expr:
    """Return the country as a label: two capital letters, anything else is `other`."""
    code = pl.col("country")
    return pl.when(code.str.contains(r"\A[A-Z]{2}\z")).then(code).otherwise(pl.lit(OTHER)).alias("country")


def named(column: str) -> pl.Expr:
    """Return a column as a label: text, `other` where there is none."""
    return pl.col(column).cast(pl.String).fill_null(OTHER)
