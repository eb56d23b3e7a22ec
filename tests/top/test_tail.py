"""The end of a file that grows, is rotated, cut, replaced, or is no file at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from crossborder.top.tail import Tail

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file of two lines."""
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"one\ntwo\n")
    return path


def add(path: Path, data: bytes) -> None:
    """Append to a file as a writer does."""
    with path.open("ab") as file:
        file.write(data)


def test_lines_come_once_and_whole(file: Path) -> None:
    """What is there at first, then what is new; half a line waits for its end, empty lines are none."""
    tail = Tail(file)

    assert tail.lines() == [b"one", b"two"]
    assert tail.lines() == []
    add(file, b"thr")
    assert tail.lines() == []
    add(file, b"ee\n\nfour\n")
    assert tail.lines() == [b"three", b"four"]


def test_of_a_long_file_the_end(file: Path) -> None:
    """At first so much of the end is read, from a line's beginning."""
    file.write_bytes(b"".join(b"line %04d\n" % number for number in range(1000)))

    assert Tail(file, first=25).lines() == [b"line 0998", b"line 0999"]


def test_too_fast(file: Path) -> None:
    """Of what grew faster than it is read the newest is read, and the rest is counted."""
    tail = Tail(file, most=20)
    tail.lines()
    add(file, b"".join(b"line %04d\n" % number for number in range(10)))

    assert tail.lines() == [b"line 0009"]
    assert tail.skipped == 80


def test_a_line_without_an_end(file: Path) -> None:
    """A line longer than any event is given up, and what follows it is read."""
    tail = Tail(file, first=100)
    tail.lines()
    add(file, b"x" * 150)
    assert tail.lines() == []
    add(file, b"y" * 20 + b"\nnext\n")

    assert tail.lines() == [b"next"]
    assert tail.skipped == 150


def test_rotation(file: Path) -> None:
    """What was appended before it got another name is read, then the new file from its beginning."""
    tail = Tail(file)
    tail.lines()
    add(file, b"last of the old\nhalf a li")
    file.rename(file.with_suffix(".1"))
    file.write_bytes(b"first of the new\n")

    assert tail.lines() == [b"last of the old", b"first of the new"]


def test_rotation_with_a_pause_between(file: Path) -> None:
    """While the new file is not there yet it is said so; nothing is lost."""
    tail = Tail(file)
    tail.lines()
    add(file, b"last\n")
    file.rename(file.with_suffix(".1"))

    assert tail.lines() == [b"last"]
    assert tail.note.endswith("not there yet; it is looked for")
    file.write_bytes(b"first\n")
    assert tail.lines() == [b"first"]
    assert tail.note == ""


def test_cut_and_written_anew(file: Path) -> None:
    """A file that is copied and cut is read from its beginning."""
    tail = Tail(file)
    tail.lines()
    file.write_bytes(b"new\n")

    assert tail.lines() == [b"new"]


def test_what_cannot_be_read(file: Path, tmp_path: Path) -> None:
    """A folder, a pipe and a device have their sentence and keep nobody waiting."""
    os.mkfifo(tmp_path / "pipe")
    notes = {}
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none", file / "below"):
        tail = Tail(path)
        assert tail.lines() == []
        notes[path.name] = tail.note.partition(": ")[2]

    assert notes == {
        tmp_path.name: "not a file of lines",
        "pipe": "not a file of lines",
        "none": "not there yet; it is looked for",
        "below": "Not a directory",
    }


def test_not_readable(file: Path) -> None:
    """Events are their owner's only; whose they are not is told what to do."""
    file.chmod(0)
    tail, me = Tail(file), os.geteuid()
    if me == 0:
        os.seteuid(65_534)  # root may read everything, nobody may not
    try:
        assert tail.lines() == []
    finally:
        os.seteuid(me)

    assert "try sudo" in tail.note
