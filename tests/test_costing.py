"""What a rule costs is measured alone, one rule after the other, on what came last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.config import data_folder
from crossborder.costing import Costs
from crossborder.match import SAMPLE, Matcher
from crossborder.match.cases import crossings
from crossborder.match.reader import read_ruleset
from crossborder.match.ruleset import Ruleset

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl


def _rows(count: int) -> pl.DataFrame:
    flow = {"destination.geo.country_iso_code": "SG", "source.bytes": 10**7, "data.categories": ["core:I.26"]}
    return crossings((0, number, flow) for number in range(count))


def test_every_rule_has_its_turn() -> None:
    """With the shipped pack each tick measures one rule; after as many ticks as there are rules each has a cost."""
    ruleset = read_ruleset([data_folder("rules") / "vn"], [data_folder("rules") / "sets"])
    told: dict[str, float] = {}
    matcher, costs = Matcher(ruleset), Costs(told.__setitem__)
    for _ in ruleset.enabled:
        matcher(_rows(20))
        costs(matcher)

    assert told.keys() == {rule.name for rule in ruleset.enabled}
    assert all(0 < seconds < 0.1 for seconds in told.values())


def test_without_flows_or_rules_nothing_is_measured() -> None:
    """A quiet tick costs nothing, and a batch is measured on once."""
    ruleset = read_ruleset([data_folder("rules") / "vn"], [data_folder("rules") / "sets"])
    told: list[tuple[str, float]] = []
    matcher, costs = Matcher(ruleset), Costs(lambda *measured: told.append(measured))
    costs(matcher)
    matcher(_rows(3))
    costs(matcher)
    costs(matcher)
    nothing = Matcher(Ruleset(()))
    nothing(_rows(3))
    costs(nothing)

    assert len(told) == 1


def test_a_sample_is_small_and_finds_what_the_rule_finds() -> None:
    """Of a large batch a few flows are kept; evaluated alone a rule matches those it matches with the others."""
    ruleset = read_ruleset([data_folder("rules") / "vn"], [data_folder("rules") / "sets"])
    matcher = Matcher(ruleset)
    found = matcher(_rows(3 * SAMPLE))
    turns = _solos(matcher, ruleset)
    matches = {rule: sum(flags) for rule, flags in turns}

    assert {rule for rule, count in matches.items() if count} >= set(found["rule"].unique())
    assert max(matches.values()) == SAMPLE


def _solos(matcher: Matcher, ruleset: Ruleset) -> Iterator[tuple[str, list[bool]]]:
    for turn in range(len(ruleset.enabled)):
        matcher(_rows(3 * SAMPLE))
        solo = matcher.solo(turn)
        assert solo
        yield solo.rule, solo.evaluate().to_list()
