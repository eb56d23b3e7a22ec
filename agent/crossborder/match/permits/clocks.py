"""Filing clocks: by when the law wants a dossier, per sender, route and recipient, counted from what was seen.

Decree 165/2025/NĐ-CP, Article 12(5), core data: approval before the transfer. Article 12(6), important data: 15 days
before it. Article 12(11) and (12), exceptions of both: 15 days after it began. Law 91/2025/QH15, Article 20(2),
personal data: 60 days after the first transfer. All read verbatim; which applies a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from crossborder.match.permits import VIETNAM

if TYPE_CHECKING:
    from crossborder.match.permits import Permits
    from crossborder.match.permits.ledger import Ledger, Transfer, Way
    from crossborder.match.permits.permit import Permit

BEFORE = timedelta(days=15)
AFTER_EXCEPTION = timedelta(days=15)
AFTER_FIRST = timedelta(days=60)

_LAW = {
    "nd165-core": "165/2025/NĐ-CP, 12(5)",
    "nd165-important": "165/2025/NĐ-CP, 12(6)",
    "pdpl": "91/2025/QH15, 20(2)",
}
_EXCEPTION_LAW = "165/2025/NĐ-CP, 12(12)"


@dataclass(frozen=True, slots=True)
class Clock:
    """One duty to file."""

    unit: str
    route: str
    country: str
    recipient: str
    first_seen: date
    last_seen: date
    law: str
    due: date  # of a core transfer the day it began: approval comes before
    days_left: int  # negative: the day has passed
    permit: str | None  # the one that covered it
    dossier: str | None  # its number; none: nobody has named one
    filed: date | None

    @property
    def state(self) -> str:
        """Return `filed`, `filed late`, `named` (a dossier, no day of filing), `due` or `overdue`."""
        if self.filed:
            return "filed" if self.filed <= self.due else "filed late"
        if self.dossier:
            return "named"
        return "overdue" if self.days_left < 0 else "due"


def clocks(permits: Permits, ledger: Ledger, today: date) -> list[Clock]:
    """Return a clock for every way data were seen to go, those due first at the top; `today` in Viet Nam."""
    known = {permit.id: permit for permit in permits.permits}
    found = [_clock(way, transfer, known.get(transfer.permit), today) for way, transfer in ledger.transfers.items()]
    return sorted(found, key=lambda clock: (clock.due, clock.unit, clock.country, clock.recipient, clock.route))


def _clock(way: Way, transfer: Transfer, permit: Permit | None, today: date) -> Clock:
    first, last = _day(transfer.first_ns), _day(transfer.last_ns)
    law, due = _due(way.route, first, permit)
    papers = (permit.id, permit.dossier or None, permit.filed) if permit else (None, None, None)
    return Clock(*way, first, last, law, due, (due - today).days, *papers)


def _due(route: str, first: date, permit: Permit | None) -> tuple[str, date]:
    if route == "pdpl":
        return _LAW[route], first + AFTER_FIRST
    if permit and permit.exception:
        return _EXCEPTION_LAW, first + AFTER_EXCEPTION
    return _LAW[route], first if route == "nd165-core" else first - BEFORE


def _day(ns: int) -> date:
    return datetime.fromtimestamp(ns // 10**9, VIETNAM).date()
