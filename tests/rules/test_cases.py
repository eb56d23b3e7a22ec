"""The pack in the machinery: it loads without a fault, every case holds, every condition of every rule is needed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crossborder import yamlfile
from crossborder.match.cases import crossings
from crossborder.match.compiler import truth
from crossborder.match.conditions import And, Not, Op, Or, Test
from crossborder.match.conditions import tests as conditions_of
from crossborder.match.mutation import run_mutation
from crossborder.match.reader import read_ruleset
from crossborder.match.ruleset import Ruleset
from crossborder.match.ruletests import run_tests

if TYPE_CHECKING:
    import polars as pl

    from crossborder.match.conditions import Node
    from crossborder.match.ruleset import Rule

RULES = Path(__file__).resolve().parents[2] / "rules"
NAMES = sorted(p.stem for p in (RULES / "vn").glob("*.yaml") if not p.name.endswith(".test.yaml"))
ALWAYS, NEVER = Test("source.ip", Op.EXISTS), Test("source.ip", Op.MISSING)


@pytest.fixture(scope="module")
def pack() -> Ruleset:
    """Return the shipped pack as `crossborder run` reads it."""
    return read_ruleset([RULES / "vn"], [RULES / "sets"])


def test_every_rule_is_in_force(pack: Ruleset) -> None:
    """Each file gives one enabled rule."""
    assert sorted(rule.name for rule in pack.enabled) == NAMES


def test_every_case_holds(pack: Ruleset) -> None:
    """Each flow beside a rule that must match does, and each that must not does not."""
    wrong = [f"{r.path}:{r.line}: {r.why} {r.explanation}" for r in run_tests(pack) if not r.ok]

    assert wrong == []


def test_mutants_are_killed(pack: Ruleset) -> None:
    """Of the mistakes that can be made in a rule at least 95 in a hundred make a case beside it fail."""
    outcomes = list(run_mutation(pack))
    survivors = [f"{m.path}:{m.line}: {m.what}" for outcome in outcomes for m in outcome.survivors]
    made = sum(outcome.mutants for outcome in outcomes)

    assert made > 1000
    assert len(survivors) <= 0.05 * made, survivors


def swapped(node: Node, old: Test, new: Test) -> Node:
    """Return a tree with one test replaced."""
    if node is old:
        return new
    if isinstance(node, Not):
        return Not(swapped(node.part, old, new))
    if isinstance(node, (And, Or)):
        return type(node)(tuple(swapped(part, old, new) for part in node.parts))
    return node


def single_flows(rule: Rule) -> tuple[pl.DataFrame, list[bool]]:
    """Return the flows of a rule's cases and whether each must match."""
    data = yamlfile.read(Path(rule.path).with_suffix(".test.yaml")).data
    cases = [(case["flow"], kind == "must_match") for kind in data for case in data[kind]]
    return crossings((1, 0, flow) for flow, _ in cases), [must for _, must in cases]


def holds(rule: Rule, tree: Node) -> bool:
    """Tell whether every case of a rule holds with another tree in it."""
    if rule.correlation:
        other = dataclasses.replace(rule, tree=tree)
        return all(result.ok for result in run_tests(Ruleset((other,))))
    flows, expected = single_flows(rule)
    return flows.select(truth(tree)).to_series().to_list() == expected


@pytest.mark.parametrize("name", NAMES)
def test_every_condition_is_needed(pack: Ruleset, name: str) -> None:
    """With any one condition taken out, or never holding, some case beside the rule fails: no condition is untested."""
    rule = pack[name]
    assert holds(rule, rule.tree)

    idle = [
        f"{test.field} {test.written}: {word}"
        for test in conditions_of(rule.tree)
        for word, new in (("taken out", ALWAYS), ("never holding", NEVER))
        if holds(rule, swapped(rule.tree, test, new))
    ]

    assert idle == []
