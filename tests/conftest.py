"""What tests of every part share: where the corpus is, and how golden files are kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
