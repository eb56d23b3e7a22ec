"""Correlations count flows, values and bytes of a group in a sliding span, once each, in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.match.conftest import rule_head

from crossborder.match import Matcher
from crossborder.match.cases import START_NS, crossings
from crossborder.match.conditions import Op, Test
from crossborder.match.correlate import BUCKETS, Correlator
from crossborder.match.reader import read_ruleset
from crossborder.match.ruleset import Correlation, Legal, Rule, Ruleset
from crossborder.model import CROSSING_SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.match.ruleset import Comparison, CorrelationType

MINUTE = 60 * 10**9


class Correlating(Protocol):
    """Makes a matcher of one correlation over flows to port 22."""

    def __call__(self, correlation: str, max_groups: int = ...) -> Matcher:
        """Take the lines below `correlation:`, `rules` left out."""


@pytest.fixture
def correlating(tmp_path: Path) -> Correlating:
    """Return a function that makes a matcher of a correlation."""

    def made(correlation: str, max_groups: int = 100) -> Matcher:
        base = rule_head(1, "ssh") + "detection:\n  it:\n    destination.port: 22\n  condition: it\n"
        lines = "".join(f"  {line.strip()}\n" for line in correlation.strip().splitlines())
        path = tmp_path / "counted.yaml"
        path.write_text(f"{base}---\n{rule_head(2, 'counted')}correlation:\n  rules: ssh\n{lines}", encoding="utf-8")
        return Matcher(read_ruleset([path]), max_groups)

    return made


def flow(number: int, at: float, total: int = 100, delta: int | None = None, **columns: Any) -> dict[str, Any]:
    """Return one report of a flow to port 22, `at` minutes after the start."""
    values = {
        "flow_id": number,
        "report": "opened",
        "total_bytes_out": total,
        "bytes_out": total if delta is None else delta,
    }
    return {**values, "last_ns": START_NS + int(at * MINUTE), "remote_port": 22, **columns}


def batch(*reports: dict[str, Any]) -> pl.DataFrame:
    """Return a frame of reports, in order."""
    usual = crossings([(1, 0, {})]).row(0, named=True)
    return pl.DataFrame([{**usual, **r} for r in reports], schema=CROSSING_SCHEMA)


def told(findings: pl.DataFrame) -> list[tuple[int, str, int]]:
    """Return flow, phase and bytes of findings."""
    return list(findings.select("flow_id", "phase", "matched_bytes").iter_rows())


COUNT = """
    type: event_count
    group-by: source.ip
    timespan: 10m
    condition: {gte: 3}
