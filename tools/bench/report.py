"""Puts the sections together into docs/PERFORMANCE.md."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.bench.setting import Setting
    from tools.bench.table import Section

_TITLE = """# Performance

Written by `make bench`: all numbers of this page come from one run on one machine.
Machines differ, ratios less: measure on yours.
Each contestant is a whole process on one core; they take turns, and the middle of the rounds counts.
"""


def page(setting: Setting, sections: list[Section], *, judged: bool) -> str:
    """Return the page."""
    parts = [_TITLE, machine(setting) + "\n", *(section.markdown(judged=judged) for section in sections)]
    return "\n".join(parts)


def machine(setting: Setting) -> str:
    """Describe the machine and the programs; it is not named."""
    versions = ", ".join(f"{name} {version}" for name, version in setting.field.versions.items())
    kernel = f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}"
    cores = len(os.sched_getaffinity(0))
    lines = [
        f"- Machine: {processor()}, {cores} cores, {memory_gb()} GB; {kernel}, Python {platform.python_version()}.",
        f"- Engine: `{setting.engine}`; rounds: {setting.rounds}.",
        f"- Peers, as Debian has them: {versions or 'none'}.",
    ]
    return "\n".join(lines + [f"- Not here: {sentence}." for sentence in setting.field.absent])


def processor() -> str:
    """Return what the processor calls itself."""
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return found[1].strip() if found else platform.machine()


def memory_gb() -> int:
    """Return the machine's memory in gigabytes."""
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)
