"""The event log: lines that stay whole, a disk that fills, a reader that goes away, hostile text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from structlog.testing import capture_logs

from crossborder.errors import CrossborderError
from crossborder.publish.appender import Appender, check, open_file
from crossborder.publish.chain import Chain, Origin
from crossborder.publish.ecs import EventMaker
from crossborder.publish.events import EventLog
from crossborder.publish.logfile import open_appenders
from crossborder.publish.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.publish.conftest import Batches, Frames

NOTHING = pl.DataFrame()


@pytest.fixture
def metrics() -> Metrics:
    """Return metrics that count events."""
    return Metrics("g", "u", process=False)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Return the two ends of a pipe."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def event_log(metrics: Metrics, *appenders: Appender) -> EventLog:
    """Return a log over these appenders, each with a chain."""
    for appender in appenders:
        appender.chain = appender.chain or Chain(Origin("g"))
    return EventLog(EventMaker("g", "u"), appenders, metrics.events)


def events_in(data: bytes) -> list[dict[str, Any]]:
    """Return the events of lines, without what the log tells of itself."""
    lines = map(json.loads, data.splitlines())
    return [line for line in lines if "rule" in line]


def counted(metrics: Metrics) -> tuple[float | None, ...]:
    """Return events written, failed, lost."""
    names = ("written", "failed", "lost")
    return tuple(metrics.registry.get_sample_value(f"crossborder_events_{name}_total") for name in names)


def test_one_line_a_finding(tmp_path: Path, metrics: Metrics, batch: Batches, findings: Frames) -> None:
    """Each event is one line of JSON, there after its batch, readable by its owner only."""
    path = tmp_path / "events.jsonl"
    log = event_log(metrics, *open_appenders(path, stdout=False))

    log(batch(), NOTHING, findings({}, {"finding_id": "b" * 16}))
    lines = events_in(path.read_bytes())
    log.close()

    assert [line["event"]["id"] for line in lines] == ["00000000000000a1", "b" * 16]
    assert path.stat().st_mode & 0o777 == 0o600
    assert counted(metrics) == (2, 0, 0)


def test_lines_are_appended(tmp_path: Path, metrics: Metrics, batch: Batches, findings: Frames) -> None:
    """A second run adds to the first one's record."""
    path = tmp_path / "events.jsonl"
    for _ in range(2):
        log = event_log(metrics, *open_appenders(path, stdout=False))
        log(batch(), NOTHING, findings({}))
        log.close()

    assert len(events_in(path.read_bytes())) == 2


def test_a_torn_line_spoils_no_other(tmp_path: Path, metrics: Metrics, batch: Batches, findings: Frames) -> None:
    """Half a line that a crash has left is ended before ours begins."""
    path = tmp_path / "events.jsonl"
    path.write_text('{"half":', encoding="utf-8")
    log = event_log(metrics, *open_appenders(path, stdout=False))
    log(batch(), NOTHING, findings({}))
    log.close()

    torn, _, whole = path.read_text(encoding="utf-8").splitlines()
    assert torn == '{"half":'
    assert json.loads(whole)["event"]["id"] == "00000000000000a1"


def test_standard_output_carries_events_and_stays_open(
    capfd: pytest.CaptureFixture[str], metrics: Metrics, batch: Batches, findings: Frames
) -> None:
    """`-` and `stdout` mean the same, once."""
    from pathlib import Path

    log = event_log(metrics, *open_appenders(Path("-"), stdout=True))
    log(batch(), NOTHING, findings({}))
    log.close()
    print("still here", flush=True)  # noqa: T201 - the point of the test

    _, event, after = capfd.readouterr().out.splitlines()
    assert json.loads(event)["rule"]["name"] == "core-data-abroad"
    assert after == "still here"


