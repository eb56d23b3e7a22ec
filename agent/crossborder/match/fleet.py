"""What correlations count that can be added up over gateways: by fields that are bounded and mean the same on all."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl

from crossborder.model import COLUMN_OF, Phase

if TYPE_CHECKING:
    from crossborder.match.ruleset import Correlation, Rule

LABELS = {"local.system": "system", "destination.geo.country_iso_code": "country"}
"""Field → label of the metric that shows the sums. An address or a name from the wire is no label, ever."""


def told_apart(correlation: Correlation) -> tuple[str, ...]:
    """Return the fields a correlation's sums are kept by: its groups and, where values are counted, the values."""
    counted = (correlation.field,) if correlation.type == "value_count" and correlation.field else ()
    return tuple(dict.fromkeys((*correlation.group_by, *counted)))


def not_additive(correlation: Correlation) -> str | None:
    """Return the sentence that says why a correlation cannot be judged by sums over gateways, or None."""
    strange = [name for name in correlation.group_by if name not in LABELS]
    if strange:
        return (
            f"it groups by {', '.join(strange)}, by which no metric is kept: labels are bounded, and the sum over all "
            "groups says nothing of one"
        )
    if correlation.type == "value_count" and correlation.field not in LABELS:
        return (
            f"it counts different values of {correlation.field}, which no metric holds: a value that two gateways saw "
            "is one value, so their numbers cannot be added"
        )
    return None


class Sums:
    """What every additive correlation has taken in since the start: flows, or the sum of its field.

    It is what the correlation itself counts, before any threshold: a flow once, a growing total by its growth.
    """

    def __init__(self) -> None:
        """Start with nothing counted."""
        self.amounts: Counter[tuple[str, str, str]] = Counter()  # rule, system, country; empty: not told apart by it

    def add(self, rule: Rule, rows: pl.DataFrame, events: pl.DataFrame) -> None:
        """Add what a batch of rows means to a rule: events with `row`, `phase` and, unless values count, `weight`."""
        if rule.correlation is None or not_additive(rule.correlation):
            return
        amount = pl.col("weight") if "weight" in events.columns else pl.col("phase") == Phase.OPENED.value
        kept = told_apart(rule.correlation)
        by = [
            (pl.col(COLUMN_OF[name]).fill_null("") if name in kept else pl.lit("")).alias(label)
            for name, label in LABELS.items()
        ]
        flows = rows.select(COLUMN_OF[name] for name in LABELS)[events["row"]]
        told = events.select(amount=amount.cast(pl.Int64)).hstack(flows)
        for system, country, total in told.group_by(by).agg(pl.col("amount").sum()).iter_rows():
            self.amounts[rule.name, system, country] += total
