"""What a rule asks, as a small tree: tests of one field, joined by and, or and not."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Value = str | int | float


class Op(StrEnum):
    """How a test compares. The values of one test are alternatives; of a list field any element may hold."""

    IS = "is"
    CONTAINS = "contains"
    STARTS = "starts with"
    ENDS = "ends with"
    LIKE = "is like"  # wildcards * and ?, escaped by a backslash
    RE = "matches"  # Rust regular expression, found anywhere
    DOMAIN = "is or lies below"  # the name itself, or a name below it
    CIDR = "lies in"
    GT = "is more than"
    GTE = "is at least"
    LT = "is less than"
    LTE = "is at most"
    SAME = "is the same as"  # the value is another field's name
    EXISTS = "is known"
    MISSING = "is not known"


ORDER_OPS = frozenset({Op.GT, Op.GTE, Op.LT, Op.LTE})


@dataclass(frozen=True, slots=True)
class Test:
    """One question about one field. On a field that is null it is false, `MISSING` excepted; it is never null."""

    __test__ = False  # not for pytest

    field: str  # ECS name, one of model.FIELDS
    op: Op
    values: tuple[Value, ...] = ()
    cased: bool = False  # texts compare by their capitals too
    flags: str = ""  # of a regular expression: any of i, m, s
    modifiers: str = dataclasses.field(default="", compare=False)  # as the rule writes them, joined by |
    shown: str = dataclasses.field(default="", compare=False)  # the values as the rule writes them

    @property
    def written(self) -> str:
        """Return the test as the rule writes it, without the field."""
        return f"{self.modifiers}: {self.shown}" if self.modifiers else self.shown


@dataclass(frozen=True, slots=True)
class Not:
    """True where its part is false."""

    part: Node


@dataclass(frozen=True, slots=True)
class And:
    """True where every part is."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True where any part is."""

    parts: tuple[Node, ...]


Node = Test | Not | And | Or


def all_of(parts: list[Node]) -> Node:
    """Join parts by and; one part stands for itself."""
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def any_of(parts: list[Node]) -> Node:
    """Join parts by or; one part stands for itself."""
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def tests(node: Node) -> Iterator[Test]:
    """Yield the tests of a tree in the order they are written."""
    if isinstance(node, Test):
        yield node
    elif isinstance(node, Not):
        yield from tests(node.part)
    else:
        for part in node.parts:
            yield from tests(part)


def like_parts(pattern: str) -> list[str | None]:
    """Split a wildcard pattern into characters: `*` as None, `?` as the empty text, anything else as itself.

    A backslash takes the meaning from a following `*`, `?` or backslash; before anything else it is a backslash.
    """
    parts: list[str | None] = []
    escaped = False
    for char in pattern:
        if escaped:
            parts += [char] if char in "*?\\" else ["\\", char]
            escaped = False
        elif char == "\\":
            escaped = True
        else:
            parts.append(None if char == "*" else "" if char == "?" else char)
    return [*parts, "\\"] if escaped else parts
