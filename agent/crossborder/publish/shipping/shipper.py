"""Carries the lines of the event log to one destination, in a thread of its own: nothing is lost, nobody waits."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from crossborder.publish.shipping.destination import NotTaken, Unwanted
from crossborder.publish.shipping.following import Follower
from crossborder.publish.shipping.position import Position, position_file, read_position, write_position
from crossborder.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from crossborder.publish.shipping.destination import Destination
    from crossborder.publish.shipping.following import Line

MOST_SUSPECTS = 8
"""Lines refused one after the other; more of them, and it is not the lines."""


class Pace(NamedTuple):
    """How much at a time, and how long between two tries; times in seconds."""

    lines: int = 500
    size: int = 1 << 20  # bytes
    poll: float = 0.5
    first_wait: float = 1.0
    longest_wait: float = 60.0
    look_behind: float = 5.0  # between two measurements of what waits


@dataclass(slots=True)
class Standing:
    """How a sink stands; counts since the start."""

    sent: int = 0  # lines the other side has
    failures: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    last_success: float | None = None  # seconds since 1970
    up: bool | None = None  # whether the last attempt went well; None: there was none
    waiting: int = 0  # lines
    waiting_bytes: int = 0

    @property
    def gauges(self) -> dict[str, float]:
        """Return what is known, by the metric's name behind `crossborder_sink_`."""
        known = {
            "up": self.up,
            "last_success_timestamp_seconds": self.last_success,
            "waiting_lines": self.waiting,
            "waiting_bytes": self.waiting_bytes,
        }
        return {name: float(value) for name, value in known.items() if value is not None}


class _Sent(NamedTuple):
    at: Position
    lines: int
    when: float  # monotonic


