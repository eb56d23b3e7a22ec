"""Tables of time series that cannot grow without bound: a hard cap, an `other` bucket, values that never go back."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

OTHER = "other"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the histogram's buckets, seconds: a tick is 10 s by default, so the last ones are the alarm."""

Labels = tuple[str, ...]


class Metric(NamedTuple):
    """One metric: what `/metrics` says of it and what docs/METRICS.md says of it."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: Labels
    meaning: str
    query: str  # an example in PromQL
    folds: Labels = ()  # labels that become `other` first when the cap is near


class Series:
    """The series of one counter or gauge.

    A label set, once admitted, stays: nothing is evicted, so a counter never goes back. When the table is three
    quarters full, new label sets lose the labels named in `folds`; when but one place is left, they become `other`
    altogether. Zeros made in advance take half of the places at most, so that real values find room.
    """

    def __init__(self, metric: Metric, limit: int) -> None:
        """Take the metric and the most series it may have."""
        self.metric = metric
        self.limit = limit
        self.values: dict[Labels, float] = {}
        self.dropped = 0  # updates whose labels were folded
        self._followed: dict[Labels, int] = {}
        self._other = (OTHER,) * len(metric.labels)

    def add(self, labels: Labels, amount: float) -> None:
        """Count up."""
        at = self._admitted(labels)
        self.values[at] = self.values.get(at, 0) + amount

    def set(self, labels: Labels, value: float) -> None:
        """Set a gauge."""
        self.values[self._admitted(labels)] = value

    def follow(self, labels: Labels, total: int) -> None:
        """Count up by what a total kept elsewhere has grown; a total that fell has begun anew."""
        before = self._followed.get(labels, 0)
        self._followed[labels] = total
        self.add(labels, total - before if total >= before else total)

    def zero(self, label_sets: Iterable[Labels]) -> None:
        """Make series at zero in advance, as far as half of the cap goes."""
        for labels in label_sets:
            if len(self.values) >= self.limit // 2:
                return
            self.values.setdefault(labels, 0)

    def replace(self, values: Mapping[Labels, float]) -> None:
        """Set all series of a gauge at once: label sets that are gone do not linger."""
        self.values = {}
        for labels, value in values.items():
            self.set(labels, value)

    def keep(self, wanted: Callable[[Labels], bool]) -> None:
        """Forget the series of a gauge whose labels are wanted no more."""
        self.values = {labels: value for labels, value in self.values.items() if wanted(labels)}

    def _admitted(self, labels: Labels) -> Labels:
        room = self.limit - len(self.values)
        if labels in self.values or room > max(1, self.limit // 4) or not labels:
            return labels
        if not self.metric.folds and room > 1:
            return labels
        self.dropped += 1
        folded = self._folded(labels)
        return folded if folded in self.values or room > 1 else self._other

    def _folded(self, labels: Labels) -> Labels:
        folds = self.metric.folds or self.metric.labels
        return tuple(OTHER if name in folds else value for name, value in zip(self.metric.labels, labels, strict=True))


class Histogram:
    """The series of one histogram; its label values are a closed set, given once."""

    def __init__(self, metric: Metric, values: Iterable[Labels]) -> None:
        """Make every histogram in advance."""
        self.metric = metric
        self.counts: dict[Labels, list[int]] = {labels: [0] * (len(BUCKETS) + 1) for labels in values}
        self.sums: dict[Labels, float] = dict.fromkeys(self.counts, 0.0)

    def observe(self, labels: Labels, value: float) -> None:
        """Count one observation."""
        self.counts[labels][bisect_left(BUCKETS, value)] += 1
        self.sums[labels] += value

    def cumulative(self, labels: Labels) -> list[tuple[str, float]]:
        """Return (upper bound, observations up to it), the last one +Inf."""
        total = 0
        found: list[tuple[str, float]] = []
        for bound, count in zip((*map(str, BUCKETS), "+Inf"), self.counts[labels], strict=True):
            total += count
            found.append((bound, total))
        return found
