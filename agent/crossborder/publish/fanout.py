"""Hands every batch to every sink: what the pipeline calls `publish`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from crossborder.errors import CrossborderError
from crossborder.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import polars as pl

    from crossborder.model import Batch


class Sink(Protocol):
    """Takes every batch and is closed once."""

    @property
    def name(self) -> str:
        """Return the sink's name in the log and in `crossborder_publish_errors_total`."""

    def __call__(self, batch: Batch, crossings: pl.DataFrame, findings: pl.DataFrame) -> None:
        """Take one batch: CROSSING_SCHEMA, FINDING_SCHEMA."""

    def close(self) -> None:
        """Finish; CrossborderError tells a person what is missing."""


class Publishers:
    """Sinks behind one call. A sink that fails does not stop the others."""

    def __init__(self, sinks: Iterable[Sink], failed: Callable[[str], None]) -> None:
        """Take the sinks in their order, and who counts failures by sink (`Metrics.sink_failed`)."""
        self._sinks = tuple(sinks)
        self._failed = failed
        self._failing: set[str] = set()

    def __call__(self, batch: Batch, crossings: pl.DataFrame, findings: pl.DataFrame) -> None:
        """Hand one batch to every sink."""
        for sink in self._sinks:
            try:
                sink(batch, crossings, findings)
            except Exception as error:  # noqa: BLE001 - whatever breaks one sink, the others have their due
                self._note(sink.name, error)
            else:
                self._failing.discard(sink.name)

    def close(self) -> None:
        """Close the sinks in reverse order; raises one CrossborderError with all that people must know."""
        errors: list[CrossborderError] = []
        for sink in reversed(self._sinks):
            try:
                sink.close()
            except CrossborderError as error:
                errors.append(error)
            except Exception as error:  # noqa: BLE001 - the same
                self._note(sink.name, error)
        if errors:
            raise CrossborderError.joined(errors)

    def _note(self, sink: str, error: Exception) -> None:
        """Count a failure, and say it when it is the first in a row."""
        self._failed(sink)
        if sink not in self._failing:
            self._failing.add(sink)
            log().error("a sink failed, the others go on", sink=sink, reason=f"{type(error).__name__}: {error}")
