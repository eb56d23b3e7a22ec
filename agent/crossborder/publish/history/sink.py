"""The sink that records crossings: each tick into the write-ahead segment, whole hours into partitions."""

from __future__ import annotations

import errno
import fcntl
import os
from dataclasses import dataclass, field
from functools import partial
from typing import IO, TYPE_CHECKING

import polars as pl

from crossborder.errors import CrossborderError
from crossborder.publish.catalogue import FAULTS
from crossborder.publish.history import ahead, inventory
from crossborder.publish.history.ahead import Segment
from crossborder.publish.history.files import LEVEL, discard, discard_all, draft, put
from crossborder.publish.history.inventory import Span
from crossborder.publish.history.keeping import Keeper, Kept, Limits
from crossborder.publish.history.moving import Mover
from crossborder.publish.history.places import files_of, gateway_folder, instant, make_folder
from crossborder.publish.history.rows import HOUR_NS, PENDING_SCHEMA, folded, pending
from crossborder.publish.history.store import Store
from crossborder.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crossborder.model import Batch
    from crossborder.publish.history.files import Draft

FOLD_ROWS = 100_000
"""Reports gathered before they are made into rows of flows."""
PART_ROWS = 200_000
"""Rows of flows that ended from which on they are written before their hour is over."""
HELD_ROWS = 1_000_000
"""Most rows held while they cannot be written; reports beyond that are lost, and counted."""
SEGMENT_BYTES = 256 << 20
"""A segment that has grown so much is begun anew with what its ticks amount to."""
LATE_NS = 300 * 10**9
"""Packet time between two writings, so that rows that come late do not each make a file."""
RECORDED_NS = 900 * 10**9
"""Packet time after which the inventory is told that somebody records: a crash loses no more of that."""
_ENDED = pl.col("report") == "ended"
_EVERYTHING = pl.lit(value=True)


@dataclass(slots=True)
class Standing:
    """How the history stands, for the metrics."""

    written: int = 0  # rows in partitions, since the start
    waiting: int = 0  # rows in no partition yet
    lost: int = 0  # reports given up
    room: int = 0  # bytes that may still be written before the history stops
    kept: Kept = field(default_factory=Kept)
    faults: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FAULTS, 0))


