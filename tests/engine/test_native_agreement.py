"""The native engine gives the reports of the portable one, to the last column; where it does not, it is known why."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.engine.agreement import HOME
from tests.engine.oracle import differences, run

from crossborder.engine import EngineConfig, native_available

CORPUS = Path(os.environ.get("CROSSBORDER_CORPUS", Path(__file__).resolve().parents[3] / "shared" / "corpus"))
FOLDERS = ("communityid", "foxio", "quic", "suricata", "wireshark", "hostile")
CAPTURES = sorted(
    str(path.relative_to(CORPUS)) for folder in FOLDERS for path in CORPUS.glob(f"{folder}/*") if path.is_file()
)

pytestmark = pytest.mark.skipif(not native_available(), reason="the native extension is not installed")
with_corpus = pytest.mark.skipif(not CAPTURES, reason=f"no corpus at {CORPUS}")


class Tolerated(NamedTuple):
    """A difference that is known. Each file that fits must show each of the columns, or the entry is out of date."""

    files: str  # a glob
    columns: frozenset[str]
    right: str  # portable, native, or both, each in its way
    why: str


TOLERATED: tuple[Tolerated, ...] = ()


@with_corpus
@pytest.mark.parametrize("capture", CAPTURES)
def test_native_is_as_portable(capture: str) -> None:
    """The same rows, columns, books, ticks and words of a fault; every difference is in the table and is needed."""
    expected = {column for entry in TOLERATED if fnmatch(capture, entry.files) for column in entry.columns}
    config = EngineConfig(HOME, files=(CORPUS / capture,), report_all=True)

    found = differences(run("portable", config), run("native", config))

    unexplained = {column: values for column, values in found.items() if column not in expected}
    assert not unexplained, "\n".join(f"{column}: {values}" for column, values in unexplained.items())
    assert set(found) == expected, "a difference of the table is gone"
