"""What each rule costs: one is evaluated alone on a sample after each tick, in turn, so that nobody waits for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.match import Matcher


class Costs:
    """Whose turn it is."""

    def __init__(self, tell: Callable[[str, float], None]) -> None:
        """Take who is told of a rule's name and seconds a flow."""
        self._tell = tell
        self._turn = 0

    def __call__(self, matcher: Matcher) -> None:
        """Measure the next rule, if the last tick brought flows to measure it on."""
        solo = matcher.solo(self._turn)
        if solo is None:
            return
        self._turn += 1
        begin = time.perf_counter()
        solo.evaluate()
        self._tell(solo.rule, (time.perf_counter() - begin) / solo.flows)
