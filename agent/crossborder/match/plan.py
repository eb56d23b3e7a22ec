"""Evaluates many trees over one frame: every question is asked once, the dear ones only where the answer matters."""

from __future__ import annotations

import operator
from functools import lru_cache, reduce
from itertools import filterfalse
from typing import TYPE_CHECKING

import polars as pl

from crossborder.match.compiler import any_of_texts, column_values, network_borders, truth
from crossborder.match.conditions import And, Not, Op, Test, tests
from crossborder.match.fields import KINDS, Kind
from crossborder.model import COLUMN_OF
from crossborder.prefixes import numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crossborder.match.conditions import Node

_LITERAL = frozenset({Op.IS, Op.CONTAINS, Op.STARTS, Op.ENDS, Op.DOMAIN})
"""How a text is compared where it can only hold of one that contains it."""

MANY = 3
"""From so many tests of one text on, it is first asked whether any of them can hold."""

SAMPLE, FEW = 1000, 64
"""Of texts that have few different values among the first, each different one is asked, not each flow."""

KNOWN = 4096
"""Texts whose answers are kept for the frames that follow: most ask of the same."""


class Plan:
    """Many trees over one frame.

    Rules ask the same questions again and again, and with those about texts and addresses most ask others that cost
    next to nothing: how much, to which country, of what data. So these come first, and the dear ones are asked only of
    the flows for which they matter. For the others they count as false, which changes neither a tree nor its reasons.
    """

    def __init__(self, trees: Sequence[Node]) -> None:
        """Compile the trees."""
        self._names: dict[Test, str] = {}
        self._roots = [self.truth(tree).alias(str(at)) for at, tree in enumerate(trees)]
        cheap, dear = filter(_is_cheap, self._names), filterfalse(_is_cheap, self._names)
        self._cheap = [way({test: self._names[test] for test in group}) for way, group in _companies(cheap)]
        self._always: list[_Questions] = []
        self._sometimes: dict[str, _Questions] = {}
        self._needs: list[pl.Expr] = []
        asking = [(tree, frozenset(tests(tree))) for tree in trees]
        for way, group in _companies(dear):
            asked = frozenset(group)
            needs = [self._need(tree, asked, wanted=True) for tree, its in asking if not asked.isdisjoint(its)]
            self._ask(way, group, [need for need in needs if need is not None])

    def tests(self, crossings: pl.DataFrame) -> pl.DataFrame:
        """Return one boolean column per distinct test, for a frame of crossings."""
        known = [questions(crossings) for questions in self._cheap]
        needs = pl.concat(known, how="horizontal").select(self._needs) if self._needs else pl.DataFrame()
        found = [questions.where(needs[name], crossings) for name, questions in self._sometimes.items()]
        return pl.concat([*known, *found, *(questions(crossings) for questions in self._always)], how="horizontal")

    def matches(self, tests: pl.DataFrame) -> pl.DataFrame:
        """Return one boolean column per tree, named by its position, for what `tests` returned."""
        return tests.select(self._roots)

    def truth(self, node: Node) -> pl.Expr:
        """Return the boolean expression of a tree over what `tests` returns."""
        if isinstance(node, Test):
            return pl.col(self._names.setdefault(node, f"test {len(self._names)}"))
        if isinstance(node, Not):
            return ~self.truth(node.part)
        join = operator.and_ if isinstance(node, And) else operator.or_
        return reduce(join, (self.truth(part) for part in node.parts))

    def _ask(self, way: type[_Questions], dear: list[Test], needs: list[pl.Expr]) -> None:
        """Ask some tests of the flows that have any of these needs."""
        questions = way({test: self._names[test] for test in dear})
        if any(not need.meta.root_names() for need in needs):
            self._always.append(questions)
            return
        name = f"need {len(self._needs)}"
        self._needs.append(reduce(operator.or_, needs).alias(name))
        self._sometimes[name] = questions

    def _need(self, node: Node, dear: frozenset[Test], *, wanted: bool) -> pl.Expr | None:
        """Return where some tests matter to a tree that is wanted to be true, or to be false; None: nowhere."""
        if isinstance(node, Test):
            return pl.lit(value=True) if node in dear else None
        if isinstance(node, Not):
            return self._need(node.part, dear, wanted=not wanted)
        needs = [need for part in node.parts if (need := self._need(part, dear, wanted=wanted)) is not None]
        if not needs:
            return None
        here = reduce(operator.or_, needs)
        if isinstance(node, And) is not wanted:  # any part makes the outcome, and reasons tell all that do
            return here
        given = [self.truth(part) for part in node.parts if all(map(_is_cheap, tests(part)))]
        return reduce(operator.and_, (part if wanted else ~part for part in given), here)


class _Questions:
    """Some tests, and the values they are about, each made once."""

    def __init__(self, named: dict[Test, str]) -> None:
        self._values: dict[str, pl.Expr] = {}
        self._tests = [truth(test, self._value).alias(name) for test, name in named.items()]
        self.columns = sorted({column for value in self._values.values() for column in value.meta.root_names()})

    def __call__(self, crossings: pl.DataFrame) -> pl.DataFrame:
        """Return one boolean column per test."""
        return crossings.select(self._values.values()).select(self._tests)

    def where(self, need: pl.Series, crossings: pl.DataFrame) -> pl.DataFrame:
        """Return the same, asked at least where there is need, false elsewhere."""
        rows = need.arg_true()
        if 2 * len(rows) > crossings.height:
            return self(crossings)
        asked = self(crossings[self.columns][rows]) if len(rows) else _none(self._tests)
        return _spread(asked, rows, crossings.height)

    def _value(self, field: str, *, lower: bool) -> pl.Expr:
        name = f"{field} {lower}"
        self._values.setdefault(name, column_values(field, lower=lower).alias(name))
        return pl.col(name)


