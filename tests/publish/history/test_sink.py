"""The flow history: sums of rows are sums of traffic, hours are files, and no crash or full disk spoils it."""

from __future__ import annotations

import errno
import os
import pathlib
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from structlog.testing import capture_logs

from crossborder.errors import CrossborderError
from crossborder.model import CROSSING_SCHEMA
from crossborder.publish.history import History, Limits, ahead, files, read, sink
from crossborder.publish.history.ahead import FOLDER
from crossborder.publish.history.places import gateway_folder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.publish.conftest import Batches, Frames

NOTHING = pl.DataFrame()
NOON = 1_767_268_800 * 10**9  # 2026-01-01 12:00:00 UTC
MINUTE = 60 * 10**9
HOUR = 60 * MINUTE


@pytest.fixture(autouse=True)
def _any_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tests run on a disk of any size."""
    monkeypatch.setattr(sink.History, "_room", lambda _: 1 << 30)


def opened(folder: Path, **limits: Any) -> History:
    """Open the history of a gateway."""
    return History(folder, "gw", Limits(**limits))


def kept(folder: Path) -> pl.DataFrame:
    """Return all rows in partitions, by time."""
    return read(folder).rows.collect().sort("last_ns", "flow_id")


def parquets(folder: Path) -> list[str]:
    """Return the files a plain glob finds, without their names."""
    return [str(path.parent.relative_to(folder)) for path in sorted(folder.rglob("*.parquet"))]


def report(at: int, out: int, before: int = 0, **other: Any) -> dict[str, Any]:
    """Return a report of a flow at a moment: bytes since the last one, and those before."""
    life = {"report": "active", "end_reason": None, "first_ns": NOON}
    return life | {"last_ns": at, "bytes_out": out, "total_bytes_out": before + out} | other


def test_a_row_for_each_flow_and_hour(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """Deltas add up within an hour, totals go on over hours, names are those last known, the last report tells."""
    history = opened(tmp_path)
    history(batch(tick_ns=NOON + MINUTE), crossings(report(NOON, 100, server_name=None)), NOTHING)
    history(batch(tick_ns=NOON + 2 * MINUTE), crossings(report(NOON + MINUTE, 20, 100)), NOTHING)
    history(batch(tick_ns=NOON + HOUR + MINUTE), crossings(report(NOON + HOUR, 3, 120)), NOTHING)
    history(
        batch(tick_ns=NOON + HOUR + 2 * MINUTE),
        crossings(report(NOON + HOUR + MINUTE, 4, 123, report="ended", end_reason="fin")),
        NOTHING,
    )
    history.close()

    rows = kept(tmp_path)
    assert rows.select("bytes_out", "total_bytes_out").rows() == [(120, 120), (7, 127)]
    assert rows["server_name"].to_list() == ["files.example"] * 2
    assert rows["report"].to_list() == ["active", "ended"]
    assert rows.select("gateway", pl.col("date").cast(pl.String), "hour").rows() == [
        ("gw", "2026-01-01", 12),
        ("gw", "2026-01-01", 13),
    ]
    assert parquets(tmp_path) == [f"gateway=gw/date=2026-01-01/hour={h}" for h in (12, 13)]


def test_a_long_tunnel_is_there_before_it_ends(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """Of a flow that lives for a day every hour is written when it is over, and not before."""
    history = opened(tmp_path)
    hours = []
    for minute in range(0, 24 * 60, 10):
        at = NOON + minute * MINUTE
        history(batch(tick_ns=at), crossings(report(at, 1, minute // 10)), NOTHING)
        hours.append(len(parquets(tmp_path)))

    assert hours[5] == 0
    assert hours[7] == 1
    assert hours[-1] == 23
    assert kept(tmp_path)["bytes_out"].to_list() == [6] * 23
    assert kept(tmp_path)["total_bytes_out"].to_list() == [6 * n for n in range(1, 24)]
    history.close()
    assert kept(tmp_path)["bytes_out"].sum() == 24 * 6


def test_what_one_report_said_is_said_of_its_hour(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """Finds of detectors are united; not looked is told from nothing found; not measured stays so."""
    one = {"detector": "cccd", "matches": 1, "distinct": [7], "confidence": 0.5, "samples": ["07•"]}
    said: dict[str, Any] = {
        "detections": [one],
        "detectors": ["cccd"],
        "detected_kinds": ["basic"],
        "detected_values": 3,
    }
    history = opened(tmp_path)
    history(batch(), crossings(report(NOON, 1, **said), report(NOON, 1, flow_id=2)), NOTHING)
    history(batch(), crossings(report(NOON, 1, 1, detections=[]), report(NOON, 1, 1, flow_id=2)), NOTHING)
    history.close()

    first, second = kept(tmp_path).iter_rows(named=True)
    assert (first["detections"], first["detectors"], first["detected_values"]) == ([one], ["cccd"], 3)
    assert (second["detections"], second["detectors"], second["missing_out"]) == (None, None, None)


def test_a_reader_gets_the_columns_of_a_crossing(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """Same names, types and values as the rules were asked of; domestic and transit flows are no crossings."""
    given = crossings(report(NOON, 5, tls_san=["a.example"], remote_key=b"\1" * 16))
    history = opened(tmp_path)
    history(batch(), pl.concat([given, crossings({"flow_id": 2, "scope": "transit"})]), NOTHING)
    history.close()

    rows = kept(tmp_path)
    assert list(rows.schema.items())[: len(CROSSING_SCHEMA)] == list(CROSSING_SCHEMA.items())
    same = [name for name in CROSSING_SCHEMA if name != "community_id"]
    assert rows.select(same).rows() == given.select(same).rows()


def test_late_rows_go_to_another_file_of_their_hour(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """An hour that is closed gets a second file; a clock that steps back, or a file read twice, harms nothing."""
    history = opened(tmp_path, compact=False)
    for minute in (5, 65, 125, 6, 65):
        at = NOON + minute * MINUTE
        history(batch(tick_ns=at), crossings(report(at, 1, flow_id=at // MINUTE)), NOTHING)
    history.close()

    rows = kept(tmp_path)
    assert parquets(tmp_path) == [f"gateway=gw/date=2026-01-01/hour={h}" for h in (12, 12, 13, 13, 14)]
    assert rows["bytes_out"].sum() == 5


def test_files_of_an_hour_become_one(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """Compaction leaves one file and one row for each flow, and comes again when late rows have come."""
    for n in range(3):
        history = opened(tmp_path)
        history(batch(), crossings(report(NOON + n, 1, n)), NOTHING)
        history.close()
        assert parquets(tmp_path) == ["gateway=gw/date=2026-01-01/hour=12"]

    assert kept(tmp_path).select("bytes_out", "total_bytes_out", "last_ns").rows() == [(3, 3, NOON + 2)]


def test_nothing_is_doubled_between_a_new_file_and_the_end_of_the_old(
    tmp_path: Path, batch: Batches, crossings: Frames
) -> None:
    """A crash within compaction leaves the old files beside the new: a reader takes the new, the next round ends it."""
    for n in range(2):
        history = opened(tmp_path, compact=False)
        history(batch(), crossings(report(NOON + n, 1, flow_id=n)), NOTHING)
        history.close()
    old = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    opened(tmp_path).close()
    for path, data in old.items():
        path.write_bytes(data)

    assert (len(parquets(tmp_path)), kept(tmp_path).height) == (3, 2)
    opened(tmp_path).close()
    assert (len(parquets(tmp_path)), kept(tmp_path).height) == (1, 2)


WRITING = """
import sys
from pathlib import Path
import polars as pl
from crossborder.model import Batch, CROSSING_SCHEMA
from crossborder.publish.history import History, Limits, sink
sink.LATE_NS = 0
sink.FOLD_ROWS = sink.PART_ROWS = 40
sink.History._room = lambda self: 1 << 30
begin, ticks = int(sys.argv[2]), int(sys.argv[3])
NOON = 1_767_268_800 * 10**9
history = History(Path(sys.argv[1]), "gw", Limits())
print("open", flush=True)
for tick in range(begin, begin + ticks):
    at = NOON + tick * 600 * 10**9
    flows = [{"flow_id": tick * 10 + n, "report": "ended", "scope": "crossing", "last_ns": at, "first_ns": at,
              "bytes_out": 1, "total_bytes_out": 1} for n in range(9)]
    flows.append({"flow_id": 5, "report": "active", "scope": "crossing", "last_ns": at, "first_ns": NOON,
                  "bytes_out": 1, "total_bytes_out": tick + 1})
    rows = pl.DataFrame([dict.fromkeys(CROSSING_SCHEMA.names()) | flow for flow in flows], schema=CROSSING_SCHEMA)
    history(Batch(pl.DataFrame(), (), at, 0), rows, pl.DataFrame())
    print(tick, flush=True)
