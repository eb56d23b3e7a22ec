"""The tests beside the rules are run, judged and explained; a rule without them is at fault."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from tests.match.conftest import rule_head

from crossborder.errors import CrossborderError
from crossborder.match.reader import read_ruleset
from crossborder.match.ruletests import run_tests

if TYPE_CHECKING:
    from pathlib import Path

    from tests.match.conftest import Write

    from crossborder.match.ruletests import CaseResult

RULE = """\
detection:
  core:
    data.categories|startswith: core
  allowed:
    destination.geo.country_iso_code: [VN, NO]
  condition: core and not allowed
"""


@pytest.fixture
def run(write: Write) -> Any:
    """Return a function that runs a test file beside the rule."""

    def results(cases: str, rule: str = RULE, status: str = "test") -> tuple[CaseResult, ...]:
        path = write("abroad", rule, status=status)
        path.with_name("abroad.test.yaml").write_text(textwrap.dedent(cases), encoding="utf-8")
        return run_tests(read_ruleset([path]))

    return results


def test_cases_that_hold(run: Any) -> None:
    """A flow that must match does, one that must not does not: nothing to explain, and lines to find them."""
    results = run(
        """\
        must_match:
          - why: Core data to a country that is not allowed.
            flow: {data.categories: [core:I.26], destination.geo.country_iso_code: JP}
        must_not_match:
          - why: Norway is allowed.
            flow: {data.categories: [core:I.26], destination.geo.country_iso_code: NO}
          - why: A flow as most are holds no core data.
            flow: {}
        """
    )

    assert [(r.rule, r.line, r.must_match, r.ok, r.explanation) for r in results] == [
        ("abroad", 2, True, True, ""),
        ("abroad", 5, False, True, ""),
        ("abroad", 7, False, True, ""),
    ]
    assert results[1].why == "Norway is allowed."


def test_cases_that_fail_say_why(run: Any) -> None:
    """What must match and does not names the conditions that failed; what must not and does, those that held."""
    missed, held = run(
        """\
        must_match:
          - why: Wrong.
            flow: {data.categories: [important:II.1], destination.geo.country_iso_code: NO}
        must_not_match:
          - why: Wrong too.
            flow: {data.categories: [core:I.1], destination.geo.country_iso_code: JP}
        """
    )

    assert (missed.ok, held.ok) == (False, False)
    assert missed.explanation == (
        "did not match: data.categories startswith: core fails of 'important:II.1'; "
        "destination.geo.country_iso_code not VN, NO fails of 'NO'"
    )
    assert held.explanation == (
        "matched: data.categories startswith: core holds of 'core:I.1'; "
        "destination.geo.country_iso_code not VN, NO holds of 'JP'"
    )


def test_rules_that_are_switched_off_are_tested_too(run: Any) -> None:
    """A rule that waits for its legal text must still do what it says."""
    results = run(
        """\
        must_match: [{why: Abroad., flow: {data.categories: core}}]
        must_not_match: [{why: No core., flow: {data.categories: personal}}]
        """,
        status="unsupported",
    )

    assert [r.ok for r in results] == [True, True]


COUNTED = (
    rule_head(1, "base")
    + "detection:\n  it:\n    destination.port: 22\n  condition: it\n---\n"
    + rule_head(2, "counted")
    + """\
correlation:
  type: value_count
  rules: base
  group-by: source.ip
  timespan: 10m
  condition: {gte: 5, field: destination.ip}
