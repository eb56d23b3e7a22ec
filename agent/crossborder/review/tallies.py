"""Adds up what is found by who, where, to whom and when, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_KEYS = 200_000
"""Most different values kept of a fact: beyond, those with the fewest findings are added up as others."""
_WAITING = 200_000  # rows that wait to be added up

SUMS = ("findings", "bytes")


class Tally:
    """Findings and outward bytes of each rule by the values of some columns."""

    def __init__(self, by: Sequence[str]) -> None:
        """Take the columns; none: of the rule as a whole."""
        self.by = tuple(by)
        self.others = False  # whether something was added up as others
        self._parts: list[pl.DataFrame] = []
        self._height = 0

    def add(self, told: pl.DataFrame) -> None:
        """Add rows with `rule`, `findings`, `bytes` and the columns."""
        part = _summed(told, self.by)
        self._parts.append(part)
        self._height += part.height
        if self._height > _WAITING:
            kept = self._all()
            self._parts, self._height = [kept], 0

    def top(self, rule: int, most: int) -> list[dict[str, object]]:
        """Return the values with most findings of a rule, then with most bytes."""
        own = self._all().filter(pl.col("rule") == rule).drop("rule")
        falling = [True, True, *(False for _ in self.by)]
        return own.sort(*SUMS, *self.by, descending=falling, nulls_last=True).head(most).to_dicts()

    def sums(self, rule: int) -> tuple[int, int]:
        """Return findings and bytes of a rule."""
        findings, size = self._all().filter(pl.col("rule") == rule).select(pl.col(SUMS).sum()).row(0)
        return findings, size

    def each(self, rule: int) -> pl.DataFrame:
        """Return all of a rule, in the order of the columns."""
        return self._all().filter(pl.col("rule") == rule).drop("rule").sort(self.by)

    def _all(self) -> pl.DataFrame:
        if not self._parts:
            return pl.DataFrame(schema={"rule": pl.UInt32, **dict.fromkeys(self.by, pl.String)} | _SUM_TYPES)
        whole = _summed(pl.concat(self._parts), self.by)
        if whole.height <= MOST_KEYS:
            return whole
        self.others = True
        return whole.sort("findings", "bytes", descending=True).head(MOST_KEYS // 2)


_SUM_TYPES: dict[str, type[pl.DataType]] = {"findings": pl.Int64, "bytes": pl.UInt64}


def _summed(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    sums = [pl.col(name).sum().cast(dtype) for name, dtype in _SUM_TYPES.items()]
    return rows.group_by("rule", *by).agg(sums)
