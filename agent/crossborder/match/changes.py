"""What can go wrong with a tree of conditions, or with a count: one change at a time, each with its words."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from crossborder.match.conditions import ORDER_OPS, And, Not, Op, Or, Test, any_of
from crossborder.match.fields import KINDS, Kind
from crossborder.model import UNKNOWN_COUNTRY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.match.conditions import Node, Value
    from crossborder.match.ruleset import Correlation
    from crossborder.yamlfile import Place

    Change = tuple[str, Node]  # what was changed, and what became of it

_EDGES = frozenset({Op.STARTS, Op.ENDS, Op.CONTAINS})


def changes(node: Node) -> Iterator[Change]:
    """Yield what can go wrong with a tree: a part left out, and for or, a not too many or too few, a value moved."""
    if isinstance(node, Test):
        yield f"not {_said(node)}", Not(node)
        yield from _changed_test(node)
        return
    if isinstance(node, Not):
        yield f"without the not before {_said(node.part)}", node.part
        yield from ((what, Not(part)) for what, part in changes(node.part) if what != f"not {_said(node.part)}")
        return
    for at, part in enumerate(node.parts):
        yield f"without {_said(part)}", _with(node, at, [])
        yield from ((what, _with(node, at, [changed])) for what, changed in changes(part))
    joints = ("or", "and", Or) if isinstance(node, And) else ("and", "or", And)
    yield f"{joints[0]} for {joints[1]} in {_said(node)}", joints[2](node.parts)


def _with(node: And | Or, at: int, instead: list[Node]) -> Node:
    parts = [*node.parts[:at], *instead, *node.parts[at + 1 :]]
    return parts[0] if len(parts) == 1 else type(node)(tuple(parts))


def _changed_test(test: Test) -> Iterator[Change]:
    if test.op in ORDER_OPS:
        for number in _moved(test.values[0]):
            yield f"{number} for {test.values[0]}", dataclasses.replace(test, values=(number,))
    elif KINDS.get(test.field) is Kind.COUNTRY and test.op is Op.IS:
        yield from _flipped(test)
    elif "expand" not in test.modifiers and len(test.values) > 1:
        for at, value in enumerate(test.values):
            yield f"without {value}", dataclasses.replace(test, values=(*test.values[:at], *test.values[at + 1 :]))
    if test.op in _EDGES and "expand" not in test.modifiers:
        yield f"without |{test.modifiers}", dataclasses.replace(test, op=Op.IS)
    elif KINDS.get(test.field) is Kind.LIST and test.op is Op.IS and "expand" not in test.modifiers:
        yield "with |startswith", dataclasses.replace(test, op=Op.STARTS)


def _flipped(test: Test) -> Iterator[Change]:
    """Yield the same countries with the unknown one more or less, and with every other that is known."""
    unknown = Test(test.field, Op.IS, (UNKNOWN_COUNTRY,))
    if UNKNOWN_COUNTRY in test.values:
        yield f"{test.shown} and every other country", any_of([test, Not(unknown)])
        if rest := tuple(value for value in test.values if value != UNKNOWN_COUNTRY):
            yield f"{test.shown} without {UNKNOWN_COUNTRY}", dataclasses.replace(test, values=rest)
    else:
        yield f"{test.shown} and {UNKNOWN_COUNTRY}", any_of([test, unknown])
        yield f"{test.shown} and every other known country", any_of([test, Not(unknown)])


def _moved(value: Value) -> Iterator[int | float]:
    """Yield a threshold doubled, halved, one more and one less."""
    if isinstance(value, str):
        return
    half: int | float = value // 2 if isinstance(value, int) else value / 2
    moved: list[int | float] = [value * 2, half, value + 1, value - 1]
    yield from dict.fromkeys(each for each in moved if each != value and each >= 0)


def miscounted(correlation: Correlation) -> Iterator[tuple[str, Place, Correlation]]:
    """Yield what can go wrong with a count: its threshold, its span, what it is counted by."""
    for value in _moved(correlation.threshold):
        what = f"{correlation.op}: {value} for {correlation.threshold}"
        yield what, ("condition", correlation.op), dataclasses.replace(correlation, threshold=value)
    for word, span in (("twice", correlation.span_ns * 2), ("half of", correlation.span_ns // 2)):
        what = f"within {word} {correlation.timespan}"
        yield what, ("timespan",), dataclasses.replace(correlation, span_ns=span)
    for at, name in enumerate(correlation.group_by):
        rest = (*correlation.group_by[:at], *correlation.group_by[at + 1 :])
        yield f"not by {name}", ("group-by", at), dataclasses.replace(correlation, group_by=rest)


def _said(node: Node) -> str:
    """Return a tree as a condition would write it."""
    if isinstance(node, Test):
        return f"{node.field} {node.written}".rstrip()
    if isinstance(node, Not):
        return f"not {_said(node.part)}"
    joint = " and " if isinstance(node, And) else " or "
    return f"({joint.join(map(_said, node.parts))})"
