"""Evaluates many trees over one frame: every question is asked once, the dear ones only where the answer matters."""

from __future__ import annotations

import operator
from functools import reduce
from itertools import filterfalse
from typing import TYPE_CHECKING

import polars as pl

from crossborder.match import masks
from crossborder.match.conditions import And, Not, Op, Test, tests
from crossborder.match.fields import KINDS, Kind
from crossborder.match.questions import companies
from crossborder.model import COLUMN_OF

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from crossborder.match.conditions import Node
    from crossborder.match.masks import Mask
    from crossborder.match.questions import Answers, Questions

    Worked = Callable[[Mapping[str, Mask]], Mask]
    """What is worked out of answers that are known."""


class Plan:
    """Many trees over one frame.

    Rules ask the same questions again and again, and with those about texts and addresses most ask others that cost
    next to nothing: how much, to which country, of what data. So these come first, and the dear ones are asked only of
    the flows for which, by all that was asked before, they matter. For the others they count as false, which changes
    neither a tree nor its reasons.
    """

    def __init__(self, trees: Sequence[Node]) -> None:
        """Compile the trees."""
        self._names: dict[Test, str] = {}
        self._asked: set[Test] = set()
        self._rounds: list[tuple[Worked, Questions]] = []
        self._roots = [self._worked(tree) for tree in trees]
        everything, asking = list(self._names), [(tree, frozenset(tests(tree))) for tree in trees]
        for group in (filter(_is_cheap, everything), filterfalse(_is_cheap, everything)):
            for way, company in companies(group):
                those = [tree for tree, its in asking if not its.isdisjoint(company)]
                need = _everywhere if _is_cheap(company[0]) else self._needed(frozenset(company), those)
                self._rounds.append((need, way({test: self._names[test] for test in company})))
                self._asked.update(company)

    def tests(self, crossings: pl.DataFrame) -> Answers:
        """Return where each distinct test holds, for a frame of crossings."""
        known: Answers = {}
        for need, questions in self._rounds:
            known |= questions.where(need(known), crossings)
        return known

    def matches(self, tests: Answers) -> list[Mask]:
        """Return where each tree is true, for what `tests` returned."""
        return [root(tests) for root in self._roots]

    def hits(self, tests: Answers, height: int) -> pl.DataFrame:
        """Return `rule`, the place of its tree, and `row` of every match in a frame of so many rows."""
        matches = enumerate(self.matches(tests))
        found = {at: masks.column(mask, height).arg_true() for at, mask in matches if mask is not False}
        sizes = pl.DataFrame(
            {"rule": list(found), "rows": list(map(len, found.values()))}, schema={"rule": pl.UInt32, "rows": pl.UInt32}
        )
        rules = sizes.select(pl.col("rule").repeat_by("rows").explode())
        return rules.with_columns(row=pl.concat([pl.Series([], dtype=pl.UInt32), *found.values()]))

    @property
    def columns(self) -> set[str]:
        """Return the columns of crossings that are asked."""
        return {column for _, questions in self._rounds for column in questions.columns}

    def truth(self, node: Node) -> pl.Expr:
        """Return the boolean expression of a tree over a frame with a column for each test."""
        if isinstance(node, Test):
            return pl.col(self._named(node))
        if isinstance(node, Not):
            return ~self.truth(node.part)
        join = operator.and_ if isinstance(node, And) else operator.or_
        return reduce(join, (self.truth(part) for part in node.parts))

    def _named(self, test: Test) -> str:
        return self._names.setdefault(test, f"test {len(self._names)}")

    def _worked(self, node: Node) -> Worked:
        """Return how a tree is worked out of the answers to its tests."""
        if isinstance(node, Test):
            return operator.itemgetter(self._named(node))
        if isinstance(node, Not):
            return _inverse(self._worked(node.part))
        join = masks.all_of if isinstance(node, And) else masks.any_of
        return _joined(join, map(self._worked, node.parts))

    def _needed(self, dear: frozenset[Test], trees: Iterable[Node]) -> Worked:
        """Return where some tests matter to any of the trees."""
        needs = (self._need(tree, dear, wanted=True) for tree in trees)
        return _joined(masks.any_of, (need for need in needs if need is not None))

    def _need(self, node: Node, dear: frozenset[Test], *, wanted: bool) -> Worked | None:
        """Return where some tests matter to a tree that is wanted to be true, or to be false; None: nowhere."""
        if isinstance(node, Test):
            return _everywhere if node in dear else None
        if isinstance(node, Not):
            return self._need(node.part, dear, wanted=not wanted)
        needs = [need for part in node.parts if (need := self._need(part, dear, wanted=wanted)) is not None]
        if not needs:
            return None
        here = _joined(masks.any_of, needs)
        if isinstance(node, And) is not wanted:  # any part makes the outcome, and reasons tell all that do
            return here
        given = [self._worked(part) for part in node.parts if self._asked.issuperset(tests(part))]
        return _joined(masks.all_of, [*(part if wanted else _inverse(part) for part in given), here])


def _everywhere(known: Mapping[str, Mask]) -> Mask:
    del known
    return True


def _inverse(part: Worked) -> Worked:
    return lambda known: masks.inverse(part(known))


def _joined(join: Callable[[Iterable[Mask]], Mask], parts: Iterable[Worked]) -> Worked:
    several = tuple(parts)
    return several[0] if len(several) == 1 else lambda known: join(part(known) for part in several)


def _is_cheap(test: Test) -> bool:
    """Tell whether a test costs about as much as reading its column."""
    if test.op in {Op.EXISTS, Op.MISSING}:
        return True
    closed = KINDS[test.field] in {Kind.NUMBER, Kind.CHOICE, Kind.COUNTRY}
    return (closed and test.op is not Op.SAME) or COLUMN_OF[test.field] == "categories"
