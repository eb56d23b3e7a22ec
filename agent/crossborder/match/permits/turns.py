"""Findings that were permitted and are no longer: each opens again, as what it has become, once it sends."""

from __future__ import annotations

import polars as pl

from crossborder.match.permits.debits import MAX_FLOWS
from crossborder.model import Decision, Phase, Report

_PERMITTED = Decision.PERMITTED.value
_KEPT = {"decision": "was", "permit": "was_permit", "permit_reason": "was_reason"}


class Turns:
    """The living findings that a permit covered when last seen.

    A tunnel opened under a permit may go on for days after the ceiling broke or the last day passed. Were it told in
    its bytes alone, nobody who waits for findings would hear of it before it ends. What only ends after the last day,
    and sends nothing more, stays permitted.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._covered = pl.DataFrame(schema=dict.fromkeys(("finding_id", *_KEPT.values()), pl.String))

    def __call__(self, judged: pl.DataFrame) -> pl.DataFrame:
        """Return findings in order: `opened` where one is no longer permitted, permitted where it adds nothing."""
        if self._covered.is_empty() and not (judged["decision"] == _PERMITTED).any():
            return judged
        known = judged.join(self._covered, on="finding_id", how="left", maintain_order="left")
        earlier = _earlier(judged["finding_id"])
        told = known.with_columns(
            pl.coalesce(judged[now].gather(earlier), was).alias(was) for now, was in _KEPT.items()
        )
        lost = (pl.col("was") == _PERMITTED).fill_null(value=False) & (pl.col("decision") != _PERMITTED)
        quiet = lost & (pl.col("matched_bytes") == 0)
        opened = pl.when(lost & ~quiet).then(pl.lit(Phase.OPENED.value)).otherwise(pl.col("phase").cast(pl.String))
        stays = {now: pl.when(quiet).then(was).otherwise(now) for now, was in _KEPT.items()}
        turned = told.with_columns(phase=opened, **stays).drop(_KEPT.values())
        self._keep(turned)
        return turned

    def _keep(self, judged: pl.DataFrame) -> None:
        last = judged.unique("finding_id", keep="last", maintain_order=True)
        older = self._covered.join(last, on="finding_id", how="anti", maintain_order="left")
        living = (pl.col("decision") == _PERMITTED) & (pl.col("report") != Report.ENDED.value)
        covered = last.filter(living).select("finding_id", *_KEPT).rename(_KEPT)
        self._covered = pl.concat([older, covered]).tail(MAX_FLOWS)


def _earlier(ids: pl.Series) -> pl.Series:
    """Return the place of the row before with the same id, null where there is none: mostly nowhere."""
    places = pl.int_range(len(ids), dtype=pl.UInt32, eager=True)
    if ids.n_unique() == len(ids):
        return pl.Series([None], dtype=pl.UInt32).new_from_index(0, len(ids))
    return pl.DataFrame({"id": ids, "at": places}).select(pl.col("at").shift().over("id")).to_series()
