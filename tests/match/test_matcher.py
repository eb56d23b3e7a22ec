"""A finding opens once per rule and flow, grows while the flow sends, and closes with it."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from tests.match.conftest import rule_head

from crossborder.match import Matcher
from crossborder.match.cases import crossings
from crossborder.match.reader import read_ruleset
from crossborder.match.ruleset import Ruleset
from crossborder.model import CROSSING_SCHEMA, FINDING_SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

    from tests.match.conftest import Write

SSH = "detection:\n  it:\n    destination.port: 22\n  condition: it\n"
ABROAD = "detection:\n  home:\n    destination.geo.country_iso_code: VN\n  condition: not home\n"
BIG = "detection:\n  it:\n    source.bytes|gte: 5000\n  condition: it\n"


@pytest.fixture
def ruleset(write: Write) -> Ruleset:
    """Return three rules: by port, by country, by bytes."""
    paths = [write("ssh", SSH, number=1), write("abroad", ABROAD, number=2), write("big", BIG, number=3)]
    return read_ruleset(paths)


def report(flow: int, kind: str, total: int, delta: int, **columns: Any) -> dict[str, Any]:
    """Return one report of a flow to port 22 in Vietnam, which only the rule `ssh` finds."""
    usual = {"country": "VN", "remote_port": 22, "flow_id": flow, "report": kind}
    return {**usual, "total_bytes_out": total, "bytes_out": delta, **columns}


def batch(*reports: dict[str, Any]) -> pl.DataFrame:
    """Return a frame of reports."""
    rows = [crossings([(1, 0, {})]).with_columns(_columns(r)) for r in reports]
    return pl.concat(rows) if rows else pl.DataFrame(schema=CROSSING_SCHEMA)


def _columns(values: dict[str, Any]) -> list[pl.Expr]:
    return [pl.lit(value, CROSSING_SCHEMA[name]).alias(name) for name, value in values.items()]


def told(findings: pl.DataFrame) -> list[tuple[str, int, str, int]]:
    """Return rule, flow, phase and bytes of findings."""
    return list(findings.select("rule", "flow_id", "phase", "matched_bytes").iter_rows())


def test_the_life_of_a_finding(ruleset: Ruleset) -> None:
    """Opened with all bytes so far, continued by what is added, closed with the last: the sum is the flow's total."""
    match = Matcher(ruleset)

    assert told(match(batch(report(7, "opened", 100, 100)))) == [("ssh", 7, "opened", 100)]
    assert told(match(batch(report(7, "active", 150, 50)))) == [("ssh", 7, "continued", 50)]
    assert told(match(batch(report(7, "active", 150, 0)))) == []
    assert told(match(batch(report(7, "ended", 175, 25)))) == [("ssh", 7, "closed", 25)]
    assert match.stats().pairs == 0


def test_a_flow_that_opens_and_ends_in_one_batch(ruleset: Ruleset) -> None:
    """One report, one finding: opened only."""
    match = Matcher(ruleset)

    assert told(match(batch(report(7, "ended", 100, 100)))) == [("ssh", 7, "opened", 100)]
    assert match.stats().pairs == 0


def test_a_finding_that_opens_late_takes_all_bytes(ruleset: Ruleset) -> None:
    """A rule on a total fires when it is reached, and then counts the flow from its start."""
    match = Matcher(ruleset)
    quiet = {"remote_port": 80}

    assert told(match(batch(report(7, "opened", 4000, 4000, **quiet)))) == []
    assert told(match(batch(report(7, "active", 6000, 2000, **quiet)))) == [("big", 7, "opened", 6000)]
    assert told(match(batch(report(7, "active", 6100, 100, **quiet)))) == [("big", 7, "continued", 100)]


