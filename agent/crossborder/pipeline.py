"""The whole way of a packet's report: engine, classify, match, publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import polars as pl

    from crossborder.model import Batch


def run(
    engine: Iterable[Batch],
    classify: Callable[[Batch], pl.DataFrame],
    match: Callable[[pl.DataFrame], pl.DataFrame],
    publish: Callable[[Batch, pl.DataFrame, pl.DataFrame], None],
) -> None:
    """Carry every batch through the four stages: one batch per tick, and one at the end."""
    for batch in engine:
        crossings = classify(batch)
        findings = match(crossings)
        publish(batch, crossings, findings)
