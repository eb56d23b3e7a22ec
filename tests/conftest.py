"""What tests of every part share: where the corpus is, and how golden files are kept."""

from __future__ import annotations

import gc
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder of real captures, or skip where it is not there."""
    folder = Path(os.environ.get("CROSSBORDER_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not folder.is_dir():
        pytest.skip(f"no corpus at {folder}")
    return folder


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what tests unpack out of the machine's own cache, once for all workers of a run."""
    shared = tmp_path_factory.getbasetemp().parent / "crossborder-cache"
    os.environ["CROSSBORDER_CACHE"] = str(shared)


def pytest_sessionfinish() -> None:
    """Search all memory for garbage at the end: the library of sketches complains of what tests froze and left."""
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Let each test set up its log anew: one that goes to what another test has captured is closed."""
    yield
    structlog.reset_defaults()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip live tests where network namespaces and mounts are not to be had: without root, in many containers."""
    live = [item for item in items if item.get_closest_marker("live")]
    if live and not _namespaces_allowed():
        for item in live:
            item.add_marker(pytest.mark.skip(reason="network namespaces are not allowed here (root needed)"))


def _namespaces_allowed() -> bool:
    name = f"cb-probe-{os.getpid()}"
    try:
        subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True)
        try:
            subprocess.run(["ip", "netns", "exec", name, "true"], check=True, capture_output=True)
        finally:
            subprocess.run(["ip", "netns", "del", name], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True
