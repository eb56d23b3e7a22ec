"""The benchmark as people start it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tools.bench.__main__ import cores_of, corpus_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_short_run_writes_a_page(tmp_path: Path) -> None:
    """From captures to ratios, with whichever peers are here."""
    command = [sys.executable, "-m", "tools.bench", "--short", "--only", "gateway", "--engine", "portable"]
    command += ["--no-install", "--cache", str(tmp_path / "cache"), "--output", str(tmp_path / "page.md")]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    page = (tmp_path / "page.md").read_text(encoding="utf-8")

    assert page.strip() == said.stdout.strip()
    for name in ("engine alone", "whole agent"):
        (row,) = [line for line in page.splitlines() if line.startswith(f"| {name} ")]
        assert row.rstrip(" |").endswith("100.0%")
    assert "engine alone, of the counting loop" in page
    assert "**fails**" not in page, "small captures are no measure"


def test_the_first_core_is_everybodys() -> None:
    """Unless another is asked for."""
    there = sorted(os.sched_getaffinity(0))

    assert cores_of(None) == tuple(there)
    assert cores_of(there[-1])[0] == there[-1]
    assert sorted(cores_of(there[-1])) == there


def test_real_captures_are_taken_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Given, or named by the environment; else there are none."""
    monkeypatch.setenv("CROSSBORDER_CORPUS", str(tmp_path))
    assert corpus_of(None) == tmp_path.resolve()

    monkeypatch.setenv("CROSSBORDER_CORPUS", str(tmp_path / "nowhere"))
    assert corpus_of(None) is None
    assert corpus_of(tmp_path) == tmp_path.resolve()
