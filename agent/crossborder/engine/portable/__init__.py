"""The portable engine: scapy captures and reads, Python decodes and counts. Runs wherever Python runs."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from crossborder.engine import SECOND_NS, Progress, interface_of
from crossborder.engine.ledger import Ledger
from crossborder.engine.portable.decode import Decoder
from crossborder.engine.portable.files import Files, Pace
from crossborder.engine.portable.frame import UnreadableError
from crossborder.engine.portable.inspection import Inspector
from crossborder.engine.portable.ip import Fit
from crossborder.engine.portable.live import open_interfaces, waiting
from crossborder.engine.portable.search import Detectors
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.engine import EngineConfig
    from crossborder.engine.detectors import Searching
    from crossborder.engine.home import Home
    from crossborder.engine.portable.frame import Frame
    from crossborder.engine.portable.live import Interface
    from crossborder.model import Batch

SHED_NAMES_SECONDS: Final = 2.0  # so far behind the wire, names are no longer read, until it has caught up


class PortableEngine:
    """Packets of files or interfaces to batches of flow reports. See `engine.Engine` for the contract."""

    name = "portable"

    def __init__(self, config: EngineConfig) -> None:
        """Open the sources; raises CrossborderError when one cannot be."""
        self._config = config
        self._stopping = False
        fit = Fit.WHOLE if config.interfaces else Fit.SLICED
        self._decoder = Decoder(config.home, fit, checksums=config.checksums)
        self._inspector = Inspector(_compiled(config.searching))
        self._shedding = False
        self._shed = False  # since the last batch
        self._files: Files | None = None
        self._interfaces: list[Interface] = []
        if config.interfaces:
            self._interfaces = open_interfaces(config.interfaces, config.bpf, config.snaplen, config.promiscuous)
            names = config.interfaces
        else:
            self._files = Files(config.files, config.bpf, lambda: self._stopping)
            names = tuple(map(interface_of, config.files))
        self._ledger = Ledger(config, names)

    def stop(self) -> None:
        """Ask the engine to end soon, with the final batch."""
        self._stopping = True

    def set_home(self, home: Home) -> None:
        """Use another home from the next packet on."""
        self._ledger.set_home(home)
        self._decoder.home = home

    def set_searching(self, searching: Searching | None) -> None:
        """Search for something else from the next text on; raises CrossborderError when a detector does not compile."""
        self._inspector.search_for(_compiled(searching))

    def progress(self) -> Progress:
        """Tell how far the engine is."""
        if self._files is None:
            return Progress(self._ledger.packets, 0, 0)
        return Progress(self._ledger.packets, self._files.read_bytes, self._files.total_bytes)

    def __iter__(self) -> Iterator[Batch]:
        """Yield a batch at each tick and a last one; then raise CrossborderError for what was wrong with a source."""
        faults: list[CrossborderError] = []
        if self._files is not None:
            yield from self._replay(self._files)
            faults = self._files.faults
        else:
            yield from self._listen(faults)
        yield self._noted(self._ledger.close())
        if faults:
            raise CrossborderError.joined(faults)

    def _replay(self, files: Files) -> Iterator[Batch]:
        pace = Pace(self._config.speed, lambda: self._stopping) if self._config.speed else None
        for frame in files.frames():
            if pace is not None:
                for now_ns in pace.wait(frame.ts_ns):
                    yield from self._tick(now_ns, 0.0)
                if self._stopping:
                    return
            yield from self._tick(frame.ts_ns, 0.0)
            self._take(frame)

    def _listen(self, faults: list[CrossborderError]) -> Iterator[Batch]:
        """Read the interfaces in turn; ticks come by the packets' clock, and by ours when there are none."""
        try:
            while not self._stopping and not faults:
                now_ns = time.time_ns()
                ready = waiting(self._interfaces, (self._config.tick_ns - now_ns % self._config.tick_ns) / SECOND_NS)
                if not ready:
                    self._shedding = False
                    yield from self._tick(time.time_ns(), 0.0)
                for interface in ready:
                    yield from self._read(interface, faults)
        finally:
            self._count_kernel_drops()
            for interface in self._interfaces:
                interface.close()

    def _read(self, interface: Interface, faults: list[CrossborderError]) -> Iterator[Batch]:
        try:
            for frame in interface.frames():
                lag = max(time.time_ns() - frame.ts_ns, 0) / SECOND_NS
                self._shedding = lag > SHED_NAMES_SECONDS
                yield from self._tick(frame.ts_ns, lag)
                self._take(frame)
        except CrossborderError as error:
            faults.append(error)

    def _tick(self, ts_ns: int, lag: float) -> Iterator[Batch]:
        closed_ns = self._ledger.tick(ts_ns)
        if closed_ns is not None:
            self._count_kernel_drops()
            yield self._noted(self._ledger.batch(closed_ns, lag))

    def _noted(self, batch: Batch) -> Batch:
        """Return a batch that tells what was shed since the last one, and what failed."""
        shed, self._shed = self._shed, False
        return replace(batch, sheds=("names",) if shed else (), reader_failures=self._inspector.failures)

    def _take(self, frame: Frame) -> None:
        """Count a frame: in a flow, as domestic, or as dropped for a reason."""
        books = self._ledger.receive(frame.interface, frame.wire_len)
        try:
            packet = self._decoder.decode(frame)
        except UnreadableError as unreadable:
            books.drop(unreadable.reason)
            return
        flow = self._ledger.count(books, packet)
        if flow is None:
            self._inspector.overhear(packet)
        elif self._shedding:
            self._shed = True
            if self._inspector.leave_unread(flow, packet):
                books.shed["names"] = books.shed.get("names", 0) + 1
        else:
            if flow.packets_out + flow.packets_in == 1:
                self._inspector.label(flow)
            if packet.payload and packet.carries is None:
                for limit in self._inspector.inspect(flow, packet):
                    books.limited[limit] = books.limited.get(limit, 0) + 1

    def _count_kernel_drops(self) -> None:
        for interface in self._interfaces:
            dropped = interface.kernel_drops()
            if dropped:
                self._ledger.lost(interface.name, dropped)


def _compiled(searching: Searching | None) -> Detectors | None:
    return Detectors(*searching) if searching else None
