"""What of a rule can be asked of recorded flows, and how the answer differs from what an agent found at the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.match.conditions import And, Not, Op, Or, Test, tests
from crossborder.model import CLASSIFY_COLUMNS, COLUMN_OF, PERSON_COLUMNS, REPORT_COLUMNS
from crossborder.publish.columns import UNITED
from crossborder.publish.history.rows import HOUR_NS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.match.conditions import Node
    from crossborder.match.ruleset import Rule

_COUNTED = frozenset(column.name for column in PERSON_COLUMNS)
_KINDS = {column.name: column.kind for column in (*REPORT_COLUMNS, *CLASSIFY_COLUMNS)}
_LEARNT = frozenset({column.name for column in REPORT_COLUMNS if column.kind == "state"} | {*UNITED, "detected_values"})
"""Columns that speak of what was read so far; the others of CLASSIFY_COLUMNS are known of an address at once."""
_LOWER, _UPPER = frozenset({Op.GT, Op.GTE}), frozenset({Op.LT, Op.LTE})


def refusal(rule: Rule) -> str | None:
    """Return the sentence that says why a rule cannot be asked of history; None where it can."""
    asked = {*(test.field for test in tests(rule.tree)), *_grouped(rule)}
    counted = sorted(name for name in asked if COLUMN_OF[name] in _COUNTED)
    if not counted:
        return None
    return (
        f"it asks for {', '.join(counted)}: how many persons a unit had sent abroad by then is counted since "
        "1 July 2025 and kept in the agent's state, and no row of the history holds it"
    )


def differences(rule: Rule) -> tuple[str, ...]:
    """Return in sentences how rows of hours make the answer differ from that of reports of seconds."""
    asked = list(_asked(rule.tree, wanted=True))
    bounded = sorted({test.field for test, wanted in asked if _bounds_above(test, wanted=wanted)})
    early = sorted({test.field for test, _ in asked if COLUMN_OF[test.field] in _LEARNT})
    return tuple(filter(None, (_of_bounds(bounded), _of_states(early), _of_windows(rule))))


def _of_bounds(fields: list[str]) -> str:
    if not fields:
        return ""
    return (
        f"{', '.join(fields)} must be small: an agent judges a flow while it grows, an hour is judged by its end. "
        "An agent may find flows that are not found here"
    )


def _of_states(fields: list[str]) -> str:
    if not fields:
        return ""
    return (
        f"{', '.join(fields)}: of an hour the last that was known, of what detectors found all of it. "
        "An agent judges what it knows at each tick"
    )


def _of_windows(rule: Rule) -> str:
    if rule.correlation is None:
        return ""
    told = "flows are counted at their last packet of the hour, an agent counts them as they match"
    if rule.correlation.span_ns < HOUR_NS:
        told += f"; within {rule.correlation.timespan} that may be another window"
    return told


def _grouped(rule: Rule) -> tuple[str, ...]:
    counted = rule.correlation
    return (*counted.group_by, *([counted.field] if counted.field else [])) if counted else ()


def _asked(node: Node, *, wanted: bool) -> Iterator[tuple[Test, bool]]:
    """Yield each test with the outcome that makes the rule fire."""
    if isinstance(node, Test):
        yield node, wanted
    elif isinstance(node, Not):
        yield from _asked(node.part, wanted=not wanted)
    elif isinstance(node, And | Or):
        for part in node.parts:
            yield from _asked(part, wanted=wanted)


def _bounds_above(test: Test, *, wanted: bool) -> bool:
    """Tell whether a test of a growing number stops to help once it has grown."""
    if _KINDS.get(COLUMN_OF[test.field]) != "total":
        return False
    if test.op in _LOWER:
        return not wanted
    return wanted if test.op in _UPPER else test.op in {Op.IS, Op.SAME}