"""


def test_the_event_that_reaches_the_threshold_opens(correlating: Correlating) -> None:
    """Flows of one source are counted, over batches; the third opens with the bytes of all three."""
    match = correlating(COUNT)

    assert told(match(batch(flow(1, 0), flow(2, 1), flow(3, 1, local_ip="10.0.0.9")))) == []
    found = match(batch(flow(4, 2), flow(5, 3)))

    assert told(found) == [(4, "opened", 300), (5, "continued", 100)]
    assert set(found["rule"]) == {"counted"}
    assert found["why"].to_list()[0] == [
        {"field": "destination.port", "test": "22", "value": "22"},
        {"field": "events", "test": "event_count gte: 3 within 10m by source.ip", "value": "3"},
    ]
    assert found["finding_id"].n_unique() == 1


def test_counted_rules_make_no_findings_of_their_own(correlating: Correlating, tmp_path: Path) -> None:
    """Unless the correlation says `generate`."""
    assert correlating(COUNT)(batch(flow(1, 0))).is_empty()

    match = correlating(COUNT + "    generate: true\n")
    found = match(batch(flow(1, 0), flow(2, 1), flow(3, 2)))
    assert found.group_by("rule").len().sort("rule").rows() == [("counted", 1), ("ssh", 3)]
    assert [rule.name for rule in read_ruleset([tmp_path / "counted.yaml"]).rules] == ["ssh", "counted"]


def test_what_lies_before_the_span_does_not_count(correlating: Correlating) -> None:
    """Exactly one span ago is out, a moment less is in; within a batch and over batches."""
    assert told(correlating(COUNT)(batch(flow(1, 0), flow(2, 5), flow(3, 10)))) == []
    assert told(correlating(COUNT)(batch(flow(1, 0.01), flow(2, 5), flow(3, 10)))) == [(3, "opened", 300)]

    match = correlating(COUNT)
    match(batch(flow(1, 0)))
    match(batch(flow(2, 5)))
    assert told(match(batch(flow(3, 10)))) == []


def test_a_long_flow_counts_once(correlating: Correlating) -> None:
    """Later reports of a flow are no events; their bytes belong to the finding that is open."""
    match = correlating(COUNT)
    match(batch(flow(1, 0), flow(2, 0)))

    assert told(match(batch(flow(1, 1, 150, 50, report="active")))) == []
    assert told(match(batch(flow(3, 2)))) == [(3, "opened", 350)]
    assert told(match(batch(flow(1, 3, 160, 10, report="ended"), flow(2, 3, 100, 0, report="ended")))) == [
        (1, "continued", 10)
    ]


def test_one_finding_per_group_and_span(correlating: Correlating) -> None:
    """Repeats within the span continue the finding, with their bytes; after it a new one opens, with another id."""
    match = correlating(COUNT)
    first = match(batch(*(flow(at, at) for at in range(10))))
    second = match(batch(*(flow(at, at) for at in range(10, 16))))

    assert [phase for _, phase, _ in told(first)] == ["opened"] + ["continued"] * 7
    assert told(second) == [(10, "continued", 100), (11, "continued", 100), (12, "opened", 100)] + [
        (at, "continued", 100) for at in range(13, 16)
    ]
    assert first["finding_id"].n_unique() == 1
    assert second["finding_id"].n_unique() == 2
    assert sum(size for _, _, size in told(first) + told(second)) == 1600


def test_groups_do_not_mix(correlating: Correlating) -> None:
    """Each combination of the group's fields counts for itself; an unknown value is a group too."""
    match = correlating("type: event_count\ngroup-by: [source.ip, local.system]\ntimespan: 10m\ncondition: {gte: 2}")

    found = match(
        batch(
            flow(1, 0, system="a"),
            flow(2, 1, system="b"),
            flow(3, 2, system="a", local_ip="10.0.0.9"),
            flow(4, 3, system=None),
            flow(5, 4, system=None),
            flow(6, 5, system="b"),
        )
    )

    assert told(found) == [(5, "opened", 200), (6, "opened", 200)]


def test_without_group_by_all_is_one_group(correlating: Correlating) -> None:
    """Flows of all sources are counted together."""
    match = correlating("type: event_count\ntimespan: 10m\ncondition: {gte: 2}")

    assert told(match(batch(flow(1, 0), flow(2, 1, local_ip="10.0.0.9")))) == [(2, "opened", 200)]


SUM = """
    type: value_sum
    group-by: source.ip
    timespan: 10m
    condition: {gte: 1000, field: source.bytes}
"""


def test_totals_are_counted_by_their_growth(correlating: Correlating) -> None:
    """A flow that is reported again adds what it sent since, not its total once more."""
    match = correlating(SUM)

    assert told(match(batch(flow(1, 0, 400)))) == []
    assert told(match(batch(flow(1, 1, 700, 300, report="active")))) == []
    assert told(match(batch(flow(1, 2, 999, 299, report="active")))) == []
    found = match(batch(flow(1, 3, 1000, 1, report="active")))
    assert told(found) == [(1, "opened", 1000)]
    assert found["why"].to_list()[0][-1] == {
        "field": "source.bytes",
        "test": "value_sum gte: 1000 within 10m by source.ip",
        "value": "1000",
    }
    assert told(match(batch(flow(1, 4, 1500, 500, report="ended")))) == [(1, "continued", 500)]


def test_growth_within_one_batch(correlating: Correlating) -> None:
    """Several reports of a flow in one batch add up to its total."""
    match = correlating(SUM)

    found = match(batch(flow(1, 0, 400), flow(1, 1, 900, 500, report="active"), flow(1, 2, 1100, 200, report="ended")))

    assert told(found) == [(1, "opened", 1100)]


