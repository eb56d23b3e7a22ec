"""The one door to SQLite: what must outlive the agent, in one file, written in one transaction per tick.

Why a kill at any moment loses at most the last tick: a tick is one transaction, and in WAL mode a transaction is there
when its commit frame is in the log, checksummed, and otherwise is not there at all. `synchronous=FULL` flushes the log
at every commit, so that this holds for a power cut too and not for a killed process alone; it costs one flush a tick.
The file itself is made under another name and renamed when whole: there is no moment at which half of one is there.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import sqlite3
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Protocol

from crossborder.errors import CrossborderError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from crossborder.keyfile import Key

APPLICATION = 0x58424452  # "XBDR", in the file's header: tells our files from other programs'
FILE_NAME = "crossborder.state"
_MADE = "a state file was made beside this\n"
_LAYOUT = 1
_BASE = """
CREATE TABLE state_parts (name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE state_facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_SEAL = 16  # bytes


@dataclass(frozen=True, slots=True)
class StatePart:
    """What one part of the agent keeps: its tables, named after it, by migrations of which each is SQL text.

    The version of a part is the number of its migrations: append to them, never change one that was released.
    """

    name: str
    migrations: tuple[str, ...]


class Kept(Protocol):
    """What has something to keep: a part of the agent that changes with every tick."""

    def write(self, state: StateFile) -> None:
        """Write what changed since it was last written; called inside a tick."""

    def written(self) -> None:
        """Forget what was to be written: it is on disk. Not called when the tick failed."""


class StateError(CrossborderError):
    """The state could not be written now; nothing of the tick was, and the next tick may try again."""


class StateFile:
    """One open state: tables of several parts, transactions, the fingerprint of the key. Of one agent at a time."""

    def __init__(self, connection: sqlite3.Connection, path: Path | None, lock: IO[str] | None, *, new: bool) -> None:
        """Take an open connection; use `open`, `look` or `memory`."""
        self.path = path
        self.new = new  # it was made by this opening: everything in it begins at zero
        self._connection = connection
        self._lock = lock

    @classmethod
    def open(cls, path: Path, *parts: StatePart) -> StateFile:
        """Open a state file for this agent alone, made when there never was one, and bring its tables up to date.

        Raises CrossborderError with what to do when the file is damaged, foreign, newer, lost or another agent's.
        """
        lock = _locked(path)
        try:
            new = _made(path, lock)
            connection = _connected(path, "rw")
            try:
                with _told(path):
                    _checked(connection, path)
                    connection.execute("PRAGMA journal_mode=WAL")
                    connection.execute("PRAGMA synchronous=FULL")
                    _migrate(connection, path, parts)
            except BaseException:
                connection.close()
                raise
        except BaseException:
            lock.close()
            raise
        return cls(connection, path, lock, new=new)

    @classmethod
    def look(cls, path: Path, *parts: StatePart) -> StateFile:
        """Open a state file to read it, as it stood after some tick; an agent may be using it meanwhile.

        Parts must be there in this program's version. Raises CrossborderError as `open` does.
        """
        if not path.exists():
            raise CrossborderError.at(path, "there is no such state file")
        connection = _connected(path, "ro")
        try:
            with _told(path):
                _checked(connection, path)
                for part in parts:
                    _look_at(connection, path, part)
                connection.execute("BEGIN")
        except BaseException:
            connection.close()
            raise
        return cls(connection, path, None, new=False)

    @classmethod
    def memory(cls, *parts: StatePart) -> StateFile:
        """Return a state that ends with the program: for replay and tests."""
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        _prepare(connection)
        _migrate(connection, None, parts)
        return cls(connection, None, None, new=True)

    @contextlib.contextmanager
    def tick(self) -> Iterator[None]:
        """Write everything in the block, or nothing of it.

        Raises StateError when it could not be written: a full disk, an I/O error.
        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise StateError(Fault(str(self.path or ""), None, f"the state cannot be written: {error}")) from None

    def keep(self, kept: Iterable[Kept]) -> None:
        """Write what several parts have to keep in one tick; raises StateError, and then all of it is still to do."""
        parts = tuple(kept)
        with self.tick():
            for part in parts:
                part.write(self)
        for part in parts:
            part.written()

    def write(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement for each row of values; inside `tick` only."""
        if not self._connection.in_transaction:
            raise RuntimeError("a state is written inside a tick")
        self._connection.executemany(sql, rows)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query; raises CrossborderError when the file turns out to be damaged."""
        with _told(self.path):
            return self._connection.execute(sql, values).fetchall()

    @property
    def fingerprint(self) -> str | None:
        """Return the fingerprint of the key this state was written under; None while it knows none."""
        found = self.rows("SELECT value FROM state_facts WHERE name = 'key'")
        return str(found[0][0]) if found else None

    def bind(self, fingerprint: str) -> None:
        """Tie the state to the key of a fingerprint; raises CrossborderError when it is tied to another."""
        if not self.fits(fingerprint):
            with self.tick():
                self.write("INSERT INTO state_facts VALUES ('key', ?)", [(fingerprint,)])

    def fits(self, fingerprint: str) -> bool:
        """Tell whether the state is tied to a key, or free; raises CrossborderError when it is tied to another."""
        known = self.fingerprint
        if known is not None and known != fingerprint:
            raise _fault(
                self.path,
                f"was written under another key (fingerprint {known}, state.key has {fingerprint}): a person would "
                "count twice; put the right key back, or begin from zero on purpose with another state.directory",
            )
        return known is not None

    def serialize(self) -> bytes:
        """Return the whole file as it would stand on disk."""
        return self._connection.serialize()

    def close(self) -> None:
        """Fold the log into the file and let the next agent have it."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        if self._lock:
            self._lock.close()


def fits(path: Path, key: Key) -> None:
    """Look whether a state file, if there is one, is whole and tied to no other key; raises CrossborderError if not."""
    if path.exists():
        with contextlib.closing(StateFile.look(path)) as state:
            state.fits(key.fingerprint)


def sealed(value: bytes, *names: str) -> bytes:
    """Return bytes with a digest of them and of the names they are kept under: SQLite checks its pages, not these."""
    return _digest(value, names) + value


def unsealed(kept: bytes, *names: str) -> bytes | None:
    """Return what `sealed` was given, or None when it is not what was given."""
    value = kept[_SEAL:]
    return value if kept[:_SEAL] == _digest(value, names) else None


def damaged(path: Path | None, what: str) -> CrossborderError:
    """Make the error of a state file that cannot be trusted."""
    return _fault(
        path,
        f"the state file is damaged ({what}): put a copy of it back; only to begin from zero on purpose, with the "
        "opening balances of what was counted: move it and the files beside it away",
    )


def _digest(value: bytes, names: tuple[str, ...]) -> bytes:
    return hashlib.blake2b("\0".join(names).encode() + b"\0\0" + value, digest_size=_SEAL).digest()


def _fault(path: Path | None, message: str) -> CrossborderError:
    return CrossborderError(Fault(str(path or ""), None, message))


@contextlib.contextmanager
def _told(path: Path | None) -> Iterator[None]:
    """Turn SQLite's errors into sentences."""
    try:
        yield
    except (sqlite3.OperationalError, sqlite3.ProgrammingError) as error:
        raise _fault(path, f"the state file cannot be used: {error}") from None
    except sqlite3.DatabaseError as error:
        raise damaged(path, str(error)) from None


def _locked(path: Path) -> IO[str]:
    """Return the lock file, held by this agent; the kernel lets go of it however the agent ends."""
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        lock = _lock_path(path).open("a+", encoding="ascii")
    except OSError as error:
        raise _fault(path, f"the state cannot be kept there: {error.strerror or error}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise _fault(
            path, "another agent is using this state: stop it first, or give each agent its own state.directory"
        ) from None
    return lock


def _lock_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def _made(path: Path, lock: IO[str]) -> bool:
    """Make a state file where there never was one; tell whether this did."""
    lock.seek(0)
    noted = lock.read() != ""
    new = not path.exists()
    if new and noted:
        raise _fault(
            path,
            "the state file is gone, and there was one: put a copy of it back; only to begin from zero on purpose: "
            f"remove {_lock_path(path)}",
        )
    if new:
        try:
            _make(path)
        except OSError as error:
            raise _fault(path, f"the state cannot be kept there: {error.strerror or error}") from None
    if not noted:
        lock.write(_MADE)
        lock.flush()
        os.fsync(lock.fileno())
    return new


def _make(path: Path) -> None:
    """Put an empty state in place at once; a log left by one that was taken away must not be played into it."""
    for suffix in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    with contextlib.closing(StateFile.memory()) as state:
        whole = state.serialize()
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(whole)
    flush(draft)
    draft.rename(path)
    flush(path.parent)


def flush(path: Path) -> None:
    """Have the kernel write a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _connected(path: Path, mode: str) -> sqlite3.Connection:
    with _told(path):
        return sqlite3.connect(
            f"{path.resolve().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
        )


def _prepare(connection: sqlite3.Connection) -> None:
    """Lay out an empty file as ours."""
    connection.executescript(_BASE)
    connection.execute(f"PRAGMA application_id={APPLICATION}")
    connection.execute(f"PRAGMA user_version={_LAYOUT}")


def _checked(connection: sqlite3.Connection, path: Path) -> None:
    """Raise CrossborderError unless the file is ours, of a version we know, and whole."""
    if not path.stat().st_size:
        raise damaged(path, "it is empty")
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise _fault(path, "is not a state file of Crossborder: name another state.directory")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _LAYOUT:
        raise _newer(path)
    said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if said != "ok":
        raise damaged(path, " ".join(str(said).split()))


def _newer(path: Path | None) -> CrossborderError:
    return _fault(path, "was written by a newer Crossborder: run that version, or put back the copy made before it")


def _version(connection: sqlite3.Connection, path: Path | None, part: StatePart) -> int:
    found = connection.execute("SELECT version FROM state_parts WHERE name = ?", (part.name,)).fetchone()
    version = int(found[0]) if found else 0
    if version > len(part.migrations):
        raise _newer(path)
    return version


def _migrate(connection: sqlite3.Connection, path: Path | None, parts: tuple[StatePart, ...]) -> None:
    """Bring the tables of parts to this program's version, each step whole or not at all."""
    for part in parts:
        for at in range(_version(connection, path, part), len(part.migrations)):
            note = f"REPLACE INTO state_parts VALUES ('{part.name}', {at + 1})"  # noqa: S608 - a script takes no values
            connection.executescript(f"BEGIN IMMEDIATE;{part.migrations[at]};{note};COMMIT;")


def _look_at(connection: sqlite3.Connection, path: Path, part: StatePart) -> None:
    if _version(connection, path, part) < len(part.migrations):
        raise _fault(path, f"knows nothing of {part.name} yet, or was written by an older Crossborder: run this one")
