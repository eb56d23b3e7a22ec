"""Questions are asked of few: of each different text once, and only of the flows for which the answer matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.match import masks
from crossborder.match.cases import crossings
from crossborder.match.compiler import any_of_patterns, truth
from crossborder.match.conditions import And, Op, Test
from crossborder.match.plan import Plan
from crossborder.match.questions import OfTexts

if TYPE_CHECKING:
    import pytest

NAME, METHOD, PATH = "destination.domain", "http.request.method", "url.path"


def test_words_are_kept_as_long_as_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a word is new, known or forgotten and met again, the answers are those of each flow by itself."""
    monkeypatch.setattr("crossborder.match.questions.KNOWN", 4)
    tests = [Test(NAME, Op.ENDS, ("1", "2", "3")), Test(NAME, Op.CONTAINS, ("word",)), Test(NAME, Op.IS, ("word 4",))]
    questions = OfTexts({test: str(at) for at, test in enumerate(tests)})
    for first in (0, 0, 2, 9, 1):
        names = [None, *(f"word {at}" for at in range(first, first + 3)), f"word {first}"]
        frame = crossings((1, at, {NAME: name}) for at, name in enumerate(names))

        found = [masks.column(mask, frame.height).to_list() for mask in questions(frame).values()]

        assert found == [frame.select(truth(test).alias("it"))["it"].to_list() for test in tests]


def test_a_question_waits_for_all_before_it() -> None:
    """A test that is as dear as another is asked only where that one holds: elsewhere its answer is false."""
    method, path = Test(METHOD, Op.IS, ("POST",)), Test(PATH, Op.STARTS, ("/upload",))
    frame = crossings((1, at, {METHOD: "POST" if at < 2 else "GET", PATH: "/upload/x"}) for at in range(10))
    plan = Plan([And((method, path))])

    posts, uploads = (masks.column(mask, 10).to_list() for mask in plan.tests(frame).values())

    assert posts == uploads == [True] * 2 + [False] * 8


def test_a_question_that_matters_nowhere_is_not_asked() -> None:
    """Where no flow can match any more, the answer is that it holds nowhere, and no column is made."""
    frame = crossings((1, at, {METHOD: "GET", PATH: "/upload/x"}) for at in range(10))
    plan = Plan([And((Test(METHOD, Op.IS, ("POST",)), Test(PATH, Op.STARTS, ("/upload",))))])

    assert list(plan.tests(frame).values()) == [False, False]
    assert plan.matches(plan.tests(frame)) == [False]


def test_patterns_are_sought_together_unless_they_are_too_large() -> None:
    """Many regular expressions are one, each with its own flags; what Polars does not take is left to each alone."""
    sought = any_of_patterns(["(?i:^abc)", "(?:x$)"])

    assert sought
    found = pl.DataFrame({"text": ["ABCD", "ax", "xa", None]}).select(sought(pl.col("text")))
    assert found.to_series().to_list() == [True, True, False, None]
    assert any_of_patterns([rf"\w{{{900 + at}}}" for at in range(100)]) is None
