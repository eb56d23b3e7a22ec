"""Two gateways that replay the demo's day: a ministry that has said what it holds, and a province that has not yet."""

from __future__ import annotations

import shutil
import sys
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import yaml

from crossborder.config import data_folder

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tools.kit.processes import Processes

QUIET = "src net 10.0.0.0/8 and dst net 10.0.0.0/8"
"""Traffic that stays at home: what a gateway sees when nobody sends anything abroad."""

# Near the first band, and in it.
BALANCES = (("Department of Civil Status", "basic", 90_000), ("Department of Medical Services", "sensitive", 12_000))


OWN_RULE = """\
title: The portal sends abroad
id: 6f0f2f3a-8f3e-4c8e-9d55-2a7f1a3b9c10
name: portal_abroad
status: test
description: The public portal answers foreign visitors; a large answer is worth a look.
date: 2026-11-21
logsource: {product: crossborder, category: network_flow}
detection:
  portal: {local.system: web-portal, source.bytes|gte: 1000000}
  condition: portal
level: informational
legal: {category: none}
misses: Answers below a megabyte.
"""


class Agent:
    """One gateway: its configuration in a folder of its own, and the process that replays."""

    def __init__(self, processes: Processes, name: str, unit: str, port: int) -> None:
        """Take where it writes, what it is called and the port of loopback its metrics are scraped from."""
        self.name, self.target = name, f"127.0.0.1:{port}"
        self.folder = processes.folder / name
        self.folder.mkdir()
        self._processes = processes
        self._process: subprocess.Popen[bytes] | None = None
        self.settings: dict[str, Any] = {"gateway": name, "unit": unit}

    def configure(self, **settings: object) -> None:
        """Write the configuration, with these sections in place of those of before."""
        self.settings |= settings
        path = self.folder / "crossborder.yaml"
        fresh = path.with_suffix(".new")
        fresh.write_text(yaml.safe_dump(self.settings, allow_unicode=True, sort_keys=False), encoding="utf-8")
        fresh.replace(path)  # a file that is half written is read as what it is

    def replay(self, capture: Path, speed: float, *words: str) -> None:
        """Start to replay a capture and wait until metrics are served."""
        command = [sys.executable, "-m", "crossborder", "replay", str(capture), "--quiet", "--linger"]
        places = ["-c", str(self.folder / "crossborder.yaml"), "--events", str(self.folder / "events.jsonl")]
        self._process = self._processes.start(
            self.name, [*command, *places, "--speed", f"{speed:g}", "--listen", self.target, *words]
        )
        self._processes.ready(self.name, self._process, f"http://{self.target}/healthz")

    def stop(self) -> None:
        """End the process; its metrics are gone."""
        if self._process:
            self._process.terminate()
            self._process.wait(20)


def ministry(processes: Processes, port: int) -> Agent:
    """Return the agent of a ministry: its systems, permits that need a look, persons sent before, own rules."""
    agent = Agent(processes, "ministry-gateway", "Example Ministry", port)
    shutil.copy(data_folder("examples") / "assets.yaml", agent.folder / "assets.yaml")
    (agent.folder / "rules").mkdir()
    (agent.folder / "rules" / "portal_abroad.yaml").write_text(OWN_RULE, encoding="utf-8")
    worrying_permits(agent.folder / "permits.yaml")
    balances = [
        {"unit": unit, "kind": kind, "persons": persons, "as_of": "2026-01-01", "evidence": "dossier 12/BC"}
        for unit, kind, persons in BALANCES
    ]
    agent.configure(
        assets="assets.yaml",
        permits="permits.yaml",
        rules={"paths": ["rules"]},
        persons={"opening_balance": balances},
        history={"directory": "history"},
    )
    return agent


def province(processes: Processes, port: int) -> Agent:
    """Return the agent of a province that has configured nothing but its name."""
    agent = Agent(processes, "province-gateway", "Example Province", port)
    agent.configure()
    return agent


def worrying_permits(path: Path) -> None:
    """Write the example's permits: one is over its ceiling, one nearly; one ends in ten days, one ended last week."""
    permits = _permits()
    first, second = permits["permits"][:2]
    first |= {"until": _day(10), "ceilings": {"bytes": "1KiB"}}
    second |= {"until": _day(400), "ceilings": {"bytes": "100GiB", "flows": 2}}
    old = deepcopy(first) | {"id": "insurance-2025", "from": "2025-08-01", "until": _day(-7)}
    old |= {"sender": {"systems": ["health-insurance"]}, "categories": ["important:II.10", "personal"]}
    _write(path, {"permits": [*permits["permits"], old]})


def renewed_permits(path: Path) -> None:
    """Write the example's permits with room and time enough."""
    permits = _permits()
    for permit in permits["permits"]:
        permit |= {"until": _day(400), "ceilings": {"bytes": "100GiB"}}
    _write(path, permits)


def _permits() -> dict[str, Any]:
    return dict(yaml.safe_load((data_folder("examples") / "permits.yaml").read_text(encoding="utf-8")))


def _day(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def _write(path: Path, permits: dict[str, Any]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(yaml.safe_dump(permits, allow_unicode=True, sort_keys=False), encoding="utf-8")
    fresh.replace(path)
