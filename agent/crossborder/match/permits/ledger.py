"""What was debited to each permit, and when each sender first sent to each recipient: kept for good."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from crossborder.match.persons.sketch import Sketch
from crossborder.statefile import StatePart, damaged, sealed, unsealed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossborder.statefile import StateFile

MAX_TRANSFERS = 10_000
"""Most pairs of sender and recipient kept apart; those met later go to the recipient `other` of their country."""
OTHER = "other"

PART = StatePart(
    "permits",
    (
        """
        CREATE TABLE permit_uses (
            permit TEXT PRIMARY KEY, bytes INTEGER NOT NULL, flows INTEGER NOT NULL,
            first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE permit_warnings (permit TEXT, warning TEXT, PRIMARY KEY (permit, warning)) WITHOUT ROWID;
        CREATE TABLE permit_transfers (
            unit TEXT, route TEXT, country TEXT, recipient TEXT,
            first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL, permit TEXT,
            PRIMARY KEY (unit, route, country, recipient)
        ) WITHOUT ROWID;
        CREATE TABLE permit_persons (permit TEXT PRIMARY KEY, sketch BLOB NOT NULL);
        """,
    ),
)


@dataclass(frozen=True, slots=True)
class Use:
    """What was debited to one permit. Times are nanoseconds since 1970 UTC."""

    bytes: int = 0
    flows: int = 0
    first_ns: int = 0
    last_ns: int = 0

    def plus(self, size: int, flows: int, first_ns: int, last_ns: int) -> Use:
        """Return this with a debit more; times need not come in order."""
        first = min(self.first_ns, first_ns) if self.last_ns else first_ns
        return Use(self.bytes + size, self.flows + flows, first, max(self.last_ns, last_ns))


class Way(NamedTuple):
    """Who sends to whom on which legal route."""

    unit: str
    route: str
    country: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """The first and the latest transfer seen on one way, and the permit that covered the latest; empty: none did."""

    first_ns: int
    last_ns: int
    permit: str = ""


class Ledger:
    """All debits and first transfers, in memory, with what has changed since it was last written."""

    def __init__(self, state: StateFile | None = None) -> None:
        """Begin with what a state holds; without one, with nothing."""
        self.uses: dict[str, Use] = {}
        self.transfers: dict[Way, Transfer] = {}
        self.sketches: dict[str, Sketch] = {}  # permit → the persons sent under it
        self._warned: set[tuple[str, str]] = set()
        self._new_warnings: set[tuple[str, str]] = set()
        self._new_uses: set[str] = set()
        self._new_transfers: set[Way] = set()
        self._new_persons: set[str] = set()
        if state:
            self._read(state)

    def use(self, permit: str) -> Use:
        """Return what was debited to a permit so far."""
        return self.uses.get(permit, Use())

    def debit(self, permit: str, size: int, flows: int, first_ns: int, last_ns: int) -> None:
        """Debit bytes and flows to a permit, sent between two moments."""
        self.uses[permit] = self.use(permit).plus(size, flows, first_ns, last_ns)
        self._new_uses.add(permit)

    def persons(self, permit: str) -> int:
        """Return about how many distinct persons were sent under a permit."""
        return round(self.sketches[permit].persons) if permit in self.sketches else 0

    def add_persons(self, permit: str, hashes: Iterable[int]) -> None:
        """Debit persons, by their hashes, to a permit; who was sent before counts no more."""
        self.sketches.setdefault(permit, Sketch()).add(hashes)
        self._new_persons.add(permit)

    def note(self, way: Way, transfer: Transfer) -> None:
        """Note that there were transfers on a way."""
        if way not in self.transfers and len(self.transfers) >= MAX_TRANSFERS:
            way = way._replace(recipient=OTHER)
        before = self.transfers.get(way, transfer)
        first, last = min(before.first_ns, transfer.first_ns), max(before.last_ns, transfer.last_ns)
        self.transfers[way] = replace(transfer, first_ns=first, last_ns=last)
        self._new_transfers.add(way)

    def first_warning(self, permit: str, warning: str) -> bool:
        """Tell whether a warning is given for the first time, and note that it was."""
        key = permit, warning
        if key in self._warned:
            return False
        self._warned.add(key)
        self._new_warnings.add(key)
        return True

    def write(self, state: StateFile) -> None:
        """Write what has changed, within the state's tick."""
        uses = [(p, u.bytes, u.flows, u.first_ns, u.last_ns) for p in self._new_uses for u in (self.uses[p],)]
        state.write("REPLACE INTO permit_uses VALUES (?, ?, ?, ?, ?)", uses)
        state.write("REPLACE INTO permit_warnings VALUES (?, ?)", self._new_warnings)
        sketches = ((name, self.sketches[name].to_bytes()) for name in self._new_persons)
        state.write(
            "REPLACE INTO permit_persons VALUES (?, ?)", [(n, sealed(raw, "permits", n)) for n, raw in sketches]
        )
        ways = [(*w, t.first_ns, t.last_ns, t.permit) for w in self._new_transfers for t in (self.transfers[w],)]
        state.write("REPLACE INTO permit_transfers VALUES (?, ?, ?, ?, ?, ?, ?)", ways)

    def written(self) -> None:
        """Forget what was to be written: it is."""
        self._new_uses.clear()
        self._new_warnings.clear()
        self._new_transfers.clear()
        self._new_persons.clear()

    def _read(self, state: StateFile) -> None:
        for permit, *use in state.rows("SELECT permit, bytes, flows, first_ns, last_ns FROM permit_uses"):
            self.uses[permit] = Use(*use)
        for permit, raw in state.rows("SELECT permit, sketch FROM permit_persons"):
            self.sketches[permit] = _sketch(state, permit, raw)
        self._warned = set(state.rows("SELECT permit, warning FROM permit_warnings"))
        columns = "unit, route, country, recipient, first_ns, last_ns, permit"
        for *way, first, last, permit in state.rows(f"SELECT {columns} FROM permit_transfers"):  # noqa: S608 - ours
            self.transfers[Way(*way)] = Transfer(first, last, permit)


def _sketch(state: StateFile, permit: str, kept: bytes) -> Sketch:
    raw = unsealed(kept, "permits", permit)
    if raw is None:
        raise damaged(state.path, f"the persons of permit {permit}")
    return Sketch.read(raw)
