"""The history that is made for the measurement is one an agent could have written, and the command reads all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from tools.bench import recorded
from tools.bench.backtest import RULES, asked, measure

from crossborder.publish.history import read
from crossborder.publish.history.rows import HOUR_NS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_small_history_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hours; every flow is another one, in its hour."""
    monkeypatch.setattr(recorded, "HOUR_ROWS", 2_000)
    monkeypatch.setattr(recorded, "MIXED_BYTES", 1 << 20)

    rows = recorded.make(tmp_path / "history", 3_000, "", tmp_path)

    found = read(tmp_path / "history", thorough=True)
    kept = found.rows.select("flow_id", "last_ns", "hour", "date").collect()
    begins = kept["date"].cast(pl.Datetime("ns")).cast(pl.Int64) + kept["hour"].cast(pl.Int64) * HOUR_NS
    assert (kept.height, found.left_out) == (rows, ())
    assert kept["flow_id"].n_unique() == rows >= 3_000
    assert kept.select(((pl.col("last_ns") - begins) // HOUR_NS == 0).all()).item()
    section = measure(tmp_path / "history", (0,))
    assert f"{rows:,} rows" in section.lead
    assert len(asked()) == RULES
    assert all(floor.measured for floor in section.floors)
