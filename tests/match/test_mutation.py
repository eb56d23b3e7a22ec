"""Mutation of rules: every mistake is made once, at its line, as a rule that runs; what no case notices survives."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from crossborder.cli import main
from crossborder.errors import CrossborderError
from crossborder.match.mutants import mutants
from crossborder.match.mutation import run_mutation
from crossborder.match.reader import read_ruleset

if TYPE_CHECKING:
    from pathlib import Path

    from tests.match.conftest import Write

BODY = """\
detection:
  tag:
    data.categories|startswith: [core, important]
  large: {data.payload_bytes|gte: 4096}
  allowed:
    destination.geo.country_iso_code|expand: '%north%'
  condition: tag and large and not allowed
"""
WEAK = """\
must_match:
  - why: Much, to another country.
    flow: {data.categories: [core], destination.geo.country_iso_code: US, data.payload_bytes: 90000}
must_not_match:
  - why: Allowed.
    flow: {data.categories: [core], destination.geo.country_iso_code: 'NO', data.payload_bytes: 90000}
"""
STRONG = """\
must_match:
  - why: Just enough, to nobody knows where.
    flow: {data.categories: [core:I.4], destination.geo.country_iso_code: ZZ, data.payload_bytes: 4096}
  - why: Important data to another country.
    flow: {data.categories: [important], destination.geo.country_iso_code: US, data.payload_bytes: 4096}
must_not_match:
  - why: One byte less.
    flow: {data.categories: [core], destination.geo.country_iso_code: US, data.payload_bytes: 4095}
  - why: Allowed.
    flow: {data.categories: [core], destination.geo.country_iso_code: 'NO', data.payload_bytes: 90000}
  - why: Nobody's.
    flow: {destination.geo.country_iso_code: US, data.payload_bytes: 90000}
"""
COUNTED = """\
  condition: port
---
title: Many
id: 00000000-0000-4000-8000-000000000099
name: many
status: test
level: high
legal: {category: none}
misses: Few.
correlation:
  type: event_count
  rules: [many_flow]
  group-by: [source.ip]
  timespan: 10m
  condition: {gte: 4}
