"""How many lines each pane gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDE = 132
"""From so many columns on, countries and systems stand side by side."""
LEAST = 3
"""Lines that a pane has at least, its heading among them."""


def shares(height: int, wanted: Sequence[int], focused: int = 0) -> list[int]:
    """Share lines out among panes one below the other: what each wants, else by turns, the focused one two at a time.

    `wanted` and the answer count headings. Lines that nobody wants go to the last but one, above what is pinned to the
    bottom, so that the sum is `height` and nothing moves when another pane is focused.
    """
    given = [min(LEAST, lines) for lines in wanted]
    order = [focused, focused, *(at for at in range(len(wanted)) if at != focused)]
    left = height - sum(given)
    while left > 0 and (short := [at for at in order if given[at] < wanted[at]]):
        for at in short[:left]:
            given[at] = min(given[at] + 1, wanted[at])
        left = height - sum(given)
    given[-2] += left
    return [max(0, lines) for lines in given]
