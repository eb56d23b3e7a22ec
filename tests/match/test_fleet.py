"""What correlations count is summed by labels that are bounded, before any threshold, and never twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.match.conftest import rule_head
from tests.match.test_correlate import batch, flow

from crossborder.match import Matcher
from crossborder.match.fleet import not_additive
from crossborder.match.reader import read_ruleset

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.match.ruleset import Ruleset

COUNTRY, SYSTEM = "destination.geo.country_iso_code", "local.system"


def counted(folder: Path, correlation: str, port: int = 22) -> Ruleset:
    """Return the ruleset of one correlation over flows to a port."""
    base = rule_head(1, "ssh") + f"detection:\n  it:\n    destination.port: {port}\n  condition: it\n"
    path = folder / "counted.yaml"
    path.write_text(f"{base}---\n{rule_head(2, 'counted')}correlation: {{rules: ssh, {correlation}}}\n", "utf-8")
    return read_ruleset([path])


def sums(match: Matcher) -> dict[tuple[str, str], int]:
    """Return what was counted by system and country."""
    return {(system, country): n for (_, system, country), n in match.stats().counted.items()}


def reports(*flows: dict[str, Any]) -> list[dict[str, Any]]:
    """Return reports of flows, a minute apart."""
    return [flow(number, number, **columns) for number, columns in enumerate(flows, 1)]


def test_flows_are_counted_by_what_the_rule_groups_by(tmp_path: Path) -> None:
    """By country alone: the system stays empty; a flow counts once, whatever it does later, and long before four."""
    rule = f"type: event_count, group-by: {COUNTRY}, timespan: 1h, condition: {{gte: 4}}"
    match = Matcher(counted(tmp_path, rule))

    assert match(batch(*reports({"country": "SG"}, {"country": "SG", "system": "mail"}, {"country": "NO"}))).is_empty()
    assert match(batch(flow(1, 9, report="active", country="SG"))).is_empty()
    assert sums(match) == {("", "SG"): 2, ("", "NO"): 1}


def test_a_total_counts_by_its_growth(tmp_path: Path) -> None:
    """Of a flow that goes on what is new; what was sent before the rule matched is in it; no system is a group too."""
    rule = (
        f"type: value_sum, group-by: [{SYSTEM}, {COUNTRY}], timespan: 1h, condition: {{field: source.bytes, gte: 9999}}"
    )
    match = Matcher(counted(tmp_path, rule))

    match(batch(*reports({"total": 100, "delta": 40, "system": "mail", "country": "SG"}, {"country": "SG"})))
    match(batch(flow(1, 3, total=170, delta=70, report="active", system="mail", country="SG")))

    assert sums(match) == {("mail", "SG"): 170, ("", "SG"): 100}


def test_flows_by_value_where_values_are_counted(tmp_path: Path) -> None:
    """How many countries a fleet saw is asked by label, so each has a series; all systems together have one."""
    rule = f"type: value_count, timespan: 1h, condition: {{field: {COUNTRY}, gte: 9}}"
    match = Matcher(counted(tmp_path, rule))

    match(batch(*reports({"country": "SG"}, {"country": "SG", "system": "mail"}, {"country": "NO"})))

    assert sums(match) == {("", "SG"): 2, ("", "NO"): 1}


def test_sums_outlive_a_changed_rule(tmp_path: Path) -> None:
    """Counters never go back: what was counted by the rule of that name before stays in its sum."""
    rule = "type: event_count, timespan: 1h, condition: {gte: 9}"
    match = Matcher(counted(tmp_path, rule))
    match(batch(flow(1, 0)))

    match.replace(counted(tmp_path, rule, port=23))
    match(batch(flow(2, 1, remote_port=23), flow(3, 1)))

    assert sums(match) == {("", ""): 2}


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ("type: event_count, group-by: source.ip, timespan: 1h, condition: {gte: 3}", "groups by source.ip"),
        (f"type: event_count, group-by: [{COUNTRY}, local.unit], timespan: 1h, condition: {{gte: 3}}", "by local.unit"),
        ("type: value_count, timespan: 1h, condition: {field: source.ip, gte: 3}", "different values of source.ip"),
        (f"type: value_count, group-by: {COUNTRY}, timespan: 1h, condition: {{field: url.path, gte: 3}}", "url.path"),
    ],
)
def test_what_is_no_label_is_not_summed(rule: str, named: str, tmp_path: Path) -> None:
    """An address, a name or a unit in the groups or among the values: no series, and a sentence that says why."""
    ruleset = counted(tmp_path, rule)
    correlation = ruleset["counted"].correlation
    match = Matcher(ruleset)

    match(batch(*reports({"country": "SG"}, {"country": "NO"})))

    assert correlation
    assert named in (not_additive(correlation) or "")
    assert sums(match) == {}
