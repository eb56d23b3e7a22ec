"""The tables of all metrics, and how they are counted up: under one lock, so that a scrape sees whole batches."""

from __future__ import annotations

from collections import Counter as Tally
from threading import Lock
from typing import TYPE_CHECKING

from crossborder.publish.catalogue import METRICS, STAGES
from crossborder.publish.series import OTHER, Histogram, Series

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossborder.publish.series import Labels


class Tables:
    """A table for each metric of the catalogue."""

    def __init__(self, max_series: int) -> None:
        """Make the tables, none with more series than so many."""
        self._lock = Lock()
        self._series = {m.name: Series(m, max_series) for m in METRICS if m.kind != "histogram"}
        self._histograms = {
            m.name: Histogram(m, ((stage,) for stage in (*STAGES, OTHER))) for m in METRICS if m.kind == "histogram"
        }

    def _of(self, name: str) -> Series:
        return self._series[name]

    def _count(self, name: str, labels: Labels, amount: float) -> None:
        with self._lock:
            self._of(name).add(labels, amount)

    def _follow(self, name: str, totals: Iterable[tuple[Labels, int]]) -> None:
        sums: Tally[Labels] = Tally()
        for labels, total in totals:
            sums[labels] += total
        with self._lock:
            for labels, total in sums.items():
                self._of(name).follow(labels, total)

    def _sums(self, name: str, label: int) -> Tally[str]:
        sums: Tally[str] = Tally()
        for labels, value in self._of(name).values.items():
            sums[labels[label]] += int(value)
        return sums
