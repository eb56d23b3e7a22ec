"""Ways to ask tests of a frame of crossings: what is alike is asked together, and of each different value once."""

from __future__ import annotations

import operator
from functools import partial, reduce
from typing import TYPE_CHECKING

import polars as pl

from crossborder.match import masks
from crossborder.match.compiler import (
    any_of_patterns,
    any_of_texts,
    column_values,
    network_borders,
    truth,
    truth_of_elements,
)
from crossborder.match.conditions import Op
from crossborder.match.fields import KINDS, Kind
from crossborder.model import COLUMN_OF
from crossborder.prefixes import numbers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from crossborder.match.compiler import Predicate, Values
    from crossborder.match.conditions import Test
    from crossborder.match.masks import Mask

    Answers = dict[str, Mask]

_LITERAL = frozenset({Op.IS, Op.CONTAINS, Op.STARTS, Op.ENDS, Op.DOMAIN})
"""How a text is compared where it can only hold of one that contains it."""

MANY = 3
"""From so many tests of one text on, it is first asked whether any of them can hold."""

SAMPLE, FEW = 1000, 64
"""Of texts that have few different values among the first, each different one is asked, not each flow."""

KNOWN = 4096
"""Texts whose answers are kept for the frames that follow: most ask of the same."""


class Questions:
    """Some tests, named, and the values they are about, each made once."""

    def __init__(self, named: Mapping[Test, str]) -> None:
        """Compile the tests."""
        self._values: dict[str, pl.Expr] = {}
        self._tests = [self._truth(test).alias(name) for test, name in named.items()]
        self._nowhere: Answers = dict.fromkeys(named.values(), False)
        self.columns = sorted({column for value in self._values.values() for column in value.meta.root_names()})

    def __call__(self, crossings: pl.DataFrame) -> Answers:
        """Return where each test holds, by its name."""
        return _answers(self._asked(crossings))

    def where(self, need: Mask, crossings: pl.DataFrame) -> Answers:
        """Return the same, asked at least where there is need, false elsewhere."""
        if need is False:
            return self._nowhere
        if need is True or 2 * need.sum() > crossings.height:
            return self(crossings)
        rows = need.arg_true()
        found = self(crossings[self.columns][rows])
        return {name: _spread(mask, rows, crossings.height) for name, mask in found.items()}

    def _asked(self, crossings: pl.DataFrame) -> pl.DataFrame:
        return crossings.select(self._values.values()).select(self._tests)

    def _truth(self, test: Test) -> pl.Expr:
        return truth(test, partial(self._value, column_values))

    def _value(self, values: Values, field: str, *, lower: bool) -> pl.Expr:
        name = f"{field} {lower}"
        self._values.setdefault(name, values(field, lower=lower).alias(name))
        return pl.col(name)


class OfWords(Questions):
    """Tests of one text of few different values: each is asked of once, and its answers are kept."""

    def __init__(self, named: Mapping[Test, str]) -> None:
        """Compile the tests."""
        super().__init__(named)
        self._words = pl.Enum([])
        self._sheet = _Sheet(list(self._nowhere))

    def __call__(self, crossings: pl.DataFrame) -> Answers:
        """Return where each test holds, by its name."""
        return self._by_word(crossings[self.columns[0]])

    def _by_word(self, texts: pl.Series) -> Answers:
        places = texts.cast(self._words, strict=False)
        if places.null_count() > texts.null_count():
            self._meet(texts.filter(places.is_null()).drop_nulls(), texts)
            places = texts.cast(self._words)
        return self._sheet.taken(places.to_physical())

    def _meet(self, fresh: pl.Series, texts: pl.Series) -> None:
        words = fresh.unique()
        if len(self._words.categories) + len(words) > KNOWN:
            words = texts.drop_nulls().unique()
            self._words, self._sheet = pl.Enum([]), _Sheet(list(self._nowhere))
        self._words = pl.Enum(pl.concat([self._words.categories, words]))
        self._sheet.add(self._asked(words.alias(self.columns[0]).to_frame()))


class OfTexts(OfWords):
    """Tests of one text that may differ from flow to flow."""

    def __init__(self, named: Mapping[Test, str]) -> None:
        """Compile the tests."""
        super().__init__(named)
        self._sought = _sought(named)

    def __call__(self, crossings: pl.DataFrame) -> Answers:
        """Return where each test holds: asked of each text once where there are few, else where one can hold."""
        plain = len(self.columns) == 1
        if plain and crossings[self.columns[0]].head(SAMPLE).n_unique() <= FEW:
            return self._by_word(crossings[self.columns[0]])
        values = crossings.select(self._values.values())
        if not self._sought:
            return _answers(values.select(self._tests))
        rows = values.select(self._sought(pl.all())).to_series().arg_true()
        if rows.is_empty():
            return self._nowhere
        found = self._by_word(crossings[self.columns[0]][rows]) if plain else _answers(values[rows].select(self._tests))
        return {name: _spread(mask, rows, crossings.height) for name, mask in found.items()}


