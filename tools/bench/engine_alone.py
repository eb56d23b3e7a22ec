"""Runs an engine over capture files and throws its reports away: `python -m tools.bench.engine_alone ENGINE FILE`.

With `--interface` it listens until SIGTERM, and says `ready` when it does.
"""

from __future__ import annotations

import argparse
import json
import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crossborder import config
from crossborder.engine import open_engine
from crossborder.model import DropReason
from crossborder.opening import Options, engine_config
from crossborder.parts import build_parts

if TYPE_CHECKING:
    from crossborder.engine import EngineConfig


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench.engine_alone", description=__doc__)
    parser.add_argument("engine", choices=["native", "portable", "tshark"])
    parser.add_argument("file", type=Path, nargs="*")
    parser.add_argument("--interface", help="listen here instead")
    parser.add_argument("--no-triage", action="store_true", help="the kernel counts nothing itself")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--max-flows", type=int, help="most flows held at a time")
    parser.add_argument("--tick", type=float, help="seconds of packet time between reports")
    parser.add_argument("--report", choices=["crossing", "all"], default="crossing")
    return parser.parse_args()


def configuration(words: argparse.Namespace) -> EngineConfig:
    """Return what the agent would give its engine, with what the command line changes; no peer looks into contents."""
    settings = config.Config.model_validate({"content": {"search": False}})
    interfaces = (words.interface,) if words.interface else ()
    options = Options(files=tuple(words.file), interfaces=interfaces, tick=words.tick, report=words.report)
    given = engine_config(settings, options, build_parts(settings))
    if words.max_flows:
        given = replace(given, limits=replace(given.limits, max_flows=words.max_flows))
    shared: dict[str, Any] = {"workers": words.workers} if words.workers > 1 else {}
    return replace(given, **shared, triage=not words.no_triage)


def main() -> None:
    """Count what comes out: packets received, reports, and why flows ended."""
    words = read_arguments()
    reports, ends = 0, Counter[str]()
    batch = None
    engine = open_engine(words.engine, configuration(words))
    if words.interface:
        signal.signal(signal.SIGTERM, lambda *_: engine.stop())
        print("ready", flush=True)
    for batch in engine:
        reports += batch.reports.height
        ends.update(dict(batch.reports["end_reason"].drop_nulls().value_counts().iter_rows()))
    books = batch.books if batch else ()
    said = {
        "packets": sum(book.packets for book in books),
        "domestic": sum(book.domestic_packets for book in books),
        "kernel": sum(book.dropped.get(DropReason.KERNEL, 0) for book in books),
        "reports": reports,
        "flows": ends.total(),
        "ends": dict(ends),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