def test_once_found_a_flow_stays_found(ruleset: Ruleset) -> None:
    """Bytes count until the flow ends though its later reports no longer match."""
    match = Matcher(ruleset)
    match(batch(report(7, "opened", 100, 100)))

    later = match(batch(report(7, "active", 160, 60, remote_port=80)))

    assert told(later) == [("ssh", 7, "continued", 60)]
    assert later["why"].to_list() == [[]]


def test_all_rules_are_evaluated(ruleset: Ruleset) -> None:
    """No rule shadows another: the order of rules changes nothing but the order of findings."""
    frame = batch(report(7, "opened", 9000, 9000, country="US"))

    for rules in itertools.permutations(ruleset.rules):
        assert {row[0] for row in told(Matcher(Ruleset(rules))(frame))} == {"ssh", "abroad", "big"}


def test_a_finding_tells_its_rule_and_its_flow(ruleset: Ruleset) -> None:
    """A finding has the schema of the model, the flow's columns, and what the rule says of itself."""
    finding = Matcher(ruleset)(batch(report(7, "opened", 100, 100)))
    row = finding.row(0, named=True)
    rule = ruleset["ssh"]

    assert finding.schema == FINDING_SCHEMA
    assert (row["rule"], row["rule_uuid"], row["rule_title"]) == ("ssh", rule.uuid, "A rule")
    assert (row["rule_sha256"], row["severity"], row["category"]) == (rule.sha256, "high", "core")
    assert (row["decision"], row["remote_ip"], row["local_port"]) == ("violation", "198.51.100.7", 50_000)


def test_why_tells_the_conditions_that_held(write: Write, sets: Path) -> None:
    """Each condition that made the rule true is told with the flow's value; the others are not."""
    body = """\
        detection:
          it:
            data.categories|startswith: core
            source.bytes|gte: 100
          any_sign:
            - destination.port: [22, 23]
            - destination.domain|contains: [tun, vpn]
          allowed:
            destination.geo.country_iso_code|expand: '%north%'
          condition: it and any_sign and not allowed
        """
    match = Matcher(read_ruleset([write("reasons", body)], [sets]))

    found = match(batch(report(7, "opened", 100, 100, categories=["personal", "core:I.26"], server_name=None)))

    assert found["why"].to_list() == [
        [
            {"field": "data.categories", "test": "startswith: core", "value": "personal, core:I.26"},
            {"field": "source.bytes", "test": "gte: 100", "value": "100"},
            {"field": "destination.port", "test": "22, 23", "value": "22"},
            {"field": "destination.geo.country_iso_code", "test": "not expand: %north%", "value": "VN"},
        ]
    ]


def test_what_the_wire_says_is_bounded_in_why(write: Write) -> None:
    """A name of any length is quoted to a limit."""
    body = "detection:\n  it:\n    url.path|exists: true\n  condition: it\n"
    match = Matcher(read_ruleset([write("long_path", body)]))

    why = match(batch(report(7, "opened", 1, 1, http_path="/" + "é" * 5000)))["why"].to_list()

    assert why == [[{"field": "url.path", "test": "exists: true", "value": "/" + "é" * 511}]]


def test_ids_of_findings_are_stable_and_differ(ruleset: Ruleset) -> None:
    """The same rule and flow give the same id in every run; another rule or flow gives another."""
    frame = batch(report(7, "opened", 9000, 9000), report(8, "opened", 9000, 9000))

    first, second = (Matcher(ruleset)(frame).select("rule", "flow_id", "finding_id") for _ in range(2))

    assert first.equals(second)
    assert first["finding_id"].n_unique() == first.height == 4
    assert first.filter(rule="ssh", flow_id=7)["finding_id"].item() == "20ae93ab5b52b7f1"
    later = Matcher(ruleset)
    opened = later(frame).filter(rule="ssh", flow_id=7)
    continued = later(batch(report(7, "active", 9001, 1))).filter(rule="ssh")
    assert opened["finding_id"].item() == continued["finding_id"].item()