def test_totals_without_a_delta_column_grow_too(correlating: Correlating) -> None:
    """Uploaded bytes, which are only told as a total, are summed by their growth."""
    match = correlating(SUM.replace("source.bytes", "http.request.body.bytes"))

    assert told(match(batch(flow(1, 0, http_upload_bytes=None)))) == []
    assert told(match(batch(flow(1, 1, http_upload_bytes=600, report="active")))) == []
    assert told(match(batch(flow(1, 2, http_upload_bytes=600, report="active")))) == []
    assert [t[:2] for t in told(match(batch(flow(1, 3, http_upload_bytes=1000, report="active"))))] == [(1, "opened")]


DISTINCT = """
    type: value_count
    group-by: source.ip
    timespan: 10m
    condition: {gte: 3, field: destination.ip}
"""


def test_different_values_are_counted(correlating: Correlating) -> None:
    """The same value counts once within a span, however often and in how many batches it comes."""
    match = correlating(DISTINCT)

    assert told(match(batch(*(flow(at, 0, remote_ip="198.51.100.1") for at in range(5))))) == []
    assert told(match(batch(flow(5, 1, remote_ip="198.51.100.2"), flow(6, 2, remote_ip="198.51.100.2")))) == []
    assert told(match(batch(flow(7, 3, remote_ip="198.51.100.3")))) == [(7, "opened", 800)]


def test_a_value_counts_from_when_it_was_last_seen(correlating: Correlating) -> None:
    """A value seen again stays in the span; one not seen for a span leaves it."""
    match = correlating(DISTINCT)
    match(batch(flow(1, 0, remote_ip="198.51.100.1"), flow(2, 0, remote_ip="198.51.100.2")))
    match(batch(flow(3, 6, remote_ip="198.51.100.1")))

    assert told(match(batch(flow(4, 11, remote_ip="198.51.100.3")))) == []
    assert [t[:2] for t in told(match(batch(flow(5, 12, remote_ip="198.51.100.2"))))] == [(5, "opened")]


def test_values_of_lists_count_one_by_one(correlating: Correlating) -> None:
    """Each name a flow asks is a value; names told before are not told anew when the list grows."""
    match = correlating(DISTINCT.replace("destination.ip", "dns.question.name"))

    assert told(match(batch(flow(1, 0, dns_query=["a", "b"])))) == []
    assert told(match(batch(flow(1, 11, 100, 0, dns_query=["a", "b", "c"], report="active")))) == []
    found = match(batch(flow(1, 12, 100, 0, dns_query=["a", "b", "c", "d", "e"], report="active")))
    assert [t[:2] for t in told(found)] == [(1, "opened")]


def test_a_value_known_late_counts_then(correlating: Correlating) -> None:
    """A flow whose name is not known when it is first found counts when it is; an unknown value is none."""
    match = correlating(DISTINCT.replace("destination.ip", "destination.domain"))
    match(batch(flow(1, 0, server_name="a"), flow(2, 0, server_name="b"), flow(3, 0), flow(4, 0)))

    assert [t[:2] for t in told(match(batch(flow(3, 1, server_name="c", report="active"))))] == [(3, "opened")]


@pytest.mark.parametrize(
    ("condition", "opens"),
    [("gt: 2", 3), ("gte: 2", 2), ("eq: 2", 2), ("lt: 3", 1), ("lte: 1", 1), ("neq: 1", 2), ("gte: 1.5", 2)],
)
def test_comparisons(correlating: Correlating, condition: str, opens: int) -> None:
    """The threshold is judged at each event: which of three events opens the finding."""
    match = correlating(f"type: event_count\ntimespan: 10m\ncondition: {{{condition}}}")

    opened = match(batch(flow(1, 0), flow(2, 1), flow(3, 2))).filter(pl.col("phase") == "opened")

    assert opened["flow_id"].to_list() == [opens]


def test_groups_are_bounded(correlating: Correlating) -> None:
    """Beyond the limit the groups idle the longest are forgotten, and counted."""
    match = correlating(COUNT, max_groups=3)
    match(batch(*(flow(at, at / 10, local_ip=f"10.0.0.{at}") for at in range(1, 6))))

    stats = match.stats()
    assert stats.groups == {"counted": 3}
    assert stats.groups_evicted == {"counted": 2}
    again = match(batch(*(flow(10 * k + at, 1, local_ip=f"10.0.0.{at}") for k in (1, 2) for at in range(1, 6))))
    assert sorted(again.filter(pl.col("phase") == "opened")["local_ip"]) == ["10.0.0.3", "10.0.0.4", "10.0.0.5"]


