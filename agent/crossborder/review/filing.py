"""By when the law wants a dossier for each transfer, counted from when it was first seen in the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.match.permits.clocks import clocks
from crossborder.match.permits.ledger import Ledger, Transfer, Way

if TYPE_CHECKING:
    from datetime import date

    from crossborder.match.permits import Permits

_WAY = ["unit", "route", "country", "recipient"]
_CLOCK = pl.Schema({"law": pl.String(), "due": pl.Date(), "days_left": pl.Int32(), "clock": pl.String()})


def filed(transfers: pl.DataFrame, permits: Permits, today: date) -> pl.DataFrame:
    """Return transfers with `law`, `due`, `days_left` and `clock`; null where they have no route.

    A clock runs for a sender, a route and a recipient: transfers that differ in system, data or form share it. They
    have `known_ns` and `covered_by`, the permit that covered the latest of them that was covered.
    """
    named = transfers.with_columns(unit=pl.col("unit").fill_null(""))
    ways = (
        named.drop_nulls("route")
        .sort("last_ns")
        .group_by(_WAY)
        .agg(pl.col("known_ns").min(), pl.col("last_ns").max(), pl.col("covered_by").drop_nulls().last())
    )
    ledger = Ledger()
    for *way, first, last, permit in ways.iter_rows():
        ledger.transfers[Way(*way)] = Transfer(first, last, permit or "")
    rows = [
        (one.unit, one.route, one.country, one.recipient, one.law, one.due, one.days_left, one.state)
        for one in clocks(permits, ledger, today)
    ]
    schema = {**dict.fromkeys(_WAY, pl.String()), **_CLOCK}
    known = pl.DataFrame(rows, schema=schema, orient="row")
    told = named.select(*_WAY).join(known, on=_WAY, how="left", maintain_order="left")
    return transfers.hstack(told.select(_CLOCK.names()))
