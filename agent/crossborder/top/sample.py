"""What one scrape said, as sums over labels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossborder.publish.exposition import parsed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crossborder.publish.exposition import Samples

NAMES = frozenset(
    f"crossborder_{name}"
    for name in (
        "build_info",
        "gateway_info",
        "rules_loaded",
        "process_start_time_seconds",
        "ticks_total",
        "last_tick_timestamp_seconds",
        "egress_bytes_total",
        "egress_flows_total",
        "system_egress_bytes_total",
        "violations_total",
        "capture_packets_total",
        "capture_bytes_total",
        "capture_flow_packets_total",
        "capture_flow_bytes_total",
        "capture_domestic_packets_total",
        "capture_dropped_packets_total",
        "capture_interface_up",
        "capture_lag_seconds",
        "capture_shedding",
        "unseen_bytes_total",
        "series_dropped_total",
        "config_reload_success",
        "config_last_reload_timestamp_seconds",
        "geo_database_loaded",
        "geo_database_build_timestamp_seconds",
        "events_written_total",
        "events_failed_total",
        "events_lost_total",
    )
)
"""All that is read; of the rest no line is taken apart."""


class ForeignError(Exception):
    """Why a text is no agent's metrics, in one sentence without a subject."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One scrape: metric → its series, and the clock's time it was taken at. Names go without `crossborder_`."""

    series: Mapping[str, Sequence[tuple[Mapping[str, str], float]]]
    taken: float

    @classmethod
    def of(cls, text: str, taken: float) -> Sample:
        """Take a scrape apart; raises ForeignError."""
        try:
            found = parsed(text, NAMES)
        except ValueError:
            raise ForeignError("answers with a text that is not metrics: is another program there?") from None
        if "crossborder_build_info" not in found:
            raise ForeignError("answers with the metrics of something that is no Crossborder")
        return cls({name.removeprefix("crossborder_"): _finite(samples) for name, samples in found.items()}, taken)

    def value(self, name: str) -> float | None:
        """Return the value of a metric of one series."""
        return next((value for _, value in self.series.get(name, ())), None)

    def label(self, name: str, label: str) -> str:
        """Return a label of a metric of one series."""
        return next((labels.get(label, "") for labels, _ in self.series.get(name, ())), "")

    def total(self, name: str, **where: str) -> float:
        """Return the sum of all series that carry these labels."""
        return sum(self.sums(name, **where).values())

    def sums(self, name: str, *by: str, **where: str) -> dict[tuple[str, ...], float]:
        """Return sums by labels, of the series that carry what `where` says."""
        sums: dict[tuple[str, ...], float] = {}
        for labels, value in self.series.get(name, ()):
            if all(labels.get(label) == wanted for label, wanted in where.items()):
                key = tuple(labels.get(label, "") for label in by)
                sums[key] = sums.get(key, 0.0) + value
        return sums


def _finite(samples: Samples) -> tuple[tuple[dict[str, str], float], ...]:
    return tuple((labels, value) for labels, value in samples if math.isfinite(value))
