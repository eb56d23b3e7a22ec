"""Measures the tests of rules: how many mutants of a rule make one of its cases fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from crossborder.errors import CrossborderError, Fault
from crossborder.match import masks
from crossborder.match.mutants import mutants
from crossborder.match.plan import Plan
from crossborder.match.ruletests import read_cases, tested

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crossborder.match.conditions import Node
    from crossborder.match.mutants import Mutant
    from crossborder.match.ruleset import Rule, Ruleset
    from crossborder.match.ruletests import Cases


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the mutants of one rule."""

    rule: str
    mutants: int
    survivors: tuple[Mutant, ...]  # no case fails for them: what they change is not tested

    @property
    def killed(self) -> int:
        """Return how many mutants a case fails for."""
        return self.mutants - len(self.survivors)


def run_mutation(ruleset: Ruleset) -> Iterator[Outcome]:
    """Yield the outcome of each rule that has tests, switched off or not.

    Raises CrossborderError with every fault of a test file, and where a case fails without any mutation.
    """
    for rule in tested(ruleset):
        cases = read_cases(rule)
        found = mutants(rule, ruleset.sets)
        sound, *killed = _answers(cases, [rule, *(mutant.rule for mutant in found)])
        if sound:
            raise CrossborderError(Fault(cases.document.path, 1, "a case fails: crossborder rules test tells which"))
        yield Outcome(rule.name, len(found), tuple(m for m, dead in zip(found, killed, strict=True) if not dead))


def _answers(cases: Cases, rules: Sequence[Rule]) -> list[bool]:
    """Return of each rule whether any case fails."""
    if not rules[0].correlation:
        return _failing(cases, [rule.tree for rule in rules])
    return [_fails(cases, rule) for rule in rules]


def _fails(cases: Cases, rule: Rule) -> bool:
    """Tell whether any case fails; once one does the others are not run."""
    answers = zip(cases.opened(rule), cases.expected, strict=True)
    return any(opened.is_empty() is must for opened, must in answers)


def _failing(cases: Cases, trees: Sequence[Node]) -> list[bool]:
    """Return of each tree whether any case fails, all trees in one plan over all flows of all cases."""
    frame = pl.concat(cases.frames)
    plan = Plan(trees)
    found = plan.matches(plan.tests(frame))
    case = pl.Series([at for at, rows in enumerate(cases.frames) for _ in range(rows.height)]).alias("case")
    matches = pl.DataFrame([masks.column(mask, frame.height).alias(str(at)) for at, mask in enumerate(found)])
    expected = pl.Series(cases.expected)
    said = matches.group_by(case, maintain_order=True).agg(pl.all().any())
    return list(said.select((pl.exclude("case") != expected).any()).row(0))