def test_idle_groups_are_let_go(correlating: Correlating) -> None:
    """A group that was quiet for a span takes no memory."""
    match = correlating(COUNT)
    match(batch(*(flow(at, 0, local_ip=f"10.0.0.{at}") for at in range(1, 6))))
    match(batch(flow(9, 11)))

    assert match.stats().groups == {"counted": 1}
    assert match.stats().groups_evicted == {"counted": 0}


def test_a_flood_of_values_is_bounded(correlating: Correlating) -> None:
    """Of a group no more values are kept than the threshold can tell apart; it still opens again after the span."""
    match = correlating(DISTINCT.replace("gte: 3", "gte: 50"))
    for minute in range(12):
        match(batch(*(flow(1000 * minute + at, minute, remote_ip=f"198.51.{minute}.{at % 250}") for at in range(500))))

    (correlator,) = match._findings.correlators.values()
    assert correlator._points.height <= 52
    assert match(batch(flow(99_999, 12))).filter(pl.col("phase") == "opened").height <= 1


def test_buckets_are_bounded(correlating: Correlating) -> None:
    """However many flows a group has, no more than a row per bucket is kept of it."""
    match = correlating(COUNT.replace("gte: 3", "gte: 100000"))
    for minute in range(30):
        match(batch(*(flow(1000 * minute + at, minute + at / 500) for at in range(500))))

    (correlator,) = match._findings.correlators.values()
    assert correlator._points.height <= BUCKETS + 1
    assert correlator._sizes.height <= BUCKETS + 1


def test_a_late_report_counts_at_the_groups_newest_moment(correlating: Correlating) -> None:
    """A flow told after the idle time-out is not lost to the count."""
    match = correlating(COUNT)
    match(batch(flow(1, 8), flow(2, 9)))

    assert told(match(batch(flow(3, 7)))) == [(3, "opened", 300)]


def test_order_within_a_batch_does_not_matter(correlating: Correlating) -> None:
    """Events are put in the order of their time."""
    flows = [flow(1, 5), flow(2, 0), flow(3, 3), flow(4, 4)]

    found = [
        correlating(COUNT)(batch(*order)) for order in (flows, flows[::-1], sorted(flows, key=lambda f: f["last_ns"]))
    ]

    assert {tuple(sorted(told(f))) for f in found} == {((1, "continued", 100), (4, "opened", 300))}


def test_a_clock_that_steps_back_starts_the_count_anew(correlating: Correlating) -> None:
    """After a step of more than the span nothing of before counts, and counting works."""
    match = correlating(COUNT)
    match(batch(flow(1, 1000), flow(2, 1000)))

    assert told(match(batch(flow(3, 0), flow(4, 0)))) == []
    assert told(match(batch(flow(5, 1)))) == [(5, "opened", 300)]


def test_a_repeated_batch_counts_nothing_twice(correlating: Correlating) -> None:
    """A batch that comes again while its flows live adds neither flows nor growth."""
    for correlation in (COUNT, SUM):
        match = correlating(correlation)
        frame = batch(flow(1, 0, 450), flow(2, 1, 450))
        assert [told(match(frame)) for _ in range(4)] == [[], [], [], []]


def test_an_unchanged_correlation_keeps_counting_over_a_reload(correlating: Correlating, tmp_path: Path) -> None:
    """Replacing the ruleset by the same text keeps the count."""
    match = correlating(COUNT)
    match(batch(flow(1, 0), flow(2, 1)))
    match.replace(read_ruleset([tmp_path / "counted.yaml"]))

    assert told(match(batch(flow(3, 2)))) == [(3, "opened", 300)]


# Against a slow counter that walks events one by one.

SPAN = 24


def rule_of(kind: CorrelationType, op: Comparison, threshold: int, group_by: tuple[str, ...]) -> Rule:
    """Return a correlation rule over all flows whose span is as many nanoseconds as there are buckets."""
    field = {"event_count": None, "value_count": "destination.domain", "value_sum": "source.bytes"}[kind]
    correlation = Correlation(kind, ("base",), group_by, "24", SPAN, op, threshold, field)
    template = read_template()
    return Rule(**{**template, "tree": Test("source.ip", Op.EXISTS), "correlation": correlation})


