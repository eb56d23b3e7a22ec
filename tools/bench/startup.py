"""The section on start-up: what people wait for before the first packet, and for the shortest command."""

from __future__ import annotations

import compileall
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench.captures import ROOT
from tools.bench.ours import program, whole_agent
from tools.bench.runs import clock_of, middle, run
from tools.bench.table import Floor, Section

if TYPE_CHECKING:
    from tools.bench.runs import Run
    from tools.bench.setting import Setting

LEAST_ROUNDS = 7  # they are short


def startup(setting: Setting) -> Section:
    """Measure the whole agent on a capture without a packet, and `crossborder version`."""
    compileall.compile_dir(ROOT / "agent" / "crossborder", quiet=1)
    agent = whole_agent(setting.engine, setting.config)
    empty, first, version = setting.captures.empty(), [], []
    for _ in range(max(setting.rounds, LEAST_ROUNDS)):
        with tempfile.TemporaryDirectory() as folder:
            first.append(run(agent.command(empty, Path(folder)), setting.cores[:1], ROOT))
        version.append(run([*program(), "version"], setting.cores[:1], ROOT))
    clock = setting.clock or clock_of(first + version)
    return Section(
        "Start-up",
        f"From the command to its end, {len(first)} runs, by {clock} time on one core. The capture is empty: what the "
        "agent does before its first packet, and what it does after the last. Python's modules are compiled, as `make "
        "setup` leaves them.",
        ["", "middle", "best", "memory"],
        [_row("whole agent, empty capture", first, clock), _row("`crossborder version`", version, clock)],
        [
            Floor("first packet, 100 rules", 0.7, middle(first).seconds(clock), " s", "at most"),
            Floor("`crossborder version`", 0.15, middle(version).seconds(clock), " s", "at most"),
        ],
    )


def _row(name: str, runs: list[Run], clock: str) -> list[str]:
    best = min(middle([one]).seconds(clock) for one in runs)
    cost = middle(runs)
    return [name, f"{cost.seconds(clock):.3f} s", f"{best:.3f} s", f"{cost.memory / 1e6:.0f} MB"]
