"""The sketches of who sent how many persons where, in memory and in the state file."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from crossborder.match.persons.sketch import Sketch
from crossborder.statefile import StatePart, damaged, sealed, unsealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crossborder.statefile import StateFile

ALL = "*"
"""Stands for every country, and for every recipient."""
OTHER = "other"
"""The recipient of what found no room."""

MAX_RECIPIENTS = 4_096
"""Most recipients told apart. A sketch takes up to 17 KiB in memory and 5 KiB in the file: 70 MB and 20 MB at most."""

PERSONS_PART = StatePart(
    "persons",
    (
        """
        CREATE TABLE persons_sketches (
            unit TEXT NOT NULL, kind TEXT NOT NULL, country TEXT NOT NULL, recipient TEXT NOT NULL,
            since_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, sketch BLOB NOT NULL,
            PRIMARY KEY (unit, kind, country, recipient)
        );
        CREATE TABLE persons_bands (
            unit TEXT NOT NULL, kind TEXT NOT NULL, band TEXT NOT NULL, entered_ns INTEGER NOT NULL,
            PRIMARY KEY (unit, kind, band)
        );
        """,
    ),
)
_SKETCHES = "SELECT unit, kind, country, recipient, since_ns, last_ns, sketch FROM persons_sketches"
_BANDS = "SELECT unit, kind, band, entered_ns FROM persons_bands"


class Place(NamedTuple):
    """Whose persons of what kind went where; country and recipient are ALL in sums."""

    unit: str
    kind: str
    country: str = ALL
    recipient: str = ALL


class Entered(NamedTuple):
    """A mark that a unit's count has passed."""

    unit: str
    kind: str
    band: str


@dataclass(slots=True)
class Count:
    """The persons of one place and when they were seen, nanoseconds since 1970 UTC."""

    sketch: Sketch
    since_ns: int
    last_ns: int


class Tally:
    """All counts, and the marks that were passed. What changed is written at the end of a tick."""

    def __init__(self, max_recipients: int = MAX_RECIPIENTS) -> None:
        """Start with nothing counted."""
        self.counts: dict[Place, Count] = {}
        self.entered: dict[Entered, int] = {}  # when, nanoseconds since 1970 UTC
        self.max_recipients = max_recipients
        self._recipients = 0
        self._changed: set[Place] = set()
        self._new: set[Entered] = set()

    @classmethod
    def read(cls, state: StateFile) -> Tally:
        """Read what a state file keeps; raises CrossborderError when a sketch is damaged."""
        tally = cls()
        for unit, kind, country, recipient, since_ns, last_ns, raw in state.rows(_SKETCHES):
            place = Place(unit, kind, country, recipient)
            tally._put(place, Count(_whole(state, place, since_ns, last_ns, raw), since_ns, last_ns))
        tally.entered = {Entered(unit, kind, band): at for unit, kind, band, at in state.rows(_BANDS)}
        return tally

    @property
    def changed(self) -> bool:
        """Tell whether something is to be written."""
        return bool(self._changed or self._new)

    def persons(self, place: Place) -> float:
        """Return the estimate of a place, 0 where nothing was counted."""
        count = self.counts.get(place)
        return count.sketch.persons if count else 0.0

    def add(self, places: Iterable[Place], hashes: Sequence[int], times: tuple[int, int]) -> None:
        """Add the same persons, by their hashes, to several counts; `times` are when the first and last were seen."""
        for place in map(self._room, places):
            self._touched(place, times).sketch.add(hashes)

    def follow(self, place: Place, lines: Iterable[Sequence[int]], times: tuple[int, int]) -> list[float]:
        """Add line after line of hashes to a count and return the estimate after each.

        It asks once a line that carries persons: which of them made the count enter a band cannot be told otherwise.
        """
        return list(map(self._touched(place, times).sketch.grown, lines))

    def _touched(self, place: Place, times: tuple[int, int]) -> Count:
        """Return a count that is about to change."""
        count = self.counts.get(place) or self._put(place, Count(Sketch(), *times))
        count.since_ns, count.last_ns = min(count.since_ns, times[0]), max(count.last_ns, times[1])
        self._changed.add(place)
        return count

    def _room(self, place: Place) -> Place:
        """Return the place, or that of `other` recipients when no more can be told apart."""
        told = place.recipient == ALL or place in self.counts or self._recipients < self.max_recipients
        return place if told else place._replace(recipient=OTHER)

    def enter(self, entered: Entered, at_ns: int) -> None:
        """Note that a mark was passed."""
        self.entered[entered] = at_ns
        self._new.add(entered)

    def join(self, others: Iterable[Tally]) -> None:
        """Take in the counts of others: who is in several counts once."""
        for other in others:
            for place, count in other.counts.items():
                own = self.counts.get(place)
                if own:
                    joined = Sketch.joined([own.sketch, count.sketch])
                    since, last = min(own.since_ns, count.since_ns), max(own.last_ns, count.last_ns)
                    self._put(place, Count(joined, since, last))
                else:
                    self._put(place, count)
                self._changed.add(place)
            for entered, at_ns in other.entered.items():
                self.enter(entered, min(at_ns, self.entered.get(entered, at_ns)))

    def write(self, state: StateFile) -> None:
        """Write what changed; called inside a tick."""
        state.write(
            "REPLACE INTO persons_sketches VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (*place, count.since_ns, count.last_ns, sealed(count.sketch.to_bytes(), *_names(place, count)))
                for place in sorted(self._changed)
                for count in [self.counts[place]]
            ),
        )
        state.write(
            "REPLACE INTO persons_bands VALUES (?, ?, ?, ?)", ((*e, self.entered[e]) for e in sorted(self._new))
        )

    def written(self) -> None:
        """Forget what was to be written: it is."""
        self._changed.clear()
        self._new.clear()

    def _put(self, place: Place, count: Count) -> Count:
        self._recipients += place.recipient != ALL and place not in self.counts
        self.counts[place] = count
        return count


def _names(place: Place, count: Count) -> tuple[str, ...]:
    return (*place, str(count.since_ns), str(count.last_ns))


def _whole(state: StateFile, place: Place, since_ns: int, last_ns: int, raw: bytes) -> Sketch:
    """Return the sketch of a row; raises CrossborderError when it is not what was written."""
    kept = unsealed(bytes(raw), *place, str(since_ns), str(last_ns))
    with contextlib.suppress(ValueError):
        if kept is not None:
            return Sketch.read(kept)
    raise damaged(state.path, f"the count of {place.kind} persons of {place.unit!r}")
