"""Measures how fast a capture is read: everybody in turns, several rounds, start-up taken off, ratios of one run."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench.captures import ROOT
from tools.bench.runs import Cost, FailedError, Run, clock_of, middle, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tools.bench.captures import Capture, Captures
    from tools.bench.contestants import Contestant

ENOUGH_SECONDS = 90.0  # whoever took longer altogether is not asked again
WHOLE = 0.95  # share of the packets a program must have read for its time to count
_CLEAR = 0.2  # share of its start-up, and
_CLEAR_SECONDS = 0.002  # time, that packets must have taken to be told from it


@dataclass(slots=True)
class Result:
    """What a contestant took: for nothing, and for the capture."""

    contestant: Contestant
    capture: Capture
    idle: list[Run] = field(default_factory=list)
    full: list[Run] = field(default_factory=list)
    read: int = 0  # packets it says it read
    failure: str = ""

    @property
    def start(self) -> Cost:
        """What it takes to start and end."""
        return middle(self.idle)

    @property
    def cost(self) -> Cost:
        """What it takes altogether."""
        return middle(self.full)

    def seconds(self, clock: str) -> float:
        """Return the time the packets took, start-up taken off."""
        return self.cost.seconds(clock) - self.start.seconds(clock)

    def rate(self, clock: str) -> float | None:
        """Return packets a second; None where it did not read them all, or too few to tell them from start-up."""
        seconds = self.seconds(clock) if self.whole else 0.0
        if seconds < max(_CLEAR_SECONDS, _CLEAR * self.start.seconds(clock)):
            return None
        return self.capture.packets / seconds

    @property
    def whole(self) -> bool:
        """Tell whether it read the capture as it should."""
        return not self.failure and self.read >= WHOLE * self.capture.packets


class Race:
    """Contestants on one capture."""

    def __init__(self, captures: Captures, capture: Capture, cores: Sequence[int], rounds: int) -> None:
        """Prepare a race over so many rounds; one contestant at a time, on the first of these cores or more."""
        self._captures = captures
        self._capture = capture
        self._cores = cores
        self._rounds = rounds

    def run(self, contestants: Iterable[Contestant]) -> dict[str, Result]:
        """Let everybody read the capture, in turns; return the results by name. Whoever fails is left behind."""
        results = {one.name: Result(one, self._share(one)) for one in contestants}
        self._warm()
        for number in range(self._rounds):
            print(
                f"bench: {self._capture.path.stem}, round {number + 1} of {self._rounds}", file=sys.stderr, flush=True
            )
            for result in results.values():
                if not result.failure and sum(one.wall for one in result.full) < ENOUGH_SECONDS:
                    self._turn(result)
        return results

    def _share(self, contestant: Contestant) -> Capture:
        return self._captures.slice(self._capture) if contestant.sliced else self._capture

    def _warm(self) -> None:
        """Read the file once, so that it is in memory for everybody."""
        with self._capture.path.open("rb") as file:
            while file.read(1 << 20):
                pass

    def _turn(self, result: Result) -> None:
        try:
            result.idle.append(self._once(result.contestant, self._captures.empty()))
            result.full.append(self._once(result.contestant, result.capture.path))
            if not result.read:
                result.read = self._proven(result)
        except (FailedError, OSError) as error:
            result.failure = str(error)

    def _once(self, contestant: Contestant, path: Path, *, proof: bool = False) -> Run:
        command = contestant.proof if proof and contestant.proof else contestant.command
        with tempfile.TemporaryDirectory() as folder:
            return run(command(path, Path(folder)), self._cores[: contestant.cores], ROOT)

    def _proven(self, result: Result) -> int:
        """Return how many packets the contestant says it read, in this run or in one made for the proof."""
        one = result.contestant
        told = self._once(one, result.capture.path, proof=True) if one.proof else result.full[-1]
        return one.packets(told.output)


def trusted_clock(results: dict[str, Result]) -> str:
    """Return the clock for the ratios of a race."""
    runs = [run for result in results.values() if result.contestant.cores == 1 for run in result.full]
    return clock_of(runs) if runs else "wall"


def best_exporter(results: dict[str, Result], clock: str) -> Result | None:
    """Return the fastest peer that read everything; None where none did."""
    peers = [result for result in results.values() if result.contestant.exporter]
    return max(peers, key=lambda result: result.rate(clock) or 0.0, default=None)
