"""The history the benchmark of the register is run on is one as agents write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.review.rows import standards
from tools.bench.transfers import write_history

from crossborder.review.record import open_record
from crossborder.review.transfers import register

if TYPE_CHECKING:
    from pathlib import Path


def test_half_of_it_stands_in_the_register(tmp_path: Path) -> None:
    """Its hours are whole, its flows many, some with persons."""
    write_history(tmp_path / "history", 4_800)

    record = open_record(tmp_path / "history")
    found = register(record.rows, standards(tmp_path))

    assert (len(record.files), record.left_out) == (48, ())
    assert record.rows.select("flow_id").unique().collect().height == 4_800
    assert 2_000 < found["flows"].sum() < 2_800
    assert found["persons_basic"].sum() > 400