class Shipper:
    """One sink. Its position is written after the other side has the lines: what is not written is sent again."""

    def __init__(
        self,
        name: str,
        path: Path,
        destination: Destination,
        head: Callable[[], tuple[str, int]],
        tell: Callable[[str, Standing], None],
        pace: Pace | None = None,
    ) -> None:
        """Take its name, the file events are appended to, where to, who knows the log's end, and who shows it.

        Raises CrossborderError where its position cannot be read.
        """
        self.name = name
        self.standing = Standing()
        self._destination, self._head, self._tell, self._pace = destination, head, tell, pace or Pace()
        self._kept = position_file(path, name)
        self._taken = read_position(self._kept)  # up to here the other side has everything
        self._written = self._taken
        self._follower = Follower(path, self._taken)
        self._unsettled: deque[_Sent] = deque()
        self._suspects: list[tuple[Line, Unwanted]] = []
        self._missing = 0  # lines before the next that are gone
        self._tries = 0
        self._stopping = False
        self._looked = float("-inf")
        self._stop = threading.Event()
        self._until = float("inf")  # monotonic
        self._thread = threading.Thread(target=self._go, name=f"sink {name}", daemon=True)

    def start(self) -> None:
        """Begin; once."""
        if not self._thread.is_alive():
            self._thread.start()

    def stop(self, patience: float) -> None:
        """Have it end when everything is sent, or when so many seconds are over. Returns at once; see `join`."""
        self._until = time.monotonic() + patience
        self._stop.set()

    def join(self) -> int:
        """Wait for the end and return how many lines wait for the next start."""
        self._thread.join(max(0.0, self._until - time.monotonic()) + 1.0)  # it may hang in a send
        return self._behind()

    def _go(self) -> None:
        try:
            wait = 0.0
            while not self._ended(wait):
                wait = self._round()
        finally:
            self._end()

    def _ended(self, wait: float) -> bool:
        """Wait, and tell whether this is the end: once stopped, when everything is sent or time is up."""
        if not self._stop.wait(wait):
            return False
        if not self._stopping:
            self._stopping, self._tries = True, 0
            return False
        left = self._until - time.monotonic()
        if left <= 0 or (wait == self._pace.poll and self._all_sent()):
            return True
        time.sleep(min(wait, left))
        return False

    def _all_sent(self) -> bool:
        reached = self._unsettled[-1].at if self._unsettled else self._taken
        return bool(self._suspects) or (reached.log, reached.sequence) == self._head()

    def _round(self) -> float:
        """Ship what there is; return how long to wait then. Whatever goes wrong is told, and tried again."""
        try:
            more = self._ship()
            self._settle()
            wait = 0.0 if more else self._pace.poll
        except NotTaken as error:
            wait = self._failed(error)
        except OSError as error:
            wait = self._failed(NotTaken("file", error.strerror or str(error)))
        except Exception as error:  # noqa: BLE001 - a thread that ends in silence would be worse
            wait = self._failed(NotTaken("internal", f"{type(error).__name__}: {error}"))
        self._show()
        return wait

    def _ship(self) -> bool:
        """Send the next lines; tell whether there were any."""
        batch = self._follower.next(self._pace.lines, self._pace.size)
        self._missing += batch.missing
        if batch.lines:
            self._give(batch.lines)
        elif self._unsettled:
            self._destination.look()
        return bool(batch.lines)

    def _give(self, lines: Sequence[Line]) -> None:
        """Send lines; what is not wanted is sent by halves, down to the line that is not."""
        try:
            self._destination.send([line.text for line in lines])
        except Unwanted as error:
            if len(lines) == 1:
                self._suspect(lines[0], error)
                return
            middle = len(lines) // 2
            self._give(lines[:middle])
            self._give(lines[middle:])
        else:
            self._given(lines)

    def _suspect(self, line: Line, error: Unwanted) -> None:
        """Pass over one line, provisionally: only when another is taken is it the line's own fault."""
        self._suspects.append((line, error))
        if len(self._suspects) > MOST_SUSPECTS:
            raise NotTaken("rejected", f"takes no line at all: {error}")

    def _given(self, lines: Sequence[Line]) -> None:
        if self._missing:
            self._passed_over("missing", self._missing, "they were removed before they were sent")
            self._missing = 0
        for line, error in self._suspects:
            self._passed_over(error.reason, 1, str(error), sequence=line.at.sequence)
        self._suspects.clear()
        self._unsettled.append(_Sent(lines[-1].at, len(lines), time.monotonic()))

    def _settle(self) -> None:
        """Write down how far the other side has everything."""
        due = time.monotonic() - self._destination.settles
        if self._destination.settles and self._unsettled and self._unsettled[0].when <= due:
            self._destination.look()
        while self._unsettled and self._unsettled[0].when <= due:
            self._took(self._unsettled.popleft())
        if self._taken != self._written:
            write_position(self._kept, self._taken)
            self._written = self._taken

    def _took(self, sent: _Sent) -> None:
        self._taken = sent.at
        self._tries = 0
        self.standing.sent += sent.lines
        self.standing.last_success = time.time()
        if self.standing.up is False:
            log().info("a sink takes events again", sink=self.name)
        self.standing.up = True

    def _failed(self, error: NotTaken) -> float:
        """Go back to what is surely taken; return how long to wait: longer each time, and never two agents alike."""
        self._destination.close()
        self._follower.rewind(self._taken)
        self._unsettled.clear()
        self._suspects.clear()
        self._missing = 0
        self.standing.failures[error.reason] += 1
        if self.standing.up is not False:
            log().warning("a sink takes no events, they wait in the log", sink=self.name, reason=str(error))
        self.standing.up = False
        wait = min(self._pace.longest_wait, self._pace.first_wait * 2.0 ** min(self._tries, 16))
        self._tries += 1
        return max(error.wait, wait * random.uniform(0.5, 1.0))  # noqa: S311 - jitter

    def _passed_over(self, why: str, lines: int, message: str, **place: int) -> None:
        self.standing.skipped[why] += lines
        log().error("lines of the event log are passed over", sink=self.name, lines=lines, reason=message, **place)

    def _behind(self) -> int:
        log_id, sequence = self._head()
        return max(0, sequence - (self._taken.sequence if self._taken.log == log_id else 0))

    def _show(self) -> None:
        now = time.monotonic()
        self.standing.waiting = self._behind()
        if now - self._looked >= self._pace.look_behind or self._stop.is_set():
            self._looked = now
            self.standing.waiting_bytes = self._follower.bytes_behind(self._taken)
        self._tell(self.name, self.standing)

    def _end(self) -> None:
        """Close the connection; where that says that everything arrived, it has."""
        try:
            if self._destination.finish():
                while self._unsettled:
                    self._took(self._unsettled.popleft())
                write_position(self._kept, self._taken)
            self._show()
        except (NotTaken, OSError) as error:
            log().warning("a sink did not end in order", sink=self.name, reason=str(error))
        self._destination.close()
        self._follower.close()
