"""The programs of Prometheus, real ones."""

from __future__ import annotations

import shutil

import pytest


def program(name: str = "promtool", package: str = "prometheus") -> str:
    """Return the path of a program; a test that needs one fails where it is not, and says what to install."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is not on this machine: run make setup-kit, or install Debian's package `{package}`")
    return found


@pytest.fixture(scope="session")
def promtool() -> str:
    """The path of promtool."""
    return program()
