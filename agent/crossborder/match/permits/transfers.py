"""When each sender was first seen to send to each recipient by each legal route: where the filing clocks start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.match.permits import SIGNS
from crossborder.match.permits.ledger import MAX_TRANSFERS, OTHER, Transfer, Way
from crossborder.model import Decision

if TYPE_CHECKING:
    from crossborder.match.permits.ledger import Ledger

_PERSONAL = pl.col("categories").list.eval(pl.element().str.starts_with("personal")).list.any().fill_null(value=False)
_BY_CLASS = pl.col("category").replace_strict(
    {"core": "nd165-core", "important": "nd165-important", "personal": "pdpl"}, default=None
)
_ROUTE = pl.coalesce("route", pl.when(_PERSONAL).then(pl.lit("pdpl")).otherwise(_BY_CLASS))
"""The rule's route; of a rule that names none, by the data: personal data go the personal-data way."""
_WAY = ["unit", "route", "country", "recipient"]


def note_transfers(ledger: Ledger, judged: pl.DataFrame) -> None:
    """Note the transfers among findings: those whose rule cites law. `judged` have decision and permit."""
    found = judged.filter(pl.col("category") != SIGNS)
    if found.is_empty():
        return
    to = pl.coalesce("as_org", "server_name", "geo_prefix", "remote_ip").alias("recipient")
    covered = pl.col("decision").is_in([Decision.PERMITTED.value, Decision.OVERRUN.value])
    ways = found.select(
        pl.col("unit").fill_null(""),
        _ROUTE.alias("route"),
        "country",
        to,
        "first_ns",
        "last_ns",
        permit=pl.when(covered).then("permit"),
    )
    grouped = _grouped(ways)
    if grouped.height > MAX_TRANSFERS:
        folded = pl.when(pl.int_range(pl.len()) < MAX_TRANSFERS).then("recipient").otherwise(pl.lit(OTHER))
        grouped = _grouped(grouped.with_columns(recipient=folded))
    for *way, first, last, permit in grouped.iter_rows():
        ledger.note(Way(*way), Transfer(first, last, permit or ""))


def _grouped(ways: pl.DataFrame) -> pl.DataFrame:
    """Return one row a way: first and latest time, and the permit that covered the latest that was covered."""
    sums = [pl.col("first_ns").min(), pl.col("last_ns").max(), pl.col("permit").drop_nulls().last()]
    return ways.group_by(_WAY, maintain_order=True).agg(sums)
