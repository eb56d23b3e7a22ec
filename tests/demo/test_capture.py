"""The capture: the same bytes each time, large enough, in order, within its day."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from scapy.utils import RawPcapReader

from crossborder.demo import SEED, write_capture
from crossborder.demo.capture import play
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.demo import Manifest


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_same_seed_writes_the_same_bytes(day: Manifest, tmp_path: Path) -> None:
    """Whoever runs the demo sees what its documentation shows; and a bar can be drawn while it is made."""
    told: list[tuple[int, int]] = []
    again = write_capture(tmp_path / "again.pcap", progress=lambda done, total: told.append((done, total)))

    assert _sha256(again.path) == _sha256(day.path)
    assert (again.planted, again.innocent) == (day.planted, day.innocent)
    assert [done for done, _ in told] == list(range(1, told[0][1] + 1))
    again.path.unlink()


def test_another_seed_is_another_day(day: Manifest) -> None:
    """Ports, identifiers and contents come from the seed; the script does not."""
    other = play(SEED + 1)
    with RawPcapReader(str(day.path)) as reader:
        large = {data for data, _ in reader if len(data) > 100}

    assert len(large & {frame.data for frame in other.frames}) < 5  # a damaged frame has nothing to vary
    assert [(p.scene, p.rule) for p in other.planted if p.rule] == [(p.scene, p.rule) for p in day.planted]


def test_the_day_is_large_enough_and_in_order(day: Manifest) -> None:
    """At least 20,000 packets, from seven in the morning in Viet Nam, none before the one written ahead of it."""
    seven = int(datetime(2026, 1, 26, 0, 0, tzinfo=UTC).timestamp()) * 10**9
    with RawPcapReader(str(day.path)) as reader:
        times = [(about.sec * 10**6 + about.usec) * 1000 for _, about in reader]

    assert len(times) == day.packets >= 20_000
    assert seven <= day.first_ns < day.last_ns < seven + 35 * 60 * 10**9
    assert times == sorted(times)
    assert (day.first_ns, day.last_ns) == (times[0], times[-1])


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """No traceback where a person named a folder that is not there."""
    with pytest.raises(CrossborderError, match=r"nowhere/day\.pcap: cannot be written: No such file or directory"):
        write_capture(tmp_path / "nowhere" / "day.pcap")
