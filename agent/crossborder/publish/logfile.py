"""Opens event logs: finds where the chain of a file ends, goes on from there, and takes it into the next file."""

from __future__ import annotations

import hashlib
import os
import sys
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from crossborder.publish.appender import STDOUT, Appender, is_file, open_file
from crossborder.publish.chain import Chain, Link, Origin, link_of
from crossborder.publish.rotation import leave, take_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WINDOWS = (1 << 16, 1 << 20, 1 << 24)
"""How much of the end of a file is searched for the last line of a log; behind more of anything else none is found."""
_PIECE = 1 << 20


class Tail(NamedTuple):
    """How a file ends: the last line of a log in it, and what stands behind that and is no part of a log."""

    end: Link | None
    sealed: dict[str, Any]

    @property
    def told(self) -> dict[str, Any]:
        """Return what the next line says of it."""
        return {"sealed": self.sealed} if self.sealed["bytes"] else {}


def open_appenders(path: Path | None, *, stdout: bool, origin: Origin | None = None) -> list[Appender]:
    """Open where lines go: a file (`-` is standard output) and/or standard output, each with a chain of its own.

    Raises CrossborderError as `open_file` does.
    """
    origin = origin or Origin("gateway")
    appenders = []
    if path is not None and str(path) != "-":
        appenders.append(_of_file(path, origin))
    if stdout or str(path) == "-":
        sys.stdout.flush()
        appenders.append(_begun(Appender("standard output", STDOUT, chain=Chain(origin))))
    return appenders


def turn(appender: Appender, path: Path) -> None:
    """Go on in the file that stands at the path after rotation; nothing to do where that is the one that is open.

    The old file ends with a checkpoint where the log is signed. Raises CrossborderError as `open_file` does, and the
    old file stays in use.
    """
    if _is_open(appender, path):
        return
    fd, chain = open_file(path), appender.chain
    if chain is None:
        appender.turn_to(fd)
        return
    if chain.origin.signer and not appender.held:
        appender.begin(chain.checkpoint("rotated"))
        appender.append([])
    appender.turn_to(fd, chain.note("log-continued", **_all_of(path, fd, appender.torn)))


def _of_file(path: Path, origin: Origin) -> Appender:
    take_up(path)
    fd = open_file(path)
    leave(path)
    if not is_file(fd) or not os.fstat(fd).st_size:
        return _begun(Appender(str(path), fd, chain=Chain(origin)))
    found = tail(path)
    if found.end is None:
        return _begun(Appender(str(path), fd, chain=Chain(origin)), **found.told)
    chain = Chain(origin, found.end)
    appender = Appender(str(path), fd, chain=chain)
    appender.begin(chain.note("log-resumed", **found.told))
    return appender


def _begun(appender: Appender, **told: object) -> Appender:
    if appender.chain:
        appender.begin(appender.chain.note("log-opened", **told))
    return appender


def _is_open(appender: Appender, path: Path) -> bool:
    try:
        there, here = path.stat(), os.fstat(appender.fd)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def tail(path: Path) -> Tail:
    """Return how a file ends that ends with a whole line, or is empty; one that cannot be read has no log in it."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            for window in _WINDOWS:
                start = max(0, size - window)
                file.seek(start)
                found = _last(file.read(size - start), whole=start == 0)
                if found:
                    return found
                if start == 0:
                    break
            return Tail(None, _digest(file))
    except OSError:
        return Tail(None, {"bytes": 0})


def _last(data: bytes, *, whole: bool) -> Tail | None:
    lines = data.split(b"\n")[:-1]
    behind = 0
    for line in reversed(lines if whole else lines[1:]):
        linked = link_of(line) if b'"previous":' in line else None
        if linked:
            rest = data[len(data) - behind :]
            return Tail(linked[0], {"bytes": behind, "sha256": hashlib.sha256(rest).hexdigest()})
        behind += len(line) + 1
    return None


def _all_of(path: Path, fd: int, torn: bytes) -> dict[str, Any]:
    """Return what stands between the last line and the next in another file: mostly nothing."""
    if not torn and not (is_file(fd) and os.fstat(fd).st_size):
        return {}
    try:
        with path.open("rb") as file:
            return Tail(None, _digest(file, torn)).told
    except OSError:
        return {}


def _digest(file: IO[bytes], before: bytes = b"") -> dict[str, Any]:
    """Return the size and hash of some bytes and all of a file."""
    file.seek(0)
    digest, size = hashlib.sha256(before), len(before)
    for piece in _pieces(file):
        digest.update(piece)
        size += len(piece)
    return {"bytes": size, "sha256": digest.hexdigest()}


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece
