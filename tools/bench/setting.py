"""What every section of a benchmark works with: captures, contestants, cores, rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tools.bench.captures import Captures
    from tools.bench.contestants import Field


@dataclass(frozen=True, slots=True)
class Setting:
    """The circumstances of one run."""

    captures: Captures
    field: Field  # the peers
    engine: str
    config: Path  # of the whole agent, with a hundred rules
    cores: tuple[int, ...]  # the first is everybody's; two workers take two
    rounds: int
    clock: str | None = None  # wall or processor; None takes the wall's where nobody disturbs
