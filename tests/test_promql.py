"""The reader of queries finds what Prometheus would pass over in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.promql import exported, faults, metrics, pairs, recorded

from crossborder.publish.catalogue import METRICS

if TYPE_CHECKING:
    from crossborder.publish.series import Metric

KNOWN = exported()
INFO = "on (instance, job) group_left (gateway, unit) crossborder_gateway_info"


@pytest.mark.parametrize(
    "query",
    [
        'sum by (instance, country) (rate(crossborder_egress_bytes_total{inspection=~"opaque|metadata"}[5m]))',
        f"(crossborder_permit_used_ratio > 1) * {INFO}",
        f"sum by (gateway, permit) (crossborder_permit_used_ratio * {INFO})",
        "histogram_quantile(0.99, sum by (le, stage) (rate(crossborder_tick_seconds_bucket[1h])))",
        'sum by (database) (label_replace(up, "database", "$1", "job", "(.*)"))',
        'increase(crossborder_egress_bytes_total{instance=~"$instance"}[$__rate_interval])',
        'crossborder_violations_total{category="$category", decision!="permitted"}',
        "absent(crossborder_gateway_info) or 0 * (up unless on (instance, job) crossborder_gateway_info)",
        'sum by (job) ({__name__=~"crossborder_capture_.*_total"})',
        "max_over_time(crossborder_capture_lag_seconds[1h:1m]) - time()",
        'count_values("version", crossborder_flows_active)',
    ],
)
def test_a_query_of_what_exists_has_no_fault(query: str) -> None:
    """What can be answered is not complained of."""
    assert faults(query, KNOWN) == []


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("rate(crossborder_egress_byte_total[5m])", "no metric crossborder_egress_byte_total"),
        ('{__name__="crossborder_egress"}', 'no metric {__name__="crossborder_egress"}'),
        ('crossborder_egress_bytes_total{land="SG"}', "no label land in crossborder_egress_bytes_total"),
        ('crossborder_violations_total{decision="overun"}', "decision is never 'overun'"),
        ('crossborder_violations_total{decision!="permited"}', "decision is never 'permited'"),
        ('crossborder_violations_total{category=~"core|importent"}', "category is never 'importent'"),
        ("sum by (interface) (crossborder_flows_active)", "no label interface in sum"),
        ("sum without (reasn) (crossborder_capture_dropped_packets_total)", "no label reasn in sum"),
        ("topk by (permit) (1, up)", "no label permit in topk"),
        ("sum by (rule) (sum by (instance) (crossborder_violations_total))", "no label rule in sum"),
        ("up * on (gateway) crossborder_gateway_info", "no label gateway in left of *"),
        ("crossborder_gateway_info unless on (unit) up", "no label unit in right of unless"),
        ("up * on (job) group_left (gate) crossborder_gateway_info", "no label gate in the one side of group"),
        ("crossborder_gateway_info * on (job) group_right (gate) up", "no label gate in the one side of group"),
        ("rate(crossborder_capture_lag_seconds[5m])", "rate() of crossborder_capture_lag_seconds, which is a gauge"),
        ("deriv(crossborder_ticks_total[5m])", "deriv() of crossborder_ticks_total, which is a counter"),
        ("sum(rate(crossborder_tick_seconds[5m]))", "no metric crossborder_tick_seconds"),
        ("max_over_time(crossborder_flow_active[1h:1m])", "no metric crossborder_flow_active"),
        ("-crossborder_flow_active", "no metric crossborder_flow_active"),
    ],
)
def test_what_does_not_exist_is_found(query: str, fault: str) -> None:
    """A wrong metric, label, value or use is told, wherever in a query it stands."""
    assert faults(query, KNOWN) == [fault]


def test_a_recorded_name_has_the_labels_of_its_query() -> None:
    """What a recording rule drops nobody can ask for; only of a counter's sum by target there is a rate."""
    rules = [
        ("a:b:sum", "sum by (instance, job, rule) (crossborder_violations_total)"),
        ("a:c:sum", "sum without (job) (a:b:sum)"),
    ]
    known = KNOWN | recorded(rules, KNOWN)

    assert known["a:c:sum"].labels == {"instance", "rule"}
    assert faults("sum by (rule) (a:c:sum)", known) == []
    assert faults("sum by (country) (a:c:sum)", known) == ["no label country in sum"]
    assert faults("rate(a:b:sum[5m])", known) == []
    assert faults("rate(a:c:sum[5m])", known) == ["rate() of a:c:sum, which is a recorded"]


def test_what_a_query_names() -> None:
    """Metrics with the labels of their matchers; labels of modifiers stand alone."""
    query = (
        'sum by (unit) (rate(crossborder_egress_bytes_total{country="SG"}[5m]) * on (instance) group_left (unit) up)'
    )

    assert metrics(query) == {"crossborder_egress_bytes_total", "up"}
    assert pairs(query) >= {("crossborder_egress_bytes_total", "country"), ("", "instance"), ("", "unit")}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_example_queries_of_the_page_have_no_fault(metric: Metric) -> None:
    """Each query of docs/METRICS.md asks for what exists."""
    assert faults(metric.query, KNOWN) == []