class _OfLists(_Questions):
    """Tests of lists, which most flows do not have."""

    def __call__(self, crossings: pl.DataFrame) -> pl.DataFrame:
        """Return one boolean column per test."""
        some = pl.any_horizontal(pl.col(self.columns).is_not_null())
        rows = crossings.select(some).to_series().arg_true()
        return _spread(super().__call__(crossings[self.columns][rows]), rows, crossings.height)


class _OfTexts(_Questions):
    """Tests of the same text."""

    def __init__(self, named: dict[Test, str]) -> None:
        super().__init__(named)
        literal = all(test.op in _LITERAL and all(test.values) for test in named)
        texts = {str(v) if test.cased else str(v).lower() for test in named for v in test.values}
        sought = any_of_texts("", map(pl.escape_regex, sorted(texts)), "")
        self._sought = sought if literal and len(named) >= MANY else None
        self._known = pl.Series(dtype=pl.String)
        self._answers = _none(self._tests)

    def __call__(self, crossings: pl.DataFrame) -> pl.DataFrame:
        """Return one boolean column per test: asked of each text once where there are few, else where one can hold."""
        if len(self.columns) == 1 and crossings[self.columns[0]].head(SAMPLE).n_unique() <= FEW:
            return self._by_text(crossings[self.columns[0]])
        if self._sought is None:
            return super().__call__(crossings)
        values = crossings.select(self._values.values())
        rows = values.select(self._sought(pl.all())).to_series().arg_true()
        return _spread(values[rows].select(self._tests), rows, values.height)

    def _by_text(self, texts: pl.Series) -> pl.DataFrame:
        distinct = texts.unique().drop_nulls()
        fresh = distinct.filter(~distinct.is_in(self._known.implode()))
        if len(self._known) + len(fresh) > KNOWN:
            self._known, self._answers, fresh = self._known.clear(), self._answers.clear(), distinct
        if len(fresh):
            self._answers = pl.concat([self._answers, super().__call__(fresh.to_frame())])
            self._known = pl.concat([self._known, fresh])
        return _taken(self._answers, texts.cast(pl.Enum(self._known)).to_physical())


class _OfAddresses(_Questions):
    """Tests whether an address lies in networks: one search among the borders of all of them."""

    def __init__(self, named: dict[Test, str]) -> None:
        super().__init__(named)
        borders = sorted({border for test in named for border in network_borders(map(str, test.values))})
        keys = [border.to_bytes(16, "big") for border in (0, *borders)]
        self._borders = pl.Series(borders, dtype=pl.UInt128)
        self._answers = super().__call__(pl.DataFrame({self.columns[0]: keys}, schema={self.columns[0]: pl.Binary}))

    def __call__(self, crossings: pl.DataFrame) -> pl.DataFrame:
        """Return one boolean column per test."""
        addresses = crossings.select(numbers(pl.col(self.columns[0]))).to_series()
        return _taken(self._answers, self._borders.search_sorted(addresses, side="right"))


def _companies(tests: Iterable[Test]) -> Iterator[tuple[type[_Questions], list[Test]]]:
    """Return the tests that are asked together, and in which way."""
    found: dict[object, tuple[type[_Questions], list[Test]]] = {}
    for test in tests:
        way = _way(test)
        alike = () if way is _Questions else (test.field, test.op in _LITERAL, test.cased)
        found.setdefault((way, *alike), (way, []))[1].append(test)
    yield from found.values()


def _way(test: Test) -> type[_Questions]:
    kind = KINDS[test.field]
    if test.op in {Op.SAME, Op.EXISTS, Op.MISSING}:
        return _Questions
    return {Kind.TEXT: _OfTexts, Kind.ADDRESS: _OfAddresses, Kind.LIST: _OfLists}.get(kind, _Questions)


def _is_cheap(test: Test) -> bool:
    """Tell whether a test costs about as much as reading its column."""
    if test.op in {Op.EXISTS, Op.MISSING}:
        return True
    closed = KINDS[test.field] in {Kind.NUMBER, Kind.CHOICE, Kind.COUNTRY}
    return (closed and test.op is not Op.SAME) or COLUMN_OF[test.field] == "categories"


def _taken(answers: pl.DataFrame, places: pl.Series) -> pl.DataFrame:
    """Return the answers at these places, false where there is none."""
    nowhere = _nowhere(len(places))
    return pl.DataFrame(
        {
            column.name: column.gather(places).fill_null(value=False) if column.any() else nowhere
            for column in answers.iter_columns()
        }
    )


def _spread(found: pl.DataFrame, rows: pl.Series, height: int) -> pl.DataFrame:
    """Return columns of so many rows that are true where those found are."""
    nowhere = _nowhere(height)
    return pl.DataFrame(
        {
            column.name: nowhere.clone().scatter(rows.filter(column), values=True) if column.any() else nowhere
            for column in found.iter_columns()
        }
    )


def _none(tests: Sequence[pl.Expr]) -> pl.DataFrame:
    return pl.DataFrame(schema={test.meta.output_name(): pl.Boolean for test in tests})


@lru_cache(maxsize=2)
def _nowhere(height: int) -> pl.Series:
    return pl.repeat(value=False, n=height, dtype=pl.Boolean, eager=True)
