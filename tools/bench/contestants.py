"""What a contestant is: a program that reads a capture from its first packet to its last, and says how many it read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.bench.runs import FailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Command = Callable[[Path, Path], Sequence[str | Path]]  # capture, an empty folder to write into


@dataclass(frozen=True, slots=True)
class Contestant:
    """A program and how it is called."""

    name: str
    how: str  # one line for the reader: the command without paths, and why so
    command: Command
    said: Sequence[str]  # regular expressions; the numbers they find in its output add up to the packets it read
    proof: Command | None = None  # for a program that says nothing when it is timed: one that does, run once
    exporter: bool = False  # a peer the floors are measured against
    sliced: bool = False  # so slow that it gets only the first packets
    cores: int = 1

    def packets(self, output: str) -> int:
        """Return how many packets it says it read; raises FailedError when it does not say."""
        found = [number for pattern in self.said for number in re.findall(pattern, output)]
        if not found:
            raise FailedError(f"{self.name} does not say how many packets it read: {output.strip()[-500:]}")
        return sum(int(number.replace(",", "")) for number in found)


@dataclass(slots=True)
class Field:
    """Who takes part, and why somebody does not."""

    contestants: list[Contestant]
    absent: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
