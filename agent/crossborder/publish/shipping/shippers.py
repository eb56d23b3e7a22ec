"""The sink of the pipeline that starts and ends the shippers; they read the event log, not batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.errors import CrossborderError
from crossborder.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from crossborder.model import Batch
    from crossborder.publish.shipping.shipper import Shipper


class Shippers:
    """All shippers of an agent. Closed behind the event log, whose last lines they still send."""

    name = "shippers"

    def __init__(self, shippers: Sequence[Shipper], patience: float, *, must: bool) -> None:
        """Take them, how many seconds they have at the end, and whether what is left then is a fault."""
        self._shippers, self._patience, self._must = shippers, patience, must

    def __call__(self, batch: Batch, crossings: pl.DataFrame, findings: pl.DataFrame) -> None:
        """Start, with the first batch."""
        del batch, crossings, findings
        self._start()

    def close(self) -> None:
        """Give them some time to send the rest; say what waits for the next start."""
        self._start()
        for shipper in self._shippers:
            shipper.stop(self._patience)
        left = {shipper.name: shipper.join() for shipper in self._shippers}
        said = [f"sink {name}: {lines} lines are not sent yet" for name, lines in left.items() if lines]
        if said and self._must:
            raise CrossborderError(*(f"{sentence}, they are with the next run" for sentence in said))
        for sentence in said:
            log().warning("what waits in the event log is sent after the next start", reason=sentence)

    def _start(self) -> None:
        for shipper in self._shippers:
            shipper.start()
