"""Reads capture files one after the other, filtered, as fast as possible or at the pace of their packets."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from crossborder.engine import SECOND_NS, STDIN, interface_of
from crossborder.engine.portable.source import Filter, read_capture
from crossborder.engine.portable.stream import open_stream, size_of
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from crossborder.engine.portable.frame import Frame
    from crossborder.engine.portable.stream import Stream

POLL_SECONDS: Final = 0.2  # how soon a paced replay notices that it shall stop


class Files:
    """Capture files, in order. A file that breaks off does not keep the next from being read."""

    def __init__(self, paths: tuple[Path, ...], bpf: str, stopped: Callable[[], bool]) -> None:
        """Look into every regular file; raises CrossborderError with each that is no capture, or for the filter.

        Pipes are opened when their turn comes: there may be no writer yet.
        """
        self._paths = paths
        self._stopped = stopped
        self._filter = Filter(bpf)
        self._stream: Stream | None = None
        self._read_before = 0
        self.faults: list[CrossborderError] = []
        self._look_into()
        self.total_bytes = sum(map(size_of, paths)) if all(map(size_of, paths)) else 0

    def _look_into(self) -> None:
        errors: list[CrossborderError] = []
        for path in self._paths:
            if path == STDIN or path.is_fifo():
                continue
            try:
                stream = open_stream(path, self._stopped)
                try:
                    read_capture(stream, str(path), interface_of(path))
                finally:
                    stream.close()
            except CrossborderError as error:
                errors.append(error)
        if errors:
            raise CrossborderError.joined(errors)

    @property
    def read_bytes(self) -> int:
        """How many bytes were read of the files as they lie on the disk."""
        return self._read_before + (self._stream.read_bytes() if self._stream else 0)

    def frames(self) -> Iterator[Frame]:
        """Yield the frames that pass the filter. What was wrong with a file is in `faults` when its turn is over."""
        for path in self._paths:
            if self._stopped():
                return
            try:
                self._stream = open_stream(path, self._stopped)
                for frame in read_capture(self._stream, str(path), interface_of(path)):
                    if self._filter.matches(frame):
                        yield frame
                    if self._stopped():
                        return
            except CrossborderError as error:
                if not self._stopped():
                    self.faults.append(error)
            finally:
                self._close()

    def _close(self) -> None:
        if self._stream is not None:
            self._read_before += self._stream.read_bytes()
            self._stream.close()
            self._stream = None


class Pace:
    """Holds packets back until their time has come, as it passed between them on the wire or so many times as fast."""

    def __init__(self, speed: float, stopped: Callable[[], bool]) -> None:
        """Begin with the first packet that comes; `speed` is packet time for each second that passes."""
        self._speed = speed
        self._stopped = stopped
        self._behind_ns: int | None = None

    def wait(self, ts_ns: int) -> Iterator[int]:
        """Yield the packet time it is meanwhile, until it is this packet's; at once when asked to stop."""
        now = self._now_ns()
        slack = max(self._speed, 1.0) * SECOND_NS
        if self._behind_ns is None or now - self._behind_ns > ts_ns + slack:
            self._behind_ns = now - ts_ns  # the first, or the clock of the capture was set back
        while (left := ts_ns - (self._now_ns() - self._behind_ns)) > 0 and not self._stopped():
            time.sleep(min(left / SECOND_NS / self._speed, POLL_SECONDS))
            yield min(self._now_ns() - self._behind_ns, ts_ns)

    def _now_ns(self) -> int:
        return round(time.monotonic_ns() * self._speed)
