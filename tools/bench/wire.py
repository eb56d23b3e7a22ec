"""Sends captures over a wire and tells what a listener takes: `unshare --net python -m tools.bench.wire PLAN`.

The wire is a veth pair in the network namespace this is started in. The sender has a core of its own, the listener
another; frames are put into the listener's ring by the sender's core, as a network card's interrupt would on a third.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTEN = "127.0.0.1:9836"  # of the agent
_PATIENCE_SECONDS = 30.0
_LEAD_SECONDS = 0.3  # behind a tick sending begins, and before one it ends
_SETTLE_SECONDS = 0.7  # behind a tick its reports are made
_COUNTED = {"packets": "packets_total", "domestic": "domestic_packets_total", "kernel": "dropped_packets_total"}


class Trial(NamedTuple):
    """A listener, what is sent to it, and how fast (0: as fast as the sender can)."""

    name: str
    command: list[str]
    capture: str
    rate: float
    agent: bool = False  # it tells what it counted on its metrics page, others at their end


class Plan(NamedTuple):
    """Trials in their order, with what they share."""

    sender: str
    cores: tuple[int, int]  # the sender's, the listener's
    tick: float  # seconds between two reports of every listener that makes some
    trials: list[Trial]


def make_wire() -> None:
    """Make va and vb, the two ends of a wire that takes frames of any length, and bring the loopback up."""
    commands = ["link set lo up", "link add va type veth peer name vb"]
    commands += [f"link set {end} mtu 65535 addrgenmode none up" for end in ("va", "vb")]
    for command in commands:
        subprocess.run(["ip", *command.split()], check=True)


def processor(pid: int) -> float:
    """Return the seconds of processor time of a process so far, user and system, all threads there are."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9


def next_tick(tick: float) -> float:
    """Return when the next tick closes: ticks close at multiples of their length."""
    return (time.time() // tick + 1) * tick


def window(plan: Plan, send: str | None = None, rate: float = 0.0) -> dict[str, float]:
    """Let one tick pass, with frames sent or without; return what the sender said."""
    begin = next_tick(plan.tick)
    time.sleep(max(begin + _LEAD_SECONDS - time.time(), 0.0))
    said: dict[str, float] = {"sent": 0, "seconds": 1.0}
    if send is not None:
        seconds = plan.tick - 2 * _LEAD_SECONDS
        command = [*_pinned(plan.cores[0]), plan.sender, "va", send, str(rate), str(seconds)]
        said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    time.sleep(max(begin + plan.tick + _SETTLE_SECONDS - time.time(), 0.0))
    return said


def _pinned(core: int) -> list[str]:
    return ["taskset", "-c", str(core)]


@contextmanager
def listening(plan: Plan, trial: Trial) -> Iterator[subprocess.Popen[str]]:
    """Run a listener until it is no longer needed."""
    command = [*_pinned(plan.cores[1]), *trial.command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            if trial.agent:
                _until_ready()
            elif process.stdout is None or process.stdout.readline().strip() != "ready":
                raise SystemExit(f"{trial.name} does not listen")
            yield process
        finally:
            process.terminate()


def _until_ready() -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        with suppress(URLError, ConnectionError), urlopen(f"http://{LISTEN}/readyz", timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.05)
    raise SystemExit("the agent does not become ready")


def _page() -> dict[str, int]:
    """Return what the agent has counted, as its metrics page tells it."""
    with urlopen(f"http://{LISTEN}/metrics", timeout=10) as answer:
        text = answer.read().decode()

    def total(name: str) -> int:
        lines = re.findall(rf"(?m)^crossborder_capture_{name}\{{([^}}]*)\}} (\S+)", text)
        return sum(int(float(value)) for labels, value in lines if "reason" not in labels or '"kernel"' in labels)

    return {key: total(name) for key, name in _COUNTED.items()}


def attempt(plan: Plan, trial: Trial) -> dict[str, Any]:
    """Return what a listener takes while nothing comes and while frames come, after a tick that warmed it up."""
    with listening(plan, trial) as process:
        idle, _ = _spent(plan, process.pid)
        _, warmed = _spent(plan, process.pid, trial)
        busy, said = _spent(plan, process.pid, trial)
        counted = _page() if trial.agent else {}
        process.terminate()
        if not trial.agent:
            counted = json.loads(process.communicate(timeout=_PATIENCE_SECONDS)[0])
    return {
        "name": trial.name,
        "sent": said["sent"],
        "all_sent": said["sent"] + warmed["sent"],
        "rate": said["sent"] / said["seconds"],
        "idle": idle,
        "busy": busy,
        **{key: counted.get(key, 0) for key in _COUNTED},
    }


def _spent(plan: Plan, pid: int, trial: Trial | None = None) -> tuple[float, dict[str, float]]:
    """Return the processor time a tick takes, and what the sender said."""
    before = processor(pid)
    said = window(plan, trial.capture, trial.rate) if trial else window(plan)
    return processor(pid) - before, said


def main(text: str) -> None:
    """Carry out a plan."""
    sender, cores, tick, trials = json.loads(text)
    plan = Plan(sender, cores, tick, [Trial(*trial) for trial in trials])
    make_wire()
    results = []
    for trial in plan.trials:
        print(f"bench: {trial.name}", file=sys.stderr, flush=True)
        results.append(attempt(plan, trial))
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
