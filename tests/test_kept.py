"""What is kept in the cache folder is taken back only when it is whole and made of the same."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from crossborder.kept import GENERATIONS, kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Maker:
    """Makes bytes and counts how often."""

    def __init__(self, made: bytes = b"made") -> None:
        """Take what is made."""
        self.made, self.times = made, 0

    def __call__(self) -> bytes:
        """Make it."""
        self.times += 1
        return self.made


def test_made_once(tmp_path: Path) -> None:
    """The second time it is read."""
    make = Maker()

    assert [kept(tmp_path, "thing", b"of this", make) for _ in range(3)] == [b"made"] * 3
    assert make.times == 1


def test_made_of_something_else(tmp_path: Path) -> None:
    """Other ingredients, another file."""
    make = Maker()
    kept(tmp_path, "thing", b"of this", make)
    kept(tmp_path, "thing", b"of that", make)

    assert make.times == 2


def test_no_folder() -> None:
    """Without a folder it is made every time."""
    make = Maker()

    assert [kept(None, "thing", b"of this", make) for _ in range(2)] == [b"made"] * 2
    assert make.times == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes() + b"x"),
        lambda path: path.write_bytes(path.read_bytes().replace(b"made", b"fake")),
        lambda path: path.write_bytes(b""),
        lambda path: path.chmod(0o666),
        lambda path: path.chmod(0o620),
    ],
    ids=["cut", "longer", "rewritten", "empty", "writable by all", "writable by the group"],
)
def test_what_is_not_whole_or_not_ours_is_made_again(spoil: Callable[[Path], object], tmp_path: Path) -> None:
    """A file that does not verify is as good as none, and is put right."""
    make = Maker()
    kept(tmp_path, "thing", b"of this", make)
    spoil(next(tmp_path.iterdir()))

    assert kept(tmp_path, "thing", b"of this", make) == b"made"
    assert kept(tmp_path, "thing", b"of this", make) == b"made"
    assert make.times == 2


def test_a_file_of_another_name_is_not_taken(tmp_path: Path) -> None:
    """The digest is over what it was made of, too: a file renamed does not verify."""
    make = Maker()
    kept(tmp_path, "thing", b"of this", make)
    this = next(tmp_path.iterdir())
    kept(tmp_path, "thing", b"of that", Maker(b"other"))
    (that,) = set(tmp_path.iterdir()) - {this}
    that.write_bytes(this.read_bytes())

    assert kept(tmp_path, "thing", b"of that", Maker(b"other")) == b"other"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """It is made every time, and nothing is said."""
    assert kept(tmp_path / "nowhere", "thing", b"of this", Maker()) == b"made"
    assert not list(tmp_path.iterdir())


def test_generations(tmp_path: Path) -> None:
    """The newest few of a name stay, and other names are left alone."""
    kept(tmp_path, "other", b"", Maker())
    for n in range(GENERATIONS + 3):
        kept(tmp_path, "thing", bytes([n]), Maker())
        for path in tmp_path.glob("thing-*"):
            os.utime(path, ns=(path.stat().st_mtime_ns - 10**9,) * 2)

    assert len(list(tmp_path.glob("thing-*"))) == GENERATIONS
    assert len(list(tmp_path.glob("other-*"))) == 1
    last = Maker()
    kept(tmp_path, "thing", bytes([GENERATIONS + 2]), last)
    assert last.times == 0
