"""The rows of a text: a record is one person although several identifiers name them, where they stand in one row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

ROWS_LIMIT: Final = 1 << 16  # rows with persons told in one report
_BEGINS: Final = re.compile(rb"\n|(?:(?<=,)|(?<=, ))[{(]")

Persons = dict[str, list[int]]
"""Keyed hashes of persons, one a row, by kind of record: basic, sensitive, bank."""


@dataclass(slots=True)
class _Row:
    person: tuple[int, int] | None = None  # who: the rank of the identifier that names best, and its keyed hash
    sensitive: bool = False
    bank: bool = False


class Rows:
    """The rows of a text in which something was found since the last report."""

    def __init__(self) -> None:
        """Begin at the first row."""
        self._number = 0
        self._counted = 0
        self._rows: dict[int, _Row] = {}

    def at(self, data: bytes, place: int) -> int:
        """Return the row of a place; places come in order. A line ends a row, and so does the next record of a list."""
        self._number += sum(1 for _ in _BEGINS.finditer(data, self._counted, place)) if place > self._counted else 0
        self._counted = max(self._counted, place)
        return self._number

    def forget(self, size: int) -> None:
        """Learn that so many bytes at the beginning are gone."""
        self._counted = max(self._counted - size, 0)

    def begin_text(self) -> None:
        """Begin another text."""
        self._number += 1
        self._counted = 0

    def note(self, number: int, kind: str, person: tuple[int, int] | None) -> None:
        """Note what was found in a row."""
        if kind == "other" and person is None:
            return
        if number not in self._rows and len(self._rows) == ROWS_LIMIT:
            return
        row = self._rows.setdefault(number, _Row())
        row.sensitive |= kind == "sensitive"
        row.bank |= kind == "bank"
        if person is not None:
            row.person = person if row.person is None else min(row.person, person)

    def take(self, last: bool) -> Persons:
        """Take out who was found; the row that may go on stays unless this is the last time."""
        going_on = {} if last else {self._number: self._rows.pop(self._number)} if self._number in self._rows else {}
        persons: Persons = {"basic": [], "sensitive": [], "bank": []}
        for _, row in sorted(self._rows.items()):
            if row.person is not None:
                persons["basic"].append(row.person[1])
                persons["sensitive"] += [row.person[1]] if row.sensitive else []
                persons["bank"] += [row.person[1]] if row.bank else []
        self._rows = going_on
        return persons
