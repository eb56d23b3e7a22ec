"""Tells whether an event log is as it was written, and else where a line was altered, removed, added or moved.

Lines are judged one after the other with the one behind in view, so that memory does not grow with the log.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from crossborder.publish.chain import BEGINNINGS, NOTHING, Link, link_of, unsigned
from crossborder.publish.logreading import Line, Run, raw_lines, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from crossborder.publish.logreading import LogFiles, Raw

MOST_FAULTS = 1000
"""Faults told one by one; those beyond are counted."""
GRACE = 60.0
"""Seconds that a checkpoint may be late."""

Kind = Literal["altered", "removed", "added", "reordered", "cut", "signature", "unsigned"]


class Verifier(Protocol):
    """Tells whether a signature is of one key: `signingkey.VerifyingKey`."""

    @property
    def fingerprint(self) -> str:
        """Tell keys apart."""

    def fits(self, signature: str, data: bytes) -> bool:
        """Tell whether a signature is of these bytes."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where a log is not as it was written."""

    kind: Kind
    path: str
    line: int
    message: str
    expected: int | None = None  # sequence
    found: int | None = None
    hash: str = ""  # of the line that stands here
    missing: str = ""  # hash of the line that should


@dataclass(slots=True)
class Report:
    """What was seen of one log."""

    log: str
    files: list[str]
    gateway: str = ""
    first: int = 0  # sequence
    last: int = 0
    lines: int = 0
    events: int = 0
    lost: int = 0
    signed: int = 0  # checkpoints whose signature holds
    unchecked: int = 0  # checkpoints no public key was given for
    faults: list[Fault] = field(default_factory=list)
    more_faults: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.faults


class _End(NamedTuple):
    """The last line that was accepted. One that was altered is no measure for the hash the next one names."""

    link: Link
    raw: Raw | None
    suspect: bool = False


def verify(
    files: LogFiles, keys: Sequence[Verifier] = (), kept: Iterable[bytes] = (), now: datetime | None = None
) -> Report:
    """Read a log and tell what is wrong with it. `kept` are lines of checkpoints from elsewhere.

    Raises CrossborderError when a file cannot be read.
    """
    judge = _Judge(files, keys, kept)
    judge.read(tokens(files))
    judge.end(now or datetime.now(UTC))
    return judge.report


