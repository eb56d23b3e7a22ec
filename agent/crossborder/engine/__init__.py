"""The engine contract: packets in, one columnar batch of flow reports per tick out.

Three engines keep it: `native` (Rust), `portable` (scapy and Python), `tshark` (pyshark). The same capture through any
of them gives the same reports; what an engine cannot measure is null, never a made-up zero. Whoever captures by other
means pushes frames into `native.PushedEngine`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.engine.detectors import Searching
    from crossborder.engine.home import Home
    from crossborder.model import Batch

EngineName = Literal["auto", "native", "portable", "tshark"]
SECOND_NS = 1_000_000_000
ETHERNET = 1  # link type, https://www.tcpdump.org/linktypes.html
STDIN = Path("-")


def interface_of(path: Path) -> str:
    """Return what stands in the interface column for packets of a file."""
    return "stdin" if path == STDIN else path.name


@dataclass(frozen=True, slots=True)
class FlowLimits:
    """How long and how many flows live. Times are packet time in nanoseconds."""

    idle_ns: int = 120 * SECOND_NS
    active_ns: int = 3600 * SECOND_NS
    max_flows: int = 262_144


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """How many packets of crossing flows are kept in memory, for each worker."""

    ring_bytes: int = 64 << 20
    front_bytes: int = 64 << 10  # of each flow
    before_ns: int = 10 * SECOND_NS  # what follows is handed over so long before its newest packet


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """What an engine reads and how. Either `files` (in this order, `-` is standard input) or `interfaces`."""

    home: Home
    files: tuple[Path, ...] = ()
    interfaces: tuple[str, ...] = ()
    bpf: str = ""  # pcap-filter(7) expression, compiled before the first packet
    snaplen: int = 65_535
    promiscuous: bool = True
    speed: float = 0.0  # files only: so many times as fast as on the wire; 0: as fast as possible
    tick_ns: int = 10 * SECOND_NS  # packet time for files, the clock for interfaces
    report_all: bool = False  # report domestic flows too
    community_seed: int = 0
    limits: FlowLimits = field(default_factory=FlowLimits)
    workers: int = 1  # threads that decode and count; native only, reports do not depend on it
    ring_bytes: int = 1 << 26  # of the kernel's ring of frames, for each worker and interface; native only
    searching: Searching | None = None  # what cleartext that leaves home is searched for; native and portable only
    checksums: bool = False  # drop packets whose checksum is wrong; native and portable only
    triage: bool = True  # let the kernel count what stays at home, where it can; native only
    evidence: EvidenceLimits | None = None  # keep packets for who asks; native only


class Progress(NamedTuple):
    """How far an engine is. `total_bytes` is 0 when it cannot be known (interfaces, standard input)."""

    packets: int
    read_bytes: int
    total_bytes: int


class Engine(Protocol):
    """What every engine can do.

    Iteration yields a batch at each tick and one at the end, in which every flow has ended; an engine that listens in
    several threads yields one for each. A fault of the source (a file cut in the middle of a packet) raises
    CrossborderError only after the batch that holds everything read before it: nothing already read is lost. An
    interface that goes away is such a fault to `portable` and `tshark`; `native` says so in `Batch.down`, goes on with
    the others, and reads it again when it is back. Hostile packets never raise.
    """

    name: str

    def __iter__(self) -> Iterator[Batch]:
        """Yield batches until the files end or `stop` is called."""

    def stop(self) -> None:
        """Ask the engine to close the books and end soon; safe to call from a signal handler, twice does no harm."""

    def set_home(self, home: Home) -> None:
        """Use another home from the next packet on; flows in the table keep the scope they have."""

    def set_searching(self, searching: Searching | None) -> None:
        """Search for something else from the next text on, for nothing when None; what began unsearched stays so.

        A text that has begun is searched to its end as it began. Raises CrossborderError, and goes on as before, when a
        detector does not compile.
        """

    def progress(self) -> Progress:
        """Tell how far the engine is; cheap, may be called at any time."""


def open_engine(name: EngineName, config: EngineConfig) -> Engine:
    """Return the engine of that name, its sources opened; `auto` takes native where it is installed, else portable.

    Raises CrossborderError when the engine is not available or a source cannot be opened: no such file or interface,
    not a capture file, no permission, a filter that does not compile.
    """
    if name == "auto":
        name = "native" if native_available() else "portable"
    if config.evidence and name != "native":
        raise CrossborderError(
            f"engine {name} keeps no packets: evidence needs engine native (make setup builds it, cargo is needed), or "
            "leave evidence.directory empty"
        )
    if name == "native":
        from crossborder.engine.native import NativeEngine

        return NativeEngine(config)
    if name == "portable":
        from crossborder.engine.portable import PortableEngine

        return PortableEngine(config)
    if name == "tshark":
        from crossborder.engine.tshark import TsharkEngine

        return TsharkEngine(config)
    raise CrossborderError(f"engine {name!r} is not known: auto, native, portable or tshark")


def native_available() -> bool:
    """Tell whether the native extension is installed, without loading it."""
    from importlib.util import find_spec

    return find_spec("crossborder_native") is not None
