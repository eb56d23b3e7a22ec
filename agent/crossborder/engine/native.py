"""The door to the Rust data plane, the distribution crossborder-native."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from crossborder import telemetry
from crossborder.engine import ETHERNET, SECOND_NS, Progress, interface_of
from crossborder.errors import CrossborderError, Fault
from crossborder.model import REPORT_SCHEMA, Batch, Books, DropReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import ModuleType
    from typing import Any

    import crossborder_native

    from crossborder.engine import EngineConfig
    from crossborder.engine.detectors import Searching
    from crossborder.engine.home import Home
    from crossborder.engine.portable.source import Filter


_NO_ONES = 0xFFFF_FFFF  # link type
_SHEDS = ((), ("content",), ("content", "some names"), ("content", "names"))


class NativeEngine:
    """Packets of files or interfaces to batches of flow reports. See `engine.Engine` for the contract."""

    name = "native"

    def __init__(self, config: EngineConfig, pushed: tuple[str, ...] = ()) -> None:
        """Open the sources; raises CrossborderError when one cannot be, or when the extension is not installed.

        `pushed` is the interface of frames that are pushed, where there are no sources: see PushedEngine.
        """
        self._interfaces = config.interfaces or pushed or tuple(map(interface_of, config.files))
        self._paths = tuple(map(str, config.files))
        self._engine = _open(config, self._interfaces)

    def stop(self) -> None:
        """Ask the engine to end soon, with the final batch."""
        self._engine.stop()

    def set_home(self, home: Home) -> None:
        """Use another home from the next packet on."""
        self._engine.set_home(_networks(home))

    def set_searching(self, searching: Searching | None) -> None:
        """Search for something else from the next text on; raises CrossborderError when a detector does not compile."""
        self._engine.set_search(compiled(searching))

    def evidence(self, asked: Sequence[tuple[int, Sequence[str]]]) -> list[tuple[bytes, bool] | None]:
        """Return what is kept of flows that were reported of late, asked for by id with the comments of their files.

        Each is a pcapng file and whether it begins with the flow's first packet; None: nothing of it is left.
        """
        return self._engine.evidence(asked) or [None] * len(asked)

    def progress(self) -> Progress:
        """Tell how far the engine is."""
        return Progress(*self._engine.progress())

    def __iter__(self) -> Iterator[Batch]:
        """Yield a batch at each tick and a last one; then raise CrossborderError for what was wrong with a source."""
        while (tick := self._engine.next_tick()) is not None:
            yield self._batch(tick)
        faults = self._engine.faults()
        if faults:
            raise _error(faults, self._paths)

    def _batch(self, tick: crossborder_native.Tick) -> Batch:
        reports = pl.DataFrame(tick.reports)
        if reports.schema != REPORT_SCHEMA:
            reports = reports.cast(REPORT_SCHEMA)
        return Batch(
            reports,
            tuple(map(_books, self._interfaces, tick.books)),
            tick.tick_ns,
            tick.flows_active,
            lag_seconds=tick.lag_ns / SECOND_NS,
            sheds=_SHEDS[tick.shed],
            reader_failures=tick.reader_failures,
            down=tuple(self._interfaces[place] for place in tick.down),
        )


class PushedEngine(NativeEngine):
    """The native engine for whoever captures by other means: frames are pushed, in packet time, from any thread.

    Of the configuration, files and interfaces do not count.
    """

    def __init__(self, config: EngineConfig, interface: str = "pushed") -> None:
        """Begin without a frame; raises CrossborderError for a filter, or when the extension is not installed."""
        super().__init__(replace(config, files=(), interfaces=()), (interface,))

    def push(self, frame: bytes, ts_ns: int, linktype: int = ETHERNET, wire_len: int = 0) -> bool:
        """Take a frame captured at `ts_ns`, nanoseconds since 1970 UTC; `wire_len` where it was longer on the wire.

        Returns False when there is no room: push it again when a batch has been read. Raises CrossborderError after
        `end` or `stop`, and when the filter makes no sense on the link type (numbers of tcpdump.org/linktypes.html).
        """
        try:
            return self._engine.push(frame, ts_ns, linktype, wire_len)
        except ValueError as error:
            raise _error(error.args[0], ()) from error

    def end(self) -> None:
        """Say that no more frames come: the iteration yields what there is, a last batch, and ends."""
        self._engine.end()


def _open(config: EngineConfig, interfaces: tuple[str, ...]) -> crossborder_native.Engine:
    try:
        import crossborder_native as native
    except ImportError as error:
        raise CrossborderError(
            "engine native: the extension crossborder-native is not installed; build it with: make setup "
            "(cargo is needed), or use --engine portable"
        ) from error
    kept = config.evidence
    settings = native.Settings(
        tick_ns=config.tick_ns,
        idle_ns=config.limits.idle_ns,
        active_ns=config.limits.active_ns,
        max_flows=config.limits.max_flows,
        report_all=config.report_all,
        community_seed=config.community_seed,
        speed=config.speed,
        workers=config.workers,
        checksums=config.checksums,
        content=compiled(config.searching),
        evidence=None if kept is None else (kept.ring_bytes, kept.front_bytes, kept.before_ns),
    )
    try:
        if config.interfaces:
            return _listen(native, config, settings)
        programs = _filter(config.bpf).programs() if config.bpf else {}
        if interfaces and not config.files:
            return native.Engine.pushed(interfaces[0], _networks(config.home), settings, programs)
        return native.Engine.open_files(config.files, interfaces, _networks(config.home), settings, programs)
    except ValueError as error:
        raise _error(error.args[0], tuple(map(str, config.files))) from error


def _error(sentences: Iterable[str], paths: tuple[str, ...]) -> CrossborderError:
    """Return sentences as faults of the files they begin with."""
    faults: list[Fault | str] = []
    for sentence in sentences:
        path = next((path for path in paths if sentence.startswith(f"{path}: ")), "")
        faults.append(Fault(path, None, sentence.removeprefix(f"{path}: ")) if path else sentence)
    return CrossborderError(*faults)


def _listen(
    native: ModuleType, config: EngineConfig, settings: crossborder_native.Settings
) -> crossborder_native.Engine:
    engine: crossborder_native.Engine = native.Engine.listen(
        config.interfaces,
        _networks(config.home),
        settings,
        ring_bytes=config.ring_bytes,
        snaplen=config.snaplen,
        promiscuous=config.promiscuous,
        programs=[_program(native, interface, config.bpf) for interface in config.interfaces],
        triage=config.triage and not config.report_all and not config.checksums,
    )
    for note in engine.notes:
        telemetry.log().warning("capture is not all that was asked for", reason=note)
    return engine


def _filter(expression: str) -> Filter:
    from crossborder.engine.portable.source import Filter  # scapy takes a moment that few need

    return Filter(expression)


def _program(native: ModuleType, interface: str, expression: str) -> list[tuple[int, int, int, int]]:
    """Compile a filter for the frames of an interface; raises CrossborderError."""
    if not expression:
        return []
    linktype = native.linktype_of(interface)
    if linktype == _NO_ONES:
        raise CrossborderError(f"interface {interface}: its frames are neither Ethernet nor IP, no filter fits them")
    return _filter(expression).program(ETHERNET if linktype is None else linktype)


def compiled(searching: Searching | None) -> crossborder_native.ContentSearch | None:
    """Compile detectors; raises CrossborderError with a sentence for each that does not compile."""
    if searching is None or not searching.searches:
        return None
    import crossborder_native as native

    try:
        search: crossborder_native.ContentSearch = native.ContentSearch(
            list(searching.searches),
            searching.key,
            searching.limit,
            list(searching.registers),
            searching.depth,
            searching.codings,
        )
    except ValueError as error:
        raise CrossborderError(*error.args[0]) from error
    return search


def fuse(hashes: bytes | bytearray, bits: int) -> tuple[int, int, int, int, bytes]:
    """Make a filter of keyed hashes, 8 bytes each, some perhaps twice.

    Returns how many distinct ones there are, seed, segment length, length of the segments that count, fingerprints.
    Raises CrossborderError when the extension is not installed.
    """
    try:
        import crossborder_native as native
    except ImportError as error:
        raise CrossborderError(
            "registers are made by the extension crossborder-native, which is not installed: make it where it is, "
            "or build the extension with: make setup (cargo is needed)"
        ) from error
    made: tuple[int, int, int, int, bytes] = native.fuse(bytes(hashes), bits)
    return made


def _networks(home: Home) -> crossborder_native.Home:
    import crossborder_native as native

    return native.Home(home.networks.ranges, list(home.nat64))


def _books(interface: str, counts: dict[str, Any]) -> Books:
    dropped = {DropReason(reason): packets for reason, packets in counts.pop("dropped").items()}
    return Books(interface, **counts, dropped=dropped)
