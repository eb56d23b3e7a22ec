"""The real converter of rules for a SIEM, with its own pySigma, as an operator has it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[1] / "build" / "siem" / "bin" / "sigma"


def convert(target: str, *arguments: str | Path, folder: Path) -> str:
    """Return the queries that `sigma convert` makes in a folder; fails with what it says."""
    if not PROGRAM.is_file():
        pytest.fail("sigma-cli is missing: make setup installs it from tools/siem.lock")
    command = [str(PROGRAM), "convert", "-t", target, "--without-pipeline", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout
