"""Sigma filters: what they except, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sigma.collection import SigmaCollection
from tests.match.conftest import frame_of, rule_head

from crossborder.errors import CrossborderError
from crossborder.match.export.sigma import pack
from crossborder.match.reader import read_ruleset

if TYPE_CHECKING:
    from pathlib import Path

    from tests.match.conftest import Write

    from crossborder.match.ruleset import Ruleset

SSH = "detection: {a: {network.protocol: ssh}, condition: a}\n"
FILTER = """\
title: Our backup
id: 00000000-0000-4000-8000-00000000f001
description: Contract 17.
author: head of operations
logsource: {product: crossborder, category: network_flow}
filter:
  rules: [remote]
  backup: {destination.ip: 203.0.113.9}
  condition: not backup
"""
BACKUP: dict[str, object] = {"network.protocol": "ssh", "destination.ip": "203.0.113.9"}
OTHER: dict[str, object] = {"network.protocol": "ssh", "destination.ip": "203.0.113.8"}


@pytest.fixture
def folder(write: Write) -> Path:
    """Return a folder with two rules that ask the same."""
    write("other", SSH, number=2)
    return write("remote", SSH).parent


def matches(ruleset: Ruleset, name: str) -> list[bool]:
    """Return whether a rule matches the backup, and another flow."""
    return list(frame_of(BACKUP, OTHER).select(ruleset[name].expression).to_series())


def test_what_a_filter_names_is_excepted(folder: Path) -> None:
    """Of its rules alone, by name or by id, or of any; the condition is joined by `and`, as Sigma has it."""
    for rules, excepted in (("[remote]", [True, False]), ("any", [True, True]),
                            ("00000000-0000-4000-8000-000000000001", [True, False])):  # fmt: skip
        (folder / "x.yaml").write_text(FILTER.replace("[remote]", rules), encoding="utf-8")
        ruleset = read_ruleset([folder])

        assert [matches(ruleset, name) == [False, True] for name in ("remote", "other")] == excepted


def test_a_filter_changes_what_is_in_force(folder: Path) -> None:
    """Hash and identity tell: who reloads forgets what the rule found before."""
    before = read_ruleset([folder])
    (folder / "x.yaml").write_text(FILTER, encoding="utf-8")
    after = read_ruleset([folder])

    assert before.sha256 != after.sha256
    assert before["remote"].identity != after["remote"].identity
    assert before["other"].identity == after["other"].identity
    assert folder / "x.yaml" in after.files


FAULTS = {
    "a blank": ("author: head of operations", "author: 'FILL IN: who'", 4, "is still to be filled in by a person"),
    "nobody": ("author: head of operations\n", "", 1, "author"),
    "an unknown rule": ("[remote]", "[remotte]", 7, "'remotte' is no rule"),
    "no rules": ("  rules: [remote]\n", "", 6, "filter.rules names the rules"),
    "a field": ("destination.ip", "destination.ipp", 8, "field 'destination.ipp' is not known"),
    "a selection": ("not backup", "not backups", 9, "'backups', which does not exist"),
    "no condition": ("  condition: not backup\n", "", 6, "filter.condition is missing"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_at_its_line(folder: Path, fault: str) -> None:
    """As with rules."""
    old, new, line, said = FAULTS[fault]
    (folder / "x.yaml").write_text(FILTER.replace(old, new), encoding="utf-8")

    with pytest.raises(CrossborderError) as raised:
        read_ruleset([folder])

    assert [f"{f.path}:{f.line}" for f in raised.value.faults] == [f"{folder / 'x.yaml'}:{line}"]
    assert said in str(raised.value)


def test_of_a_part_of_the_rules_others_may_be_named(folder: Path) -> None:
    """Who tries one file of a folder need not read them all."""
    (folder / "x.yaml").write_text(FILTER.replace("[remote]", "[core_data_abroad]"), encoding="utf-8")

    assert len(read_ruleset([folder], partial=True).rules) == 2


def test_a_correlation_is_not_filtered(folder: Path) -> None:
    """What it counts is; that is said."""
    counted = "correlation: {type: event_count, rules: [many_flow], timespan: 1h, condition: {gte: 3}}\n"
    text = f"{rule_head(8, 'many_flow')}{SSH}---\n{rule_head(9, 'many')}{counted}"
    (folder / "many.yaml").write_text(text, encoding="utf-8")
    (folder / "x.yaml").write_text(FILTER.replace("[remote]", "[many]"), encoding="utf-8")
    with pytest.raises(CrossborderError, match="'many' is a correlation: name what it counts, many_flow"):
        read_ruleset([folder])

    (folder / "x.yaml").write_text(FILTER.replace("[remote]", "[many_flow]"), encoding="utf-8")
    assert matches(read_ruleset([folder]), "many") == [False, True]


def test_rules_and_filters_do_not_mix(folder: Path) -> None:
    """A file is of one kind."""
    text = f"{FILTER}---\n{rule_head(7, 'x')}{SSH}"
    (folder / "x.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(CrossborderError, match="a file of their own"):
        read_ruleset([folder])


def test_an_export_holds_them(folder: Path) -> None:
    """PySigma puts them to the exported rule as the agent did."""
    (folder / "x.yaml").write_text(FILTER, encoding="utf-8")
    files = pack(read_ruleset([folder])).files
    (rule,) = [text for name, text in files.items() if name == "rules/remote.yml"]
    (excepting,) = [text for name, text in files.items() if name.startswith("filters/")]

    collection: Any = SigmaCollection.merge([SigmaCollection.from_yaml(rule), SigmaCollection.from_yaml(excepting)])
    collection.resolve_rule_references()

    assert "not" in collection.rules[0].detection.condition[0]