def test_only_crossings_are_matched(ruleset: Ruleset) -> None:
    """Transit and domestic flows are passed over."""
    frame = batch(report(1, "opened", 9, 9, scope="transit"), report(2, "opened", 9, 9, scope="domestic"))

    assert Matcher(ruleset)(frame).is_empty()


def test_the_interface_does_not_matter(ruleset: Ruleset) -> None:
    """The same flow seen on three interfaces is found on each."""
    frame = batch(*(report(at, "opened", 9, 9, interface=name) for at, name in enumerate(("eth0", "view0", "bond0.7"))))

    assert Matcher(ruleset)(frame)["interface"].to_list() == ["eth0", "view0", "bond0.7"]


def test_disabled_rules_find_nothing(write: Write) -> None:
    """A rule disabled by name, or by its status, is read and never fires; the others do."""
    paths = [
        write("loud", SSH, number=1),
        write("quiet", SSH, number=2),
        write("retired", SSH, number=3, status="deprecated"),
        write("planned", SSH, number=4, status="unsupported"),
        write("fresh", SSH, number=5, status="experimental"),
    ]
    ruleset = read_ruleset(paths, disable=["quiet"])

    found = Matcher(ruleset)(batch(report(7, "opened", 9, 9)))

    assert len(ruleset.rules) == 5
    assert found["rule"].to_list() == ["loud", "fresh"]


def test_several_reports_of_a_flow_in_one_batch(ruleset: Ruleset) -> None:
    """Recorded flows come with all their reports at once: the first match opens, the rest continue and close."""
    frame = batch(
        report(7, "opened", 10, 10, remote_port=80),
        report(8, "opened", 5, 5),
        report(7, "active", 30, 20),
        report(7, "active", 60, 30),
        report(8, "ended", 6, 1),
        report(7, "ended", 100, 40),
    )
    match = Matcher(ruleset)

    assert told(match(frame)) == [
        ("ssh", 8, "opened", 5),
        ("ssh", 7, "opened", 30),
        ("ssh", 7, "continued", 30),
        ("ssh", 8, "closed", 1),
        ("ssh", 7, "closed", 40),
    ]
    assert match.stats().pairs == 0


def test_bytes_of_a_finding_are_the_bytes_of_its_flow(ruleset: Ruleset) -> None:
    """Whatever the reports, the sum over a finding is what the flow sent in all."""
    match = Matcher(ruleset)
    sums: dict[int, int] = {}
    totals = dict.fromkeys(range(20), 0)
    for step in range(12):
        reports = []
        for flow in totals:
            delta = (flow + 1) * (step * 37 % 11) * 9
            totals[flow] += delta
            kind = "opened" if step == 0 else "ended" if step == 11 else "active"
            reports.append(report(flow, kind, totals[flow], delta, remote_port=80))
        for _, flow, _, size in told(match(batch(*reports))):
            sums[flow] = sums.get(flow, 0) + size

    assert sums == {flow: total for flow, total in totals.items() if total >= 5000}
    assert 0 < len(sums) < len(totals)


def test_memory_is_bounded_and_forgetting_is_counted(ruleset: Ruleset) -> None:
    """Beyond the limit the oldest pairs are forgotten; such a flow opens again, under the same id."""
    match = Matcher(ruleset, max_pairs=3)
    first = match(batch(*(report(flow, "opened", 9, 9) for flow in range(5))))

    assert match.stats().pairs == 3
    assert match.stats().pairs_forgotten == 2
    again = match(batch(*(report(flow, "active", 10, 1) for flow in range(5))))
    assert sorted(again.filter(pl.col("phase") == "opened")["flow_id"]) == sorted({0, 1, 2, 3, 4} - _kept(again))
    assert set(again["finding_id"]) == set(first["finding_id"])


def _kept(findings: pl.DataFrame) -> set[int]:
    return set(findings.filter(pl.col("phase") == "continued")["flow_id"])


