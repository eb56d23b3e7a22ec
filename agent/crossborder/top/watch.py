"""One look at an agent: its metrics, and what its event file has got since the last look."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from crossborder.top.finding import findings_in
from crossborder.top.reading import UnreadError, metrics_text
from crossborder.top.sample import ForeignError, Sample
from crossborder.top.state import Look
from crossborder.top.tail import Tail

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.top.address import Address


class Watch:
    """Looks at one agent, from outside. Whatever goes wrong is in the look, and the next one tries again."""

    def __init__(self, address: Address, events: Path | None = None) -> None:
        """Take where the metrics are, and the event file where there is one; nothing is opened yet."""
        self.address = address
        self._tail = Tail(events) if events else None

    def look(self) -> Look:
        """Look once; takes as long as the agent needs to answer, bounded by `reading.WITHIN`."""
        sample, trouble = self._scrape()
        at = time.time()
        if self._tail is None:
            return Look(at, sample, trouble)
        found, broken = findings_in(self._tail.lines())
        tail = self._tail
        return Look(at, sample, trouble, str(tail.path), tail.note, tuple(found), broken, tail.skipped)

    def _scrape(self) -> tuple[Sample | None, str]:
        try:
            text = metrics_text(self.address)
            return Sample.of(text, time.time()), ""
        except UnreadError as error:
            return None, str(error)
        except ForeignError as error:
            return None, f"{self.address} {error}"
