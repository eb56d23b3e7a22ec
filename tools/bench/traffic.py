"""Makes the benchmark's capture: flows interleaved as on a gateway, the same bytes from the same seed."""

from __future__ import annotations

import struct
from collections import defaultdict
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from tools.bench.captures import PCAP_HEADER
from tools.bench.sessions import KINDS, Stage, http, tls12, tls13

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tools.bench.sessions import Frames, Session

FLOWS_A_SECOND = 1_700.0  # new ones: half a million in five minutes
START = 1_769_389_200  # 2026-01-26 08:00 in Viet Nam
SHORT = 4  # packets: a flow of no more is short

RECORD = struct.Struct("<IIII")


class Content(NamedTuple):
    """What a capture holds."""

    packets: int
    bytes: int  # of the file
    flows: int = 0
    web: int = 0  # flows of TLS or HTTP
    short: int = 0


class Timeline:
    """Writes frames in the order of time, keeping only those that are still to come.

    A slot is a millisecond; within it frames keep the order in which flows were given and are spread evenly.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Begin a capture of Ethernet frames (pcap, microseconds)."""
        file.write(PCAP_HEADER)
        self.packets, self.bytes = 0, len(PCAP_HEADER)
        self._file = file
        self._slots: defaultdict[int, list[bytes]] = defaultdict(list)
        self._now = 0

    def add(self, at_us: int, frames: Frames) -> None:
        """Put the frames of a flow that begins now where they belong, and write what lies before it."""
        self._write(at_us // 1000)
        slots = self._slots
        for wait, frame in frames:
            at_us += wait
            slots[at_us // 1000].append(frame)

    def close(self) -> None:
        """Write the rest."""
        for slot in sorted(self._slots):
            self._write(slot + 1)

    def _write(self, until: int) -> None:
        for slot in range(self._now, until) if self._slots else ():
            frames = self._slots.pop(slot, None)
            if frames:
                self._put(slot, frames)
        self._now = max(self._now, until)

    def _put(self, slot: int, frames: list[bytes]) -> None:
        seconds, base = START + slot // 1000, slot % 1000 * 1000
        step, pack = 1000 / len(frames), RECORD.pack
        parts: list[bytes] = []
        for number, frame in enumerate(frames):
            size = len(frame)
            parts += (pack(seconds, base + int(number * step), size, size), frame)
        data = b"".join(parts)
        self.packets += len(frames)
        self.bytes += len(data)
        self._file.write(data)


def write_traffic(path: Path, flows: int, seed: int) -> Content:
    """Write the capture and say what it holds."""
    web = short = 0
    with path.open("wb", buffering=1 << 20) as file:
        timeline = Timeline(file)
        for at_us, session, frames in play(flows, seed):
            timeline.add(at_us, frames)
            web += session in {tls13, tls12, http}
            short += len(frames) <= SHORT
        timeline.close()
    return Content(timeline.packets, timeline.bytes, flows, web, short)


def play(flows: int, seed: int, flows_a_second: float = FLOWS_A_SECOND) -> Iterator[tuple[int, Session, Frames]]:
    """Yield flows in the order in which they begin: when, in microseconds, what it is, its frames."""
    stage = Stage(seed)
    deck = [session for share, session in KINDS for _ in range(share)]
    dice, at_us = stage.dice, 0.0
    for number in range(flows):
        if number % len(deck) == 0:
            dice.shuffle(deck)
        at_us += dice.expovariate(flows_a_second) * 1e6
        session = deck[number % len(deck)]
        yield int(at_us), session, session(stage)
