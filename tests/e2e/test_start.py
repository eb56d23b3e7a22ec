"""What a start loads, and what it leaves for those who need it: time nobody who waits for the first packet has."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from scapy.utils import RawPcapWriter

TELLING = """
import gc, json, sys
from crossborder import cli, pipeline
run = pipeline.run
def told(*stages):
    counts = {"searched": len(gc.get_objects()) * gc.isenabled(), "lasting": gc.get_freeze_count()}
    print(json.dumps(counts), file=sys.stderr)
    run(*stages)
pipeline.run = told
try:
    cli.main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, int], set[str]]:
    """Replay an empty capture when all that is kept has been kept; return counts of objects, and modules loaded."""
    pytest.importorskip("crossborder_native")
    folder = tmp_path_factory.mktemp("start")
    with (folder / "empty.pcap").open("wb") as file, RawPcapWriter(file, linktype=1) as writer:
        writer.write_header(None)
    words = ["replay", "empty.pcap", "--engine", "native", "--listen", "127.0.0.1:0", "--events", "events.jsonl"]
    setting = {**os.environ, "CROSSBORDER_CACHE": str(folder)}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", TELLING, *words], capture_output=True, text=True, check=True, cwd=folder, env=setting
        )
    counts, modules = map(json.loads, done.stderr.splitlines())
    return counts, set(modules)


def test_what_is_not_loaded(start: tuple[dict[str, int], set[str]]) -> None:
    """Parsers of rules, capture filters, dissectors, the log's library: each loads when it is first needed."""
    _, modules = start

    parsers = {"sigma", "pyparsing", "crossborder.match.reader"}
    frames = {"scapy", "crossborder.engine.portable", "pyshark", "lxml", "cryptography"}
    words = {"structlog", "pygments", "rich.progress", "rich._emoji_codes"}
    assert not modules & (parsers | frames | words | {"asyncio"})


def test_what_is_loaded_is_not_searched_for_garbage(start: tuple[dict[str, int], set[str]]) -> None:
    """Modules are out of the search, which goes on for what is made later."""
    counts, _ = start

    assert 0 < counts["searched"] < counts["lasting"] / 2
