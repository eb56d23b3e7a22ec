"""Why a rule fired: each condition that held, with the flow's own value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.match.compiler import shown_values
from crossborder.match.compiler import truth as compiled
from crossborder.match.conditions import Not, Test
from crossborder.match.fields import KINDS, Kind
from crossborder.model import WHY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crossborder.match.conditions import Node

    Truth = Callable[[Node], pl.Expr]

MAX_VALUE = 512
"""Most characters of a flow's value that a finding quotes: names come from the wire."""

REASON_SCHEMA = pl.Schema(
    {"at": pl.UInt32, "order": pl.UInt32, "field": pl.String, "test": pl.String, "value": pl.String}
)
"""One reason of the finding numbered `at`, in the order the rule asks."""


class Why:
    """Tells the reasons of one rule, for rows for which its tree is true.

    Of an `or` only the parts that held are told, of a `not` the tests that failed, written with a leading `not`.
    """

    def __init__(self, tree: Node, truth: Truth) -> None:
        """Take a tree and the function that gives the boolean expression of any part of it."""
        told = _held(tree, truth, None, wanted=True)
        self._held = [held.alias(f"held {order}") for order, (_, _, held) in enumerate(told)]
        self._values = [shown(test.field).alias(f"value {order}") for order, (test, _, _) in enumerate(told)]
        written = [(test.field, test.written if wanted else f"not {test.written}") for test, wanted, _ in told]
        self._words = pl.DataFrame(written, schema=["field", "test"], orient="row").with_row_index("order")
        asked = {column for expression in (*self._held, *self._values) for column in expression.meta.root_names()}
        self.columns = sorted(asked)

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return what held, a line each (REASON_SCHEMA); rows have `columns` and are numbered by `at`."""
        asked = rows.select("at", *self._held, *self._values)
        held = [asked[expression.meta.output_name()] for expression in self._held]
        values = [asked[expression.meta.output_name()] for expression in self._values]
        lines = self._words.select(pl.all().repeat_by(pl.Series([int(h.sum()) for h in held])).explode())
        return lines.with_columns(
            pl.concat([asked["at"].filter(h) for h in held]),
            pl.concat([value.filter(h) for h, value in zip(held, values, strict=True)]).alias("value"),
        ).select(pl.col(name).cast(dtype) for name, dtype in REASON_SCHEMA.items())


def listed(reasons: Sequence[pl.DataFrame], height: int) -> pl.Series:
    """Return the reasons of each of `height` rows as a list, empty where there are none.

    Told line by line and gathered at the end: lists of structs built row by row take twenty times as long.
    """
    lines = pl.concat([pl.DataFrame(schema=REASON_SCHEMA), *reasons]).sort("at", "order")
    lists = lines.select("at", why=pl.struct("field", "test", "value")).group_by("at", maintain_order=True).agg("why")
    rows = pl.select(at=pl.int_range(height, dtype=pl.UInt32)).join(lists, on="at", how="left", maintain_order="left")
    return rows["why"].fill_null(pl.Series([[]], dtype=pl.List(WHY)))


def shown(field: str) -> pl.Expr:
    """Return the values of a field as bounded text; the elements of a list joined."""
    values = shown_values(field)
    text = values.list.join(", ", ignore_nulls=True) if KINDS[field] is Kind.LIST else values.cast(pl.String)
    return text.str.head(MAX_VALUE)


def _held(node: Node, truth: Truth, above: pl.Expr | None, *, wanted: bool) -> list[tuple[Test, bool, pl.Expr]]:
    """Return each test with the outcome that counts for the tree, and whether it came out so where it mattered."""
    holds = truth(node) if wanted else ~truth(node)
    if above is not None:
        holds = above & holds
    if isinstance(node, Test):
        return [(node, wanted, holds)]
    if isinstance(node, Not):
        return _held(node.part, truth, above, wanted=not wanted)
    return [told for part in node.parts for told in _held(part, truth, holds, wanted=wanted)]


def failures(tree: Node, row: pl.DataFrame) -> list[tuple[Test, bool, str | None]]:
    """Return, for one row for which the tree is false, the tests that kept it so, what was wanted, and the value."""
    return [
        (test, not wanted, row.select(shown(test.field)).item())
        for test, wanted, held in _held(tree, compiled, None, wanted=False)
        if row.select(held.alias("held"))["held"].item()
    ]
