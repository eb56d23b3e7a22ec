"""What detectors found becomes what the data is: detectors, kinds of data, items of the catalog."""

from __future__ import annotations

from typing import Any

import polars as pl

from crossborder.classify import Contents, Meaning
from crossborder.classify.contents import ANNOTATION
from crossborder.model import DETECTION

CONTENTS = Contents(
    [
        Meaning("id", "basic", ("core:I.26", "important:x")),
        Meaning("mail", "basic", ()),
        Meaning("icd", "sensitive", ()),
    ]
)


def found(*detectors: str) -> list[dict[str, Any]]:
    """Return what a report says of detectors, the first with the most values."""
    return [
        {"detector": name, "matches": 9, "distinct": list(range(9 - at)), "confidence": 0.9, "samples": []}
        for at, name in enumerate(detectors)
    ]


def annotated(*rows: list[dict[str, Any]] | None) -> pl.DataFrame:
    """Return what is told of rows of detections."""
    return CONTENTS.annotate(pl.Series("detections", rows, dtype=pl.List(DETECTION)))


def test_kinds_and_items_are_those_of_the_detectors_each_once() -> None:
    """In the order of the finds; rows keep their order."""
    told = annotated(None, found("id", "mail", "icd"), [], found("mail"))

    assert told.rows() == [
        (None, None, None, None),
        (["id", "mail", "icd"], ["basic", "sensitive"], ["core:I.26", "important:x"], 9),
        (None, None, None, None),
        (["mail"], ["basic"], [], 9),
    ]


def test_nothing_found_is_nothing_told() -> None:
    """As it is in nearly every batch; the columns are there."""
    told = annotated(None, [])

    assert told.schema == ANNOTATION
    assert told.null_count().row(0) == (2, 2, 2, 2)


def test_a_detector_nobody_knows_is_told_by_its_id() -> None:
    """It says of itself no more."""
    assert annotated(found("own")).row(0) == (["own"], [], [], 9)


def test_what_detectors_meant_is_kept_when_they_are_gone() -> None:
    """They may be searching what has begun; those that are there mean what they mean by now."""
    newer = CONTENTS.updated(Contents([Meaning("id", "sensitive", ("core:I.1",)), Meaning("new", "bank", ())]))
    rows = pl.Series("detections", [found("id"), found("mail", "new")], dtype=pl.List(DETECTION))

    assert newer.annotate(rows).rows() == [
        (["id"], ["sensitive"], ["core:I.1"], 9),
        (["mail", "new"], ["basic", "bank"], [], 9),
    ]
