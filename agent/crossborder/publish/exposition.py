"""The one door to prometheus_client: tables of series as text that Prometheus reads, and such text as data.

Loading it takes as long as reading a small capture, so it is loaded when somebody scrapes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from crossborder.publish.series import Histogram
from crossborder.telemetry import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from crossborder.publish.series import Series

__all__ = ["CollectorRegistry", "Family", "Samples", "exposed", "family", "parsed", "registry_of"]

Samples = list[tuple[dict[str, str], float]]
"""Series of one metric, each with its labels and its value."""

_LINE = re.compile(r"(?:#|([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{.*\})?[ \t]+[-+0-9NIi])")


class _Tables(Collector):
    def __init__(self, families: Callable[[], Iterable[Family]]) -> None:
        self._families = families

    def collect(self) -> Iterator[Family]:
        yield from self._families()


def registry_of(families: Callable[[], Iterable[Family]], *, process: bool) -> CollectorRegistry:
    """Return a registry of these families; `process` adds the agent's own memory, CPU and descriptors."""
    registry = CollectorRegistry()
    registry.register(_Tables(families))
    if process:
        ProcessCollector(namespace="crossborder", registry=registry)
    return registry


def exposed(registry: CollectorRegistry, accept: str) -> tuple[str, bytes]:
    """Return content type and text of all metrics, OpenMetrics where the Accept header asks for it."""
    encode, content_type = choose_encoder(accept)
    return content_type, encode(registry)


def parsed(text: str, names: Collection[str]) -> dict[str, Samples]:
    """Return the series of these metrics, by name; raises ValueError where the text is no exposition.

    Taking a line apart is slow and most lines are rules that found nothing: series of counters at zero are left out.
    """
    lines = text.split("\n")
    if odd := next((line for line in lines if line and not _LINE.match(line)), None):
        raise ValueError(odd[:100])
    wanted = [line for line in lines if (found := _LINE.match(line)) and found[1] in names and not _is_zero(line)]
    series: dict[str, Samples] = {}
    for metric in text_string_to_metric_families("\n".join(wanted) + "\n"):
        for sample in metric.samples:
            series.setdefault(sample.name, []).append((sample.labels, sample.value))
    return series


def _is_zero(line: str) -> bool:
    return "_total{" in line and line.endswith(("} 0.0", "} 0"))


def family(table: Series | Histogram) -> Family:
    """Return a metric as prometheus_client wants it, series in the order of their labels."""
    if isinstance(table, Histogram):
        return _histogram(table)
    metric = table.metric
    make = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    found = make(metric.name, metric.meaning, labels=metric.labels)
    for labels, value in sorted(table.values.items()):
        found.add_metric([printable(label) for label in labels], value)
    return found


def _histogram(table: Histogram) -> Family:
    metric = table.metric
    found = HistogramMetricFamily(metric.name, metric.meaning, labels=metric.labels)
    for labels, total in sorted(table.sums.items()):
        found.add_metric(labels, buckets=table.cumulative(labels), sum_value=total)
    return found
