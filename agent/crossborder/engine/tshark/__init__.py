"""The tshark engine: Wireshark dissects capture files, the house counts. Slow, and knows what Wireshark knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.engine import Progress, interface_of
from crossborder.engine.ledger import Ledger
from crossborder.engine.portable.files import Pace
from crossborder.engine.portable.frame import UnreadableError
from crossborder.engine.tshark.content import Inspector
from crossborder.engine.tshark.decode import Decoder
from crossborder.engine.tshark.explain import explain
from crossborder.engine.tshark.files import Files
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.engine import EngineConfig
    from crossborder.engine.detectors import Searching
    from crossborder.engine.home import Home
    from crossborder.engine.tshark.files import Dissected
    from crossborder.model import Batch

__all__ = ["TsharkEngine", "explain"]


class TsharkEngine:
    """Packets of capture files to batches of flow reports. See `engine.Engine` for the contract.

    Wireshark reads the file, so what it knows of link layers and protocols holds; tunnels and the rules of counting
    are those of every engine. Its own protocols beyond the ones that names are read from are told by their name only.
    """

    name = "tshark"

    def __init__(self, config: EngineConfig) -> None:
        """Look into the files; raises CrossborderError when one cannot be read, and for interfaces and filters."""
        if config.interfaces:
            raise CrossborderError("engine tshark reads capture files only: use --engine portable for interfaces")
        if config.bpf:
            raise CrossborderError("engine tshark takes no capture filter: use --engine portable for filtered replays")
        self._config = config
        self._stopping = False
        self._decoder = Decoder(config.home)
        self._inspector = Inspector()
        self._files = Files(config.files, lambda: self._stopping)
        self._ledger = Ledger(config, map(interface_of, config.files))

    def stop(self) -> None:
        """Ask the engine to end soon, with the final batch."""
        self._stopping = True

    def set_home(self, home: Home) -> None:
        """Use another home from the next packet on."""
        self._ledger.set_home(home)
        self._decoder.home = home

    def set_searching(self, searching: Searching | None) -> None:
        """Search for nothing, as ever: content is not put together here."""

    def progress(self) -> Progress:
        """Tell how far the engine is."""
        return Progress(self._ledger.packets, self._files.read_bytes, self._files.total_bytes)

    def __iter__(self) -> Iterator[Batch]:
        """Yield a batch at each tick and a last one; then raise CrossborderError for what was wrong with a file."""
        pace = Pace(self._config.speed, lambda: self._stopping) if self._config.speed else None
        for frame in self._files.frames():
            if pace is not None:
                for now_ns in pace.wait(frame.ts_ns):
                    yield from self._tick(now_ns)
            yield from self._tick(frame.ts_ns)
            self._take(frame)
        yield self._ledger.close()
        if self._files.faults:
            raise CrossborderError.joined(self._files.faults)

    def _tick(self, ts_ns: int) -> Iterator[Batch]:
        closed_ns = self._ledger.tick(ts_ns)
        if closed_ns is not None:
            yield self._ledger.batch(closed_ns)

    def _take(self, frame: Dissected) -> None:
        """Count a frame: in a flow, as domestic, or as dropped for a reason."""
        books = self._ledger.receive(frame.interface, frame.wire_len)
        try:
            packet, content, segment = self._decoder.decode(frame.layers, frame.ts_ns, frame.interface)
        except UnreadableError as unreadable:
            books.drop(unreadable.reason)
            return
        flow = self._ledger.count(books, packet)
        if flow is None:
            self._inspector.overhear(packet, content)
            return
        if flow.packets_out + flow.packets_in == 1:
            self._inspector.label(flow)
        if content and segment is not None:
            self._inspector.inspect(flow, packet, content, segment)
