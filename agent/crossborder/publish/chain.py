"""The chain of an event log: each line carries its number and the hash of the line before, some lines a signature."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import crossborder
from crossborder.publish.ecs import ECS_VERSION
from crossborder.publish.jsontext import SLOT, dumps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NOTHING = "0" * 64
"""What the first line of a log names as the hash of the line before."""

Action = Literal["log-opened", "log-resumed", "log-continued", "log-checkpoint", "events-lost"]
BEGINNINGS: frozenset[str] = frozenset({"log-opened", "log-continued"})
"""What stands first in a file of a log."""

_TYPES: dict[Action, str] = {
    "log-opened": "start",
    "log-resumed": "start",
    "log-continued": "info",
    "log-checkpoint": "info",
    "events-lost": "error",
}
_MESSAGES: dict[Action, str] = {
    "log-opened": "The event log begins",
    "log-resumed": "The agent started again, the event log goes on",
    "log-continued": "The event log goes on in this file",
    "log-checkpoint": "Every line up to here is vouched for",
    "events-lost": "Events are missing here: too many waited to be written",
}


class Signer(Protocol):
    """Who signs checkpoints: `signingkey.SigningKey`."""

    @property
    def fingerprint(self) -> str:
        """Tell keys apart."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature, the same for the same bytes."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose log it is, and how often it is vouched for; without a signer it is not."""

    gateway: str
    unit: str = ""
    version: str = crossborder.__version__
    signer: Signer | None = None
    checkpoint_events: int = 1000
    checkpoint_every: float = 300.0  # seconds
    tick: float = 0.0  # seconds: how much later a checkpoint may be written


class Note(bytes):
    """A line that tells of the log itself; no event. Its slots are filled when it is linked, as those of events."""

    __slots__ = ()


class Checkpoint(Note):
    """A note with one slot more, for its signature."""

    __slots__ = ()


class Link(NamedTuple):
    """What a line says of its place in a log, and what the next has to say of it."""

    log: str
    sequence: int
    previous: str
    hash: str

    def follows(self, other: Link) -> bool:
        """Tell whether this stands right behind another line."""
        return self.previous == other.hash and self.sequence == other.sequence + 1


def hash_of(line: bytes) -> str:
    """Return the hash of a line: SHA-256 over its bytes without the line end, as hex digits."""
    return hashlib.sha256(line).hexdigest()


def link_of(line: bytes) -> tuple[Link, dict[str, Any]] | None:
    """Return the link of a line (without its end) and the whole of it as data; None when it is no line of a log."""
    try:
        event = json.loads(line)
        chain, sequence = event["crossborder"]["chain"], event["event"]["sequence"]
        log, previous = chain["log"], chain["previous"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    if type(sequence) is not int or not isinstance(log, str) or not isinstance(previous, str):
        return None
    return Link(log, sequence, previous, hash_of(line)), event


class Chain:
    """The end of a log as it was written, and what comes next made to follow it."""

    def __init__(self, origin: Origin, end: Link | None = None) -> None:
        """Take whose log it is, and its last line where there is one; else a log begins, under a random id."""
        self.origin = origin
        self.end = end or Link(secrets.token_hex(16), 0, "", NOTHING)
        self._unsigned = 0  # events since the last checkpoint
        self._since = 0.0  # wall clock of the last checkpoint; the first comes with the first lines
        self.checkpoint_at: float | None = None  # when one was last written

    def linked(self, lines: Iterable[bytes]) -> list[bytes]:
        """Return lines with their slots filled. Called again before `written` it returns the same bytes."""
        whole, sequence, head = [], self.end.sequence, self.end.hash
        log = b'"log":"%b","previous":"' % self.end.log.encode()
        for line in lines:
            sequence += 1
            link = b'%b%b"' % (log, head.encode())
            linked = (
                self._signed(line, link, sequence) if isinstance(line, Checkpoint) else _filled(line, link, sequence)
            )
            head = hash_of(linked[:-1])
            whole.append(linked)
        return whole

    def written(self, lines: Sequence[bytes], *, vouched: bool = False) -> None:
        """Go on behind these linked lines; `vouched` where there was a checkpoint among them."""
        if vouched:
            self.checkpoint_at = time.time()
        if lines:
            sequence = self.end.sequence + len(lines)
            self.end = Link(self.end.log, sequence, "", hash_of(lines[-1][:-1]))

    def with_checkpoints(self, lines: Sequence[bytes]) -> Iterable[bytes]:
        """Yield these events, and a checkpoint wherever one is due."""
        if self.origin.signer is None:
            yield from lines
            return
        for line in lines:
            yield line
            self._unsigned += 1
            if self._unsigned >= self.origin.checkpoint_events:
                yield self.checkpoint("events")
        if self.due:
            yield self.checkpoint("time")

    @property
    def due(self) -> bool:
        """Tell whether it is time for a checkpoint."""
        return self.origin.signer is not None and time.time() - self._since >= self.origin.checkpoint_every

    def checkpoint(self, reason: str) -> Checkpoint:
        """Return a line that is signed when it is linked; there must be a signer."""
        self._unsigned, self._since = 0, time.time()
        return Checkpoint(self._text("log-checkpoint", {"reason": reason, "signature": _SIGNATURE, **self._promise()}))

    def note(self, action: Action, **told: object) -> Note:
        """Return a line that tells of the log itself."""
        return Note(self._text(action, {**self._promise(), **told}))

    def _promise(self) -> dict[str, Any]:
        """Return who signs this log, and how often at least."""
        signer = self.origin.signer
        if signer is None:
            return {}
        often = {"events": self.origin.checkpoint_events, "seconds": self.origin.checkpoint_every + self.origin.tick}
        return {"key": signer.fingerprint, "checkpoints": often}

    def _text(self, action: Action, told: Mapping[str, object]) -> bytes:
        origin = self.origin
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        observer = {"name": origin.gateway, "type": "sensor", "vendor": "Crossborder", "version": origin.version}
        event = {"action": action, "category": ["process"], "kind": "event", "sequence": _SEQUENCE}
        whole: dict[str, Any] = {
            "@timestamp": now,
            "crossborder": {"chain": {_LINK: "", **told}},
            "ecs": {"version": ECS_VERSION},
            "event": event | {"type": [_TYPES[action]]},
            "message": _MESSAGES[action],
            "observer": observer,
        }
        if origin.unit:
            whole["organization"] = {"name": origin.unit}
        text = dumps(whole).replace(f'"{_LINK}":""', SLOT, 1).replace(_SIGNATURE, SLOT, 1)
        return (text.replace(f'"{_SEQUENCE}"', SLOT, 1) + "\n").encode()

    def _signed(self, line: bytes, link: bytes, sequence: int) -> bytes:
        if self.origin.signer is None:
            raise ValueError("a checkpoint is signed")
        before, between, after = line.split(_SLOT, 2)
        after = _filled_last(after, sequence)
        signature = self.origin.signer.sign(b"%b%b%b%b" % (before, link, between, after[:-1]))
        return b"%b%b%b%b%b" % (before, link, between, signature, after)


_SLOT = SLOT.encode()
_LINK, _SIGNATURE, _SEQUENCE = "@link", "@signature", "@sequence"  # before any text of the gateway's own, in each line


def _filled(line: bytes, link: bytes, sequence: int) -> bytes:
    before, between, after = line.split(_SLOT)
    return b"%b%b%b%d%b" % (before, link, between, sequence, after)


def _filled_last(text: bytes, sequence: int) -> bytes:
    before, after = text.split(_SLOT)
    return b"%b%d%b" % (before, sequence, after)


def unsigned(line: bytes, signature: str) -> bytes:
    """Return what was signed: the bytes of a checkpoint, without its line end, with its signature taken out."""
    return line.replace(b'"signature":"%b"' % signature.encode(), b'"signature":""', 1)
