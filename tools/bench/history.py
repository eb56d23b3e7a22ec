"""Measures the flow history: bytes a crossing on mixed real traffic, and what it adds to a tick.

`python -m tools.bench.history [--corpus FOLDER] [--megabytes N] [--tick SECONDS]` prints them.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
from tools.bench.captures import SEED
from tools.bench.live import is_short
from tools.bench.mixed import source, write_mixed
from tools.bench.table import Floor, Section

from crossborder import app, config
from crossborder.publish.history import History, Limits, read

if TYPE_CHECKING:
    from tools.bench.setting import Setting

    from crossborder.model import Batch
    from crossborder.publish.fanout import Publishers

PROMISE = 40.0  # bytes
TICK = 10.0  # seconds
HASHES = ("persons", "detections")
"""Columns that hold hashes of persons and values: eight bytes each, which nothing makes smaller."""


class Cost(NamedTuple):
    """What the history of a capture costs."""

    rows: int
    bytes: int
    hashes: int  # bytes of it, of columns that hold hashes
    ticks: int
    tick: float  # seconds a tick without history
    history: float  # seconds a tick that it adds


class _Beside:
    """All sinks of an agent, and the history beside them under a watch of its own."""

    def __init__(self, publishers: Publishers, history: History) -> None:
        self.seconds, self.ticks = 0.0, 0
        self._publishers, self._history = publishers, history

    def __call__(self, batch: Batch, crossings: pl.DataFrame, findings: pl.DataFrame) -> None:
        self._publishers(batch, crossings, findings)
        begin = time.perf_counter()
        self._history(batch, crossings, findings)
        self.seconds += time.perf_counter() - begin
        self.ticks += 1

    def close(self) -> None:
        self._publishers.close()


def measure(capture: Path, folder: Path, tick: float) -> Cost:
    """Run a capture through an agent with a history in a folder."""
    agent = app.Agent(config.Config(), app.Options(files=(capture,), tick=tick))
    history = History(folder, "bench", Limits(reserve=0))
    beside = _Beside(agent.publishers, history)
    agent.publishers = beside  # type: ignore[assignment]  # it is called like them
    begin = time.perf_counter()
    agent.run()
    whole = time.perf_counter() - begin
    history.close()
    agent.close()
    files = read(folder).files
    size = sum(file.path.stat().st_size for file in files)
    rows = pl.concat([pl.read_parquet(file.path, hive_partitioning=False) for file in files])
    rows.drop(HASHES).write_parquet(folder / "bare", compression="zstd", compression_level=9)
    bare = (folder / "bare").stat().st_size
    per = max(1, beside.ticks)
    return Cost(rows.height, size, size - bare, beside.ticks, (whole - beside.seconds) / per, beside.seconds / per)


def told(name: str, cost: Cost) -> str:
    """Return a line for people."""
    return (
        f"{name:8} {cost.rows:>9,} crossings  {cost.bytes / cost.rows:>7.1f} bytes each, "
        f"{(cost.bytes - cost.hashes) / cost.rows:.1f} without hashes of persons and values; "
        f"{cost.ticks} ticks of {cost.tick * 1e3:.0f} ms, history {cost.history * 1e3:.1f} ms more "
        f"({1 + cost.history / cost.tick:.2f} x)"
    )


def history(setting: Setting) -> Section:
    """Measure what the history of the mixed capture costs."""
    with tempfile.TemporaryDirectory() as name:
        cost = measure(setting.captures.mixed().path, Path(name), TICK)
    each = cost.bytes / cost.rows
    floor = Floor(
        "history of the mixed traffic, a crossing", PROMISE, None if is_short(setting) else each, " B", "at most"
    )
    lead = "Every crossing as Parquet, a row for each flow and hour, beside an agent that does all else."
    return Section("Flow history", lead, floors=[floor], notes=[told("mixed", cost)])


def main() -> None:
    """Measure the demo's capture and the mixed one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", default=os.environ.get("CROSSBORDER_CORPUS", ""))
    parser.add_argument("--megabytes", type=int, default=600)
    parser.add_argument("--tick", type=float, default=TICK)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        demo = source("", folder)
        print(told("demo", measure(demo, folder / "of-demo", given.tick)))
        mixed = folder / "mixed.pcap"
        write_mixed(mixed, source(given.corpus, folder), given.megabytes << 20, SEED)
        print(told("mixed", measure(mixed, folder / "of-mixed", given.tick)))


if __name__ == "__main__":
    main()
