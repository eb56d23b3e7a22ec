"""Counts the distinct persons of each transfer by the marks in the record: who went twice counts once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from crossborder.match.persons.marks import KINDS
from crossborder.match.persons.sketch import Sketch

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNTED = pl.Schema(
    {"transfer": pl.UInt32()}
    | {f"persons_{kind}{bound}": pl.UInt64() for kind in KINDS for bound in ("_low", "", "_high")}
)


def headcount(marked: pl.LazyFrame, transfers: pl.DataFrame) -> pl.DataFrame:
    """Return estimates and bounds of persons by transfer and kind: COUNTED, a row for each transfer that carried any.

    `marked` are rows with `lane` and `persons`; `transfers` says which transfers a lane is in. Marks are read piece by
    piece and kept as sketches: memory does not grow with persons.
    """
    sketches: dict[tuple[int, str], Sketch] = {}
    for transfer, kind, hashes in _pieces(marked, transfers):
        sketches.setdefault((transfer, kind), Sketch()).add(hashes)
    rows: dict[int, dict[str, int]] = {}
    for (transfer, kind), sketch in sketches.items():
        rows.setdefault(transfer, {"transfer": transfer}).update(_bounds(kind, sketch))
    return pl.DataFrame(list(rows.values()), schema=COUNTED)


def _pieces(marked: pl.LazyFrame, transfers: pl.DataFrame) -> Iterator[tuple[int, str, list[int]]]:
    """Yield transfer, kind and hashes, many rows at a time."""
    lines = marked.select("lane", "persons").explode("persons").drop_nulls("persons").unnest("persons")
    known = lines.filter(pl.col("kind").is_in(KINDS))
    for piece in known.collect_batches(engine="streaming"):
        joined = piece.join(transfers, on="lane").explode("hashes").drop_nulls("hashes")
        grouped = joined.group_by("transfer", "kind").agg(pl.col("hashes").unique())
        yield from grouped.iter_rows()


def _bounds(kind: str, sketch: Sketch) -> dict[str, int]:
    """Return what a sketch tells; of a union, since that does not depend on the order of what was added."""
    whole = Sketch.joined([sketch])
    low, high = whole.bounds
    name = f"persons_{kind}"
    return {f"{name}_low": math.floor(low), name: round(whole.persons), f"{name}_high": math.ceil(high)}
