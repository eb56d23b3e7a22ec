"""The section on parts: what single steps of the data plane take, by Criterion."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from tools.bench.captures import ROOT
from tools.bench.live import is_short
from tools.bench.table import Section

if TYPE_CHECKING:
    from pathlib import Path

    from tools.bench.setting import Setting

_CRATES = ROOT / "agent/native"
_BENCHES = ("decode", "hello")
_TIMES = ("--warm-up-time", "0.5", "--measurement-time", "1.5")


class Part(NamedTuple):
    """A step and what it takes."""

    name: str
    nanoseconds: float  # the middle
    spread: float  # median absolute deviation


def parts(setting: Setting) -> Section:
    """Measure the steps; without cargo, and on small captures, say that they were not."""
    lead = "Single steps of the data plane, measured by [Criterion](https://docs.rs/criterion) on one core."
    if shutil.which("cargo") is None or is_short(setting):
        return Section("Parts", lead, notes=["Not measured in this run."])
    command = ["cargo", "bench", "--locked", "--quiet", "-p", "dataplane"]
    benches = [word for bench in _BENCHES for word in ("--bench", bench)]
    subprocess.run([*command, *benches, "--", *_TIMES], check=True, stdout=subprocess.DEVNULL, cwd=_CRATES)
    rows = [
        [one.name, f"{one.nanoseconds:,.0f} ns", f"{one.spread:,.0f} ns"] for one in read(_CRATES / "target/criterion")
    ]
    return Section("Parts", lead, ["", "middle", "spread"], rows)


def read(folder: Path) -> list[Part]:
    """Return what Criterion wrote, by name."""
    found = []
    for path in folder.glob("**/new/estimates.json"):
        name = json.loads((path.parent / "benchmark.json").read_text(encoding="utf-8"))["full_id"]
        estimates = json.loads(path.read_text(encoding="utf-8"))
        middle, spread = (estimates[which]["point_estimate"] for which in ("median", "median_abs_dev"))
        found.append(Part(name, middle, spread))
    return sorted(found)
