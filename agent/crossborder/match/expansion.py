"""Puts named sets where a rule says `expand`: `%name%` becomes a test for any of the set's values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crossborder.match.conditions import Op, Test
from crossborder.match.fields import KINDS, NAME_COLUMNS, Kind, nearest
from crossborder.model import COLUMN_OF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crossborder.match.ruleset import NamedSet

_SET = re.compile(r"%([^%]+)%")
_STRING_OPS = {"": Op.IS, "contains": Op.CONTAINS, "startswith": Op.STARTS, "endswith": Op.ENDS}


def set_name(value: object) -> str | None:
    """Return the name of the set that a value stands for, or None."""
    found = _SET.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None


def expanded(field: str, modifiers: Sequence[str], value: object, sets: Mapping[str, NamedSet]) -> Test | str | None:
    """Return the test that a set's name stands for, the sentence that says what is wrong, or None if it is no set."""
    name = set_name(value)
    if name is None:
        partly = isinstance(value, str) and _SET.search(value)
        return f"a set stands alone: '%name%', not {value!r}" if partly else None
    if name not in sets:
        return f"set {name!r} is not known{nearest(name, sets)}"
    comparing = "|".join(m for m in modifiers if m not in {"expand", "neq"})
    op = _op(field, comparing, sets[name])
    if op is None:
        return f"%{name}% is a set of {sets[name].kind}, which {'|'.join([field, *modifiers])} does not take"
    return Test(field, op, sets[name].values, modifiers="|".join(modifiers), shown=f"%{name}%")


def _op(field: str, comparing: str, named: NamedSet) -> Op | None:
    """Return how a field compares with a set, or None where the two do not go together."""
    kind = KINDS[field]
    if named.kind == "countries":
        return Op.IS if kind is Kind.COUNTRY and not comparing else None
    if named.kind == "networks":
        return Op.CIDR if kind is Kind.ADDRESS and comparing == "cidr" else None
    if named.kind == "domains":
        return Op.DOMAIN if COLUMN_OF[field] in NAME_COLUMNS and comparing in {"", "endswith"} else None
    return _STRING_OPS.get(comparing) if kind in {Kind.TEXT, Kind.LIST} else None
