"""The section on memory: what a million flows at a time cost, and whether a long capture costs more than a short."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.bench.captures import ROOT
from tools.bench.ours import engine_alone, whole_agent
from tools.bench.runs import FailedError, run
from tools.bench.table import Floor, Section

if TYPE_CHECKING:
    from tools.bench.contestants import Contestant
    from tools.bench.setting import Setting

_MB = 1_000_000
_LIVE_TICK = "10"  # seconds: as on an interface
_ROOM = 1.1  # times the flows, so that none is evicted


def memory(setting: Setting) -> Section:
    """Measure peak resident memory over that of an empty run."""
    crowd, gateway = setting.captures.crowd(), setting.captures.gateway()
    many = engine_alone(setting.engine, "--max-flows", str(round(crowd.flows * _ROOM)), "--tick", _LIVE_TICK)
    agent = whole_agent(setting.engine, setting.config)
    half = setting.captures.head(gateway, gateway.packets // 2)
    idle, busy = _peak(setting, many, setting.captures.empty()), _peak(setting, many, crowd.path)
    alive = _alive(busy[1])
    first, all_of_it = _peak(setting, agent, half.path)[0], _peak(setting, agent, gateway.path)[0]
    over = busy[0] - idle[0]
    return Section(
        "Memory",
        f"Peak resident memory. Engine alone: {alive:,} flows of {crowd.flows:,} alive at the same time, reported "
        f"every {_LIVE_TICK} s. Whole agent: the first half of the capture of many short flows, and all of it.",
        ["", "peak", "over an empty run"],
        [
            ["engine alone, empty capture", _megabytes(idle[0]), ""],
            [f"engine alone, {alive:,} flows", _megabytes(busy[0]), _megabytes(over)],
            ["whole agent, first half", _megabytes(first), ""],
            ["whole agent, all", _megabytes(all_of_it), ""],
        ],
        [
            Floor("a million flows, over an empty run", 400, over / _MB * 1_000_000 / alive, " MB", "at most"),
            Floor("a capture twice as long, times the memory", 1.1, all_of_it / first, sense="at most"),
        ],
    )


def _peak(setting: Setting, contestant: Contestant, path: Path) -> tuple[int, str]:
    """Return peak memory in bytes and what was said."""
    with tempfile.TemporaryDirectory() as folder:
        one = run(contestant.command(path, Path(folder)), setting.cores[:1], ROOT)
    return one.memory, one.output


def _alive(output: str) -> int:
    """Return how many flows were there when the capture ended; raises FailedError when any was pushed out."""
    told: dict[str, Any] = json.loads(output.splitlines()[-1])
    if told["ends"].get("evicted"):
        raise FailedError(f"flows were evicted, so they were never alive together: {told}")
    return int(told["ends"]["shutdown"])


def _megabytes(value: float) -> str:
    return f"{value / _MB:,.0f} MB"
