"""What is kept: by age, by size, never less than is held; and files that are damaged are left for a person."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from structlog.testing import capture_logs

from crossborder.publish.history import History, Limits, holds, keeping, read
from crossborder.publish.history.holds import Hold
from crossborder.publish.history.places import gateway_folder
from crossborder.publish.history.rows import HOUR_NS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.publish.conftest import Batches, Frames

NOTHING = pl.DataFrame()
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON = int(START.timestamp()) * 10**9


@pytest.fixture
def record(tmp_path: Path, batch: Batches, crossings: Frames) -> Any:
    """Return a function that records so many hours, or none, under limits, and returns the hours that are left."""
    numbers = count()

    def recorded(hours: int, **limits: Any) -> list[int]:
        writer = History(tmp_path, "gw", Limits(reserve=0, **limits))
        for n in range(hours):
            at = NOON + n * HOUR_NS
            writer(batch(tick_ns=at), crossings({"flow_id": next(numbers), "first_ns": at, "last_ns": at}), NOTHING)
        writer.close()
        recorded.standing = writer.standing  # type: ignore[attr-defined]
        return [file.hour - NOON // HOUR_NS for file in read(tmp_path).files]

    return recorded


def test_old_hours_go(tmp_path: Path, record: Any) -> None:
    """By the newest that is there: a capture of years ago is not too old to be recorded."""
    assert record(6) == [0, 1, 2, 3, 4, 5]
    assert record(0, keep=2.5 * 3600) == [3, 4, 5]
    assert not (gateway_folder(tmp_path, "gw") / "date=2026-01-01" / "hour=12").exists()
    assert record.standing.kept.oldest == START.timestamp() + 3 * 3600


def test_the_clock_of_packets_removes_nothing_alone(record: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway whose clock runs ahead by years must not lose the record: age is by the nearer of two clocks."""
    monkeypatch.setattr(time, "time", lambda: START.timestamp() + 3600)

    assert record(6, keep=2 * 3600) == [0, 1, 2, 3, 4, 5]


def test_what_is_too_much_goes_oldest_first(tmp_path: Path, record: Any) -> None:
    """The last hour stays whatever the size."""
    record(6)
    one = next(tmp_path.rglob("*.parquet")).stat().st_size

    assert record(0, size=3 * one + one // 2) == [3, 4, 5]
    assert record(0, size=1) == [5]


def test_what_is_held_stays(tmp_path: Path, record: Any) -> None:
    """By a line of the gateway's file, by a file in the hour's folder; held hours are counted."""
    record(6)
    folder = gateway_folder(tmp_path, "gw")
    holds.write(folder, (Hold(START, START + timedelta(hours=1), "a file"),))
    (folder / "date=2026-01-01" / "hour=14" / "HOLD").write_text("", encoding="utf-8")

    assert record(0, size=1) == [0, 2, 5]
    assert record.standing.kept.held == 2
    holds.write(folder, ())
    assert record(0, size=1) == [2, 5]


@pytest.mark.parametrize("said", ["", "hold all\n", '{"from": "2026-01-01", "to": "x"}\n', "[1]\n"])
def test_a_hold_that_says_nothing_holds_everything(tmp_path: Path, record: Any, said: str) -> None:
    """When in doubt nothing is removed."""
    record(3)
    (gateway_folder(tmp_path, "gw") / "HOLD").write_text(said, encoding="utf-8")

    assert record(0, size=1) == [0, 1, 2]


@pytest.mark.parametrize(
    ("minutes", "hours"), [((0, 60), [0]), ((30, 60), [0]), ((30, 61), [0, 1]), ((59, 120), [0, 1])]
)
def test_an_hour_is_held_wholly_or_not(minutes: tuple[int, int], hours: list[int]) -> None:
    """An hour of which a part is held is held; one that begins as the hold ends is not."""
    hold = Hold(START + timedelta(minutes=minutes[0]), START + timedelta(minutes=minutes[1]), "")

    assert [n for n in range(-1, 3) if hold.covers(NOON // HOUR_NS + n)] == hours


def test_an_hour_with_a_damaged_file_is_not_joined(tmp_path: Path, record: Any) -> None:
    """Its files stay as they are; it is told once and counted once a start."""
    record(1, compact=False)
    record(1, compact=False)
    path = min(tmp_path.rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    with capture_logs() as said:
        record(1)

    assert len(list(tmp_path.rglob("*.parquet"))) == 3
    assert [entry["event"] for entry in said] == ["a file of the flow history is damaged"]
    assert record.standing.faults["upkeep"] == 1


def test_a_great_hour_becomes_several_files(tmp_path: Path, record: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more rows are joined than memory is meant for."""
    monkeypatch.setattr(keeping, "MOST_ROWS", 2)
    for _ in range(5):
        record(1, compact=False)
    record(0)

    assert len(list(tmp_path.rglob("*.parquet"))) == 3
