"""The trial: what must be seen is seen, what must fire fires and ends, and nothing else does; at a real Prometheus."""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tools.dashboards.queries import VALUES, filled, queries
from tools.kit import agents, alertmanager
from tools.kit.expected import EITHER, EMPTY, FIRES, NOT_ASKED
from tools.kit.hurry import hurried
from tools.kit.processes import Processes, free_port, until
from tools.kit.programs import all_here
from tools.kit.prometheus import Prometheus, configured

from crossborder.demo import write_capture

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.dashboards.queries import Query
    from tools.kit.alertmanager import Receiver

ROOT = Path(__file__).parents[2]
RULES = ROOT / "dashboards" / "prometheus"
RULE_FILES = ("thresholds.yaml", "recording.yaml", "alerts.yaml")
TIMES = 60.0
"""So many times faster than in life go the day and the rules: half an hour takes half a minute."""
WINDOWS = {"__rate_interval": "10s", "__interval": "2s", "__range": "30s", "__range_s": "30", "__range_ms": "30000"}
BROKEN = "title: half a rule\n"
PATIENCE = 120.0  # seconds


class Trial:
    """Prometheus, Alertmanager, a receiver and two agents; what went wrong is collected."""

    def __init__(self, processes: Processes, receiver: Receiver) -> None:
        """Start everything but the agents' day."""
        self.faults: list[str] = []
        self._receiver = receiver
        self._begin = time.monotonic()
        self.capture = processes.folder / "demo.pcap"
        write_capture(self.capture)
        self.ministry = agents.ministry(processes, free_port())
        self.province = agents.province(processes, free_port())
        manager = alertmanager.start(processes, free_port(), receiver.address)
        rules = [processes.folder / name for name in RULE_FILES]
        for rule in rules:
            hurried(RULES / rule.name, rule, TIMES)
        self.prometheus = Prometheus(free_port())
        targets = (self.ministry.target, self.province.target)
        self.ministry.replay(self.capture, TIMES)
        self.province.replay(self.capture, TIMES)
        config = configured(processes.folder / "prometheus.yml", targets, rules, manager, "1s")
        self.prometheus.start(processes, config)

    def say(self, sentence: str) -> None:
        """Print a sentence with the seconds since the start."""
        print(f"{time.monotonic() - self._begin:6.1f} s  {sentence}", flush=True)

    def check(self, holds: bool, fault: str) -> None:
        """Keep a fault where something does not hold."""
        if not holds:
            self.faults.append(fault)
            self.say(f"FAULT: {fault}")

    # The day, step by step.

    def run(self) -> None:
        """Live through the day, its mishaps and the quiet day after."""
        self.say("the day begins: two gateways, sixty times as fast")
        self.a_rule_breaks()
        self.queries_find()
        self.fire(name for name, why in FIRES.items() if "day is over" not in why and "stopped" not in why)
        self.repairs()
        self.fire(name for name, why in FIRES.items() if "day is over" in why)
        self.a_quiet_day()
        self.nothing_else_fired()
        self.rules_were_evaluated()

    def a_rule_breaks(self) -> None:
        """Put a rule that cannot be read where the ministry's own rules are."""
        (self.ministry.folder / "rules" / "half.yaml").write_text(BROKEN, encoding="utf-8")

    def repairs(self) -> None:
        """Take the broken rule away, renew the permits, correct the number of persons: alerts about them end."""
        (self.ministry.folder / "rules" / "half.yaml").unlink()
        agents.renewed_permits(self.ministry.folder / "permits.yaml")
        self.ministry.configure(persons={"opening_balance": []})
        self.end(name for name, why in FIRES.items() if "renewal" in why or "removal" in why or "correction" in why)

    def a_quiet_day(self) -> None:
        """Stop the agents, see that it is told, and start them again with traffic that stays at home."""
        for agent in (self.ministry, self.province):
            agent.stop()
        self.fire(["CrossborderAgentDown"])
        for agent in (self.ministry, self.province):
            agent.replay(self.capture, 10, "--filter", agents.QUIET)
        self.say("the next day begins, a quiet one")
        self.end(FIRES)

    # What is asked of the day.

    def fire(self, names: Iterable[str]) -> None:
        """See that alerts reach the receiver."""
        self._reach(self._receiver.fired, list(names), "fired")

    def end(self, names: Iterable[str]) -> None:
        """See that the receiver is told of their end."""
        self._reach(self._receiver.resolved, list(names), "ended")

    def _reach(self, kept: dict[str, list[dict[str, object]]], names: list[str], what: str) -> None:
        until(lambda: all(name in kept for name in names), PATIENCE)
        for name in names:
            self.check(name in kept, f"{name} has not {what}")
        self.say(f"{what}: {', '.join(sorted(name.removeprefix('Crossborder') for name in names if name in kept))}")

    def queries_find(self) -> None:
        """Ask every query of every panel while the day goes on: all find something, or are known not to."""
        self._wait_for_the_middle()
        known = list(queries(ROOT / "dashboards"))
        everything = [query for query in known if query.source not in NOT_ASKED]
        for query in everything:
            found = self._ask(query, ".*")
            self.check(found > 0 or _may_be_empty(query), f"{_place(query)} finds nothing: {query.text}")
            self._ask(query, self.province.target)  # nothing configured: empty, and no error
        self.say(f"{len(everything)} queries of panels were asked, of both gateways and of the one without permits")
        for source, why in NOT_ASKED.items():
            self.say(f"not asked: {sum(query.source == source for query in known)} of {source}: {why}")

    def _ask(self, query: Query, instance: str) -> int:
        try:
            return len(self.prometheus.query(filled(query.text, {**VALUES, **WINDOWS, "instance": instance})))
        except ValueError as error:
            self.check(False, f"{_place(query)}: {error}: {query.text}")
            return 1

    def _wait_for_the_middle(self) -> None:
        """Wait until most of the day has been told of, and rates have something to compare."""
        flowing = "count(crossborder_violations_total > 0) > 30"
        self.check(until(lambda: bool(self.prometheus.query(flowing)), PATIENCE), f"never came: {flowing}")

    def nothing_else_fired(self) -> None:
        """See that no alert reached the receiver that nobody expects."""
        for name in sorted(set(self._receiver.fired) - set(FIRES) - set(EITHER)):
            self.check(False, f"{name} fired: {self._receiver.fired[name][0]['labels']}")

    def rules_were_evaluated(self) -> None:
        """See that no rule failed at Prometheus."""
        for fault in self.prometheus.broken_rules():
            self.check(False, f"rule {fault}")


def _place(query: Query) -> str:
    return f"{query.file}, {query.title!r}, {query.letter}"


def _may_be_empty(query: Query) -> bool:
    return any(re.search(pattern, query.text) for pattern in EMPTY)


def run() -> int:
    """Run the trial; return the exit code."""
    all_here()
    with (
        tempfile.TemporaryDirectory(prefix="crossborder-kit-") as folder,
        Processes(Path(folder)) as processes,
        alertmanager.Receiver(free_port()) as receiver,
    ):
        trial = Trial(processes, receiver)
        try:
            trial.run()
        except RuntimeError as error:
            trial.check(False, str(error))
        trial.say(f"{len(trial.faults)} faults")
        return 1 if trial.faults else 0
