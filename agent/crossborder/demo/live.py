"""The day as a gateway would see it: through a wire, with the agent listening and a real scrape."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crossborder.config import data_folder
from crossborder.demo.capture import SEED, play
from crossborder.demo.gateway import Gateway, until
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RATE = 4_000.0  # frames a second: what Python sends and any engine takes on a small machine
_READY, _SETTLED = 60.0, 60.0  # seconds
_TICK = 2  # seconds: a live demo should not make anybody wait
_TOLD = (
    "crossborder_capture_packets_total",
    "crossborder_capture_flow_packets_total",
    "crossborder_capture_domestic_packets_total",
    "crossborder_capture_dropped_packets_total",
    "crossborder_egress_bytes_total",
    "crossborder_violations_total",
)


class Live(NamedTuple):
    """What came of a live run."""

    sent: int
    metrics: str  # the last scrape
    exit_code: int  # the agent's


def run_live(
    say: Callable[[str], None],
    *,
    seed: int = SEED,
    rate: float = RATE,
    engine: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> Live:
    """Send the day through a wire to a listening agent, print what it measured, and end it cleanly.

    `progress` is told how many frames of how many have gone. Raises CrossborderError without root, when the agent
    does not start, or when frames were lost on the way.
    """
    frames = [frame.data for frame in play(seed).frames]
    with _ending_well(), tempfile.TemporaryDirectory(prefix="crossborder-") as folder, Gateway() as gateway:
        say(f"namespaces {gateway.outside} -> {gateway.inside}; the agent listens on {gateway.interface} in the second")
        log = Path(folder, "agent.log")
        agent = _start(gateway, Path(folder), log, engine)
        gone = gateway.send(frames, rate, (lambda sent: progress(sent, len(frames))) if progress else None)
        settled = until(lambda: received(gateway.scrape()) >= gone, _SETTLED)
        until(lambda: False, 2 * _TICK + 0.5)  # the tick that holds the last packets, and its findings
        metrics = gateway.scrape()
        for line in telling(metrics):
            say(line)
        code = gateway.stop(agent)
        said = log.read_text(encoding="utf-8").strip()
    if not settled or code != 0:
        missing = gone - received(metrics)
        raise CrossborderError(
            f"the agent ended with {code}; {missing} of {gone} frames did not arrive; it said: {said}"
        )
    return Live(gone, metrics, code)


@contextmanager
def _ending_well() -> Iterator[None]:
    """Let SIGTERM unwind instead of kill, so that the namespaces go too."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _start(gateway: Gateway, folder: Path, log: Path, engine: str) -> subprocess.Popen[bytes]:
    """Start the agent and wait until it says that it is ready."""
    settings = folder / "crossborder.yaml"
    assets = data_folder("examples") / "assets.yaml"
    settings.write_text(
        f"gateway: ministry-gateway\nassets: {assets}\ncapture:\n  interfaces: [{gateway.interface}]\n"
        f"  engine: {engine}\n  tick: {_TICK}s\nevents:\n  file: {folder / 'events.jsonl'}\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "crossborder", "run", "--config", str(settings)]
    with log.open("wb") as output:
        agent = gateway.start(command, stdout=output, stderr=subprocess.STDOUT)
    if not until(lambda: agent.poll() is not None or _is_ready(gateway), _READY) or agent.poll() is not None:
        gateway.stop(agent)
        said = log.read_text(encoding="utf-8").strip()
        raise CrossborderError(f"the agent did not start: {said or 'it said nothing'}")
    return agent


def _is_ready(gateway: Gateway) -> bool:
    try:
        return gateway.get("/readyz")[0] == 200
    except OSError:
        return False


def samples(metrics: str, name: str) -> list[tuple[str, float]]:
    """Return labels and value of each sample of a metric in a scrape's text."""
    lines = (line for line in metrics.splitlines() if line.startswith((name + "{", name + " ")))
    found = (line.rpartition(" ") for line in lines)
    return [(head.removeprefix(name), float(value)) for head, _, value in found]


def received(metrics: str) -> int:
    """Return how many packets the agent has counted."""
    return int(sum(value for _, value in samples(metrics, _TOLD[0])))


def telling(metrics: str) -> list[str]:
    """Return the lines of the metrics that matter, those that are not zero, the largest first."""
    lines: list[str] = []
    for name in _TOLD:
        found = sorted(samples(metrics, name), key=lambda sample: -sample[1])
        lines += [f"{name}{labels} {value:.0f}" for labels, value in found if value]
    return lines
