"""Finds the places of one detector's matches, in time linear in the bytes whatever the pattern: the one door to RE2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import re2

from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from crossborder.engine.detectors import Search

_WORD: Final = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
_DIGITS: Final = frozenset(b"0123456789")
_JOINS: Final = frozenset(b".-")


class Place(NamedTuple):
    """A match, and its value within."""

    start: int
    end: int
    value: tuple[int, int]


class Pattern:
    """A detector's pattern, and what may not stand beside a match."""

    def __init__(self, search: Search) -> None:
        """Compile; raises CrossborderError with the reason."""
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1  # bytes, as they are
        options.case_sensitive = not search.ignore_case
        options.log_errors = False
        longest_first = sorted(search.literals, key=lambda word: -len(word.encode()))
        text = "|".join(map(re2.escape, longest_first)) if search.literals else search.pattern
        try:
            self._regex = re2.compile(text.encode(), options)
        except re2.error as error:
            raise CrossborderError(f"detector {search.id}: {_reason(error)}") from None
        if self._regex.search(b"") is not None:
            raise CrossborderError(f"detector {search.id}: the pattern matches nothing at all")
        self._edges = search.edges

    def find(self, data: bytes, start: int) -> Place | None:
        """Return the first match that starts there or later; bytes before are there to be looked back at."""
        match = self._regex.search(data, start)
        if match is None:
            return None
        grouped = self._regex.groups and match.span(1) != (-1, -1)
        return Place(match.start(), match.end(), match.span(1) if grouped else match.span())

    def is_free(self, data: bytes, place: Place) -> bool:
        """Tell whether a match stands by itself."""
        if self._edges == "any":
            return True
        before, after = data[max(place.start - 2, 0) : place.start], data[place.end : place.end + 2]
        if (before[-1:] and before[-1] in _WORD) or (after and after[0] in _WORD):
            return False
        return self._edges == "word" or not (_goes_on(before[::-1]) or _goes_on(after))


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _goes_on(beside: bytes) -> bool:
    """Tell whether a point or a hyphen makes a longer number."""
    return len(beside) > 1 and beside[0] in _JOINS and beside[1] in _DIGITS
