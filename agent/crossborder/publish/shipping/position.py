"""How far a sink has got in the event log: a small file beside the log, replaced at once."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

from crossborder.errors import CrossborderError
from crossborder.statefile import flush

if TYPE_CHECKING:
    from pathlib import Path


class Position(NamedTuple):
    """The last line that the other side has. The sequence decides, file and offset only find it again quickly."""

    log: str = ""
    sequence: int = 0
    inode: int = 0
    offset: int = 0  # in bytes, behind the line; 0 where the file is packed


def position_file(log: Path, sink: str) -> Path:
    """Return where the position of a sink is kept; a name that `events.jsonl*` does not match."""
    return log.with_name(f".{log.name}.{sink}.position")


def read_position(path: Path) -> Position:
    """Read a position; without a file, the beginning.

    Raises CrossborderError when it says nothing: to begin anew sends everything again, which a person decides.
    """
    try:
        said = json.loads(path.read_bytes())
        position = Position(said["log"], said["sequence"], said["inode"], said["offset"])
    except FileNotFoundError:
        return Position()
    except OSError as error:
        raise CrossborderError.at(path, f"cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        position = None
    if position is None or [type(value) for value in position] != [str, int, int, int]:
        message = "does not say how far the sink has got; remove it to have everything that is there sent again"
        raise CrossborderError.at(path, message)
    return position


def write_position(path: Path, position: Position) -> None:
    """Put a position in the place of the one before, flushed; raises OSError."""
    draft = path.with_name(path.name + ".draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(json.dumps(position._asdict()).encode() + b"\n")
        file.flush()
        os.fsync(handle)
    draft.replace(path)
    flush(path.parent)
