"""What must outlive the agent does: whole after a kill at any moment, refused when it cannot be trusted."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from crossborder import keyfile
from crossborder.errors import CrossborderError
from crossborder.statefile import StateError, StateFile, StatePart, sealed, unsealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COUNTS = StatePart("counts", ("CREATE TABLE counts (name TEXT PRIMARY KEY, n INTEGER);",))
PUT = "INSERT OR REPLACE INTO counts VALUES (?, ?)"


def _count(state: StateFile, name: str = "a") -> int:
    rows = state.rows("SELECT n FROM counts WHERE name = ?", (name,))
    return int(rows[0][0]) if rows else 0


def _put(state: StateFile, n: int, name: str = "a") -> None:
    with state.tick():
        state.write(PUT, [(name, n)])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a state with one count, 7, stands; nobody has it open."""
    where = tmp_path / "state" / "crossborder.state"
    state = StateFile.open(where, COUNTS)
    _put(state, 7)
    state.close()
    return where


def test_kept(path: Path) -> None:
    """What was written is there at the next opening, for the owner alone."""
    state = StateFile.open(path, COUNTS)

    assert (_count(state), state.new) == (7, False)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    state.close()


def test_a_tick_is_whole_or_not_at_all(path: Path) -> None:
    """Whatever goes wrong in a tick, nothing of it stays."""
    state = StateFile.open(path, COUNTS)

    with pytest.raises(KeyError), state.tick():  # noqa: PT012 - a tick is several statements
        state.write(PUT, [("a", 8)])
        raise KeyError
    with pytest.raises(StateError, match="cannot be written"), state.tick():  # noqa: PT012 - the same
        state.write(PUT, [("a", 9)])
        state.write("INSERT INTO nowhere VALUES (?)", [(1,)])

    assert _count(state) == 7
    _put(state, 10)
    assert _count(state) == 10
    state.close()


def test_one_agent_alone(path: Path) -> None:
    """A second agent gets a sentence; one who only looks sees the last tick."""
    state = StateFile.open(path, COUNTS)
    _put(state, 8)

    with pytest.raises(CrossborderError, match="another agent is using this state"):
        StateFile.open(path, COUNTS)
    looked = StateFile.look(path, COUNTS)

    assert _count(looked) == 8
    with pytest.raises(StateError):
        _put(looked, 9)
    looked.close()
    state.close()
    StateFile.open(path, COUNTS).close()


def test_parts_share_a_file(path: Path) -> None:
    """Each part brings its tables, new ones are added, and a part that grew is brought up to date."""
    others = StatePart("others", ("CREATE TABLE others (x INTEGER);",))
    grown = StatePart("counts", (*COUNTS.migrations, "ALTER TABLE counts ADD COLUMN note TEXT DEFAULT 'none';"))

    with pytest.raises(CrossborderError, match="knows nothing of others"):
        StateFile.look(path, others)
    state = StateFile.open(path, grown, others)

    assert state.rows("SELECT * FROM counts") == [("a", 7, "none")]
    assert state.rows("SELECT * FROM others") == []
    state.close()
    with pytest.raises(CrossborderError, match="written by a newer Crossborder"):
        StateFile.open(path, COUNTS)


def test_a_newer_file(path: Path) -> None:
    """A file of a later layout is not touched."""
    _pragma(path, "user_version=99")

    with pytest.raises(CrossborderError, match="written by a newer Crossborder"):
        StateFile.open(path, COUNTS)


def test_a_foreign_file(path: Path) -> None:
    """Another program's database is not ours to write to."""
    _pragma(path, "application_id=1")

    with pytest.raises(CrossborderError, match="is not a state file"):
        StateFile.open(path, COUNTS)


def _pragma(path: Path, text: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA {text}")
    connection.close()


def _garbled(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[4096:] = random.Random(4).randbytes(len(raw) - 4096)  # noqa: S311 - damage, not a secret
    path.write_bytes(raw)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:4096]),
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.write_bytes(b"text, and no database at all\n" * 400),
        _garbled,
    ],
    ids=["empty", "cut-page", "cut", "text", "garbled"],
)
def test_a_damaged_file(path: Path, spoil: Callable[[Path], None]) -> None:
    """It is refused with what to do, by agents and by readers, and left as it is."""
    spoil(path)
    before = path.read_bytes()

    for opening in (StateFile.open, StateFile.look):
        with pytest.raises(CrossborderError, match=r"damaged .*put a copy of it back"):
            opening(path, COUNTS)
    assert path.read_bytes() == before