"""
)


def test_flows_repeat_and_number_themselves(tmp_path: Path) -> None:
    """A case of many flows: `{n}` is the number of the repetition, `every` and `at` give each its time."""
    path = tmp_path / "counted.yaml"
    path.write_text(COUNTED, encoding="utf-8")
    path.with_name("counted.test.yaml").write_text(
        textwrap.dedent("""\
        must_match:
          - why: Five addresses in five minutes.
            flow: {destination.port: 22, destination.ip: "198.51.100.{n}"}
            repeat: 5
            every: 1m
          - why: Two and three, a little later.
            flows:
              - {destination.port: 22, destination.ip: "198.51.100.{n}"}
              - {destination.port: "2{n}", destination.ip: "203.0.113.{n}", at: 8m}
              - {destination.port: 22, destination.ip: 192.0.2.1, at: 9m}
            repeat: 4
            every: 1s
        must_not_match:
          - why: The same address.
            flow: {destination.port: 22, destination.ip: 198.51.100.1}
            repeat: 50
          - why: Too slow.
            flow: {destination.port: 22, destination.ip: "198.51.100.{n}"}
            repeat: 5
            every: 150s
          - why: From five sources.
            flow: {destination.port: 22, source.ip: "10.0.0.{n}", destination.ip: "198.51.100.{n}"}
            repeat: 5
        """),
        encoding="utf-8",
    )

    results = run_tests(read_ruleset([path]))

    assert [(r.rule, r.ok, r.explanation) for r in results] == [("counted", True, "")] * 5


def test_a_threshold_that_is_not_reached_is_explained(tmp_path: Path) -> None:
    """A correlation says how many flows counted, and what was asked."""
    path = tmp_path / "counted.yaml"
    path.write_text(COUNTED, encoding="utf-8")
    path.with_name("counted.test.yaml").write_text(
        textwrap.dedent("""\
        must_match:
          - {why: Too few., flow: {destination.port: 22, destination.ip: "198.51.100.{n}"}, repeat: 4}
          - {why: None at all., flow: {destination.port: 23}, repeat: 9}
        must_not_match: [{why: Nothing., flow: {}}]
        """),
        encoding="utf-8",
    )

    few, none, _ = run_tests(read_ruleset([path]))

    assert few.explanation == (
        "did not match: 4 of 4 flows count, and value_count gte: 5 within 10m by source.ip is not reached"
    )
    assert none.explanation == "did not match: destination.port 22 fails of '23'"


def test_a_rule_without_tests_is_at_fault(write: Write, tmp_path: Path) -> None:
    """No rule without its tests."""
    with pytest.raises(CrossborderError) as caught:
        run_tests(read_ruleset([write("abroad", RULE)]))

    assert str(caught.value) == f"{tmp_path}/rules/abroad.yaml:1: has no tests: abroad.test.yaml is missing"


FINE = "{why: x, flow: {}}"
TWO_UNKNOWN = """\
must_match:
 - why: x
   flow:
    destination.prot: 1
    source.port: 70000
must_not_match:
 - why: x
   flow: {}
   every: often
"""
TEMPLATES = """\
must_match:
 - why: x
   flow: {destination.ip: '198.51.100.{n}'}
   repeat: 300
must_not_match:
 - why: x
   flows: [{at: soon}, {data.inspection: secret}]
"""
KINDS = """\
must_match:
 - why: x
   flow:
    destination.domain: 7
    file.name: [1]
    source.ip: null
    destination.geo.country_iso_code: norway
must_not_match: [{why: x, flows: [{}, {}], repeat: 60000}]
"""


@pytest.mark.parametrize(
    ("cases", "messages"),
    [
        (f"must_match: [{FINE}]", ["1: must_not_match is missing"]),
        ("must_match: []\nmust_not_match: []", ["1: must_match: at least one", "2: must_not_match: at least one"]),
        (f"must_match: [{{flow: {{}}}}]\nmust_not_match: [{FINE}]", ["1: must_match.0.why is missing"]),
        (f"must_match: [{{why: x}}]\nmust_not_match: [{FINE}]", ["1: a case has either flow or flows"]),
        (
            TWO_UNKNOWN,
            [
                "4: field 'destination.prot' is not known; did you mean 'destination.port'?",
                "5: source.port is a whole number from 0 to 65535, not 70000",
                "9: every is a duration as 500ms, 10s, 2m, 1h or 30d",
            ],
        ),
        (
            TEMPLATES,
            [
                "3: '198.51.100.300' is not an address",
                "7: at is a duration as 500ms, 10s, 2m, 1h or 30d",
                "7: data.inspection is never 'secret': cleartext, metadata, opaque",
            ],
        ),
        (KINDS.replace("60000", "100001"), ["8: must_not_match.0.repeat: at most 100000"]),
        (
            KINDS,
            [
                "4: destination.domain is text, not 7; put it in quotes",
                "5: file.name is a list of texts, not [1]",
                "6: source.ip is never unknown",
                "7: 'norway' is not an ISO 3166 alpha-2 code in capitals, as VN",
                "8: a case has at most 100000 flows",
            ],
        ),
    ],
)
def test_bad_test_files(run: Any, tmp_path: Path, cases: str, messages: list[str]) -> None:
    """What is wrong with a test file is told at its line, all at once."""
    with pytest.raises(CrossborderError) as caught:
        run(cases)

    told = str(caught.value).replace(f"{tmp_path}/rules/abroad.test.yaml:", "").splitlines()
    assert len(told) == len(messages)
    assert all(line.startswith(message) for line, message in zip(told, messages, strict=True)), told
