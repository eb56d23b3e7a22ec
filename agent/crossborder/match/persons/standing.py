"""Where the counts stand: totals with their bounds, the band they are in and how far the next one is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossborder.match.persons.marks import KINDS
from crossborder.match.persons.tally import ALL, Place

if TYPE_CHECKING:
    from crossborder.match.persons import Persons
    from crossborder.match.persons.marks import Balance, Mark
    from crossborder.match.persons.tally import Tally


@dataclass(frozen=True, slots=True)
class Sent:
    """Persons sent to one country or recipient, as counted: an estimate and its bounds at 95 %."""

    name: str
    persons: int
    lower: int
    upper: int
    since_ns: int  # nanoseconds since 1970 UTC
    last_ns: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a unit has sent abroad of one kind of data, opening balances included in totals and bounds."""

    unit: str
    kind: str
    persons: int
    lower: int
    upper: int
    counted: int  # by agents
    balances: tuple[Balance, ...]
    band: str | None  # important or core; None: below every known band
    next_band: str | None
    next_at: int | None  # persons
    since_ns: int | None  # when counting began; None: nothing was counted yet
    last_ns: int | None
    countries: tuple[Sent, ...]  # most persons first
    recipients: tuple[Sent, ...]  # the same; named "country recipient"

    @property
    def part_of_next(self) -> float | None:
        """Return the part of the next band that is reached, from 0 to 1; None where no further band is known."""
        return self.persons / self.next_at if self.next_at else None


def standings(count: Persons, *, recipients: bool = True) -> tuple[Standing, ...]:
    """Return where every unit and kind stands, by unit and kind; without recipients where nobody asks for them."""
    pairs = {(place.unit, place.kind) for place in count.tally.counts} | set(count.opened)
    return tuple(_standing(count, unit, kind, recipients=recipients) for unit, kind in sorted(pairs, key=_order))


def gauges(count: Persons) -> dict[str, dict[tuple[str, ...], float]]:
    """Return the values of all gauges about persons, by the metric's name without prefix and by its labels."""
    found = standings(count, recipients=False)
    return {
        "persons_abroad": {(s.unit, s.kind): s.persons for s in found},
        "persons_abroad_bound": {
            (s.unit, s.kind, name): bound for s in found for name, bound in (("lower", s.lower), ("upper", s.upper))
        },
        "persons_opening_balance": {(s.unit, s.kind): s.persons - s.counted for s in found},
        "persons_transferred": {(s.unit, s.kind, sent.name): sent.persons for s in found for sent in s.countries},
        "threshold_ratio": {
            (s.unit, s.kind, mark.category): s.persons / mark.persons for s in found for mark in _bands(count, s.kind)
        },
    }


def _order(pair: tuple[str, str]) -> tuple[str, int]:
    return pair[0], KINDS.index(pair[1])


def _bands(count: Persons, kind: str) -> list[Mark]:
    return [mark for mark in count.marks if mark.kind == kind and mark.is_band]


def _standing(count: Persons, unit: str, kind: str, *, recipients: bool) -> Standing:
    balances = tuple(b for b in count.balances if (b.unit, b.kind) == (unit, kind))
    opened = sum(b.persons for b in balances)
    counted = _sent(count.tally, Place(unit, kind), ALL)
    persons = (counted.persons if counted else 0) + opened
    bands = _bands(count, kind)
    entered = [mark for mark in bands if persons >= mark.persons]
    ahead = bands[len(entered)] if len(entered) < len(bands) else None
    return Standing(
        unit=unit,
        kind=kind,
        persons=persons,
        lower=(counted.lower if counted else 0) + opened,
        upper=(counted.upper if counted else 0) + opened,
        counted=persons - opened,
        balances=balances,
        band=entered[-1].category if entered else None,
        next_band=ahead.category if ahead else None,
        next_at=ahead.persons if ahead else None,
        since_ns=counted.since_ns if counted else None,
        last_ns=counted.last_ns if counted else None,
        countries=_below(count.tally, unit, kind, recipients=False),
        recipients=_below(count.tally, unit, kind, recipients=True) if recipients else (),
    )


def _below(tally: Tally, unit: str, kind: str, *, recipients: bool) -> tuple[Sent, ...]:
    """Return the counts of countries, or of recipients in countries, most persons first."""
    found = []
    for place in tally.counts:
        ours = (place.unit, place.kind) == (unit, kind) and place.country != ALL
        if ours and (place.recipient != ALL) == recipients:
            name = f"{place.country} {place.recipient}" if recipients else place.country
            found.append(_sent(tally, place, name))
    return tuple(sorted(filter(None, found), key=_most))


def _most(sent: Sent) -> tuple[int, str]:
    return -sent.persons, sent.name


def _sent(tally: Tally, place: Place, name: str) -> Sent | None:
    count = tally.counts.get(place)
    if count is None:
        return None
    lower, upper = count.sketch.bounds
    persons = round(count.sketch.persons)
    return Sent(name, persons, math.floor(lower), math.ceil(upper), count.since_ns, count.last_ns)
