"""Runs whole processes on chosen cores and tells what each took: wall and processor time, peak memory."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from statistics import median
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

BUSY = 0.9  # processor time over wall time of what never waits; less, and others had the core as well


class FailedError(Exception):
    """A program ended otherwise than it should."""


class Run(NamedTuple):
    """What one run of a program took, and what it printed."""

    wall: float  # seconds
    processor: float  # seconds of user and system time, all threads and children
    memory: int  # peak resident bytes of the largest process
    output: str


class Cost(NamedTuple):
    """The middle of several runs."""

    wall: float
    processor: float
    memory: int

    def seconds(self, clock: str) -> float:
        """Return wall or processor time, whichever the clock of the benchmark is."""
        return self.wall if clock == "wall" else self.processor


@contextmanager
def _pinned(cores: Sequence[int]) -> Iterator[None]:
    """Let children that are started meanwhile run on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def run(command: Sequence[str | Path], cores: Sequence[int], folder: Path) -> Run:
    """Run a program to its end; raises FailedError with the last it said when it does not end well."""
    with TemporaryFile() as said:
        begin = time.perf_counter()
        with _pinned(cores):
            process = subprocess.Popen(
                [str(word) for word in command], cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        output = said.read().decode(errors="replace")
    if process.returncode != 0:
        raise FailedError(f"{command[0]} ended with {process.returncode}: {output.strip()[-2000:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output)


def middle(runs: Sequence[Run]) -> Cost:
    """Return the median of each measure."""
    return Cost(
        median(one.wall for one in runs),
        median(one.processor for one in runs),
        round(median(one.memory for one in runs)),
    )


def clock_of(runs: Sequence[Run]) -> str:
    """Return the clock to trust: the wall's where the programs had their core to themselves, else the processor's."""
    return "wall" if median(one.processor / one.wall for one in runs) >= BUSY else "processor"
