"""The sink that keeps the packets of findings: asks the engine for them, seals them, writes them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crossborder.publish.catalogue import MISSES
from crossborder.publish.columns import CROSSES, OPENED
from crossborder.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from crossborder.model import Batch
    from crossborder.publish.evidence.sealing import Seal
    from crossborder.publish.evidence.store import Store

    Asked = Sequence[tuple[int, Sequence[str]]]
    """Ids of flows, each with the comments of its file."""
    Ask = Callable[[Asked], list[tuple[bytes, bool] | None]]
    """Returns for each a pcapng file and whether it begins with the flow's first packet; None: nothing is left."""
    Hide = Callable[[pl.DataFrame], pl.DataFrame]

MOST = 500
"""Findings of a tick whose packets are kept: sealing, writing and flushing take about four milliseconds each."""


@dataclass(slots=True)
class Kept:
    """What was kept since the start, for the metrics."""

    files: int = 0
    written: int = 0  # bytes
    bytes: int = 0  # on the disk now
    misses: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MISSES, 0))


class Evidence:
    """A sink of real addresses: it asks for flows by their ids. Comments are as other sinks have them."""

    name = "evidence"

    def __init__(
        self, gateway: str, store: Store, seal: Seal, ask: Ask, tell: Callable[[Kept], None], hide: Hide | None = None
    ) -> None:
        """Take the gateway, where files go, who encrypts, who has packets, who is told, who puts pseudonyms."""
        self._gateway, self._store, self._seal = gateway, store, seal
        self._ask, self._tell, self._hide = ask, tell, hide
        self._failing = False
        self.kept = Kept(bytes=store.bytes)

    def __call__(self, batch: Batch, crossings: pl.DataFrame, findings: pl.DataFrame) -> None:
        """Keep the packets of the findings that opened in one batch; a full disk is told, and raises nothing."""
        del batch, crossings
        opened = findings.filter(OPENED & CROSSES)
        if not opened.is_empty():
            self._keep(opened)
        self._tell(self.kept)

    def close(self) -> None:
        """Do nothing: files are whole as they are written."""

    def _keep(self, opened: pl.DataFrame) -> None:
        some = opened.head(MOST)
        self.kept.misses["many"] += opened.height - some.height
        named = self._hide(some) if self._hide else some
        comments = [self._comments(row) for row in named.select(_TOLD).iter_rows(named=True)]
        found = self._ask(list(zip(some["flow_id"].to_list(), comments, strict=True)))
        names = named["finding_id"].to_list()
        self.kept.misses["gone"] += sum(one is None for one in found)
        there = [(name, one) for name, one in zip(names, found, strict=True) if one and not self._store.has(name)]
        now = time.time()
        for done, (name, (pcapng, whole)) in enumerate(there):
            try:
                sealed = self._seal(pcapng)
                self._store.put(name, sealed, now)
            except OSError as error:
                self._fail(error, len(there) - done)
                return
            self.kept.files += 1
            self.kept.written += len(sealed)
            self.kept.misses["front"] += not whole
        self._store.tend(now)
        self.kept.bytes = self._store.bytes
        if there and self._failing:
            log().info("evidence is written again")
            self._failing = False

    def _fail(self, error: OSError, left: int) -> None:
        """Count what is not kept; said once for each spell."""
        self.kept.misses["disk"] += left
        if not self._failing:
            log().error("evidence cannot be written, it stops until there is room", reason=error.strerror or str(error))
        self._failing = True

    def _comments(self, row: dict[str, str]) -> list[str]:
        return [
            f"Community ID {row['community_id']}",
            f"rule {row['rule']}, {row['rule_uuid']}, sha256 {row['rule_sha256']}",
            f"finding {row['finding_id']}, flow {row['flow_id']}, gateway {self._gateway}",
        ]


_TOLD = ("community_id", "rule", "rule_uuid", "rule_sha256", "finding_id", "flow_id")
