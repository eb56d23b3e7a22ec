"""The event log: one JSON line per finding, to a file and/or standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import polars as pl

from crossborder.errors import CrossborderError
from crossborder.publish.logfile import turn
from crossborder.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crossborder.model import Batch
    from crossborder.publish.appender import Appender
    from crossborder.publish.ecs import EventMaker
    from crossborder.publish.rotation import Rotation


AT_ONCE = 10_000
"""Findings turned into events at a time: a batch of very many must not fill memory with text."""


class Tallies(Protocol):
    """Where written, delayed and lost events are counted: `Metrics.events`."""

    def __call__(self, written: int = 0, failed: int = 0, lost: int = 0) -> None:
        """Count."""


class Told(Protocol):
    """Where the end of a log is shown: `Metrics.chain`."""

    def __call__(self, sequence: int, checkpoint: float | None, room: int | None) -> None:
        """Take the number of the last line, when the last checkpoint was: seconds since 1970, and bytes still free."""


class EventLog:
    """The sink that writes events. A failure is said once, counted, and tried again with the next batch."""

    name = "events"

    def __init__(
        self,
        maker: EventMaker,
        appenders: Iterable[Appender],
        count: Tallies,
        tell: Told | None = None,
        rotation: Rotation | None = None,
    ) -> None:
        """Take who makes events, where they go (`logfile.open_appenders`), who counts them and shows the log's end.

        `rotation` is of the first of them.
        """
        self._rotation = rotation
        self._maker = maker
        self._appenders = tuple(appenders)
        self._count = count
        self._tell = tell

    def __call__(self, batch: Batch, crossings: pl.DataFrame, findings: pl.DataFrame) -> None:
        """Write the events of one batch, and those held from before."""
        del batch, crossings
        for part in findings.iter_slices(AT_ONCE):
            lines = self._maker.lines(part, slots=True).cast(pl.Binary).to_list()
            for appender in self._appenders:
                self._append(appender, lines)
        for appender in self._appenders:
            if findings.is_empty() and (appender.held or (appender.chain and appender.chain.due)):
                self._append(appender, [])
        self._show()
        if self._rotation:
            self._rotation.look(self._appenders[0])

    @property
    def end(self) -> tuple[str, int]:
        """Return the id of the first log, that of the file where there is one, and the number of its last line."""
        chain = self._appenders[0].chain
        return (chain.end.log, chain.end.sequence) if chain else ("", 0)

    def reopen(self, path: Path) -> None:
        """Open the file anew, as after log rotation; when that fails the old one stays in use and the log says so."""
        for appender in self._appenders:
            if appender.name == str(path):
                try:
                    turn(appender, path)
                except CrossborderError as error:
                    log().error("events file not reopened", reason=str(error))

    def close(self) -> None:
        """Write what is held and close the files; CrossborderError tells how many events did not get out."""
        errors = [error for error in map(self._closed, self._appenders) if error]
        if errors:
            raise CrossborderError.joined(errors)

    def _append(self, appender: Appender, lines: list[bytes]) -> None:
        before = appender.error
        written, failed, lost = appender.append(lines)
        self._count(written=written, failed=failed, lost=lost)
        if appender.error and not before:
            log().error(
                "events cannot be written, they are held and tried again", sink=appender.name, reason=appender.reason
            )
        if before and not appender.error:
            log().info("events are written again", sink=appender.name, lost=appender.lost)

    def _show(self) -> None:
        """Show the end of the first log, that of the file where there is one, and how far its disk is from full."""
        first = self._appenders[0]
        if self._tell and first.chain:
            self._tell(first.chain.end.sequence, first.chain.checkpoint_at, first.room)

    def _closed(self, appender: Appender) -> CrossborderError | None:
        self._append(appender, [])
        if appender.chain and appender.chain.origin.signer and not appender.held:
            appender.begin(appender.chain.checkpoint("closed"))
            self._append(appender, [])
        self._show()
        missing = appender.waiting + appender.lost
        appender.close()
        if not missing or isinstance(appender.error, BrokenPipeError):  # whoever read us has gone: their choice
            return None
        return CrossborderError.at(appender.name, f"{missing} events could not be written: {appender.reason}")
