"""The programs of Prometheus, real ones: from PATH, else those that `make setup` unpacks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

UNPACKED = Path(__file__).resolve().parents[1] / "build" / "debian" / "usr" / "bin"


def program(name: str = "promtool", package: str = "prometheus") -> str:
    """Return the path of a program; a test that needs one fails where it is not, and says what to install."""
    found = shutil.which(name) or shutil.which(name, path=str(UNPACKED))
    if found is None:
        pytest.fail(f"{name} is not on this machine: run make setup, or install Debian's package `{package}`")
    return found


@pytest.fixture(scope="session")
def promtool() -> str:
    """The path of promtool."""
    return program()