class History:
    """A sink. What cannot be written is held and tried again with the next batch; the other sinks go on."""

    name = "history"

    def __init__(
        self,
        directory: Path,
        gateway: str,
        limits: Limits,
        tell: Callable[[Standing], None] = lambda _: None,
        store: Store | None = None,
        pseudonyms: str | None = None,
    ) -> None:
        """Open a gateway's history, and write what a crash has left of it; `tell` takes how it stands after a batch.

        Hours that are over are moved to the store, where there is one. `pseudonyms` is the fingerprint of the key under
        which addresses at home come as pseudonyms.

        Raises CrossborderError where nothing can be written, or where another agent writes.
        """
        self._folder = gateway_folder(directory, gateway)
        self._ahead = self._folder / ahead.FOLDER
        self._gateway, self._limits, self._tell, self._pseudonyms = gateway, limits, tell, pseudonyms
        self.standing = Standing()
        mover = Mover(store, self._folder, partial(self._count, "store")) if store else None
        self._keeper = Keeper(self._folder, gateway, limits, partial(self._count, "upkeep"), mover)
        self._segment: Segment | None = None
        self._number = 0  # of the segment, and of the files that were written when it began
        self._moves: list[ahead.Move] = []  # of drafts that are the partition's already, and not in place yet
        self._rows: list[pl.DataFrame] = []
        self._height = 0
        self._folded = 0  # rows when they were last folded
        self._hours: set[int] = set()
        self._clock = self._settled = 0
        self._since = self._noted = 0  # packet time since when somebody records, and when that was noted last
        self._over: list[tuple[int, int]] = []  # times before that which are not noted
        self._failing = False
        try:
            make_folder(self._ahead)
            self._lock = _locked(self._ahead / "lock")
            self._recover()
        except OSError as error:
            raise CrossborderError.at(directory, f"the flow history cannot be kept there: {_reason(error)}") from None

    def __call__(self, batch: Batch, crossings: pl.DataFrame, findings: pl.DataFrame) -> None:
        """Take one batch; raises nothing for want of room."""
        del findings
        self._follow(batch.tick_ns)
        rows = pending(crossings, self._pseudonyms)
        if self._failing and self._height + rows.height > HELD_ROWS:
            self.standing.lost += rows.height
            rows = rows.clear()
        self._attempt(lambda: self._take(rows))
        self._say()

    def close(self) -> None:
        """Write everything into partitions; CrossborderError tells when rows had to stay behind."""
        self._attempt(lambda: self._settle(_EVERYTHING))
        self._attempt(self._finish_moves)
        self._attempt(lambda: self._note(every=1))
        if self._segment:
            self._segment.close()
        self._keeper.close()
        self._say()
        self._lock.close()
        missing = self._height + self.standing.lost
        if missing:
            raise CrossborderError.at(self._folder, f"{missing} rows of the flow history could not be written")

    def _take(self, rows: pl.DataFrame) -> None:
        if not rows.is_empty():
            self._rows.append(rows)
            self._height += rows.height
            self._hours.update(rows["hour"].unique().to_list())
        if self._height >= max(FOLD_ROWS, 2 * self._folded):
            self._fold()
        self._check_room()
        self._secure(rows)
        self._finish_moves()
        self._note()
        over = {hour for hour in self._hours if not self._is_open(hour)}
        if over and abs(self._clock - self._settled) >= LATE_NS:
            self._settle(pl.col("hour").is_in(list(over)))
        elif self._height == self._folded >= PART_ROWS and self._ended() >= PART_ROWS:
            self._settle(_ENDED | pl.col("hour").is_in(list(over)))

    def _follow(self, clock: int) -> None:
        """Follow the clock of packets; where it steps, nobody recorded between."""
        if not self._clock <= clock <= self._clock + self._limits.pause_ns:
            self._over.append((self._since, self._clock))
            self._since = self._noted = clock
        self._clock = clock

    def _note(self, every: int = RECORDED_NS) -> None:
        """Have in the inventory since when somebody records and until when, where that is news of so much time."""
        if self._over or self._clock - self._noted >= every:
            spans = [*self._over, (self._since, self._clock)]
            inventory.note_recorded(
                self._folder, (Span(instant(since), instant(until)) for since, until in spans if since < until)
            )
            self._over, self._noted = [], self._clock

    def _ended(self) -> int:
        return self._fold().filter(_ENDED).height

    def _secure(self, rows: pl.DataFrame) -> None:
        """Have the rows of a tick on the disk."""
        segment = self._segment
        if segment and segment.size - segment.begun < max(SEGMENT_BYTES, 4 * segment.begun):
            if not rows.is_empty():
                segment.append(rows)
        else:
            self._begin(self._fold(), [])

    def _let_go(self) -> None:
        """Give up a segment that cannot be written on; it stays until another one replaces it."""
        if self._segment:
            self._segment.close()
            self._segment = None

    def _begin(self, rows: pl.DataFrame, drafts: list[Draft]) -> None:
        """Begin a segment with rows that still wait: the moment from which drafts count as written."""
        number = self._number + 1
        moves = [*self._moves, *(one.move for one in drafts)]
        segment = Segment.begin(self._ahead, number, moves, rows)
        self._let_go()
        self._segment, self._number, self._moves = segment, number, moves
        self._rows, self._height, self._folded = [rows], rows.height, rows.height
        self._hours = set(rows["hour"].unique().to_list())
        self.standing.written += sum(one.rows for one in drafts)

    def _settle(self, due: pl.Expr) -> None:
        """Write the rows that are due into partitions, an hour each."""
        rows = self._fold()
        drafts: list[Draft] = []
        numbers = (self._number + 1, self._number + 1)
        try:
            for (hour,), part in rows.filter(due).partition_by("hour", as_dict=True, maintain_order=True).items():
                drafts.append(draft(self._folder, self._gateway, hour, numbers, part, LEVEL))
            self._begin(rows.filter(~due), drafts)
        except OSError:
            discard(self._folder, drafts)
            raise
        self._settled = self._clock
        self._finish_moves()
        self._keeper.wake([hour for hour in {*self._hours, self._clock // HOUR_NS} if self._is_open(hour)])

    def _finish_moves(self) -> None:
        """Put in place what is written; then the segments before are not needed any more."""
        if self._moves:
            put(self._folder, self._moves)
            inventory.note_written(self._folder, (file for _, file in self._moves))
            self._moves = []
        ahead.remove_before(self._ahead, self._number)

    def _fold(self) -> pl.DataFrame:
        if len(self._rows) != 1 or self._height != self._folded:
            rows = folded(pl.concat(self._rows)) if self._rows else pl.DataFrame(schema=PENDING_SCHEMA)
            self._rows, self._height, self._folded = [rows], rows.height, rows.height
        return self._rows[0]

    def _recover(self) -> None:
        """Take up what an agent has left that did not end by itself."""
        left = ahead.recover(self._ahead)
        self._number = max([left.number, *(file.last for file in files_of(self._folder))])
        self._moves = list(left.moves)
        if left.torn or left.spoilt:
            self._count("torn")
            log().warning(
                "the end of the flow history was torn", folder=str(self._ahead), bytes=left.torn, damaged=left.spoilt
            )
        if unread := inventory.tidy(self._folder):
            self._count("torn")
            log().warning("lines of the inventory say nothing", folder=str(self._folder), lines=unread)
        self._finish_moves()
        if not left.spoilt:
            discard_all(self._folder)
        self._rows, self._height = [left.rows], left.rows.height
        self._clock = self._since = self._noted = int(left.rows["last_ns"].max() or 0)  # type: ignore[arg-type]  # of integers
        self._attempt(lambda: self._settle(_EVERYTHING))
        self._say()

    def _attempt(self, act: Callable[[], None]) -> None:
        """Do what may fail for want of room or worse: said once for each spell, counted each time."""
        try:
            act()
        except OSError as error:
            self._count("write")
            if not self._failing:
                log().error("the flow history cannot be written, it is held and tried again", reason=_reason(error))
            self._failing = True
            self._let_go()  # it may lack what is held now, and end in half a record
        else:
            if self._failing:
                log().info("the flow history is written again", lost=self.standing.lost)
            self._failing = False

    def _check_room(self) -> None:
        self.standing.room = self._room()
        if self.standing.room <= 0:
            raise OSError(errno.ENOSPC, "no room but what history.reserve leaves to others")

    def _room(self) -> int:
        disk = os.statvfs(self._folder)
        return max(0, disk.f_bavail * disk.f_frsize - self._limits.reserve)

    def _is_open(self, hour: int) -> bool:
        """Tell whether rows of an hour may be expected: by the clock of packets, which may step."""
        begin = hour * HOUR_NS
        return begin <= self._clock + HOUR_NS and self._clock < begin + HOUR_NS + self._limits.patience_ns

    def _count(self, fault: str) -> None:
        self.standing.faults[fault] += 1

    def _say(self) -> None:
        self.standing.waiting, self.standing.kept = self._height, self._keeper.kept
        self._tell(self.standing)


def check(directory: Path, gateway: str, store: str | None = None) -> None:
    """Raise CrossborderError where a gateway's history could not be written, without making or sending anything."""
    if store:
        Store(store)
    place = gateway_folder(directory, gateway)
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise CrossborderError.at(directory, f"the flow history cannot be kept there: {place} is no folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise CrossborderError.at(directory, f"the flow history cannot be kept there: folder {place} is not writable")


def _locked(path: Path) -> IO[str]:
    """Return the lock file, held by this agent; the kernel lets go of it however the agent ends."""
    lock = path.open("a", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        message = "another agent writes the flow history of this gateway: give each a `gateway` or folder of its own"
        raise CrossborderError.at(path, message) from None
    return lock


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