class _Judge:
    """Goes along a log, with the two lines before and the one behind in view."""

    def __init__(self, files: LogFiles, keys: Sequence[Verifier], kept: Iterable[bytes]) -> None:
        self.report = Report(files.log, [str(path) for path in files.files])
        self._keys = {key.fingerprint: key for key in keys}
        self._end = _End(Link(files.log, 0, "", NOTHING), None)
        self._before: Link | None = None  # of the line before the end
        self._checkpoint: Line | None = None
        self._since = 0  # events since the last checkpoint
        self._restart: Line | None = None  # behind the last checkpoint
        self._last: Line | None = None
        self._stray: list[Link] = []  # added lines
        self._torn_end = False  # what comes last is a fault already
        found = (linked for linked in map(link_of, kept) if linked and linked[0].log == files.log)
        self._kept = {link.sequence: link.hash for link, _ in found}

    def read(self, tokens: Iterator[Line | Run]) -> None:
        """Judge everything."""
        here, behind = next(tokens, None), next(tokens, None)
        self._begin([token for token in (here, behind) if isinstance(token, Line)])
        while here:
            if isinstance(here, Run):
                self._judge_run(here, behind if isinstance(behind, Line) else None)
            else:
                self._judge(here, behind)
            here, behind = behind, next(tokens, None)

    def _begin(self, first: list[Line]) -> None:
        """Begin where the given files do: an older part of the log may have been left out."""
        link = min((line.link for line in first if line.action == "log-continued"), default=None)
        if link and all(link.sequence <= line.link.sequence for line in first):
            self._end = _End(Link(link.log, link.sequence - 1, "", link.previous), None)
            self._note(f"begins with sequence {link.sequence}: older files of this log were not given")

    def _judge_run(self, run: Run, behind: Line | None) -> None:
        last = self._end.link.sequence
        if behind is None:
            if run.lines == 1 and not run.raw.ended:
                self._note(f"{run.raw.path}:{run.raw.number}: the last line is torn: it was being written")
            else:
                self._fault("altered", run.raw, "no line of the log: altered, or added", last + 1)
                self._torn_end = True
        elif _sealed(behind, run):
            self._note(
                f"{run.raw.path}:{run.raw.number}: {run.size} bytes are no part of the log, as the next line says"
            )
        elif behind.link.sequence > last + 1:
            self._fault("altered", run.raw, f"was sequence {_range(last + 1, behind.link.sequence - 1)}", last + 1)
            self._end = _End(Link(self.report.log, behind.link.sequence - 1, "", behind.link.previous), run.raw)
        else:
            self._fault("added", run.raw, f"{run.lines} lines that are no part of the log")

    def _judge(self, line: Line, token: Line | Run | None) -> None:
        """Accept a line behind the end, or tell what is wrong."""
        end, link = self._end.link, line.link
        behind = token if isinstance(token, Line) else None
        follows = link.sequence == end.sequence + 1 and (self._end.suspect or link.previous == end.hash)
        if follows:
            self._accept(line)
        elif behind and behind.link.follows(end) and not self._end.suspect:
            self._added(line)
        elif self._before and link.follows(self._before) and self._end.raw:
            self._fault("added", self._end.raw, "two lines claim its place", found=end.sequence, hash_=end.hash)
            self._end = _End(self._before, None)
            self._accept(line)
        elif link.sequence == end.sequence + 1:
            self._broken_link(line, behind)
        elif link.previous == end.hash or (behind and behind.link.sequence == end.sequence + 2):
            self._displaced(line, behind)
        elif link.sequence > end.sequence:
            message = f"sequence {_range(end.sequence + 1, link.sequence - 1)} expected before it"
            missing = link.previous if link.sequence == end.sequence + 2 else ""
            self._fault("removed", line.raw, message, end.sequence + 1, link.sequence, missing=missing)
            self._accept(line)
        else:
            self._added(line)

    def _added(self, line: Line) -> None:
        expected, found = self._end.link.sequence + 1, line.link.sequence
        self._stray.append(line.link)
        self._torn_end = True
        message = f"sequence {expected} expected, {found} found"
        self._fault("added", line.raw, message, expected, found, hash_=line.link.hash)

    def _broken_link(self, line: Line, behind: Line | None) -> None:
        """Blame the line before or this one: the line behind knows whether this is what it was."""
        signed = self._signature(line) if line.action == "log-checkpoint" else None
        sound = behind.link.previous == line.link.hash if behind else signed is not False
        guilty = self._end.raw if sound and self._end.raw else line.raw
        sequence = line.link.sequence - (guilty is not line.raw)
        unsure = "" if behind or signed is not None else "; or the line behind it"
        self.report.faults = [f for f in self.report.faults if not (f.kind == "signature" and _at(f, guilty))]
        self._fault("altered", guilty, f"is not what sequence {sequence} was{unsure}", sequence)
        self._accept(line, suspect=guilty is line.raw)

    def _displaced(self, line: Line, behind: Line | None) -> None:
        """Take a line for one that stands where another should."""
        expected, found = self._end.link.sequence + 1, line.link.sequence
        missing = behind.link.previous if behind and behind.link.sequence == expected + 1 else ""
        message = f"sequence {expected} expected, {found} found"
        self._fault("altered", line.raw, message, expected, found, line.link.hash, missing)
        self._accept(line._replace(link=line.link._replace(sequence=expected)), suspect=True)

    def _accept(self, line: Line, *, suspect: bool = False) -> None:
        self._before = None if self._end.suspect else self._end.link
        self._end, self._torn_end = _End(line.link, line.raw, suspect), False
        report, sequence = self.report, line.link.sequence
        report.first = report.first or sequence
        report.last, report.lines = sequence, report.lines + 1
        self._last = line
        if self._kept.pop(sequence, line.link.hash) != line.link.hash and not suspect:
            self._fault("altered", line.raw, "a checkpoint kept elsewhere is not this line", sequence, sequence)
        self._look_at(line, suspect=suspect)

    def _look_at(self, line: Line, *, suspect: bool) -> None:
        """Take what a line tells of the log."""
        report = self.report
        if line.action == "log-checkpoint":
            self._vouched(line, suspect=suspect)
        elif line.action in {"log-opened", "log-resumed"}:
            self._restart = line
            report.gateway = str(line.event.get("observer", {}).get("name", ""))
        elif line.action == "events-lost":
            lost = line.chain.get("lost")
            report.lost += lost if isinstance(lost, int) else 0
            self._note(f"{line.raw.path}:{line.raw.number}: {lost} events were given up, says the log")
        elif line.action not in BEGINNINGS:
            report.events += 1
            self._since += 1

    def _vouched(self, line: Line, *, suspect: bool) -> None:
        holds = None if suspect else self._signature(line)
        if holds is False:
            self._fault("signature", line.raw, _why(line, self._keys), line.link.sequence, line.link.sequence)
            return
        self.report.signed += holds is True
        self.report.unchecked += holds is None and not suspect
        self._checkpoint, self._restart, self._since = line, None, 0

    def _signature(self, line: Line) -> bool | None:
        """Tell whether the signature of a checkpoint holds; None where no key was given."""
        if not self._keys:
            return None
        key, signature = self._keys.get(str(line.chain.get("key"))), line.chain.get("signature")
        return bool(key and isinstance(signature, str) and key.fits(signature, unsigned(line.raw.text, signature)))

    def end(self, now: datetime) -> None:
        """Judge the end, and what only the whole tells."""
        self._match_moved()
        last = self._last
        if last is None:
            return
        ahead = [sequence for sequence in self._kept if sequence > self.report.last]
        if ahead:
            message = f"ends with sequence {self.report.last}, a checkpoint kept elsewhere is {max(ahead)}"
            self._fault("cut", last.raw, message, max(ahead), self.report.last)
        self._judge_end(last, now)

    def _judge_end(self, last: Line, now: datetime) -> None:
        point = self._checkpoint
        if point is None:
            if self._keys and not self.report.faults:
                message = "no checkpoint is signed with this key: whoever can write the file can have made all of it"
                self._fault("unsigned", last.raw, message)
            elif not self._keys:
                self._note("there are no checkpoints: whoever can write the file can cut or rebuild its end")
            return
        promise = point.chain.get("checkpoints")
        events, seconds = _number(promise, "events"), _number(promise, "seconds")
        if self._since > events:
            message = f"{self._since} events since the last checkpoint, {events:.0f} at most were promised"
            self._fault("unsigned", last.raw, message)
        self._judge_age(last, point, now, seconds)
        if self._since:
            self._note(f"{self._since} events since the last checkpoint are vouched for by nobody yet")

    def _judge_age(self, last: Line, point: Line, now: datetime, seconds: float) -> None:
        reason = point.chain.get("reason")
        if last is point and reason == "closed":
            self._note("was closed in order")
            return
        if last is point and reason == "rotated":
            self._note("goes on in a file that was not given")
            return
        since = _time(self._restart or point)
        age = (now - since).total_seconds() if since else float("inf")
        if age > seconds + GRACE and not self._torn_end:
            message = f"{age:.0f} s since the last sign of life, {seconds:.0f} s were promised: the end was cut off, "
            self._fault("cut", last.raw, message + "or the agent did not end in order", self.report.last + 1)

    def _match_moved(self) -> None:
        """Lines that are missing in one place and stand in another were moved."""
        end = self._end.link
        faults = self.report.faults
        missing = {fault.missing: fault for fault in faults if fault.missing}
        moved = {f.hash for f in faults if f.hash in missing} | {s.hash for s in self._stray if s.follows(end)}
        found: list[Fault] = []
        for fault in faults:
            if fault.kind == "removed" and fault.missing in moved:
                continue
            if fault.hash in moved or (fault.missing and fault.missing in moved):
                fault = replace(fault, kind="reordered")  # noqa: PLW2901 - the same fault, better known
            found.append(fault)
        self.report.faults = found

    def _note(self, said: str) -> None:
        if len(self.report.notes) < MOST_FAULTS:
            self.report.notes.append(said)

    def _fault(
        self,
        kind: Kind,
        raw: Raw,
        message: str,
        expected: int | None = None,
        found: int | None = None,
        hash_: str = "",
        missing: str = "",
    ) -> None:
        if len(self.report.faults) < MOST_FAULTS:
            self.report.faults.append(Fault(kind, raw.path, raw.number, message, expected, found, hash_, missing))
        else:
            self.report.more_faults += 1


def _at(fault: Fault, raw: Raw) -> bool:
    return (fault.path, fault.line) == (raw.path, raw.number)


def _sealed(line: Line, run: Run) -> bool:
    return line.chain.get("sealed") == {"bytes": run.size, "sha256": run.sha256}


def _why(line: Line, keys: Mapping[str, Verifier]) -> str:
    key = line.chain.get("key")
    return "the signature does not hold" if key in keys else f"is signed with another key, {key}"


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first} to {last}"


def _number(promise: object, name: str) -> float:
    value = promise.get(name) if isinstance(promise, dict) else None
    return float(value) if isinstance(value, int | float) else 0.0


def _time(line: Line) -> datetime | None:
    try:
        return datetime.fromisoformat(str(line.event.get("@timestamp"))).astimezone(UTC)
    except ValueError:
        return None


def read_kept(paths: Iterable[Path]) -> list[bytes]:
    """Return the checkpoints in files of lines kept elsewhere; raises CrossborderError when one cannot be read."""
    return [raw.text for path in paths for raw in raw_lines(path) if b'"log-checkpoint"' in raw.text]
