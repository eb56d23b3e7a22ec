"""Makes captures and configurations for the engine's tests. Home is private space and 2001:db8:1::/48."""

from __future__ import annotations

import ipaddress
import struct
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from crossborder.engine import SECOND_NS, EngineConfig, FlowLimits, native_available, open_engine
from crossborder.engine.home import Home
from crossborder.engine.packet import Packet
from crossborder.model import REPORT_SCHEMA
from crossborder.prefixes import PRIVATE, PrefixSet

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crossborder.engine import Engine, EngineName
    from crossborder.model import Batch

HOME = Home(PrefixSet([*PRIVATE, ipaddress.ip_network("2001:db8:1::/48")]))
LOCAL, LOCAL2 = "10.1.0.5", "10.1.0.6"
REMOTE, REMOTE2 = "203.0.113.9", "198.51.100.7"
LOCAL6, REMOTE6 = "2001:db8:1::5", "2001:db8:9::9"
START = 1_700_000_000 * SECOND_NS  # a multiple of ten seconds: a tick

NATIVE = pytest.param(
    "native", marks=pytest.mark.skipif(not native_available(), reason="the native extension is not installed")
)
every_engine = pytest.mark.parametrize("engine", ["portable", NATIVE])
"""For tests of the contract: what every engine that reads packets itself must do."""


def packed(address: str) -> bytes:
    """Return an address as on the wire."""
    return ipaddress.ip_address(address).packed


def config(**settings: Any) -> EngineConfig:
    """Return a configuration with the tests' home."""
    return EngineConfig(home=HOME, **settings)


def limits(idle: float = 120, active: float = 3600, max_flows: int = 1000) -> FlowLimits:
    """Return limits given in seconds."""
    return FlowLimits(int(idle * SECOND_NS), int(active * SECOND_NS), max_flows)


def packet(at: float, src: str, dst: str, sport: int = 40000, dport: int = 443, **more: Any) -> Packet:
    """Return a packet so many seconds after START; TCP with 100 bytes of payload unless said otherwise."""
    settings: dict[str, Any] = {"proto": 6, "ip_bytes": 140, "payload_bytes": 100, "interface": "test"} | more
    ts_ns = START + round(at * SECOND_NS)
    return Packet(ts_ns=ts_ns, src=packed(src), dst=packed(dst), sport=sport, dport=dport, **settings)


def pcap(frames: Iterable[bytes], linktype: int = 1, start_ns: int = START, step_ns: int = 1_000_000) -> bytes:
    """Return a pcap file in nanoseconds, its frames a millisecond apart."""
    records = [struct.pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 262_144, linktype)]
    for number, frame in enumerate(frames):
        seconds, nanoseconds = divmod(start_ns + number * step_ns, SECOND_NS)
        records.append(struct.pack("<IIII", seconds, nanoseconds, len(frame), len(frame)) + frame)
    return b"".join(records)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    """Return a pcapng block."""
    body += bytes(-len(body) % 4)
    length = struct.pack(f"{order}I", len(body) + 12)
    return struct.pack(f"{order}I", kind) + length + body + length


def section(order: str = "<") -> bytes:
    """Return a pcapng section header of unstated length."""
    return block(0x0A0D0D0A, struct.pack(f"{order}IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def described(linktype: int = 1, options: Iterable[tuple[int, bytes]] = (), order: str = "<") -> bytes:
    """Return a pcapng interface description."""
    tail = b"".join(struct.pack(f"{order}HH", code, len(v)) + v + bytes(-len(v) % 4) for code, v in options)
    return block(1, struct.pack(f"{order}HHI", linktype, 0, 0) + tail + bytes(4 if tail else 0), order)


def enhanced(frame: bytes, ticks: int, interface: int = 0, order: str = "<") -> bytes:
    """Return a pcapng packet block."""
    head = struct.pack(f"{order}IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), len(frame))
    return block(6, head + frame, order)


def write(tmp_path: Path, frames: list[bytes], **settings: Any) -> Path:
    """Write a capture and return its path."""
    path = tmp_path / "x.pcap"
    path.write_bytes(pcap(frames, **settings))
    return path


def batches_of(*paths: Path, engine: EngineName = "portable", **settings: Any) -> list[Batch]:
    """Run an engine over files and return its batches; its books must balance at each."""
    return run(open_engine(engine, config(files=paths, **settings)))


def run(engine: Engine) -> list[Batch]:
    """Run an engine to its end, checking what must always hold."""
    batches = []
    for batch in engine:
        check(batch)
        batches.append(batch)
    assert batches[-1].reader_failures == 0
    return batches


def check(batch: Batch) -> None:
    """Check what holds for every batch: schema, each flow once, balance."""
    assert batch.reports.schema == REPORT_SCHEMA
    assert batch.reports["flow_id"].is_unique().all()
    for book in batch.books:
        assert book.balanced, book


def reports_of(batches: Iterable[Batch]) -> pl.DataFrame:
    """Return all reports in order."""
    return pl.concat([pl.DataFrame(schema=REPORT_SCHEMA), *(batch.reports for batch in batches)])


def flows_of(batches: Iterable[Batch]) -> pl.DataFrame:
    """Return the last report of each flow, in the order they opened."""
    return reports_of(batches).unique("flow_id", keep="last", maintain_order=True).sort("first_ns", "flow_id")
