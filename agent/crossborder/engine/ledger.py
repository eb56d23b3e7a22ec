"""The books of an engine written in Python: every frame received is in a flow, at home, or dropped for a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crossborder.engine.flowtable import FlowTable
from crossborder.model import Batch, Books, DropReason

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from crossborder.engine import EngineConfig
    from crossborder.engine.flow import Flow
    from crossborder.engine.home import Home
    from crossborder.engine.packet import Packet


class Ledger:
    """Flow table and books, kept together so that they balance."""

    def __init__(self, config: EngineConfig, interfaces: Iterable[str]) -> None:
        """Begin with empty books for each interface."""
        self.packets = 0  # frames received from all interfaces
        self._table = FlowTable(config)
        self._books = {name: Books(name) for name in interfaces}
        self._newest_ns = 0

    def set_home(self, home: Home) -> None:
        """Judge new flows by another home."""
        self._table.set_home(home)

    def receive(self, interface: str, wire_len: int) -> Books:
        """Count a frame that came in; what becomes of it goes into the books returned."""
        self.packets += 1
        books = self._books[interface]
        books.packets += 1
        books.bytes += wire_len
        return books

    def count(self, books: Books, packet: Packet) -> Flow | None:
        """Count the packet of a frame and return its flow; None when it is domestic and not reported."""
        flow = self._table.add(packet)
        if flow is None:
            books.domestic_packets += 1
            books.domestic_bytes += packet.ip_bytes
        else:
            books.flow_packets += 1
            books.flow_bytes += packet.ip_bytes
        return flow

    def lost(self, interface: str, packets: int) -> None:
        """Count packets that the kernel dropped: received, and never seen."""
        books = self._books[interface]
        books.packets += packets
        books.drop(DropReason.KERNEL, packets)

    def tick(self, ts_ns: int) -> int | None:
        """Take note of the time; return when the tick closed if one is due: `batch` then, before `receive`."""
        closed_ns = self._table.tick(ts_ns)
        self._newest_ns = ts_ns
        return closed_ns

    def batch(self, tick_ns: int, lag: float = 0.0) -> Batch:
        """Return the tick's reports and the books so far."""
        return self._batch(tick_ns, self._table.drain(), lag)

    def close(self) -> Batch:
        """End every flow and return the last batch."""
        return self._batch(self._newest_ns, self._table.close(), 0.0)

    def _batch(self, tick_ns: int, reports: pl.DataFrame, lag: float) -> Batch:
        books = tuple(
            replace(book, dropped=dict(book.dropped), shed=dict(book.shed), limited=dict(book.limited))
            for book in self._books.values()
        )
        return Batch(reports, books, tick_ns, len(self._table), lag)
