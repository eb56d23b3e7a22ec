"""Crossborder's own contestants: an engine alone, the same with two workers, the whole agent."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from tools.bench.captures import ROOT
from tools.bench.contestants import Contestant
from tools.bench.ruleset import RULES, write_config
from tools.bench.runs import FailedError

from crossborder.engine import EngineConfig, native_available

if TYPE_CHECKING:
    from pathlib import Path

ENGINE, WORKERS, AGENT = "engine alone", "engine alone, two workers", "whole agent"
_PROGRAM = ROOT / ".venv/bin/crossborder"
_PACKETS = [r'"packets": (\d+)']


def default_engine() -> str:
    """Return the engine that is measured when nobody chooses: native where it is installed."""
    return "native" if native_available() else "portable"


def has_workers(engine: str) -> bool:
    """Tell whether an engine can share its work."""
    return engine == "native" and "workers" in {one.name for one in dataclasses.fields(EngineConfig)}


def program() -> list[str]:
    """Return how crossborder is called: by its own script where there is one, as people do."""
    return [str(_PROGRAM)] if _PROGRAM.exists() else [sys.executable, "-m", "crossborder"]


def engine_alone(engine: str, *words: str, name: str = ENGINE, cores: int = 1) -> Contestant:
    """Return the engine whose reports are made and thrown away."""
    return Contestant(
        name,
        f"engine `{engine}`: reports are made and thrown away",
        lambda capture, _: [sys.executable, "-m", f"{__package__}.engine_alone", engine, capture, *words],
        _PACKETS,
        cores=cores,
    )


def whole_agent(engine: str, config: Path, *words: str) -> Contestant:
    """Return `crossborder replay` with everything on: countries, assets, rules, metrics served, events in a file."""
    return Contestant(
        AGENT,
        f"`crossborder replay --engine {engine}` with country, assets, {RULES} rules, metrics, events in a file",
        lambda capture, folder: [
            *program(), "replay", capture, "--engine", engine, "-c", config, "--listen", "127.0.0.1:0",
            "--events", folder / "events.jsonl", *words,
        ],
        [r"(?m)^([\d,]+) packets, "],
    )  # fmt: skip


def write_rules(folder: Path) -> Path:
    """Write the benchmark's configuration so that exactly a hundred rules are in force; return its path."""
    config = write_config(folder, RULES - _in_force())
    if (rules := _in_force("-c", config)) != RULES:
        raise FailedError(f"{rules} rules are in force instead of {RULES}")
    return config


def _in_force(*words: str | Path) -> int:
    """Return how many rules are in force, by a configuration or without one."""
    command = [*program(), "rules", "list", *words]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found = re.search(r"(\d+) of \d+ in force", said.stdout + said.stderr)
    return int(found[1]) if found else 0