def read_template() -> dict[str, Any]:
    """Return the facts of a rule that do not matter here."""
    return {
        "name": "counted",
        "uuid": "00000000-0000-4000-8000-000000000002",
        "title": "A rule",
        "level": "high",
        "status": "test",
        "legal": Legal("", None, None, "none", None, None),
        "evidence": None,
        "description": "",
        "misses": "",
        "falsepositives": (),
        "references": (),
        "path": "",
        "line": 1,
        "sha256": "",
        "enabled": True,
    }


class Slow:
    """Counts as the module says, walking events one by one."""

    def __init__(self, kind: CorrelationType, op: Comparison, threshold: int) -> None:
        """Start with nothing."""
        self.kind, self.op, self.threshold = kind, op, threshold
        self.seen: dict[str, list[tuple[int, int, str | None]]] = {}
        self.unspent: dict[str, list[tuple[int, int]]] = {}
        self.open: dict[str, int] = {}

    def event(self, key: str, time: int, size: int, value: str | None) -> tuple[str, int] | None:
        """Take an event; return phase and bytes if it is told."""
        seen = self.seen.setdefault(key, [])
        seen.append((time, size, value))
        self.unspent.setdefault(key, []).append((time, size))
        if key in self.open and time < self.open[key] + SPAN:
            self.unspent[key].pop()
            return ("continued", size) if size else None
        if not self._meets([e for e in seen if time - SPAN < e[0] <= time], seen[-1]):
            return None
        self.open[key] = time
        total = sum(size for at, size in self.unspent[key] if time - SPAN < at)
        self.unspent[key] = []
        return "opened", total

    def _meets(self, window: list[tuple[int, int, str | None]], event: tuple[int, int, str | None]) -> bool:
        if self.kind == "value_count" and event[2] is None:
            return False
        if self.kind == "value_sum" and event[1] == 0:
            return False
        count = {
            "event_count": len(window),
            "value_count": len({value for _, _, value in window if value is not None}),
            "value_sum": sum(size for _, size, _ in window),
        }[self.kind]
        return {
            "gt": count > self.threshold,
            "gte": count >= self.threshold,
            "lt": count < self.threshold,
            "lte": count <= self.threshold,
            "eq": count == self.threshold,
            "neq": count != self.threshold,
        }[self.op]


events = st.lists(
    st.tuples(
        st.integers(0, 9),  # time since the event before
        st.sampled_from("ab"),  # group
        st.integers(0, 3),  # bytes
        st.none() | st.sampled_from("xyz"),  # value
        st.booleans(),  # a new batch begins here
    ),
    max_size=25,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    events,
    st.sampled_from(["event_count", "value_count", "value_sum"]),
    st.sampled_from(["gt", "gte", "eq", "lt"]),
    st.integers(0, 4),
)
def test_correlations_agree_with_a_slow_counter(
    given_events: list[tuple[int, str, int, str | None, bool]], kind: CorrelationType, op: Comparison, threshold: int
) -> None:
    """Openings, continuations and their bytes are those of a counter that walks events, however they are batched."""
    slow = Slow(kind, op, threshold)
    expected: list[tuple[int, str, int]] = []
    batches: list[list[dict[str, Any]]] = [[]]
    now = 1000
    for number, (step, key, size, value, fresh) in enumerate(given_events):
        now += max(step, 1)  # simultaneous events have no order to compare
        if fresh:
            batches.append([])
        batches[-1].append(flow(number, 0, size, size, last_ns=now, local_ip=key, server_name=value))
        if (said := slow.event(key, now, size, value)) is not None:
            expected.append((number, *said))

    match = Matcher(Ruleset((rule_of(kind, op, threshold, ("source.ip",)),)))
    found = [line for reports in batches for line in told(match(batch(*reports)))]

    assert found == expected


def test_a_rule_without_a_correlation_is_refused() -> None:
    """A correlator is made of a correlation only."""
    rule = Rule(**{**read_template(), "tree": Test("source.ip", Op.EXISTS), "correlation": None})

    with pytest.raises(ValueError, match="counted"):
        Correlator(rule, 10)
