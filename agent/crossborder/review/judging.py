"""Asks the judge of permits what lanes of the record are: permitted, or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.match.permits.fitting import FLOW
from crossborder.match.permits.judge import Judge
from crossborder.model import Decision, Phase, Report
from crossborder.review.lanes import JOINED

if TYPE_CHECKING:
    from crossborder.match.permits import Permits

GRAVITY = tuple(
    decision.value
    for decision in (
        Decision.VIOLATION,
        Decision.NEW_RECIPIENT,
        Decision.EXPIRED,
        Decision.NOT_YET_VALID,
        Decision.OVERRUN,
        Decision.PERMITTED,
    )
)
"""Decisions, the gravest first."""
COVERED = (Decision.PERMITTED.value, Decision.OVERRUN.value)
ABOUT = (*COVERED, Decision.EXPIRED.value, Decision.NOT_YET_VALID.value)
"""Decisions whose permit is for this sender, these data and this recipient, be it in time or not."""

_CLASSES = ("core", "important", "personal")
_PERSONS = pl.List(pl.Struct({"kind": pl.String, "hashes": pl.List(pl.UInt64)}))


def judged(told: pl.DataFrame, permits: Permits) -> pl.DataFrame:
    """Return days of lanes by category with `decision`, `permit` and `permit_reason`; null where no law is about them.

    A ceiling is held to what the rows sum up to, day by day, and nothing before them: on the day it breaks the whole
    day is over it. How much was used since the permit began the agent's own ledger knows.
    """
    asked = told.filter(pl.col("class").is_in(_CLASSES)).sort("last_ns", "first_ns", "day_row", "category")
    found = asked.with_columns(
        pl.col("class").alias("category"),
        pl.col("persons").cast(_PERSONS),
        row="day_row",
        about=pl.lit(FLOW, pl.UInt8),
        beyond=pl.lit(None, pl.String),
        categories=pl.when(pl.col("tags") != "")
        .then(pl.col("tags").str.split(JOINED))
        .otherwise(pl.lit([], pl.List(pl.String))),
        flow_id=pl.col("day_row").cast(pl.UInt64),
        report=pl.lit(Report.ENDED.value),
        total_bytes_out="bytes_out",
        matched_bytes="bytes_out",
        finding_id=pl.int_range(pl.len()).cast(pl.String),
        phase=pl.lit(Phase.CLOSED.value),
        remote_ip="place",
        geo_prefix=pl.lit(None, pl.String),
    )
    said = Judge(permits)(found).select("decision", "permit", "permit_reason")
    known = asked.select("day_row", "category").hstack(said)
    return told.join(known, on=["day_row", "category"], how="left")
