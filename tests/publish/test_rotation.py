"""Rotation of its own: the chain goes on, a kill at any moment leaves one log, and what a sink needs stays."""

from __future__ import annotations

import gzip
import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs
from tests.publish.shipping.conftest import Log, event

from crossborder import signingkey
from crossborder.publish import rotation as module
from crossborder.publish.chain import Origin
from crossborder.publish.logfile import open_appenders, turn
from crossborder.publish.logreading import logs_in
from crossborder.publish.rotation import DAY, Limits, Rotation, next_file
from crossborder.publish.shipping.following import Follower
from crossborder.publish.shipping.position import Position, position_file, write_position
from crossborder.publish.verify import Report, verify

if TYPE_CHECKING:
    from crossborder.publish.appender import Appender


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a log is written, in a folder of its own."""
    (tmp_path / "log").mkdir()
    return tmp_path / "log" / "events.jsonl"


def opened(path: Path) -> Appender:
    """Return the appender of a log that is signed."""
    key = path.with_name("events.key")
    signer = signingkey.read(key) if key.exists() else signingkey.make(key)
    (appender,) = open_appenders(path, stdout=False, origin=Origin("g", signer=signer, checkpoint_events=7))
    return appender


def write(appender: Appender, events: int = 5) -> None:
    """Append events."""
    appender.append([event(n) for n in range(events)])


def files(path: Path) -> list[Path]:
    """Return the files of a log."""
    return sorted(path.parent.glob("events.jsonl*"))


def verified(path: Path) -> Report:
    """Verify all files of a log with its public key."""
    (log,), _ = logs_in(files(path))
    return verify(log, [signingkey.read_public(path.with_name("events.key.pub"))])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the wall clock of rotation, which a test sets; an hour is over at each look."""
    now = [time.time()]
    monkeypatch.setattr(time, "time", lambda: now[0])
    monkeypatch.setattr(module, "HOUR", 0.0)
    return now


def test_by_size(path: Path) -> None:
    """A full file gives its name away; every file but the last is closed by a checkpoint, and all verify."""
    appender = opened(path)
    rotation = Rotation(path, Limits(size=4_000))
    for _ in range(30):
        write(appender)
        rotation.look(appender)
    appender.close()

    report = verified(path)
    assert report.faults == []
    assert report.events == 150
    assert len(files(path)) > 5
    assert all(4_000 <= file.stat().st_size < 8_000 for file in files(path)[1:])
    assert not next_file(path).exists()
    name = files(path)[1].name
    assert name.startswith(f"events.jsonl-{datetime.now(UTC):%Y%m%d}T")
    assert name.endswith(f"-{len(files(path)[1].read_bytes().splitlines()):012d}")


