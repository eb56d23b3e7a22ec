"""The portable engine's streams: what is packed small is not unpacked all at once."""

from __future__ import annotations

import gzip
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import zstandard

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_a_large_packed_file_takes_little_memory(tmp_path: Path, packing: str) -> None:
    """Half a gigabyte of zeros in a small file is unpacked piece by piece."""
    path = tmp_path / "bomb"
    path.write_bytes((gzip.compress if packing == "gz" else zstandard.compress)(bytes(1 << 29)))
    script = (
        "import resource, sys; from pathlib import Path; from crossborder.engine.portable.stream import open_stream\n"
        "stream = open_stream(Path(sys.argv[1]), lambda: False)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "while stream.read(100_000): pass\n"
        "print(stream.offset, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    size, grown = map(int, done.stdout.split())

    assert size == 1 << 29
    assert grown < 65_536  # KiB
