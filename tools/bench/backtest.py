"""The section on the rule laboratory: what it takes to ask twenty rules of a history of a hundred million flows.

`python -m tools.bench.backtest [--rows N] [--folder FOLDER]` measures it alone; a folder is filled once and kept.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.bench import recorded
from tools.bench.captures import ROOT
from tools.bench.live import is_short
from tools.bench.ours import program
from tools.bench.runs import FailedError, run
from tools.bench.table import Floor, Section

from crossborder import config
from crossborder.parts import read_rules
from crossborder.publish.history.places import gateways
from crossborder.review.askable import refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.bench.setting import Setting

RULES = 20
ROWS, SHORT_ROWS = 100_000_000, 1_000_000
CORES = 2  # of which the floor speaks
SECONDS = 60.0
MEGABYTES = 2_147.0  # 2 GiB


def backtest(setting: Setting) -> Section:
    """Measure a backtest of the shipped pack's first rules."""
    rows = SHORT_ROWS if is_short(setting) else ROWS
    corpus = setting.captures.corpus
    with tempfile.TemporaryDirectory(prefix="crossborder-history-") as folder:
        recorded.make(Path(folder) / "history", rows, str(corpus or ""), Path(folder))
        return measure(Path(folder) / "history", setting.cores[:CORES])


def measure(history: Path, cores: Sequence[int]) -> Section:
    """Run the command on a history; raises FailedError where it does not read all of it."""
    names = asked()
    one = run([*program(), "rules", "backtest", *names, history, "--json"], cores, ROOT)
    told = json.loads(one.output)
    if told["left_out"]:
        raise FailedError(f"{len(told['left_out'])} files could not be read")
    found = sum(result["findings"] for result in told["results"])
    size = sum(path.stat().st_size for path in history.rglob("*.parquet"))
    return Section(
        "Rule laboratory",
        f"`crossborder rules backtest` of {len(names)} shipped rules over a flow history on {len(cores)} cores: "
        f"{told['rows']:,} rows of real traffic and of the demo's day again and again, {size / told['rows']:.0f} bytes "
        f"each; {found:,} findings.",
        ["", "wall", "processor", "rows/s", "memory"],
        [["20 rules", f"{one.wall:.1f} s", f"{one.processor:.1f} s", f"{told['rows'] / one.wall:,.0f}",
          f"{one.memory / 1e6:,.0f} MB"]],
        [
            Floor("20 rules over 100 million flows", SECONDS, one.wall * ROWS / told["rows"], " s", "at most"),
            Floor("memory", MEGABYTES, one.memory / 1e6, " MB", "at most"),
        ],
    )  # fmt: skip


def asked() -> list[str]:
    """Return the names of the first shipped rules that can be asked of history."""
    rules = read_rules(config.Config()).enabled
    return [rule.name for rule in rules if refusal(rule) is None][:RULES]


def main() -> None:
    """Make a history where there is none, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--folder", type=Path, help="where the history is, or is made and kept")
    parser.add_argument("--corpus", default=os.environ.get("CROSSBORDER_CORPUS", ""))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crossborder-history-") as name:
        history = given.folder or Path(name) / "history"
        if not any(gateways(history)):
            recorded.make(history, given.rows, given.corpus, Path(name))
        print(measure(history, sorted(os.sched_getaffinity(0))[:CORES]).markdown(judged=True))


if __name__ == "__main__":
    main()
