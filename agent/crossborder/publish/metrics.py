"""Counts what the stages hand over, in tables that `exposition` shows to Prometheus."""

from __future__ import annotations

import re
from collections import Counter as Tally
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import crossborder
from crossborder.model import (
    LEVELS,
    UNKNOWN_COUNTRY,
    CountryBasis,
    Decision,
    DropReason,
    EndReason,
    Inspection,
)
from crossborder.publish.catalogue import EVICTED, FAULTS, LIMITS, LOOKUPS, METRICS, MISSES, SHEDS, SINKS, STAGES
from crossborder.publish.counts import counts_of_detections, counts_of_findings, counts_of_flows
from crossborder.publish.recordcounts import RecordCounts
from crossborder.publish.series import OTHER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl

    from crossborder.model import Batch
    from crossborder.publish.exposition import CollectorRegistry, Family
    from crossborder.publish.series import Labels

BOOKS = {
    "crossborder_capture_packets_total": attrgetter("packets"),
    "crossborder_capture_bytes_total": attrgetter("bytes"),
    "crossborder_capture_flow_packets_total": attrgetter("flow_packets"),
    "crossborder_capture_flow_bytes_total": attrgetter("flow_bytes"),
    "crossborder_capture_domestic_packets_total": attrgetter("domestic_packets"),
    "crossborder_capture_domestic_bytes_total": attrgetter("domestic_bytes"),
}


class Destination(NamedTuple):
    """What one country got and gave since the start."""

    country: str
    bytes_out: int
    bytes_in: int
    flows: int


class RuleLabels(NamedTuple):
    """What labels say of a rule in force."""

    rule: str
    title: str
    category: str
    severity: str
    instrument: str = ""
    item: str = ""

    @property
    def of_findings(self) -> tuple[str, str, str]:
        """The labels its findings carry."""
        return self.rule, self.category, self.severity


class PermitValues(NamedTuple):
    """How one permit stands."""

    used_bytes: int
    ratios: Mapping[str, float]  # ceiling → the part of it that is used
    expiry: float | None  # seconds since 1970; none: it is no longer in the file