def test_hostile_text_is_escaped_and_told_exactly(findings: Frames) -> None:
    """No control, bidirectional or separator character reaches a terminal, and JSON readers get the text back."""
    evil = "\x1b[2J\x07\x00\x7f\x9b31m\u202egpj.exe\u2028\u200b\ufeff[red]\n}"
    text = EventMaker("g", "u").lines(findings({"server_name": evil, "file_names": [evil]})).item()

    assert text.count("\n") == 1
    assert not [c for c in text[:-1] if ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u2028\u200b\ufeff"]
    assert json.loads(text)["destination"]["domain"] == evil
    assert json.loads(text)["file"]["name"] == [evil]


def test_vietnamese_stays_readable(findings: Frames) -> None:
    """UTF-8 as it is, not escapes."""
    assert "Bộ Tài chính" in EventMaker("g", "Bộ Tài chính").lines(findings({"unit": None})).item()


def test_a_full_disk_is_said_once_counted_and_nothing_stops(metrics: Metrics, batch: Batches, findings: Frames) -> None:
    """Events wait while the disk is full; at the end people are told how many did not get out."""
    fd = os.open("/dev/full", os.O_WRONLY)
    log = event_log(metrics, Appender("/dev/full", fd))

    with capture_logs() as said:
        for _ in range(3):
            log(batch(), NOTHING, findings({}))
    with pytest.raises(CrossborderError) as told:
        log.close()

    assert [entry["event"] for entry in said] == ["events cannot be written, they are held and tried again"]
    assert counted(metrics) == (0, 3, 0)
    assert str(told.value) == "/dev/full: 3 events could not be written: No space left on device"


def test_events_are_written_whole_and_in_order_when_there_is_room_again(
    pipe: tuple[int, int], metrics: Metrics, batch: Batches, findings: Frames
) -> None:
    """A reader that stops in the middle of a line and comes back finds every line, none twice, none torn."""
    out, into = pipe
    os.set_blocking(into, False)
    log = event_log(metrics, Appender("pipe", into))
    ids = [f"{n:016x}" for n in range(200)]  # more than a pipe holds

    with capture_logs() as said:
        log(batch(), NOTHING, findings(*({"finding_id": i} for i in ids)))
        got = b""
        while len(got.splitlines()) < len(ids) or not got.endswith(b"\n"):
            got += os.read(out, 50_000)
            log(batch(), NOTHING, findings())

    assert [json.loads(line)["event"]["id"] for line in got.splitlines()] == ids
    assert [entry["log_level"] for entry in said] == ["error", "info"]
    written, failed, lost = counted(metrics)
    assert (written, lost) == (200, 0)
    assert failed is not None
    assert 0 < failed < 200


def test_what_waits_is_bounded_and_the_first_is_kept(pipe: tuple[int, int]) -> None:
    """Beyond the bound the newest give way, counted; what came first is what an auditor asks for."""
    out, into = pipe
    os.set_blocking(into, False)
    filled = 0
    while True:  # until the pipe is full
        try:
            filled += os.write(into, b"." * 512)
        except BlockingIOError:
            break
    appender = Appender("pipe", into, hold=100)
    lines = [b"%039d\n" % n for n in range(10)]

    assert appender.append(lines[:2]) == (0, 2, 0)
    assert appender.append(lines[2:]) == (0, 8, 8)

    while filled > 0:
        filled -= len(os.read(out, filled))
    assert appender.append([]) == (2, 0, 0)
    assert os.read(out, 1000) == b"".join(lines[:2])


def test_a_reader_that_goes_away_is_no_mistake(
    pipe: tuple[int, int], metrics: Metrics, batch: Batches, findings: Frames
) -> None:
    """`crossborder … | head` ends quietly: the log says it once, close raises nothing."""
    out, into = pipe
    os.close(out)
    log = event_log(metrics, Appender("standard output", os.dup(into)))

    with capture_logs() as said:
        log(batch(), NOTHING, findings({}))
        log.close()

    assert [entry["reason"] for entry in said] == ["Broken pipe"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing/events.jsonl", "events cannot be appended: No such file or directory"),
        ("folder", "events cannot be appended: Is a directory"),
        ("pipe", "events cannot be appended: No such device or address"),
    ],
)
def test_a_file_that_cannot_be_opened_stops_the_start(tmp_path: Path, name: str, said: str) -> None:
    """One sentence with the path: no folder, a folder, a pipe that nobody reads (which must not hang)."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(CrossborderError) as told:
        open_appenders(tmp_path / name, stdout=False)

    assert str(told.value) == f"{tmp_path / name}: {said}"


@pytest.mark.live
@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_disk_without_room_stops_the_start(tmp_path: Path) -> None:
    """A disk that is full already is told at the start, not at the first finding."""
    script = f"""
set -e
mount -t tmpfs -o size=16k none {tmp_path}
head -c 16384 /dev/zero > {tmp_path}/filler || true
exec {sys.executable} -c '
from pathlib import Path
from crossborder.publish.appender import open_file
open_file(Path("{tmp_path}/events.jsonl"))
'
"""
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False)

    assert f"{tmp_path}/events.jsonl: events cannot be appended: no room is left on its disk" in done.stderr


def test_check_says_the_same_without_making_the_file(tmp_path: Path) -> None:
    """`crossborder check` leaves nothing behind."""
    check(tmp_path / "events.jsonl")
    with pytest.raises(CrossborderError, match="there is no folder"):
        check(tmp_path / "missing" / "events.jsonl")
    with pytest.raises(CrossborderError, match="Is a directory"):
        check(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_rotation(tmp_path: Path, metrics: Metrics, batch: Batches, findings: Frames) -> None:
    """After `reopen` lines go to the new file; when that cannot be opened the old one goes on and the log says so."""
    path, old = tmp_path / "events.jsonl", tmp_path / "events.jsonl.1"
    log = event_log(metrics, Appender(str(path), open_file(path)))
    log(batch(), NOTHING, findings({}))
    path.rename(old)
    path.mkdir()
    with capture_logs() as said:
        log.reopen(path)
    log(batch(), NOTHING, findings({}))
    path.rmdir()
    log.reopen(path)
    log(batch(), NOTHING, findings({}))
    log.close()

    assert [len(events_in(p.read_bytes())) for p in (old, path)] == [2, 1]
    assert [entry["event"] for entry in said] == ["events file not reopened"]
