"""Hands capture files to tshark one after the other, unpacked where it cannot unpack them, and reads their frames."""

from __future__ import annotations

import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from crossborder.engine import STDIN, interface_of
from crossborder.engine.portable.stream import CHUNK, ZSTD, open_stream, size_of
from crossborder.engine.tshark.capture import dissect, tshark_path
from crossborder.engine.tshark.settings import dissect_parameters
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crossborder.engine.tshark.tree import Layer, Tree

_MAGICS: Final = frozenset(
    bytes.fromhex(magic)
    for magic in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "a1b2cd34", "34cdb2a1", "0a0d0d0a")
)
"""How pcap (with microseconds, nanoseconds, or Kuznetzov's longer records) and pcapng files begin."""

_EMPTY = "is empty, not a capture file"
_RECORD_HEADER: Final = 16  # bytes a frame takes in a file beside its own, for progress: pcap's are the shortest


class Dissected(NamedTuple):
    """One frame as Wireshark dissected it."""

    ts_ns: int
    wire_len: int
    layers: list[Layer]
    interface: str


class Files:
    """Capture files, in order. A file that breaks off does not keep the next from being read."""

    def __init__(self, paths: tuple[Path, ...], stopped: Callable[[], bool]) -> None:
        """Look into every regular file; raises CrossborderError with each that is no capture, and without tshark."""
        tshark_path()
        self._paths = paths
        self._stopped = stopped
        self._newest_ns = 0
        self.faults: list[CrossborderError] = []
        self.read_bytes = 0
        self._look_into()
        self.total_bytes = sum(map(size_of, paths)) if all(map(size_of, paths)) else 0

    def _look_into(self) -> None:
        errors: list[CrossborderError] = []
        for path in self._paths:
            try:
                check_capture(path)
            except CrossborderError as error:
                errors.append(error)
        if errors:
            raise CrossborderError.joined(errors)

    def frames(self) -> Iterator[Dissected]:
        """Yield the frames. What was wrong with a file is in `faults` when its turn is over."""
        before = 0
        for path in self._paths:
            if self._stopped():
                return
            try:
                yield from self._read(path)
            except CrossborderError as error:
                self.faults.append(error)
            before += size_of(path)
            self.read_bytes = before

    def _read(self, path: Path) -> Iterator[Dissected]:
        with readable(path, self._stopped) as (file, damage):
            try:
                for tree in dissect(file, str(path), dissect_parameters()):
                    yield self._frame(tree, path)
                    if self._stopped():
                        return
            except CrossborderError as error:
                raise (damage or error) from error
        if damage is not None:
            raise damage

    def _frame(self, tree: Tree, path: Path) -> Dissected:
        frame = tree.frame
        self._newest_ns = _nanoseconds(frame.get("frame.time_epoch"), self._newest_ns)
        captured = frame.number("frame.cap_len") or 0
        self.read_bytes = min(self.read_bytes + _RECORD_HEADER + captured, self.total_bytes)
        wire_len = max(frame.number("frame.len") or 0, captured)  # a damaged record may claim less than it brings
        return Dissected(self._newest_ns, wire_len, tree.layers, interface_of(path))


def check_capture(path: Path) -> None:
    """Raise CrossborderError when a file cannot be read or does not begin like a capture; a pipe is not looked into."""
    if path == STDIN or path.is_fifo():
        return
    with closing(open_stream(path, lambda: False)) as stream:
        magic = stream.peek(4)
    if not magic:
        raise CrossborderError.at(path, stream.failure or _EMPTY)
    if magic not in _MAGICS:
        raise CrossborderError.at(path, f"is not a pcap or pcapng capture: it begins with {magic.hex(' ')}")


@contextmanager
def readable(path: Path, stopped: Callable[[], bool] = lambda: False) -> Iterator[tuple[Path, CrossborderError | None]]:
    """Give a file that tshark reads: the capture itself, or for `-`, pipes and zstd a copy of it, unpacked.

    Beside it, what was wrong with the packing: what came before is in the copy. tshark itself takes a zstd file that
    was cut for an empty one, without a word.
    """
    if path != STDIN and path.is_file() and _head(path) != ZSTD:
        yield path, None
        return
    with tempfile.TemporaryDirectory(prefix="crossborder-tshark-") as folder:
        copy = Path(folder) / "capture"
        yield copy, _unpack(path, copy, stopped)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(ZSTD))


def _unpack(path: Path, target: Path, stopped: Callable[[], bool]) -> CrossborderError | None:
    """Write a stream, unpacked, into a file; return what was wrong with it."""
    with closing(open_stream(path, stopped)) as stream, target.open("wb") as file:
        while data := stream.read(CHUNK):
            file.write(data)
        if not file.tell():
            raise CrossborderError.at(path, stream.failure or _EMPTY)
        broken, size = stream.broken, file.tell()
    if broken is not None and broken.reason:
        return CrossborderError.at(path, f"is damaged after {size} unpacked bytes: {broken.reason}")
    return None


def _nanoseconds(text: str | None, otherwise: int) -> int:
    """Return what tshark prints for a time in nanoseconds; some packets have none.

    A file may claim a million microseconds and more in a second; then tshark prints more than nine digits.
    """
    whole, _, fraction = (text or "").partition(".")
    try:
        return max(int(whole) * 1_000_000_000 + int(fraction.ljust(9, "0")), 0)
    except ValueError:
        return otherwise
