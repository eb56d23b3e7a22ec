"""What tests of the demo share: one capture, written once per run."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from crossborder.demo import write_capture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crossborder.demo import Manifest


@pytest.fixture(scope="session")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Manifest]:
    """Return the manifest of the demo's capture; the file is removed afterwards, it is large."""
    path = tmp_path_factory.mktemp("demo") / "day.pcap"
    yield write_capture(path)
    path.unlink()


@pytest.fixture(scope="session")
def tshark(day: Manifest) -> Callable[..., list[str]]:
    """Return a function that runs tshark over the capture and returns its lines."""
    program = shutil.which("tshark")
    if program is None:
        pytest.skip("tshark is not installed")

    def lines(*options: str) -> list[str]:
        command = [program, "-n", "-r", str(day.path), *options]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    return lines
