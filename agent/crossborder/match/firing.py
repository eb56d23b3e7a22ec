"""Which rule has found which living flow: each pair opens once, its bytes count until the flow ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.model import Phase, Report

if TYPE_CHECKING:
    from collections.abc import Mapping

PAIR_SCHEMA = pl.Schema({"rule": pl.UInt32, "flow_id": pl.UInt64})
SIGHTING_SCHEMA = pl.Schema({"rule": pl.UInt32, "row": pl.UInt32, "phase": pl.String, "bytes": pl.UInt64})
"""What a batch means to rules: at row `row` the finding of rule `rule` is in this phase and grows by these bytes."""

BEFORE = -1  # the first row of a pair that was found in an earlier batch


class Firing:
    """The pairs of rule and living flow found so far, in bounded memory.

    Once found, a flow stays found: what it sends counts until it ends, whether later reports match or not, because
    a transfer does not become lawful by going quiet. When more pairs live than `max_pairs` the oldest are forgotten
    and counted; such a flow opens a second finding, with the same id, if it matches again.
    """

    def __init__(self, max_pairs: int) -> None:
        """Start with nothing found."""
        self.max_pairs = max_pairs
        self.forgotten = 0
        self._pairs = pl.DataFrame(schema=PAIR_SCHEMA)

    def __len__(self) -> int:
        """Return the number of living pairs."""
        return self._pairs.height

    def follow(self, rows: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
        """Return the sightings of a batch (SIGHTING_SCHEMA).

        `rows` are crossings with a `row` number, in the order of their flows' reports; `hits` holds rule and row of
        every match. A flow may be reported several times in one batch, as recorded flows are.
        """
        reports = rows["row", "flow_id", "report", "bytes_out", "total_bytes_out"]
        flows = hits.with_columns(reports["flow_id"][hits["row"]])
        found = flows.group_by("rule", "flow_id").agg(pl.col("row").min())
        new = found.join(self._pairs, on=["rule", "flow_id"], how="anti").sort("row", "rule")
        known = pl.concat([self._pairs.with_columns(first=pl.lit(BEFORE)), _first(new)])
        met = known.join(reports, on="flow_id")
        later = met.filter(pl.col("row") > pl.col("first"))
        self._keep(known, met)
        opened = new.hstack(reports[new["row"]].drop("row", "flow_id"))
        return pl.concat([_sightings(opened, pl.lit(Phase.OPENED.value), "total_bytes_out"), _later(later)])

    def _keep(self, known: pl.DataFrame, met: pl.DataFrame) -> None:
        ended = met.filter(pl.col("report") == Report.ENDED.value).select("flow_id")
        living = known.select("rule", "flow_id").join(ended, on="flow_id", how="anti", maintain_order="left")
        self.forgotten += max(0, living.height - self.max_pairs)
        self._pairs = living.tail(self.max_pairs)

    def renumber(self, numbers: Mapping[int, int]) -> None:
        """Carry the pairs over to another ruleset: old number of a rule to new; the pairs of others are dropped."""
        table = pl.DataFrame(
            {"rule": list(numbers), "new": list(numbers.values())}, schema={"rule": pl.UInt32, "new": pl.UInt32}
        )
        joined = self._pairs.join(table, on="rule", maintain_order="left")
        self._pairs = joined.select(pl.col("new").alias("rule"), "flow_id")


def _first(new: pl.DataFrame) -> pl.DataFrame:
    return new.select("rule", "flow_id", pl.col("row").cast(pl.Int32).alias("first"))


def _later(later: pl.DataFrame) -> pl.DataFrame:
    ended = pl.col("report") == Report.ENDED.value
    phase = pl.when(ended).then(pl.lit(Phase.CLOSED.value)).otherwise(pl.lit(Phase.CONTINUED.value))
    return _sightings(later, phase, "bytes_out")


def _sightings(frame: pl.DataFrame, phase: pl.Expr, size: str) -> pl.DataFrame:
    return frame.select("rule", "row", phase.alias("phase"), pl.col(size).alias("bytes"))
