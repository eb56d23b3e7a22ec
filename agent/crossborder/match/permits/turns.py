"""Findings that were permitted and are no longer: each opens again, as what it has become."""

from __future__ import annotations

import polars as pl

from crossborder.match.permits.debits import MAX_FLOWS
from crossborder.model import Decision, Phase, Report

_PERMITTED = Decision.PERMITTED.value


class Turns:
    """The living findings that a permit covered when last seen.

    A tunnel opened under a permit may go on for days after the ceiling broke or the last day passed. Were it told in
    its bytes alone, nobody who waits for findings would hear of it before it ends.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._covered = pl.DataFrame(schema={"finding_id": pl.String, "before": pl.String})

    def __call__(self, judged: pl.DataFrame) -> pl.DataFrame:
        """Return findings in their order, `opened` where a later row of one is no longer permitted."""
        known = judged.join(self._covered, on="finding_id", how="left", maintain_order="left")
        before = pl.coalesce(pl.col("decision").shift().over("finding_id"), "before").fill_null("")
        turned = (before == _PERMITTED) & (pl.col("decision") != _PERMITTED)
        phase = pl.when(turned).then(pl.lit(Phase.OPENED.value)).otherwise(pl.col("phase").cast(pl.String))
        self._keep(judged)
        return known.with_columns(phase=phase).drop("before")

    def _keep(self, judged: pl.DataFrame) -> None:
        last = judged.unique("finding_id", keep="last", maintain_order=True)
        older = self._covered.join(last, on="finding_id", how="anti", maintain_order="left")
        living = (pl.col("decision") == _PERMITTED) & (pl.col("report") != Report.ENDED.value)
        covered = last.filter(living).select("finding_id", before="decision")
        self._covered = pl.concat([older, covered]).tail(MAX_FLOWS)
