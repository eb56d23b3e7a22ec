"""Reads files of event logs, packed or not, in the order in which they were written, a line at a time."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import zlib
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from crossborder.errors import CrossborderError
from crossborder.publish.chain import Link, link_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

LONGEST = 1 << 24
"""Bytes of a line; what is longer is no line of a log and is taken in pieces."""
_FIRST_LINES = 8


class Raw(NamedTuple):
    """A line as it stands in a file."""

    path: str
    number: int
    text: bytes  # without its end
    ended: bool

    @property
    def bytes(self) -> bytes:
        """Return it with its end."""
        return self.text + b"\n" if self.ended else self.text


def raw_lines(path: Path) -> Iterator[Raw]:
    """Yield the lines of a file, .gz and .zst unpacked; raises CrossborderError when it cannot be read."""
    try:
        with path.open("rb") as file, unpacked(path, file) as lines:
            number = 1
            while text := lines.readline(LONGEST):
                ended = text.endswith(b"\n")
                yield Raw(str(path), number, text[:-1] if ended else text, ended)
                number += ended
    except (EOFError, zlib.error) as error:
        raise CrossborderError.at(path, f"cannot be unpacked: {error}") from None
    except OSError as error:
        raise CrossborderError.at(path, f"cannot be read: {error.strerror or error}") from None


def unpacked(path: Path, file: IO[bytes]) -> IO[bytes]:
    """Return the bytes of an open file, .gz and .zst unpacked by their names."""
    if path.suffix == ".gz":
        return cast("IO[bytes]", gzip.open(file))
    if path.suffix == ".zst":
        return io.BufferedReader(cast("io.RawIOBase", _Zstd(file)))
    return file


class _Zstd(io.RawIOBase):
    """Bytes unpacked as they are read; what is damaged is an OSError, as of any file."""

    def __init__(self, file: IO[bytes]) -> None:
        import zstandard

        self._fault = zstandard.ZstdError
        self._reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a buffer, which has no name in Python 3.11
        try:
            return self._reader.readinto(buffer)
        except self._fault as error:
            raise OSError(0, f"the zstd data is damaged: {error}") from None


class LogFiles(NamedTuple):
    """The files of one log, the oldest first."""

    log: str
    files: tuple[Path, ...]


def logs_in(paths: Iterable[Path]) -> tuple[list[LogFiles], list[Path]]:
    """Return the logs that files hold, and the files that are empty.

    Raises CrossborderError for files that cannot be read, and for those without any line of a log.
    """
    logs: dict[str, list[tuple[int, Path]]] = {}
    empty, faults = [], []
    for path in dict.fromkeys(paths):
        try:
            begin = begin_of(path)
        except CrossborderError as error:
            faults.append(error)
            continue
        if begin is None:
            empty.append(path)
        else:
            logs.setdefault(begin.log, []).append((begin.sequence, path))
    if faults:
        raise CrossborderError.joined(faults)
    return [LogFiles(log, tuple(path for _, path in sorted(files))) for log, files in logs.items()], empty


def begin_of(path: Path) -> Link | None:
    """Return the first line that the next one continues, or else the first: one may be altered. None: it is empty."""
    links: list[Link] = []
    found = False
    for raw in raw_lines(path):
        found = True
        linked = link_of(raw.text)
        if linked:
            links.append(linked[0])
        if len(links) == _FIRST_LINES:
            break
    for one, other in itertools.pairwise(links):
        if other.follows(one):
            return one
    if found and not links:
        raise CrossborderError.at(path, "holds no line of an event log")
    return links[0] if links else None


class Line(NamedTuple):
    """A line of the log."""

    raw: Raw
    link: Link
    event: Mapping[str, Any]

    @property
    def action(self) -> str:
        """Return what it tells of, as `event.action`."""
        return str(self.event["event"].get("action"))

    @property
    def chain(self) -> Mapping[str, Any]:
        """Return what it says of the log."""
        told: Mapping[str, Any] = self.event["crossborder"]["chain"]
        return told


class Run(NamedTuple):
    """What stands between two lines and is no line of the log."""

    raw: Raw  # the first of it
    lines: int
    size: int
    sha256: str


def tokens(files: LogFiles) -> Iterator[Line | Run]:
    """Yield lines of the log, and what is between them in one piece."""
    first: Raw | None = None
    lines, size, digest = 0, 0, hashlib.sha256()
    for raw in (raw for path in files.files for raw in raw_lines(path)):
        linked = link_of(raw.text)
        if linked is None or linked[0].log != files.log:
            first = first or raw
            lines, size = lines + 1, size + len(raw.bytes)
            digest.update(raw.bytes)
            continue
        if first:
            yield Run(first, lines, size, digest.hexdigest())
            first, lines, size, digest = None, 0, 0, hashlib.sha256()
        yield Line(raw, *linked)
    if first:
        yield Run(first, lines, size, digest.hexdigest())