"""


def read(write: Write, cases: str, body: str = BODY) -> Path:
    """Write a rule with its cases."""
    path = write("tried", body)
    path.with_name("tried.test.yaml").write_text(cases, encoding="utf-8")
    return path


def said(path: Path, sets: Path) -> list[tuple[int, str]]:
    """Return line and change of each mutant."""
    ruleset = read_ruleset([path], [sets])
    return [(m.line, m.what) for rule in ruleset.rules for m in mutants(rule, ruleset.sets)]


def test_every_mistake_at_its_line(write: Write, sets: Path) -> None:
    """A value, an edge, a threshold, a country, a part of the condition, a not, an or: each once."""
    allowed = "allowed: destination.geo.country_iso_code|expand: %north%"
    tag = "tag: data.categories|startswith: core, important"
    whole = "(tag and large and not allowed)"

    assert said(read(write, WEAK), sets) == [
        (12, f"{tag}: not data.categories startswith: core, important"),
        (12, f"{tag}: without core"),
        (12, f"{tag}: without important"),
        (12, f"{tag}: without |startswith"),
        (13, "large: data.payload_bytes|gte: 4096: not data.payload_bytes gte: 4096"),
        (13, "large: data.payload_bytes|gte: 4096: 8192 for 4096"),
        (13, "large: data.payload_bytes|gte: 4096: 2048 for 4096"),
        (13, "large: data.payload_bytes|gte: 4096: 4097 for 4096"),
        (13, "large: data.payload_bytes|gte: 4096: 4095 for 4096"),
        (15, f"{allowed}: not destination.geo.country_iso_code expand: %north%"),
        (15, f"{allowed}: %north% and ZZ"),
        (15, f"{allowed}: %north% and every other known country"),
        (16, "condition: without tag"),
        (16, "condition: without large"),
        (16, "condition: without not allowed"),
        (16, f"condition: or for and in {whole}"),
    ]


def test_strong_cases_kill_them_all(write: Write, sets: Path) -> None:
    """Cases at the edges leave no mistake unnoticed."""
    (outcome,) = run_mutation(read_ruleset([read(write, STRONG)], [sets]))

    assert (outcome.mutants, outcome.killed, outcome.survivors) == (16, 16, ())


def test_weak_cases_let_them_live(write: Write, sets: Path) -> None:
    """What lies far from the edges notices little."""
    (outcome,) = run_mutation(read_ruleset([read(write, WEAK)], [sets]))

    lived = {re.sub(r".*: ", "", mutant.what) for mutant in outcome.survivors}
    assert lived >= {"4097 for 4096", "2048 for 4096", "without important", "%north% and ZZ", "without tag"}
    assert outcome.killed == outcome.mutants - len(outcome.survivors) > 0


def test_patterns_and_alternatives(write: Write, sets: Path) -> None:
    """Selections joined by a pattern, and lists of mappings, are mutated part by part."""
    body = """\
    detection:
      one_a: [{destination.port: 22, network.transport: tcp}, {destination.port: 23}]
      one_b: {network.protocol: [ssh, telnet]}
      _other: {source.port: 1}
      condition: 1 of one_* and not _other
    """
    found = {what for _, what in said(read(write, WEAK, textwrap.dedent(body)), sets)}

    assert {
        "one_a: without alternative 2",
        "one_a: without destination.port: 22",
        "one_a: all of its alternatives at once",
        "one_b: network.protocol: ssh, telnet: without ssh",
        "condition: without one_a",
        "condition: and for or in (one_a or one_b)",
        "condition: without not _other",
    } <= found


def test_counts_are_mutated(write: Write, sets: Path) -> None:
    """Of a correlation the threshold, the span and the groups, and the rule that is counted."""
    head = write("many", "detection:\n  port: {destination.port: 22}\n" + COUNTED)
    head.write_text(head.read_text(encoding="utf-8").replace("name: many\n", "name: many_flow\n", 1), encoding="utf-8")
    cases = """\
    must_match:
      - why: Four within ten minutes less a second.
        flow: {source.ip: 10.0.0.1, destination.port: 22, destination.geo.country_iso_code: US}
        repeat: 4
        every: 199s
    must_not_match:
      - why: Three.
        flow: {source.ip: 10.0.0.1, destination.port: 22, destination.geo.country_iso_code: US}
        repeat: 3
      - why: Four hosts.
        flow: {source.ip: "10.0.0.{n}", destination.port: 22, destination.geo.country_iso_code: US}
        repeat: 4
      - why: Another port.
        flow: {source.ip: 10.0.0.1, destination.port: 23, destination.geo.country_iso_code: US}
        repeat: 9
    """
    head.with_name("many.test.yaml").write_text(textwrap.dedent(cases), encoding="utf-8")
    ruleset = read_ruleset([head], [sets])

    assert [what for _, what in said(head, sets) if "port" not in what] == [
        "gte: 8 for 4",
        "gte: 2 for 4",
        "gte: 5 for 4",
        "gte: 3 for 4",
        "within twice 10m",
        "within half of 10m",
        "not by source.ip",
    ]
    (outcome,) = run_mutation(ruleset)
    assert [mutant.what for mutant in outcome.survivors] == ["within twice 10m"]


def test_a_rule_whose_cases_fail_is_not_measured(write: Write, sets: Path) -> None:
    """Every mutant would look killed."""
    path = read(write, WEAK.replace("US", "SE"))

    with pytest.raises(CrossborderError, match=r"tried\.test\.yaml:1: a case fails: crossborder rules test tells"):
        list(run_mutation(read_ruleset([path], [sets])))


def test_the_command(
    write: Write, sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed and survivors on standard output, the share on standard error, exit code 2 below the least."""
    path = read(write, WEAK)
    config = tmp_path / "c.yaml"
    config.write_text(f"rules: {{sets: [{sets.name}]}}\n", encoding="utf-8")

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["crossborder", "rules", "mutate", str(path), "-c", str(config), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    code, out, err = run()
    assert code == 0
    assert out.startswith(f"{'tried':40}    7 of   16 killed\n{path}:12: survives: tag: ")
    assert err == "7 of 16 mutants killed, 43.8 %\n"
    assert run("--least", "43")[0] == 0
    assert run("--least", "44")[0] == 2
    told = json.loads(run("--json")[1])
    assert (told["rule"], told["mutants"], told["killed"], len(told["survivors"])) == ("tried", 16, 7, 9)
    assert len(run("--quiet")[1].splitlines()) == 9
