"""Makes a crowd: very many flows within a minute, of which none ends, to see what each of them costs in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.bench.sessions import knock
from tools.bench.traffic import Content, Timeline, play

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 40  # less than the idle time-out of everybody
_OPENING = 4  # packets: a TCP handshake and the first words, which hold the names


def write_crowd(path: Path, flows: int, seed: int) -> Content:
    """Write the openings of flows of all kinds and say what the capture holds."""
    with path.open("wb", buffering=1 << 20) as file:
        timeline = Timeline(file)
        for at_us, session, frames in play(flows, seed, flows / SECONDS):
            timeline.add(at_us, frames[: 1 if session is knock else _OPENING])
        timeline.close()
    return Content(timeline.packets, timeline.bytes, flows)