history.close()
"""


def writing(folder: Path, begin: int, ticks: int) -> subprocess.Popen[str]:
    """Start a program that records ten flows a tick, of which one goes on, six ticks an hour."""
    words = [sys.executable, "-c", WRITING, str(folder), str(begin), str(ticks)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_killed_while_writing(tmp_path: Path) -> None:
    """Kill -9 at twenty moments: no half file is seen, each tick told is there once, all but the last."""
    dice = random.Random(9)  # noqa: S311 - moments, not secrets
    done = -1
    for _ in range(20):
        with writing(tmp_path, done + 1, 10_000) as program:
            assert program.stdout
            assert program.stdout.readline() == "open\n"
            time.sleep(dice.random() * 0.15)
            program.send_signal(signal.SIGKILL)
            told = program.stdout.read().split()
        before = int(told[-1]) if told else done
        for path in tmp_path.rglob("*.parquet"):
            pl.read_parquet(path, hive_partitioning=False)
        opened(tmp_path).close()
        found = read(tmp_path, thorough=True)
        rows = found.rows.collect()
        ticks = rows["last_ns"].max()
        assert isinstance(ticks, int)
        done = (ticks - NOON) // (600 * 10**9)

        assert not found.left_out
        assert before <= done <= before + 1
        assert rows["bytes_out"].sum() == (done + 1) * 10
        assert rows.filter(pl.col("flow_id") != 5)["flow_id"].n_unique() == (done + 1) * 9 - (done >= 0)
        assert not list(tmp_path.rglob("*.draft"))


def segment(folder: Path) -> Path:
    """Return the write-ahead segment of the gateway."""
    (path,) = (gateway_folder(folder, "gw") / FOLDER).glob("*.ahead")
    return path


def left_open(folder: Path, batch: Batches, crossings: Frames, ticks: int = 3) -> Path:
    """Leave a history as a crash does, with so many ticks in its segment alone; return the segment."""
    history = opened(folder)
    for n in range(ticks):
        history(batch(), crossings(report(NOON + n, 1, flow_id=n)), NOTHING)
    history._lock.close()
    return segment(folder)


@pytest.mark.parametrize("cut", [1, 10, 27, 28, 500])
def test_a_torn_end_is_cut_counted_and_told(tmp_path: Path, batch: Batches, crossings: Frames, cut: int) -> None:
    """Of a half record nothing is taken, all before it is; the log says how much it was."""
    path = left_open(tmp_path, batch, crossings)
    with path.open("rb+") as file:
        file.truncate(path.stat().st_size - cut)
    with capture_logs() as said:
        history = opened(tmp_path)
    history.close()

    assert kept(tmp_path)["flow_id"].to_list() == [0, 1]
    assert history.standing.faults["torn"] == 1
    assert [entry["event"] for entry in said] == ["the end of the flow history was torn"]
    assert said[0]["bytes"] > 0


def test_a_record_that_rots_takes_what_follows_and_no_more(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """A bit that flips within a segment ends it there."""
    path = left_open(tmp_path, batch, crossings)
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    history = opened(tmp_path)
    history.close()

    assert kept(tmp_path)["flow_id"].to_list() == [0, 1]


def test_a_segment_without_a_beginning_is_put_aside(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """It is kept for a person to look at, and the agent starts."""
    path = left_open(tmp_path, batch, crossings)
    path.write_bytes(b"x" + path.read_bytes()[1:])
    history = opened(tmp_path)
    history.close()

    assert history.standing.faults["torn"] == 1
    assert path.with_suffix(".damaged").exists()


def test_a_full_disk_stops_the_history_and_nothing_is_lost_when_there_is_room_again(
    tmp_path: Path, batch: Batches, crossings: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said once, counted each time; what came meanwhile is held and, should the agent crash later, in the segment."""
    history = opened(tmp_path)
    history(batch(), crossings(report(NOON, 1, flow_id=0)), NOTHING)
    monkeypatch.setattr(sink.History, "_room", lambda _: 0)
    with capture_logs() as said:
        for n in (1, 2, 3):
            history(batch(), crossings(report(NOON + n, 1, flow_id=n)), NOTHING)
        waiting, room = history.standing.waiting, history.standing.room
        monkeypatch.setattr(sink.History, "_room", lambda _: 1 << 30)
        history(batch(), crossings(), NOTHING)
    history._lock.close()  # a crash
    opened(tmp_path).close()

    assert (waiting, room, history.standing.faults["write"]) == (4, 0, 3)
    assert [entry["event"] for entry in said] == [
        "the flow history cannot be written, it is held and tried again",
        "the flow history is written again",
    ]
    assert kept(tmp_path)["flow_id"].to_list() == [0, 1, 2, 3]


