"""What each report adds to a correlation: a flow once, a growing total by its growth, a value when it is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.match.compiler import shown_values
from crossborder.match.fields import KINDS, Kind
from crossborder.match.windows import neighbour
from crossborder.model import Phase, Report

if TYPE_CHECKING:
    from crossborder.match.ruleset import Correlation


class Increments:
    """Adds to events what they gain, and remembers per living flow how much of it was counted before.

    Totals and lists in reports grow over a flow's life: taken as they stand they would count again at every report.
    """

    def __init__(self, correlation: Correlation, max_flows: int) -> None:
        """Start with nothing counted."""
        self.correlation = correlation
        self.max_flows = max_flows
        self._counted = pl.DataFrame(schema={"flow_id": pl.UInt64, "amount": pl.Int64})

    def value(self) -> pl.Expr:
        """Return the expression, over crossings, of what is counted: nothing, a total, or a list of values."""
        field = self.correlation.field
        if field is None:
            return pl.lit(None, pl.Int64)
        values = shown_values(field)
        if self.correlation.type == "value_sum":
            return values.cast(pl.Int64, strict=False).fill_null(0)
        texts = values if KINDS[field] is Kind.LIST else pl.concat_list(values.cast(pl.String))
        return texts.list.drop_nulls().fill_null([]).list.eval(pl.element().hash())

    def __call__(self, events: pl.DataFrame) -> pl.DataFrame:
        """Turn `value` of events, in the order of reports, into `weight`, or into `values`, a list of what is new."""
        kind = self.correlation.type
        if kind == "event_count":
            opened = (pl.col("phase") == Phase.OPENED.value).cast(pl.Int64)
            return events.with_columns(weight=opened).drop("value")
        amount = pl.col("value") if kind == "value_sum" else pl.col("value").list.len().cast(pl.Int64)
        before = pl.coalesce(neighbour("amount", 1, "flow_id"), "counted", 0)
        known = self._counted.rename({"amount": "counted"})
        grown = (
            events.with_columns(amount=amount)
            .join(known, on="flow_id", how="left", maintain_order="left")
            .sort("flow_id", maintain_order=True)
            .with_columns(before=before)
            .sort("row", maintain_order=True)
        )
        self._remember(grown)
        if kind == "value_sum":
            gained = grown.with_columns(weight=(pl.col("amount") - pl.col("before")).clip(0))
        else:
            gained = grown.with_columns(values=pl.col("value").list.slice("before"))
        return gained.drop("value", "amount", "counted", "before")

    def _remember(self, grown: pl.DataFrame) -> None:
        latest = grown.group_by("flow_id", maintain_order=True).agg(pl.max_horizontal("amount", "before").max())
        ended = grown.filter(pl.col("report") == Report.ENDED.value).select("flow_id")
        kept = self._counted.join(latest, on="flow_id", how="anti", maintain_order="left")
        living = pl.concat([kept, latest]).join(ended, on="flow_id", how="anti", maintain_order="left")
        self._counted = living.tail(self.max_flows)
