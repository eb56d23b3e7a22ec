"""What was used of each permit: of its ceilings, of its time; and what must be said of it once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from crossborder.match.permits import Permits
    from crossborder.match.permits.ledger import Ledger, Use
    from crossborder.match.permits.permit import Permit

NEARLY = 0.8
"""The part of a ceiling from which on it is warned of."""
SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Share:
    """How much of one ceiling was used."""

    used: int
    ceiling: int

    @property
    def ratio(self) -> float:
        """Return what part that is; more than 1 once the ceiling broke."""
        return self.used / self.ceiling


@dataclass(frozen=True, slots=True)
class Usage:
    """How one permit stands at a moment."""

    id: str
    permit: Permit | None  # none: it was debited and is no longer in the file
    use: Use
    persons: int  # distinct, about
    shares: dict[str, Share]  # bytes, flows, persons: those that have a ceiling
    days_left: int | None  # whole days until it ends, negative once it has

    @property
    def warnings(self) -> dict[str, str]:
        """Return what is to be warned of, by a key that changes when the permit does."""
        said = {
            f"{what} {share.ceiling}": f"{share.ratio:.0%} of its ceiling of {what} is used"
            for what, share in self.shares.items()
            if share.ratio >= NEARLY
        }
        if self.permit and self.days_left is not None and self.days_left <= SOON.days:
            ended = f"ended on {self.permit.until}"
            begun = f"ends on {self.permit.until}, in {self.days_left} days"
            said[f"until {self.permit.until}"] = ended if self.days_left < 0 else begun
        return said


def usages(permits: Permits, ledger: Ledger, now: datetime) -> list[Usage]:
    """Return how every permit stands: those of the file in its order, then those that are debited and gone from it."""
    known = [_usage(permit, ledger.use(permit.id), ledger.persons(permit.id), now) for permit in permits.permits]
    gone = sorted(ledger.uses.keys() - {permit.id for permit in permits.permits})
    return known + [Usage(name, None, ledger.use(name), ledger.persons(name), {}, None) for name in gone]


def _usage(permit: Permit, use: Use, persons: int, now: datetime) -> Usage:
    used = {"bytes": use.bytes, "flows": use.flows, "persons": persons}
    shares = {what: Share(used[what], ceiling) for what, ceiling in permit.ceilings if ceiling is not None}
    left = (permit.expiry - now) // timedelta(days=1)
    return Usage(permit.id, permit, use, persons, shares, left)


def first_warnings(found: Iterable[Usage], ledger: Ledger) -> Iterator[tuple[str, str]]:
    """Yield permit and sentence of warnings that were not given before; the ledger remembers them."""
    for usage in found:
        for key, sentence in usage.warnings.items():
            if ledger.first_warning(usage.id, key):
                yield usage.id, sentence
