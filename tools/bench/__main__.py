"""`python -m tools.bench`: measures everything in one run, prints it, and writes docs/PERFORMANCE.md.

To add a section: a room with a function from Setting to Section, and its line in SECTIONS.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.bench import peers, report
from tools.bench.backtest import backtest
from tools.bench.captures import FULL, ROOT, SHORT, Captures
from tools.bench.history import history
from tools.bench.live import live
from tools.bench.memory import memory
from tools.bench.ours import default_engine, write_rules
from tools.bench.parts import parts
from tools.bench.searching import searching
from tools.bench.setting import Setting
from tools.bench.speed import gateway, mixed
from tools.bench.startup import startup
from tools.bench.table import Floor, Section
from tools.bench.transfers import transfers

PAGE = ROOT / "docs/PERFORMANCE.md"


def stages(_: Setting) -> Section:
    """Measure each stage by itself."""
    command = [sys.executable, "-m", "tools.bench.stages"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    chained = re.search(r"([\d,]+) events/s made, chained", said)
    floor = Floor("events a second, chained", 20_000, float(chained[1].replace(",", "")) if chained else None)
    return Section("Stages", f"Each by itself, on the demo's traffic.\n\n```text\n{said.rstrip()}\n```", floors=[floor])


SECTIONS = {
    "gateway": gateway,
    "mixed": mixed,
    "content": searching,
    "live": live,
    "startup": startup,
    "memory": memory,
    "history": history,
    "record": transfers,
    "stages": stages,
    "parts": parts,
    "laboratory": backtest,
}


def read_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("--short", action="store_true", help="small captures: shows that it works, measures nothing")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="these sections")
    parser.add_argument("--engine", choices=["native", "portable"], default=default_engine())
    parser.add_argument("--rounds", type=int, help="how often each contestant runs (5; 1 with --short)")
    parser.add_argument("--clock", choices=["wall", "processor"], help="what ratios are by; default: the wall's, but "
                        "the processor's where other programs took the core away")  # fmt: skip
    parser.add_argument("--core", type=int, help="the core everybody runs on; default: the first there is")
    parser.add_argument("--corpus", type=Path, help="folder of captures to mix; default: $CROSSBORDER_CORPUS, "
                        "../shared/corpus, the demo's capture")  # fmt: skip
    parser.add_argument("--cache", type=Path, default=ROOT / ".cache/bench", help="where captures are kept")
    parser.add_argument("--no-install", action="store_true", help="leave out peers that are missing")
    parser.add_argument("--output", type=Path, help="write the page here; default: docs/PERFORMANCE.md in a full run")
    return parser.parse_args(words)


def corpus_of(given: Path | None) -> Path | None:
    """Return the folder of captures to mix, None where there is none."""
    folder = given or Path(os.environ.get("CROSSBORDER_CORPUS", ROOT.parent / "shared/corpus"))
    return folder.resolve() if given or folder.is_dir() else None


def cores_of(core: int | None) -> tuple[int, ...]:
    """Return the cores to use, the one for everybody first."""
    there = sorted(os.sched_getaffinity(0))
    return (*([core] if core is not None else []), *(one for one in there if one != core))


def main() -> int:
    """Measure; the exit code is 1 where a floor was judged and does not hold."""
    words = read_arguments()
    names = words.only or list(SECTIONS)
    judged = words.engine == "native" and not words.short
    cache = words.cache.resolve()
    with tempfile.TemporaryDirectory(prefix="crossborder-bench-") as folder, peers.sink() as port:
        setting = Setting(
            captures=Captures(cache, SHORT if words.short else FULL, corpus_of(words.corpus)),
            field=peers.gather(Path(folder), port, install=not words.no_install),
            engine=words.engine,
            config=write_rules(cache / "config"),
            cores=cores_of(words.core),
            rounds=words.rounds or (1 if words.short else 5),
            clock=words.clock,
        )
        sections = [SECTIONS[name](setting) for name in names]
    text = report.page(setting, sections, judged=judged)
    print(text)
    page = words.output or (PAGE if not words.short and not words.only else None)
    if page:
        page.write_text(text, encoding="utf-8")
    return int(judged and any(floor.holds is False for section in sections for floor in section.floors))


if __name__ == "__main__":
    sys.exit(main())