def test_a_lost_file(path: Path) -> None:
    """Where there was a state it does not begin from zero by itself; on purpose it does."""
    path.unlink()

    with pytest.raises(CrossborderError, match="the state file is gone"):
        StateFile.open(path, COUNTS)
    path.with_name(f"{path.name}.lock").unlink()
    path.with_name(f"{path.name}-wal").write_bytes(b"a log of what was there")
    state = StateFile.open(path, COUNTS)

    assert (_count(state), state.new) == (0, True)
    state.close()


def test_another_key(path: Path) -> None:
    """Under another key every person would count again: refused, with both fingerprints."""
    key, other = keyfile.fresh(), keyfile.fresh()
    state = StateFile.open(path, COUNTS)
    state.bind(key.fingerprint)
    state.bind(key.fingerprint)

    with pytest.raises(CrossborderError, match=f"{key.fingerprint}, state.key has {other.fingerprint}"):
        state.bind(other.fingerprint)
    state.close()


def test_memory() -> None:
    """A state in memory does the same."""
    state = StateFile.memory(COUNTS)
    _put(state, 3)
    state.bind(keyfile.fresh().fingerprint)

    assert (_count(state), state.path) == (3, None)


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    """No folder to keep it in is a sentence with its path."""
    (tmp_path / "file").write_text("not a folder", encoding="ascii")

    with pytest.raises(CrossborderError, match="cannot be kept there"):
        StateFile.open(tmp_path / "file" / "crossborder.state", COUNTS)


def test_seals() -> None:
    """A flipped bit, and a value under another's name, are told."""
    kept = sealed(b"value", "ministry", "basic")

    assert unsealed(kept, "ministry", "basic") == b"value"
    assert unsealed(kept, "ministry", "bank") is None
    assert unsealed(kept, "ministrybasic") is None
    assert unsealed(bytes([*kept[:-1], kept[-1] ^ 1]), "ministry", "basic") is None


TICKER = """
import sys
from pathlib import Path
from crossborder.statefile import StateFile, StatePart
part = StatePart("counts", ("CREATE TABLE counts (name TEXT PRIMARY KEY, n INTEGER);",))
state = StateFile.open(Path(sys.argv[1]), part)
rows = state.rows("SELECT n FROM counts WHERE name = 'a'")
n = rows[0][0] if rows else 0
while True:
    n += 1
    with state.tick():  # two rows, and enough pages for the log to be folded in every now and then
        state.write("INSERT OR REPLACE INTO counts VALUES (?, ?)", [("a", n)])
        state.write("INSERT OR REPLACE INTO counts VALUES (?, ?)", ((f"{i:0200}", n) for i in range(300)))
        state.write("INSERT OR REPLACE INTO counts VALUES (?, ?)", [("z", n)])
    print(n, flush=True)
"""


def test_killed_at_any_moment(tmp_path: Path) -> None:
    """After kill -9 the state is whole, and holds every tick that was told to be done."""
    path = tmp_path / "crossborder.state"
    dice = random.Random(11)  # noqa: S311 - moments, not secrets
    told = 0
    for _ in range(25):
        with subprocess.Popen([sys.executable, "-c", TICKER, path], stdout=subprocess.PIPE, text=True) as ticker:
            assert ticker.stdout
            first = ticker.stdout.readline() if dice.random() < 0.8 else ""  # else while it is opening
            time.sleep(dice.random() * 0.15)
            ticker.send_signal(signal.SIGKILL)
            rest = ticker.stdout.read().splitlines()  # a line cut by the kill says nothing
        done = max([told, *(int(line) for line in [first.strip(), *rest[:-1]] if line)])
        state = StateFile.open(path, COUNTS)
        found = {_count(state, name) for name in ("a", f"{7:0200}", "z")}
        state.close()

        told = max(found)
        assert len(found) == 1
        assert done <= told <= done + 2  # the line not read, and the tick committed and not told
    assert told > 25
