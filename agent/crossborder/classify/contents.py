"""What the data is that goes out, by the detectors that found something in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.model import CLASSIFY_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOLD = ("detectors", "detected_kinds", "detected_items", "detected_values")
ANNOTATION = pl.Schema({c.name: c.dtype for c in CLASSIFY_COLUMNS if c.name in _TOLD})
"""The columns of a crossing that tell of its content."""


class Meaning(NamedTuple):
    """What it means that a detector found something."""

    detector: str
    kind: str  # as basic, sensitive, secrecy
    items: tuple[str, ...]  # of the catalog, as core:I.26


class Contents:
    """Detector → what its finds are. Immutable."""

    def __init__(self, meanings: Iterable[Meaning] = ()) -> None:
        """Take what detectors mean; those of others are told by their id alone."""
        self._by_detector = {meaning.detector: meaning for meaning in meanings}
        schema = pl.Schema({"detector": pl.String(), "kind": pl.String(), "items": pl.List(pl.String)})
        self._meanings = pl.DataFrame(list(self._by_detector.values()), schema=schema, orient="row")

    def updated(self, newer: Contents) -> Contents:
        """Return what detectors mean by now; those that the newer contents do not know mean what they meant."""
        return Contents((self._by_detector | newer._by_detector).values())

    def annotate(self, detections: pl.Series) -> pl.DataFrame:
        """Return what was found in each row of the column `detections` (ANNOTATION), in order; null where nothing."""
        found = detections.list.len().fill_null(0) > 0
        if not found.any():
            return pl.DataFrame(schema=ANNOTATION).clear(len(detections))
        rows = pl.DataFrame({"row": pl.int_range(len(detections), eager=True), "one": detections}).filter(found)
        each = rows.explode("one").unnest("one").join(self._meanings, on="detector", how="left", maintain_order="left")
        told = each.group_by("row", maintain_order=True).agg(
            detectors=pl.col("detector").unique(maintain_order=True),
            detected_kinds=pl.col("kind").drop_nulls().unique(maintain_order=True),
            detected_items=pl.col("items").explode(empty_as_null=False).drop_nulls().unique(maintain_order=True),
            detected_values=pl.col("distinct").list.len().max(),
        )
        everywhere = pl.DataFrame({"row": pl.int_range(len(detections), eager=True)})
        joined = everywhere.join(told, on="row", how="left", maintain_order="left")
        return joined.select(pl.col(name).cast(dtype) for name, dtype in ANNOTATION.items())
