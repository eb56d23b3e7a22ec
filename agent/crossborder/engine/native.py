"""The door to the Rust data plane, the distribution crossborder-native."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.engine import Progress
from crossborder.engine.portable.files import interface_of
from crossborder.errors import CrossborderError
from crossborder.model import REPORT_SCHEMA, Batch, Books, DropReason
from crossborder.prefixes import key_range

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    import crossborder_native

    from crossborder.engine import EngineConfig
    from crossborder.engine.home import Home


class NativeEngine:
    """Packets of files or interfaces to batches of flow reports. See `engine.Engine` for the contract."""

    name = "native"

    def __init__(self, config: EngineConfig) -> None:
        """Open the sources; raises CrossborderError when one cannot be, or when the extension is not installed."""
        self._interfaces = config.interfaces or tuple(map(interface_of, config.files))
        self._engine = _open(config, self._interfaces)

    def stop(self) -> None:
        """Ask the engine to end soon, with the final batch."""
        self._engine.stop()

    def set_home(self, home: Home) -> None:
        """Use another home from the next packet on."""
        self._engine.set_home(_networks(home))

    def progress(self) -> Progress:
        """Tell how far the engine is."""
        return Progress(*self._engine.progress())

    def __iter__(self) -> Iterator[Batch]:
        """Yield a batch at each tick and a last one; then raise CrossborderError for what was wrong with a source."""
        while (tick := self._engine.next_tick()) is not None:
            yield self._batch(tick)
        faults = self._engine.faults()
        if faults:
            raise CrossborderError(*faults)

    def _batch(self, tick: crossborder_native.Tick) -> Batch:
        reports = pl.DataFrame(tick.reports)
        if reports.schema != REPORT_SCHEMA:
            reports = reports.cast(dict(REPORT_SCHEMA))
        return Batch(
            reports,
            tuple(map(_books, self._interfaces, tick.books)),
            tick.tick_ns,
            tick.flows_active,
            sheds=("names",) if tick.shed_names else (),
            reader_failures=tick.reader_failures,
        )


def _open(config: EngineConfig, interfaces: tuple[str, ...]) -> crossborder_native.Engine:
    try:
        import crossborder_native as native
    except ImportError as error:
        raise CrossborderError(
            "engine native: the extension crossborder-native is not installed; build it with: make setup "
            "(cargo is needed), or use --engine portable"
        ) from error
    try:
        return native.Engine.open_files(
            list(config.files),
            list(interfaces),
            _networks(config.home),
            tick_ns=config.tick_ns,
            idle_ns=config.limits.idle_ns,
            active_ns=config.limits.active_ns,
            max_flows=config.limits.max_flows,
            report_all=config.report_all,
            community_seed=config.community_seed,
            realtime=config.realtime,
            workers=config.workers,
        )
    except ValueError as error:
        raise CrossborderError(*error.args[0]) from error


def _networks(home: Home) -> crossborder_native.Home:
    import crossborder_native as native

    return native.Home([key_range(network) for network in home.networks.networks], list(home.nat64))


def _books(interface: str, counts: dict[str, Any]) -> Books:
    dropped = {DropReason(reason): packets for reason, packets in counts.pop("dropped").items()}
    return Books(interface, **counts, dropped=dropped)