class _OfElements(OfTexts):
    """Tests of the texts of a list."""

    def _truth(self, test: Test) -> pl.Expr:
        return truth_of_elements(test, partial(self._value, _elements))


def _elements(field: str, *, lower: bool) -> pl.Expr:
    """Return the texts of a list, a row each, as tests compare them."""
    texts = pl.col(COLUMN_OF[field])
    return texts.str.to_lowercase() if lower else texts


class OfLists(Questions):
    """Tests of one list, which most flows do not have: they hold where they hold of any of its texts."""

    def __init__(self, named: Mapping[Test, str]) -> None:
        """Compile the tests."""
        super().__init__(named)
        self._of_elements = _OfElements(named)

    def __call__(self, crossings: pl.DataFrame) -> Answers:
        """Return where each test holds, by its name."""
        lists = crossings[self.columns[0]]
        rows = lists.is_not_null().arg_true()
        if rows.is_empty():
            return self._nowhere
        texts = pl.DataFrame([rows.alias("row"), lists[rows]]).explode(lists.name)
        found = self._of_elements(texts)
        return {name: _spread(mask, texts["row"], crossings.height) for name, mask in found.items()}


class OfAddresses(Questions):
    """Tests whether an address lies in networks: one search among the borders of all of them."""

    def __init__(self, named: Mapping[Test, str]) -> None:
        """Compile the tests."""
        super().__init__(named)
        borders = sorted({border for test in named for border in network_borders(map(str, test.values))})
        keys = [border.to_bytes(16, "big") for border in (0, *borders)]
        self._borders = pl.Series(borders, dtype=pl.UInt128)
        self._sheet = _Sheet(list(self._nowhere))
        self._sheet.add(self._asked(pl.DataFrame({self.columns[0]: keys}, schema={self.columns[0]: pl.Binary})))

    def __call__(self, crossings: pl.DataFrame) -> Answers:
        """Return where each test holds, by its name."""
        addresses = crossings.select(numbers(pl.col(self.columns[0]))).to_series()
        return self._sheet.taken(self._borders.search_sorted(addresses, side="right"))


class _Sheet:
    """The answers to some tests, a row each, as bits of whole numbers: taken from their rows for all tests at once."""

    def __init__(self, tests: Sequence[str]) -> None:
        groups = [tuple(tests[at : at + _BITS]) for at in range(0, len(tests), _BITS)]
        self._words = {names: pl.Series(dtype=pl.UInt64) for names in groups}

    def add(self, answers: pl.DataFrame) -> None:
        """Add rows: a column of booleans for each test."""
        for names, known in self._words.items():
            self._words[names] = pl.concat([known, answers.select(_word(names)).to_series()], rechunk=True)

    def taken(self, places: pl.Series) -> Answers:
        """Return where each test holds, given which row is whose; who has none has no test that holds."""
        found: Answers = {}
        for names, answers in self._words.items():
            words = answers[places]
            if words.null_count():
                words = words.fill_null(0)
            found |= {name: masks.of((words & (1 << bit)) != 0) for bit, name in enumerate(names)}
        return found


_BITS = 64


def _sought(tests: Collection[Test]) -> Predicate | None:
    """Return what is true of every text that any of many tests holds of, and of few others; None: nothing is known."""
    if len(tests) < MANY:
        return None
    if all(test.op is Op.RE for test in tests):
        return any_of_patterns(f"(?{test.flags}:{value})" for test in tests for value in test.values)
    if not all(test.op in _LITERAL and all(test.values) for test in tests):
        return None
    texts = {str(v) if test.cased else str(v).lower() for test in tests for v in test.values}
    return any_of_texts("", map(pl.escape_regex, sorted(texts)), "")


def _word(names: Iterable[str]) -> pl.Expr:
    bits = (pl.col(name).cast(pl.UInt64) * pl.lit(1 << bit, pl.UInt64) for bit, name in enumerate(names))
    return reduce(operator.or_, bits)


def companies(tests: Iterable[Test]) -> Iterator[tuple[type[Questions], list[Test]]]:
    """Return the tests that are asked together, and in which way."""
    found: dict[object, tuple[type[Questions], list[Test]]] = {}
    for test in tests:
        way = _way(test)
        alike = () if way is Questions else (test.field, test.op in _LITERAL, test.op is Op.RE, test.cased)
        found.setdefault((way, *alike), (way, []))[1].append(test)
    yield from found.values()


def _way(test: Test) -> type[Questions]:
    if test.op in {Op.SAME, Op.EXISTS, Op.MISSING}:
        return Questions
    ways = {Kind.TEXT: OfTexts, Kind.COUNTRY: OfWords, Kind.ADDRESS: OfAddresses, Kind.LIST: OfLists}
    return ways.get(KINDS[test.field], Questions)


def _answers(asked: pl.DataFrame) -> Answers:
    return {column.name: masks.of(column) for column in asked.iter_columns()}


def _spread(mask: Mask, rows: pl.Series, height: int) -> Mask:
    """Return the mask of so many rows that is true where one of these is."""
    if mask is False:
        return False
    chosen = rows if mask is True else rows.filter(mask)
    return masks.column(False, height).scatter(chosen, values=True)