def test_by_time(path: Path, clock: list[float]) -> None:
    """At midnight UTC, whenever the agent was started; and after a start the next day."""
    appender = opened(path)
    write(appender)
    rotation = Rotation(path, Limits(every=DAY))
    rotation.look(appender)
    assert len(files(path)) == 1
    clock[0] = (clock[0] // DAY + 1) * DAY + 1
    rotation.look(appender)
    rotation.look(appender)
    assert len(files(path)) == 2
    write(appender)
    appender.close()

    clock[0] += 3 * DAY
    appender = opened(path)
    write(appender)
    Rotation(path, Limits(every=DAY)).look(appender)
    appender.close()
    assert len(files(path)) == 3
    assert verified(path).faults == []


def test_by_hand_all_the_same(path: Path) -> None:
    """Rename and SIGHUP go on working beside it."""
    appender = opened(path)
    rotation = Rotation(path, Limits(size=2_000))
    for at in range(12):
        write(appender)
        rotation.look(appender)
        if at % 4 == 1:
            path.rename(path.with_name(f"events.jsonl.{at}"))
            write(appender)
            rotation.look(appender)
            turn(appender, path)
            write(appender)
    appender.close()

    report = verified(path)
    assert report.faults == []
    assert report.events == 60 + 3 * 10


def test_a_sink_follows(path: Path) -> None:
    """Who reads the log meanwhile has every line once."""
    appender = opened(path)
    rotation = Rotation(path, Limits(size=3_000))
    follower = Follower(path, Position())
    seen: list[int] = []
    for _ in range(20):
        write(appender)
        rotation.look(appender)
        seen += [line.at.sequence for line in follower.next(4, 1 << 20).lines]
    while lines := follower.next(100, 1 << 20).lines:
        seen += [line.at.sequence for line in lines]
    appender.close()
    follower.close()

    assert appender.chain
    assert seen == list(range(1, appender.chain.end.sequence + 1))


def aged(rotation: Rotation, appender: Appender, clock: list[float], days: int) -> None:
    """Write a file a day."""
    for _ in range(days):
        write(appender)
        clock[0] += DAY
        rotation.look(appender)


def test_old_files_go(path: Path, clock: list[float]) -> None:
    """What is too old is removed, packed or not, and nothing that others have named."""
    appender = opened(path)
    rotation = Rotation(path, Limits(every=DAY, keep=3.5 * DAY))
    path.with_name("events.jsonl-20200101").write_bytes(b"")
    aged(rotation, appender, clock, 3)
    first = files(path)[2]
    packed = first.with_name(first.name + ".gz")
    packed.write_bytes(gzip.compress(first.read_bytes()))
    first.unlink()
    before = set(files(path))
    aged(rotation, appender, clock, 3)
    appender.close()

    assert packed in before
    assert not packed.exists()
    assert path.with_name("events.jsonl-20200101").exists()
    assert len(files(path)) == 2 + 4


def test_what_a_sink_has_not_stays(path: Path, clock: list[float]) -> None:
    """Too old or not, it waits for all sinks; said once. When they have it, it goes."""
    appender = opened(path)
    rotation = Rotation(path, Limits(every=DAY, keep=2.5 * DAY), ["siem", "other"])
    assert appender.chain
    with capture_logs() as said:
        aged(rotation, appender, clock, 6)
        write_position(position_file(path, "siem"), Position(appender.chain.end.log, 10**6))
        aged(rotation, appender, clock, 1)
    assert len(files(path)) == 8
    assert [entry["event"] for entry in said] == ["an old file of the event log is kept for a sink"] * 4
    write_position(position_file(path, "other"), Position(appender.chain.end.log, 10**6))
    aged(rotation, appender, clock, 1)
    appender.close()

    assert len(files(path)) == 4


def test_no_room(path: Path, clock: list[float]) -> None:
    """keep_size removes the oldest whoever needs it; that is told, and the sink counts the lines as missing."""
    appender = opened(path)
    rotation = Rotation(path, Limits(every=DAY, keep_size=8_000), ["siem"])
    with capture_logs() as said:
        aged(rotation, appender, clock, 10)
    appender.close()
    position = Position(logs_in(files(path))[0][0].log, 1)
    follower = Follower(path, position)
    looks = [follower.next(1_000, 1 << 20) for _ in range(20)]
    follower.close()

    assert sum(file.stat().st_size for file in files(path)) <= 8_000
    assert "it was removed before all sinks had it: there was no room" in [entry["event"] for entry in said]
    missing, got = sum(look.missing for look in looks), sum(len(look.lines) for look in looks)
    assert missing > 0
    assert appender.chain
    assert 1 + missing + got == appender.chain.end.sequence


def test_a_disk_without_room_rotates_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be written is held first; a folder that takes no new file is told once, and the log goes on."""
    log = Log(path)
    rotation = Rotation(path, Limits(size=100))

    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with capture_logs() as said:
        monkeypatch.setattr(module, "open_file", refuse)
        for _ in range(3):
            log.write(2)
            rotation.look(log.appender)
    monkeypatch.undo()
    assert [entry["event"] for entry in said] == ["the event log cannot be rotated, it goes on as it is"]
    monkeypatch.setattr(os, "write", refuse)
    log.write(2)
    rotation.look(log.appender)
    assert files(path) == [path]
    monkeypatch.undo()
    log.write(1)
    rotation.look(log.appender)
    log.appender.close()

    assert len(files(path)) == 2


@pytest.mark.parametrize("moment", ["draft", "renamed", "done"])
def test_a_kill_between_two_steps(moment: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first name, between the two, after them: the next start goes on with one log."""
    appender = opened(path)
    write(appender)
    names: list[Path] = []
    rename = Path.rename

    def interrupted(self: Path, to: Path) -> Path:
        names.append(to)
        if moment == "draft" or (moment == "renamed" and len(names) == 2):
            raise KeyboardInterrupt
        return rename(self, to)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", interrupted)
        try:
            Rotation(path, Limits(size=100)).look(appender)
        except KeyboardInterrupt:
            os.close(appender.fd)
        else:
            appender.close()
    appender = opened(path)
    write(appender)
    appender.close()

    report = verified(path)
    assert report.faults == []
    assert report.events == 10
    assert len(files(path)) == (1 if moment == "draft" else 2)
    assert not next_file(path).exists()


ROTATING = """
import sys
from pathlib import Path
from tests.publish.test_rotation import opened, write
from crossborder.publish.rotation import Limits, Rotation
path = Path(sys.argv[1])
appender, rotation = opened(path), Rotation(path, Limits(size=3000))
print("ready", flush=True)
while True:
    write(appender)
    rotation.look(appender)
"""


@pytest.mark.slow
def test_killed_at_any_moment(path: Path) -> None:
    """Six kills in the midst of rotations: the files are one log, and verify says that it is whole."""
    for _ in range(6):
        words: list[str | Path] = [sys.executable, "-c", ROTATING, path]
        process = subprocess.Popen(words, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(random.uniform(0, 0.1))  # noqa: S311 - any moment will do
        process.kill()
        process.wait()
        process.stdout.close()
    appender = opened(path)
    appender.append([])
    appender.close()

    report = verified(path)
    assert report.faults == []
    assert report.events > 100
    assert len(files(path)) > 10
