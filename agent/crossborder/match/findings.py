"""What matches amount to, batch by batch: findings that open, grow and close, by themselves or counted."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import polars as pl

from crossborder.match.correlate import Correlator
from crossborder.match.firing import Firing
from crossborder.match.fleet import LABELS, Sums
from crossborder.model import COLUMN_OF, WHY, Phase

if TYPE_CHECKING:
    from crossborder.match.ruleset import Rule

TOLD = ("rule", "row", "phase", "bytes", "finding_id", "counted")
"""Columns of what is told of a batch: at row `row` a finding of the rule numbered `rule` is in this phase.

`bytes` are those it grows by; `counted` is, of a correlation that opens, what was counted, else null.
"""


class Findings:
    """Findings of some rules, with the memory of what was found already. A rule is meant by its place among them."""

    def __init__(self, max_groups: int, max_pairs: int) -> None:
        """Start without rules; `max_groups` bounds the memory of each correlation, `max_pairs` that of found flows."""
        self.max_groups = max_groups
        self.firing = Firing(max_pairs)
        self.sums = Sums()
        self.correlators: dict[tuple[str, ...], Correlator] = {}
        self._rules: tuple[Rule, ...] = ()
        self._marks = pl.Series(dtype=pl.UInt64)

    def use(self, rules: tuple[Rule, ...]) -> None:
        """Use other rules from the next batch on; those whose id and text are unchanged remember what they found."""
        old = {rule.identity: at for at, rule in enumerate(self._rules)}
        new = {rule.identity: at for at, rule in enumerate(rules)}
        self.firing.renumber({old[identity]: at for identity, at in new.items() if identity in old})
        self._rules = rules
        self._marks = pl.Series([_mark(rule.uuid) for rule in rules], dtype=pl.UInt64)
        counted = {rule.identity: rule for rule in rules if rule.correlation}
        fresh = {identity: self._correlator(rule) for identity, rule in counted.items()}
        self.correlators = fresh | {key: kept for key, kept in self.correlators.items() if key in counted}

    def _correlator(self, rule: Rule) -> Correlator:
        return Correlator(rule, self.max_groups, None if rule.shadow else self.sums)

    @property
    def columns(self) -> set[str]:
        """Return the columns of crossings that are asked for."""
        asked = {"flow_id", "report", "bytes_out", "total_bytes_out"}
        if self.correlators:
            asked |= {COLUMN_OF[name] for name in LABELS}
        return asked.union(*(correlator.columns for correlator in self.correlators.values()))

    def follow(self, rows: pl.DataFrame, hits: pl.DataFrame) -> pl.DataFrame:
        """Return the sightings of a batch (firing.SIGHTING_SCHEMA) from rule and row of every match."""
        return self.firing.follow(rows, hits)

    def grown(self, rows: pl.DataFrame, sightings: pl.DataFrame) -> pl.DataFrame:
        """Return what sightings amount to (TOLD), ordered by row and rule."""
        counted = {at: self.correlators[rule.identity] for at, rule in enumerate(self._rules) if rule.correlation}
        plain = sightings.filter(~pl.col("rule").is_in(list(counted)))
        told = [self._plain(rows, plain)]
        for at in sorted(set(counted).intersection(sightings["rule"].unique())):
            correlator = counted[at]
            found = correlator(rows, sightings.filter(pl.col("rule") == at))
            told.append(found.select(pl.lit(at, pl.UInt32).alias("rule"), *TOLD[1:]))
        return pl.concat(told).sort("row", "rule", maintain_order=True)

    def _plain(self, rows: pl.DataFrame, sightings: pl.DataFrame) -> pl.DataFrame:
        """Return what rules without a correlation tell: openings, bytes that were added, and ends."""
        worth = sightings.filter((pl.col("bytes") > 0) | (pl.col("phase") != Phase.CONTINUED.value))
        flows = rows["flow_id"].gather(worth["row"])
        marks = self._marks.gather(worth["rule"])
        ids = pl.Series(
            "finding_id", [f"{flow ^ mark:016x}" for flow, mark in zip(flows, marks, strict=True)], pl.String
        )
        return worth.with_columns(ids, counted=pl.lit(None, WHY)).select(TOLD)


def table_of(rules: tuple[Rule, ...]) -> pl.DataFrame:
    """Return what findings say of their rules, one row per rule."""
    return pl.DataFrame(
        {
            "rule_uuid": [rule.uuid for rule in rules],
            "rule_title": [rule.title for rule in rules],
            "rule_sha256": [rule.sha256 for rule in rules],
            "severity": [rule.level for rule in rules],
            "category": [rule.category for rule in rules],
            "rule": [rule.name for rule in rules],
        }
    )


def _mark(uuid: str) -> int:
    """Return what tells the rules apart in the ids of their findings."""
    return int.from_bytes(hashlib.blake2b(uuid.encode(), digest_size=8).digest(), "big")