def test_what_is_held_is_bounded(
    tmp_path: Path, batch: Batches, crossings: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the bound the newest reports are given up and counted; the end tells a person."""
    monkeypatch.setattr(sink, "HELD_ROWS", 2)
    monkeypatch.setattr(sink.History, "_room", lambda _: 0)
    history = opened(tmp_path)
    for n in range(5):
        history(batch(), crossings(report(NOON + n, 1, flow_id=n)), NOTHING)
    lost = history.standing.lost
    monkeypatch.setattr(sink.History, "_room", lambda _: 1 << 30)
    with pytest.raises(CrossborderError, match="3 rows of the flow history could not be written"):
        history.close()

    assert lost == 3
    assert kept(tmp_path)["flow_id"].to_list() == [0, 1]


REFUSED: dict[str, list[tuple[Any, str]]] = {
    "draft": [(files, "write_whole")],
    "segment": [(ahead, "write_whole")],
    "flush": [(ahead, "flush"), (files, "flush")],
    "rename": [(pathlib.Path, "rename")],
    "append": [(ahead.Segment, "append")],
}


@pytest.mark.parametrize("refused", list(REFUSED))
def test_whatever_is_refused_can_be_tried_again(
    tmp_path: Path, batch: Batches, crossings: Frames, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    """Each step of a writing may fail once: the next tick has it all, once."""
    history = opened(tmp_path)
    left = [3]

    def failing(call: Any) -> Any:
        def tried(*args: Any) -> Any:
            if left[0]:
                left[0] -= 1
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return call(*args)

        return tried

    for target, name in REFUSED[refused]:
        monkeypatch.setattr(target, name, failing(getattr(target, name)))
    for n in range(6):
        at = NOON + n * HOUR
        history(batch(tick_ns=at), crossings(report(at, 1, flow_id=n)), NOTHING)
    history.close()

    assert history.standing.faults["write"] > 0
    assert kept(tmp_path)["flow_id"].to_list() == list(range(6))
    assert not list(tmp_path.rglob("*.draft"))


def test_many_flows_are_written_before_the_hour_ends(
    tmp_path: Path, batch: Batches, crossings: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flows that ended leave memory as a part of their hour; a flow that lives stays, and is one row."""
    monkeypatch.setattr(sink, "FOLD_ROWS", 10)
    monkeypatch.setattr(sink, "PART_ROWS", 20)
    history = opened(tmp_path)
    for n in range(60):
        history(
            batch(tick_ns=NOON + n),
            crossings(report(NOON + n, 1, flow_id=n, report="ended"), report(NOON + n, 1, n, flow_id=1_000)),
            NOTHING,
        )
    early, waiting = len(parquets(tmp_path)), history.standing.waiting
    history.close()

    rows = kept(tmp_path)
    assert early >= 1
    assert waiting < 60
    assert rows.height == 61
    assert rows["bytes_out"].sum() == 120


def test_a_segment_does_not_grow_for_ever(
    tmp_path: Path, batch: Batches, crossings: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is begun anew with what its ticks amount to."""
    monkeypatch.setattr(sink, "SEGMENT_BYTES", 50_000)
    history = opened(tmp_path)
    sizes = []
    for n in range(100):
        history(batch(tick_ns=NOON + n), crossings(report(NOON + n, 1, n)), NOTHING)
        sizes.append(segment(tmp_path).stat().st_size)
    history.close()

    assert max(sizes) < 200_000
    assert kept(tmp_path)["bytes_out"].to_list() == [100]


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with the path, at the start and from `check`."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    for act in (opened, lambda at: sink.check(at, "gw")):
        with pytest.raises(CrossborderError, match="the flow history cannot be kept there") as told:
            act(tmp_path / "file" / "history")
        assert str(told.value).startswith(f"{tmp_path / 'file' / 'history'}: ")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(CrossborderError, match="is not writable"):
        sink.check(tmp_path, "gw")


def test_two_agents_do_not_write_the_same(tmp_path: Path) -> None:
    """The second is refused with what to do; another gateway may."""
    first = opened(tmp_path)
    with pytest.raises(CrossborderError, match="another agent writes the flow history"):
        opened(tmp_path)
    History(tmp_path, "other", Limits()).close()
    first.close()


def test_names_of_gateways_are_no_paths(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """Whatever a gateway is called, its folder is below the history's, and readers get the name back."""
    name = "../gw=1/Hà Nội"
    history = History(tmp_path / "x", name, Limits())
    history(batch(), crossings({}), NOTHING)
    history.close()

    assert kept(tmp_path / "x")["gateway"].to_list() == [name]
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_nobody_else_may_read_it(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """Files and folders are the owner's alone."""
    history = opened(tmp_path)
    history(batch(), crossings({}), NOTHING)
    history.close()
    made = [path for path in tmp_path.rglob("*") if path.name != "lock"]

    assert made
    assert not [path for path in made if path.stat().st_mode & 0o077]


def test_since_and_until_are_hours(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """Hours that overlap the time asked for are read, the others are not opened."""
    history = opened(tmp_path)
    for n in range(4):
        history(batch(tick_ns=NOON + n * HOUR), crossings(report(NOON + n * HOUR, 1, flow_id=n)), NOTHING)
    history.close()
    half_past = datetime(2026, 1, 1, 13, 30, tzinfo=UTC)
    three = datetime(2026, 1, 1, 15, tzinfo=UTC)

    assert [file.path.parent.name for file in read(tmp_path, half_past, three).files] == ["hour=13", "hour=14"]
    assert len(read(tmp_path, half_past, three.replace(second=1)).files) == 3


@pytest.mark.live
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """On a disk of two megabytes that others fill: the history stops, leaves them room, and goes on when there is."""
    script = WRITING.replace("sink.History._room = lambda self: 1 << 30\n", "").replace(
        "Limits()", "Limits(reserve=512 << 10)"
    )
    program = f"""
set -e
mount -t tmpfs -o size=2m none {tmp_path}
exec {sys.executable} - {tmp_path}/h 0 30 << 'END'
import pathlib
filler = pathlib.Path("{tmp_path}/filler")
told = print
def print(tick, **other):
    if tick == 5:
        filler.write_bytes(bytes(1500 << 10))
    if tick == 20:
        told(history.standing.waiting, history.standing.room, history.standing.faults["write"], flush=True)
        filler.unlink()
{script}
from crossborder.publish.history import read
told(read(pathlib.Path("{tmp_path}/h"), thorough=True).rows.collect()["bytes_out"].sum(), history.standing.lost)
END
"""
    done = subprocess.run(["unshare", "-m", "sh", "-c", program], capture_output=True, text=True, check=False)

    full, end = done.stdout.splitlines()
    waiting, room, faults = map(int, full.split())
    assert waiting > 100, done.stderr
    assert room == 0
    assert faults >= 10
    assert end == "300 0"
    assert "no room but what history.reserve leaves to others" in done.stderr
