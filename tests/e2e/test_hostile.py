"""Damaged traffic through the whole agent: balanced books, no failing part, a bounded number of series."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from scapy.utils import RawPcapWriter

from crossborder import config
from crossborder.app import Agent, Options
from crossborder.demo.capture import play

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.demo import Frame

PACKETS = 10_000


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    """The first packets of the demo's day: every protocol of it."""
    return play().frames[:PACKETS]


@pytest.mark.parametrize("seed", range(3))
def test_damaged_traffic(frames: list[Frame], seed: int, tmp_path: Path) -> None:
    """Half of the packets have bytes changed, mostly in their headers."""
    dice = random.Random(seed)  # noqa: S311 - damage, not keys
    capture = tmp_path / "damaged.pcap"
    with RawPcapWriter(str(capture), linktype=1) as writer:
        writer.write_header(None)
        for frame in frames:
            data = bytearray(frame.data)
            for _ in range(dice.choice([0, 0, 0, 1, 3, 20])):
                data[min(int(dice.expovariate(1 / 60)), len(data) - 1)] = dice.getrandbits(8)
            seconds, rest = divmod(frame.time_ns // 1000, 1_000_000)
            writer.write_packet(bytes(data), sec=seconds, usec=rest, wirelen=frame.wire_length)
    settings = config.read(config.data_folder("examples") / "demo.yaml")

    agent = Agent(settings, Options(files=(capture,), flows=tmp_path / "x.parquet", events=tmp_path / "x.events"))
    agent.run()
    lines = agent.metrics.expose()[1].decode().splitlines()

    assert [(books.packets, books.balanced) for books in agent.summary.books] == [(PACKETS, True)]
    assert "crossborder_capture_reader_failures_total 0.0" in lines
    assert all(line.endswith(" 0.0") for line in lines if line.startswith("crossborder_publish_errors_total{"))
    assert len(lines) < 10_000
