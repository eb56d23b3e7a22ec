"""What registers cost is measured by the command that makes them and the reading that the agent does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crossborder.engine import native_available
from tools import registers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(not native_available(), reason="registers are made by the native extension")
def test_a_small_one_is_within_the_limits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten million are measured by `make bench-registers`."""
    assert registers.measure(tmp_path, 50_000)

    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[0] == "bits"
    assert [row.split()[:2] for row in rows] == [["8", "50,000"], ["16", "50,000"]]
