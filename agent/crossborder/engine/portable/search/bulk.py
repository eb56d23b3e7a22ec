"""Tells an export from a chat: matches that prove nothing alone are held until there are many, distinct and close."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from crossborder.engine.portable.search.validate import Grade

_LATELY: Final = 64  # so much of a shape tells whether it is hopeless


class Held(NamedTuple):
    """A match that proves nothing alone."""

    hash: int
    row: int
    sample: str
    at: int  # where it stands in the texts that were passed
    before: tuple[int, int]  # how much of this shape came before it, and how much of that was likely


class Crowd:
    """What one detector has seen that proves nothing alone, in one text after the other."""

    def __init__(self, bulk: tuple[int, float, int]) -> None:
        """Wait for so many distinct values, such a share of likely ones, within so many bytes each."""
        self._distinct, self._share, self._within = bulk
        self._shaped = self._likely = 0
        self._lately = (0, 0)
        self._held: deque[Held] = deque()
        self._gone = 0  # bytes of earlier texts in which it saw something
        self._saw = False  # it saw something in this one
        self.is_export = False

    def see(self, grade: Grade) -> None:
        """Note something of the shape, whatever came of it."""
        self._saw = True
        self._shaped += 1
        self._likely += grade is Grade.LIKELY
        shaped, likely = self._lately
        shaped, likely = shaped + 1, likely + (grade is Grade.LIKELY)
        self._lately = (shaped // 2, likely // 2) if shaped == 2 * _LATELY else (shaped, likely)

    @property
    def is_hopeless(self) -> bool:
        """Tell whether so little is likely that holding more is of no use yet."""
        shaped, likely = self._lately
        return shaped >= _LATELY and 2 * likely < self._share * shaped

    def end_text(self, size: int) -> None:
        """Learn that a text of so many bytes ends: what it proves is kept, as far as it goes.

        A text in which nothing was seen (a head between two bodies) takes no room between matches.
        """
        self._gone += size if self._saw else 0
        self._saw, self._lately = False, (0, 0)

    def hold(self, hashed: int, row: int, at: int, sample: str) -> list[Held]:
        """Hold a match that was seen, `at` a place of this text; return all that are held once they make an export.

        A value that is held from an earlier text counts here from now on, so that a text proves alone what it would.
        """
        at += self._gone
        same = next((held for held in self._held if held.hash == hashed), None)
        if same is not None:
            if same.at >= self._gone:
                return []
            self._held.remove(same)
        self._held.append(Held(hashed, row, sample, at, (self._shaped - 1, max(self._likely - 1, 0))))
        while len(self._held) > self._distinct:
            self._held.popleft()
        if len(self._held) < self._distinct:
            return []
        shaped, likely = self._held[0].before
        share = (self._likely - likely) / (self._shaped - shaped)
        if share < self._share or at - self._held[0].at > self._within * self._distinct:
            return []
        self.is_export = True
        held, self._held = list(self._held), deque()
        return held
