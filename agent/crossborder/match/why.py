"""Why a rule fired: each condition that held, with the flow's own value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.match.compiler import shown_values, truth
from crossborder.match.conditions import Not, Test
from crossborder.match.fields import KINDS, Kind
from crossborder.model import WHY

if TYPE_CHECKING:
    from crossborder.match.conditions import Node

MAX_VALUE = 512
"""Most characters of a flow's value that a finding quotes: names come from the wire."""

_NOTHING = pl.lit(value=True)


def why(tree: Node) -> pl.Expr:
    """Return the expression that lists, per row for which the tree is true, the conditions that made it so.

    Of an `or` only the parts that held are told, of a `not` the tests that failed, written with a leading `not`.
    """
    told = [
        pl.when(held).then(
            pl.struct(
                field=pl.lit(test.field),
                test=pl.lit(test.written if wanted else f"not {test.written}"),
                value=shown(test.field),
            )
        )
        for test, wanted, held in _held(tree, _NOTHING, wanted=True)
    ]
    return pl.concat_list(told).list.drop_nulls().cast(pl.List(WHY))


def shown(field: str) -> pl.Expr:
    """Return the values of a field as bounded text; the elements of a list joined."""
    values = shown_values(field)
    text = values.list.join(", ", ignore_nulls=True) if KINDS[field] is Kind.LIST else values.cast(pl.String)
    return text.str.head(MAX_VALUE)


def _held(node: Node, above: pl.Expr, *, wanted: bool) -> list[tuple[Test, bool, pl.Expr]]:
    """Return each test with the outcome that counts for the tree, and whether it came out so where it mattered."""
    holds = truth(node) if wanted else ~truth(node)
    if isinstance(node, Test):
        return [(node, wanted, above & holds)]
    if isinstance(node, Not):
        return _held(node.part, above, wanted=not wanted)
    return [told for part in node.parts for told in _held(part, above & holds, wanted=wanted)]


def failures(tree: Node, row: pl.DataFrame) -> list[tuple[Test, bool, str | None]]:
    """Return, for one row for which the tree is false, the tests that kept it so, what was wanted, and the value."""
    return [
        (test, not wanted, row.select(shown(test.field)).item())
        for test, wanted, held in _held(tree, _NOTHING, wanted=False)
        if row.select(held.alias("held"))["held"].item()
    ]
