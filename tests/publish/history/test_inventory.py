"""The inventory: what somebody removed is missed, what went by right is not, and it says when anybody recorded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from crossborder.publish.history import History, Limits, inventory, read, sink
from crossborder.publish.history.inventory import NAME, Span, gaps, united
from crossborder.publish.history.places import gateway_folder
from crossborder.publish.history.rows import HOUR_NS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.publish.conftest import Batches, Frames

NOTHING = pl.DataFrame()
NOON = 1_767_268_800 * 10**9  # 2026-01-01 12:00:00 UTC
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = 60 * 10**9


def at(minutes: float) -> datetime:
    """Return a moment by its minutes after noon."""
    return START + timedelta(minutes=minutes)


@pytest.fixture
def history(tmp_path: Path, batch: Batches, crossings: Frames) -> Path:
    """Return a history of three hours with a row each."""
    writer = History(tmp_path, "gw", Limits(reserve=0))
    for n in range(3):
        when = NOON + n * HOUR_NS
        writer(batch(tick_ns=when), crossings({"flow_id": n, "first_ns": when, "last_ns": when}), NOTHING)
    writer.close()
    return tmp_path


def test_an_hour_that_somebody_removed_is_missed(history: Path) -> None:
    """It is named, with its folder; the others are there."""
    first = min(history.rglob("*.parquet"))
    first.unlink()
    first.parent.rmdir()

    found = read(history)

    assert [(left.path, left.why) for left in found.left_out] == [(first, "was written and is not there any more")]
    assert sorted(found.rows.collect()["flow_id"]) == [1, 2]
    assert not read(history, since=at(60)).left_out, "hours that were not asked for are not missed"


def test_what_was_joined_is_not_missed(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """A file that holds what others were made of stands for them; when it goes they are missed."""
    for n in range(3):  # each start writes a file of its own
        writer = History(tmp_path, "gw", Limits(reserve=0))
        writer(batch(tick_ns=NOON + n), crossings({"flow_id": n, "last_ns": NOON + n}), NOTHING)
        writer.close()

    (joined,) = tmp_path.rglob("*.parquet")
    assert not read(tmp_path).left_out

    joined.unlink()
    assert len(read(tmp_path).left_out) == 3


def test_what_is_too_old_goes_by_right(history: Path) -> None:
    """Nobody misses it, and the inventory says no more of it after the next start."""
    History(history, "gw", Limits(reserve=0, keep=3600)).close()

    assert not read(history).left_out
    assert len(list(history.rglob("*.parquet"))) == 2
    said = (gateway_folder(history, "gw") / NAME).read_text()
    assert json.loads(said.splitlines()[-1]) == {"removed": "date=2026-01-01/hour=12", "why": "age"}
    History(history, "gw", Limits(reserve=0)).close()
    assert "hour=12" not in (gateway_folder(history, "gw") / NAME).read_text()


def test_a_removal_that_a_crash_cut_short_is_done_again(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the inventory and the files: they stand, nobody misses them, and the next round removes them."""
    monkeypatch.setattr("crossborder.publish.history.keeping.remove", lambda _: None)
    History(history, "gw", Limits(reserve=0, keep=3600)).close()
    monkeypatch.undo()

    assert read(history).rows.collect().height == 3
    History(history, "gw", Limits(reserve=0, keep=3600)).close()
    assert read(history).rows.collect().height == 2
    assert not read(history).left_out


def test_what_a_crash_left_is_in_the_inventory(
    tmp_path: Path, batch: Batches, crossings: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was put in its place and not noted is noted by the next start."""
    writer = History(tmp_path, "gw", Limits(reserve=0))
    writer(batch(tick_ns=NOON), crossings({"last_ns": NOON}), NOTHING)
    monkeypatch.setattr(inventory, "note_written", lambda *_: (_ for _ in ()).throw(OSError("killed")))
    writer.close()
    monkeypatch.undo()
    assert not inventory.read(gateway_folder(tmp_path, "gw")).wrote

    History(tmp_path, "gw", Limits(reserve=0)).close()

    assert len(inventory.read(gateway_folder(tmp_path, "gw")).wrote) == 1


@pytest.mark.parametrize(
    "line", [b"\xff\xfe", b"{", b'{"wrote": "../../x"}', b'{"recorded": 5}', b"[]", b'{"removed": "x"}']
)
def test_a_line_that_says_nothing_is_named(history: Path, line: bytes) -> None:
    """The rest of the inventory is read, and the next start writes it anew."""
    path = gateway_folder(history, "gw") / NAME
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([lines[0], line, *lines[1:]]) + b"\n")

    found = read(history)

    assert [(left.path, left.why) for left in found.left_out] == [(path, "line 2 says nothing")]
    assert found.rows.collect().height == 3
    History(history, "gw", Limits(reserve=0)).close()
    assert not read(history).left_out


def test_a_torn_line_ends_before_the_next(history: Path) -> None:
    """What is noted after a crash is whole."""
    folder = gateway_folder(history, "gw")
    with (folder / NAME).open("ab") as file:
        file.write(b'{"wrote": "da')
    wrote = inventory.read(folder).wrote

    inventory.note_removed(folder, wrote[0].hour, "age")

    assert inventory.read(folder).wrote == wrote[1:]


def test_it_says_when_somebody_recorded(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """Ticks without a crossing count too; where the clock steps nobody recorded between."""
    writer = History(tmp_path, "gw", Limits(reserve=0))
    for minute in (0, 2, 4, 6, 120, 122, 90, 94):
        writer(batch(tick_ns=NOON + minute * MINUTE), crossings(), NOTHING)
    writer.close()

    spans = read(tmp_path).recorded["gw"]

    assert spans == (Span(at(0), at(6)), Span(at(90), at(94)), Span(at(120), at(122)))
    assert gaps(spans, at(3), at(121)) == [Span(at(6), at(90)), Span(at(94), at(120))]
    assert gaps((), at(0), at(60)) == [Span(at(0), at(60))]
    assert gaps(spans, at(91), at(93)) == []


def test_a_crash_loses_a_quarter_of_an_hour_of_that(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """The inventory is told now and then."""
    writer = History(tmp_path, "gw", Limits(reserve=0))
    for minute in range(0, 60, 2):
        writer(batch(tick_ns=NOON + minute * MINUTE), crossings(), NOTHING)

    (span,) = read(tmp_path).recorded["gw"]

    assert span.since == at(0)
    assert span.until >= at(58) - timedelta(seconds=sink.RECORDED_NS / 1e9)


def test_a_start_that_takes_no_time_is_no_gap() -> None:
    """Spans that nearly touch are one."""
    assert united([Span(at(3), at(5)), Span(at(0), at(2)), Span(at(1), at(4)), Span(at(20), at(30))]) == (
        Span(at(0), at(5)),
        Span(at(20), at(30)),
    )