class Metrics(RecordCounts):
    """Every metric of the agent. A sink of the pipeline; a scrape sees whole batches only."""

    name = "metrics"

    def __init__(
        self,
        gateway: str,
        unit: str,
        max_series: int = 5_000,
        *,
        version: str = crossborder.__version__,
        process: bool = True,
    ) -> None:
        """Make the tables; `process` adds the agent's own memory, CPU and descriptors (`crossborder_process_*`)."""
        super().__init__(max_series)
        self._rules: tuple[RuleLabels, ...] = ()
        self._countries: set[str] = set()
        self._permitted: frozenset[str] = frozenset()
        self._of("crossborder_build_info").set((version,), 1)
        self._of("crossborder_gateway_info").set((gateway, unit), 1)
        self._closed_sets_at_zero()
        self._process = process

    # What the pipeline hands over.

    def __call__(self, batch: Batch, crossings: pl.DataFrame, findings: pl.DataFrame) -> None:
        """Count one batch."""
        flows = counts_of_flows(crossings)
        found = counts_of_findings(findings)
        with self._lock:
            self._add_books(batch)
            self._meet({labels[0] for labels in flows["crossborder_ingress_bytes_total"]})
            for name, amounts in (flows | found | counts_of_detections(crossings)).items():
                for labels, amount in amounts.items():
                    self._of(name).add(labels, amount)

    def close(self) -> None:
        """Do nothing: the last values stay to be scraped."""

    # What the application tells.

    def rules(
        self,
        rules: Iterable[RuleLabels],
        sha256: str = "",
        generation: int = 1,
        permitted: Iterable[str] = (),
    ) -> None:
        """Take the rules in force, and make the series of their findings at zero in advance.

        `permitted` are the countries of permits: there every decision has its series in advance.
        """
        with self._lock:
            self._permitted = frozenset(permitted)
            self._rules = tuple(rules)
            levels = Tally(rule.severity for rule in self._rules)
            names = {rule.rule for rule in self._rules}
            self._of("crossborder_rule_info").replace(dict.fromkeys(self._rules, 1))
            self._of("crossborder_rule_flow_seconds").keep(lambda labels: labels[0] in names)
            self._of("crossborder_ruleset_info").replace({(sha256, str(generation)): 1})
            self._of("crossborder_rules_loaded").replace({(level,): levels[level] for level in LEVELS})
            countries = {UNKNOWN_COUNTRY} | self._countries | self._permitted
            self._zero_findings(sorted(countries, key=lambda c: (c != UNKNOWN_COUNTRY, c)))

    def systems(self, systems: Iterable[tuple[str, str]]) -> None:
        """Take the systems of the assets file, (name, gravest class) each: their series at zero in advance."""
        zeros = [(*system, UNKNOWN_COUNTRY, how.value) for system in systems for how in Inspection]
        with self._lock:
            self._of("crossborder_system_egress_bytes_total").zero(zeros)

    def rule_cost(self, rule: str, seconds: float) -> None:
        """Note what evaluating a rule alone costs a flow."""
        with self._lock:
            self._of("crossborder_rule_flow_seconds").set((rule,), seconds)

    def detectors(self, ids: Iterable[str]) -> None:
        """Take the detectors in use and make their series at zero in advance."""
        with self._lock:
            self._of("crossborder_detections_total").zero((name, UNKNOWN_COUNTRY) for name in ids)

    def databases(self, builds: Mapping[str, int | None]) -> None:
        """Take all databases in use, name → build time (None: it does not say); those of before are forgotten."""
        known: dict[Labels, float] = {(name,): build for name, build in builds.items() if build is not None}
        with self._lock:
            self._of("crossborder_geo_database_loaded").replace({(name,): 1 for name in builds})
            self._of("crossborder_geo_database_build_timestamp_seconds").replace(known)

    def unreadable(self, databases: Iterable[str]) -> None:
        """Take the databases whose files cannot be read now; what was read of them before is in use."""
        with self._lock:
            for name in databases:
                self._of("crossborder_geo_database_loaded").set((name,), 0)

    def geo_lookups(self, totals: Mapping[tuple[str, str], int]) -> None:
        """Follow the totals of lookups by (database, result)."""
        self._follow("crossborder_geo_lookups_total", (((d, _among(r, LOOKUPS)), n) for (d, r), n in totals.items()))

    def match_evicted(self, totals: Mapping[str, int]) -> None:
        """Follow the totals of state the rule engine gave up, by kind."""
        self._follow("crossborder_match_evicted_total", (((_among(k, EVICTED),), n) for k, n in totals.items()))

    def counted(self, totals: Mapping[tuple[str, str, str], int]) -> None:
        """Follow the totals of what correlations count, by rule, system and country."""
        sums = (((rule, system, _country(code)), n) for (rule, system, code), n in totals.items())
        self._follow("crossborder_counted_total", sums)

    def shadow(self, totals: Mapping[tuple[str, str, str], int]) -> None:
        """Follow how often rules in shadow would have found something, by rule, category and severity."""
        self._follow("crossborder_shadow_findings_total", totals.items())

    def permits(self, values: Mapping[str, PermitValues]) -> None:
        """Take how every permit stands, by its id; those of before are forgotten."""
        ratios: dict[Labels, float] = {
            (permit, what): r for permit, value in values.items() for what, r in value.ratios.items()
        }
        ends: dict[Labels, float] = {
            (permit,): value.expiry for permit, value in values.items() if value.expiry is not None
        }
        with self._lock:
            self._of("crossborder_permit_used_bytes").replace({(p,): value.used_bytes for p, value in values.items()})
            self._of("crossborder_permit_used_ratio").replace(ratios)
            self._of("crossborder_permit_expiry_timestamp_seconds").replace(ends)

    def persons(self, gauges: Mapping[str, Mapping[Labels, float]]) -> None:
        """Take all values of gauges about persons, by the metric's name without its prefix, and by labels."""
        with self._lock:
            for name, values in gauges.items():
                self._of(f"crossborder_{name}").replace(values)

    def state_durable(self, *, durable: bool) -> None:
        """Note whether counts outlive the agent."""
        with self._lock:
            self._of("crossborder_state_durable").set((), int(durable))

    def state_not_written(self) -> None:
        """Count a tick whose state could not be written."""
        self._count("crossborder_state_write_failures_total", (), 1)

    def reload(self, *, ok: bool, timestamp: float) -> None:
        """Note a reading of the configuration and whether it went well."""
        with self._lock:
            self._of("crossborder_config_reload_success").set((), int(ok))
            self._of("crossborder_config_last_reload_timestamp_seconds").set((), timestamp)

    def stage_seconds(self, stage: str, seconds: float) -> None:
        """Note how long a batch spent in a stage."""
        with self._lock:
            self._histograms["crossborder_tick_seconds"].observe((_among(stage, STAGES),), seconds)

    def sink_failed(self, sink: str) -> None:
        """Count a batch that a sink did not take."""
        self._count("crossborder_publish_errors_total", (sink,), 1)

    # What the server asks for.

    @cached_property
    def registry(self) -> CollectorRegistry:
        """The registry of prometheus_client that shows these metrics, and no others."""
        from crossborder.publish.exposition import registry_of

        return registry_of(self._families, process=self._process)

    def expose(self, accept: str = "") -> tuple[str, bytes]:
        """Return content type and text of all metrics, OpenMetrics where the Accept header asks for it."""
        from crossborder.publish.exposition import exposed

        return exposed(self.registry, accept)

    def destinations(self) -> list[Destination]:
        """Return the countries by outward bytes, most first."""
        with self._lock:
            out = self._sums("crossborder_egress_bytes_total", 0)
            back = self._sums("crossborder_ingress_bytes_total", 0)
            flows = self._sums("crossborder_egress_flows_total", 0)
        all_of_them = [Destination(c, out[c], back[c], flows[c]) for c in out.keys() | back.keys()]
        return sorted(all_of_them, key=lambda d: (-d.bytes_out, -d.bytes_in, d.country))

    def findings(self) -> dict[str, int]:
        """Return the findings so far, by severity, the gravest first."""
        with self._lock:
            sums = self._sums("crossborder_violations_total", 2)
        return {level: sums[level] for level in reversed(LEVELS)}

    def _note_dropped(self) -> None:
        for name, series in self._series.items():
            if series.metric.labels:
                self._of("crossborder_series_dropped_total").set((name,), series.dropped)

    def _families(self) -> list[Family]:
        """Return all metrics as they stand between two batches."""
        from crossborder.publish.exposition import family

        with self._lock:
            self._note_dropped()
            return [family(self._histograms.get(m.name) or self._series[m.name]) for m in METRICS]

    def _add_books(self, batch: Batch) -> None:
        for books in batch.books:
            for name, value in BOOKS.items():
                self._of(name).follow((books.interface,), value(books))
            for reason in DropReason:
                count = books.dropped.get(reason, 0)
                self._of("crossborder_capture_dropped_packets_total").follow((books.interface, reason.value), count)
            for work in SHEDS:
                flows = books.shed.get(work, 0)
                self._of("crossborder_capture_shed_flows_total").follow((books.interface, work), flows)
            self._of("crossborder_unseen_bytes_total").add((books.interface,), 0)
            self._of("crossborder_capture_interface_up").set((books.interface,), books.interface not in batch.down)
        for limit in LIMITS:
            flows = sum(books.limited.get(limit, 0) for books in batch.books)
            self._of("crossborder_content_limited_total").follow((limit,), flows)
        shed = {_among(work, SHEDS) for work in batch.sheds}
        for work in (*SHEDS, OTHER):
            self._of("crossborder_capture_shedding").set((work,), int(work in shed))
        self._of("crossborder_capture_reader_failures_total").follow((), batch.reader_failures)
        self._of("crossborder_capture_lag_seconds").set((), batch.lag_seconds)
        self._of("crossborder_flows_active").set((), batch.flows_active)
        self._of("crossborder_ticks_total").add((), 1)
        self._of("crossborder_last_tick_timestamp_seconds").set((), batch.tick_ns / 1e9)

    def _closed_sets_at_zero(self) -> None:
        for metric in METRICS:
            if metric.kind == "counter" and not metric.labels:
                self._of(metric.name).zero([()])
        self._of("crossborder_flows_total").zero((reason.value,) for reason in EndReason)
        self._of("crossborder_publish_errors_total").zero((sink,) for sink in SINKS)
        self._of("crossborder_match_evicted_total").zero((kind,) for kind in EVICTED)
        self._of("crossborder_history_errors_total").zero((fault,) for fault in FAULTS)
        self._of("crossborder_evidence_misses_total").zero((miss,) for miss in MISSES)
        self._of("crossborder_capture_shedding").zero((work,) for work in (*SHEDS, OTHER))
        self._meet({UNKNOWN_COUNTRY})

    def _meet(self, countries: set[str]) -> None:
        """Make the series of countries met for the first time, all at zero."""
        new = sorted(countries - self._countries - {OTHER})
        self._countries.update(new)
        for found in new:
            self._of("crossborder_egress_bytes_total").zero((found, inspection.value) for inspection in Inspection)
            self._of("crossborder_egress_flows_total").zero((found, basis.value) for basis in CountryBasis)
            self._of("crossborder_ingress_bytes_total").zero([(found,)])
        self._zero_findings(new)

    def _zero_findings(self, countries: Iterable[str]) -> None:
        met = list(countries)
        rules = [rule.of_findings for rule in self._rules]
        zeros = [(*rule, found, Decision.VIOLATION.value) for found in met for rule in rules]
        decisions = [decision.value for decision in Decision]
        zeros += [(*rule, c, said) for c in met if c in self._permitted for rule in rules for said in decisions]
        self._of("crossborder_violations_total").zero(zeros)
        self._of("crossborder_violation_bytes_total").zero(zeros)


def _among(value: str, values: tuple[str, ...]) -> str:
    return value if value in values else OTHER


def _country(code: str) -> str:
    return code if re.fullmatch(r"(?:[A-Z]{2})?", code) else OTHER