def test_replacing_the_ruleset_keeps_what_did_not_change(write: Write) -> None:
    """An unchanged rule goes on with its findings, wherever it stands; a changed or new rule starts anew."""
    kept, changed = write("kept", SSH, number=1), write("changed", SSH, number=2)
    match = Matcher(read_ruleset([kept, changed]))
    match(batch(report(7, "opened", 100, 100)))

    changed.write_text(changed.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
    match.replace(read_ruleset([write("added", SSH, number=3), changed, kept]))
    found = told(match(batch(report(7, "active", 130, 30))))

    assert found == [("added", 7, "opened", 130), ("changed", 7, "opened", 130), ("kept", 7, "continued", 30)]


def test_a_rule_taken_away_is_silent(ruleset: Ruleset) -> None:
    """After replacement by fewer rules nothing is told of the others, and memory holds nothing of them."""
    match = Matcher(ruleset)
    match(batch(report(7, "opened", 100, 100)))
    match.replace(Ruleset(tuple(dataclasses.replace(rule, enabled=False) for rule in ruleset.rules)))

    assert told(match(batch(report(7, "active", 130, 30)))) == []
    assert match.stats().pairs == 0


def test_empty_batches_and_rulesets(ruleset: Ruleset) -> None:
    """No flows or no rules: no findings, with the right columns."""
    assert Matcher(ruleset)(batch()).schema == FINDING_SCHEMA
    assert Matcher(Ruleset(()))(batch(report(7, "opened", 1, 1))).schema == FINDING_SCHEMA


def test_repeated_batches_do_no_harm(ruleset: Ruleset) -> None:
    """The same batch twice does not open a living flow's finding twice."""
    match = Matcher(ruleset)
    frame = batch(report(7, "opened", 100, 100))

    assert [phase for _, _, phase, _ in told(match(frame)) + told(match(frame))] == ["opened", "continued"]


def test_rules_in_shadow_are_counted_and_silent(write: Write) -> None:
    """As `count` has it; `off` does not evaluate them, `alert` lets them speak."""
    paths = [write("loud", SSH, number=1), write("fresh", SSH, number=5, status="experimental")]
    told = {}
    for shadow in ("count", "off", "alert"):
        matcher = Matcher(read_ruleset(paths, shadow=shadow))
        found = matcher(batch(report(7, "opened", 9, 9), report(8, "opened", 9, 9)))
        told[shadow] = (found["rule"].unique().sort().to_list(), matcher.stats().shadow)

    assert told == {
        "count": (["loud"], {("fresh", "core", "high"): 2}),
        "off": (["loud"], {}),
        "alert": (["fresh", "loud"], {}),
    }


def test_a_rule_that_leaves_the_shadow_speaks_of_what_lives(write: Write) -> None:
    """Its text is the same; what it saw in shadow is not held to be told."""
    path = write("fresh", SSH, status="experimental")
    matcher = Matcher(read_ruleset([path], shadow="count"))
    silent = matcher(batch(report(7, "opened", 9, 9)))
    matcher.replace(read_ruleset([path], shadow="alert"))

    assert silent.is_empty()
    assert matcher(batch(report(7, "active", 18, 9)))["phase"].to_list() == ["opened"]


def test_a_correlation_in_shadow_is_no_part_of_sums_over_gateways(write: Write) -> None:
    """Else an exported alert would count what nobody is told."""
    base = rule_head(8, "many_flow", "experimental") + SSH
    counted = "correlation: {type: event_count, rules: [many_flow], timespan: 1h, condition: {gte: 1}}\n"
    path = write("many", counted, number=9, status="experimental")
    path.write_text(f"{base}\n---\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    ruleset = read_ruleset([path], shadow="count")
    matcher = Matcher(ruleset)

    found = matcher(batch(report(7, "opened", 9, 9)))

    assert (found.height, matcher.stats().counted, matcher.stats().shadow) == (0, {}, {("many", "core", "high"): 1})
    assert (ruleset.enabled, len(ruleset.evaluated)) == ((), 1)
