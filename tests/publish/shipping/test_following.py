"""Following a log: half lines, rotation by hand, packed files, gaps, logs that begin anew."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
import zstandard
from tests.publish.shipping.conftest import Log

from crossborder.publish.logfile import turn
from crossborder.publish.shipping.following import Follower
from crossborder.publish.shipping.position import Position

if TYPE_CHECKING:
    from pathlib import Path


def sequences(follower: Follower, lines: int = 1_000) -> list[int]:
    """Return the numbers of the lines that are there now."""
    return [line.at.sequence for line in follower.next(lines, 1 << 24).lines]


def rotate(log: Log, name: str) -> Path:
    """Rename the file and have the agent go on, as logrotate and SIGHUP do."""
    old = log.path.with_name(name)
    log.path.rename(old)
    turn(log.appender, log.path)
    log.appender.append([])
    return old


def test_a_line_is_given_when_it_is_whole(log: Log) -> None:
    """Half a line waits for its other half."""
    log.write(2)
    follower = Follower(log.path, Position())
    assert sequences(follower) == [1, 2, 3]
    line = b'{"crossborder":{"chain":{"log":"%b","previous":"00"}},"event":{"sequence":4}}\n' % log.end[0].encode()
    with log.path.open("ab", buffering=0) as file:
        file.write(line[:40])
        assert sequences(follower) == []
        file.write(line[40:])
    assert sequences(follower) == [4]
    follower.close()


def test_what_is_no_line_of_the_log_is_passed_by(log: Log) -> None:
    """Torn lines, strangers' lines and empty ones are not shipped."""
    log.write(1)
    with log.path.open("ab") as file:
        file.write(b'{"crossborder":{"chain":{"lo\n\nhello\n{"event":{"sequence":77}}\n')
    log.write(1)
    follower = Follower(log.path, Position())

    assert sequences(follower) == [1, 2, 3]
    follower.close()


def test_texts_cannot_pose_as_numbers(log: Log) -> None:
    """What stands in a text is escaped and is no member."""
    text = json.dumps('"chain":{"log":"x","previous":"","sequence":99,')[1:-1]
    log.write(1, filling=text)
    follower = Follower(log.path, Position())

    assert sequences(follower) == [1, 2]
    follower.close()


@pytest.mark.parametrize("lines", [1, 3, 1_000])
def test_through_rotation(lines: int, log: Log) -> None:
    """Rotated while it is read, before it is read, and twice in between: each line once."""
    follower = Follower(log.path, Position())
    log.write(4)
    seen = sequences(follower, lines)
    rotate(log, "events.jsonl.2")
    log.write(4)
    rotate(log, "events.jsonl.1")
    log.write(4)
    while more := sequences(follower, lines):
        seen += more

    assert seen == list(range(1, log.end[1] + 1))
    follower.close()


def test_renamed_and_not_turned_yet(log: Log) -> None:
    """Between rename and SIGHUP the agent writes to the file under its new name."""
    log.write(1)
    follower = Follower(log.path, Position())
    seen = sequences(follower)
    log.path.rename(log.path.with_name("events.jsonl-1"))
    log.write(2)
    seen += sequences(follower)
    assert sequences(follower) == []
    turn(log.appender, log.path)
    log.write(2)
    seen += sequences(follower) + sequences(follower)

    assert seen == list(range(1, log.end[1] + 1))
    follower.close()


def test_packed_files(log: Log) -> None:
    """Who comes late reads what was packed meanwhile; a packed file beside its own original counts once."""
    log.write(3)
    first = rotate(log, "events.jsonl.3")
    log.write(3)
    second = rotate(log, "events.jsonl.2")
    log.write(3)
    first.with_name("events.jsonl.3.gz").write_bytes(gzip.compress(first.read_bytes()))
    first.unlink()
    second.with_name("events.jsonl.2.zst").write_bytes(zstandard.compress(second.read_bytes()))
    for at in (0, 2, 6):
        follower = Follower(log.path, Position(log.end[0], at) if at else Position())
        seen: list[int] = []
        while more := sequences(follower):
            seen += more
        follower.close()
        assert seen == list(range(at + 1, log.end[1] + 1))


def test_lines_that_are_gone(log: Log) -> None:
    """A file that was removed is told as so many lines, but only when it is surely not just being renamed."""
    log.write(4)
    follower = Follower(log.path, Position())
    seen = sequences(follower, 3)
    rotate(log, "events.jsonl.2")
    log.write(4)
    rotate(log, "events.jsonl.1").unlink()
    log.write(2)
    looks = [follower.next(1_000, 1 << 20) for _ in range(6)]
    seen += [line.at.sequence for look in looks for line in look.lines]

    assert sum(look.missing for look in looks) == 5
    assert seen == [1, 2, 3, 4, 5, 11, 12, 13]
    follower.close()


def test_a_log_that_begins_anew(log: Log) -> None:
    """When the file is taken away and another log begins, the rest of the first comes first."""
    follower = Follower(log.path, Position())
    log.write(2)
    assert sequences(follower, 2) == [1, 2]
    log.appender.close()
    log.path.rename(log.path.with_name("events.jsonl.old"))
    other = Log(log.path)
    other.write(2)
    log.appender.fd = 1  # closed above
    found = follower.next(1_000, 1 << 20).lines + follower.next(1_000, 1 << 20).lines
    other.appender.close()

    assert [line.at.sequence for line in found] == [3, 1, 2, 3]
    assert [line.at.log == other.end[0] for line in found] == [False, True, True, True]
    follower.close()


def test_a_position_whose_file_was_replaced(log: Log) -> None:
    """An offset that points elsewhere is not believed: the numbers decide."""
    log.write(5)
    inode = log.path.stat().st_ino
    for offset in (7, 10**9, 0):
        follower = Follower(log.path, Position(log.end[0], 3, inode, offset))
        assert sequences(follower) == [4, 5, 6]
        follower.close()


def test_a_file_that_was_emptied_in_place(log: Log) -> None:
    """copytruncate, against all advice: what was copied and what comes next are read."""
    log.write(3)
    follower = Follower(log.path, Position())
    assert sequences(follower, 2) == [1, 2]
    log.path.with_name("events.jsonl.1").write_bytes(log.path.read_bytes())
    log.path.write_bytes(b"")
    log.write(1)
    seen = [n for _ in range(4) for n in sequences(follower)]

    assert seen == [3, 4, 5]
    follower.close()


def test_bytes_behind(log: Log) -> None:
    """What waits is the rest of the file and the files after it."""
    log.write(3)
    follower = Follower(log.path, Position())
    taken = follower.next(2, 1 << 20).lines[-1].at
    old = rotate(log, "events.jsonl.1")
    log.write(2)

    assert follower.bytes_behind(Position()) == old.stat().st_size + log.path.stat().st_size
    assert follower.bytes_behind(taken) == old.stat().st_size - taken.offset + log.path.stat().st_size
    follower.close()
