"""What Criterion wrote is read as it stands on the disk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tools.bench.parts import Part, read

if TYPE_CHECKING:
    from pathlib import Path


def test_estimates_are_read_by_name(tmp_path: Path) -> None:
    """The newest of each step, in order; what was kept to compare with is not read."""
    for name, when, nanoseconds in (("b: long", "new", 2.5), ("a: short", "new", 1.0), ("a: short", "base", 9.0)):
        folder = tmp_path / name.replace(": ", "_") / when
        folder.mkdir(parents=True)
        (folder / "benchmark.json").write_text(json.dumps({"full_id": name}))
        estimates = {which: {"point_estimate": nanoseconds} for which in ("median", "median_abs_dev")}
        (folder / "estimates.json").write_text(json.dumps(estimates))

    assert read(tmp_path) == [Part("a: short", 1.0, 1.0), Part("b: long", 2.5, 2.5)]
