"""Legal holds: what must not be removed, by a file `HOLD` beside it that a person may make too."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from crossborder.publish.history.places import DRAFT, hour_folder, hour_of, write_whole
from crossborder.statefile import flush

if TYPE_CHECKING:
    from pathlib import Path

NAME = "HOLD"


class Hold(NamedTuple):
    """Hours that are kept whatever their age, and why."""

    since: datetime
    until: datetime
    reason: str

    def covers(self, hour: int) -> bool:
        """Tell whether an hour, or a part of it, is held."""
        return hour_of(self.since) <= hour and hour <= hour_of(self.until) and not self._ends_at(hour)

    def _ends_at(self, hour: int) -> bool:
        at = self.until
        return hour == hour_of(at) and at == at.replace(minute=0, second=0, microsecond=0)


class Holds(NamedTuple):
    """The holds of a gateway as they stand."""

    folder: Path
    holds: tuple[Hold, ...]
    all_of_it: bool  # the file is there and does not say what it holds

    def covers(self, hour: int) -> bool:
        """Tell whether an hour must stay; when in doubt, it must."""
        held = self.all_of_it or any(hold.covers(hour) for hold in self.holds)
        return held or (hour_folder(self.folder, hour) / NAME).exists()


def read(folder: Path) -> Holds:
    """Return the holds of a gateway's folder. A file that says nothing, or cannot be read, holds everything."""
    try:
        lines = (folder / NAME).read_text(encoding="utf-8").splitlines()
        holds = tuple(_hold(line) for line in lines if line.strip())
    except FileNotFoundError:
        return Holds(folder, (), all_of_it=False)
    except (OSError, ValueError, KeyError, TypeError):
        return Holds(folder, (), all_of_it=True)
    return Holds(folder, holds, all_of_it=not holds)


def write(folder: Path, holds: tuple[Hold, ...]) -> None:
    """Put holds in the place of those before, at once; none removes the file. Raises OSError."""
    path = folder / NAME
    if holds:
        text = "".join(_line(hold) for hold in holds)
        draft = folder / f".{NAME}{DRAFT}"
        write_whole(draft, text.encode())
        draft.rename(path)
    else:
        path.unlink(missing_ok=True)
    flush(folder)


def _hold(line: str) -> Hold:
    said = json.loads(line)
    since, until = (datetime.fromisoformat(said[name]) for name in ("from", "to"))
    if since.tzinfo is None or until.tzinfo is None:
        raise ValueError(line)
    return Hold(since, until, str(said["reason"]))


def _line(hold: Hold) -> str:
    said = {"from": hold.since.isoformat(), "to": hold.until.isoformat(), "reason": hold.reason}
    return json.dumps(said, ensure_ascii=False) + "\n"
