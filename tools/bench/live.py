"""The section on listening: packets over a wire of the bench's own, to us and to the least a receiver can do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from tools.bench.captures import ROOT
from tools.bench.ours import AGENT, ENGINE, program
from tools.bench.table import Floor, Section
from tools.bench.wire import LISTEN, Plan, Trial

if TYPE_CHECKING:
    from tools.bench.captures import Capture
    from tools.bench.setting import Setting

RECEIVER, UNTRIAGED = "counting receiver", f"{AGENT}, no triage"
RATE, TICK = 200_000, 5.0  # packets a second, seconds
SHORT_RATE, SHORT_TICK, SHORT_FLOWS = 20_000, 2.0, 10_000
MOST_ROUNDS = 3  # they are long
COLUMNS = ["", "traffic", "packets/s", "CPU", "idle", "a packet", "x receiver", "domestic", "lost"]
_SOURCES = [Path(__file__).with_name(f"{name}.c") for name in ("wiresend", "ringcount")]
_NEEDED = ("cc", "unshare", "taskset", "ip")


class Measured(NamedTuple):
    """What one listener took in one kind of traffic, in the middle of the rounds."""

    rate: float  # packets sent a second
    sent: float  # in the tick that was measured
    idle: float  # seconds of processor time over a tick in which nothing came
    busy: float  # the same in which frames came
    domestic: float  # share of all packets
    dropped: float  # by the kernel, in all rounds
    lost: float  # sent and never seen, in all rounds

    @property
    def seconds(self) -> float:
        """What the packets took."""
        return self.busy - self.idle

    @property
    def nanoseconds(self) -> float:
        """What one packet took."""
        return self.seconds / self.sent * 1e9


Results = dict[tuple[str, str], Measured]


def live(setting: Setting) -> Section:
    """Measure listeners on a veth pair in a namespace; the sender has the first core, they have the second."""
    missing = reason_not_to(setting)
    results = {} if missing else measure(setting)
    return Section(
        "Listening",
        "A veth pair in a network namespace; the sender on one core, the listener on another, one worker, reports "
        f"every {tick(setting):g} s. CPU is the listener's processor time, user and system, over one such tick, after "
        "one that warmed it up; what the same process takes while nothing comes (idle) is taken off for each packet.",
        COLUMNS if results else [],
        rows(results),
        floors(results),
        [f"Not measured: {missing}."] if missing else notes(setting),
    )


def reason_not_to(setting: Setting) -> str:
    """Return why nothing can be measured here; empty where it can."""
    if setting.engine != "native":
        return f"engine `{setting.engine}`"
    if os.geteuid() != 0 or len(setting.cores) < 2:
        return "it takes root and two cores"
    gone = [name for name in _NEEDED if not shutil.which(name)]
    return f"without {', '.join(gone)}" if gone else ""


def is_short(setting: Setting) -> bool:
    """Tell whether this run only shows that it works."""
    return setting.captures.gateway().flows < SHORT_FLOWS


def tick(setting: Setting) -> float:
    """Return the seconds between two reports."""
    return SHORT_TICK if is_short(setting) else TICK


def measure(setting: Setting) -> Results:
    """Let everybody listen, in turns; return the middle of the rounds."""
    told: dict[tuple[str, str], list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="crossborder-wire-") as name:
        folder = Path(name)
        for source in _SOURCES:
            subprocess.run(["cc", "-O2", "-o", folder / source.stem, source], check=True)
        traffics = trials(setting, folder)
        first, second, *_ = setting.cores
        plan = Plan(str(folder / "wiresend"), (first, second), tick(setting), [trial for _, trial in traffics])
        for _ in range(min(setting.rounds, MOST_ROUNDS)):
            for (traffic, trial), result in zip(traffics, _carried_out(plan), strict=True):
                told.setdefault((trial.name, traffic), []).append(result)
    return {key: middle(rounds) for key, rounds in told.items()}


def _carried_out(plan: Plan) -> list[dict[str, float]]:
    command = ["unshare", "--net", sys.executable, "-m", f"{__package__}.wire", json.dumps(plan)]
    results: list[dict[str, float]] = json.loads(subprocess.run(command, check=True, stdout=-1, cwd=ROOT).stdout)
    return results


def trials(setting: Setting, folder: Path) -> list[tuple[str, Trial]]:
    """Return who listens to what: kind of traffic, trial."""
    captures = setting.captures
    rate = SHORT_RATE if is_short(setting) else RATE
    receiver = [str(folder / "ringcount"), "vb"]
    engine = [sys.executable, "-m", f"{__package__}.engine_alone", "native", "--interface", "vb", "--no-triage"]
    engine += ["--tick", f"{tick(setting):g}"]

    def each(traffic: str, capture: Capture, rate: float) -> list[tuple[str, Trial]]:
        listeners = ((RECEIVER, receiver), (ENGINE, engine))
        return [(traffic, Trial(name, command, str(capture.path), rate)) for name, command in listeners]

    domestic = str(captures.domestic().path)
    return [
        *each("as fast as can be sent", captures.gateway(), 0),
        *each("short flows", captures.gateway(), rate),
        *each("long flows", captures.mixed(), rate),
        *(
            ("most at home", Trial(name, _agent(setting, folder, triage=triage), domestic, rate, agent=True))
            for name, triage in ((UNTRIAGED, False), (AGENT, True))
        ),
    ]


def _agent(setting: Setting, folder: Path, *, triage: bool) -> list[str]:
    """Return the whole agent on the wire, its configuration written."""
    config = setting.config.with_name(f"bench-{'with' if triage else 'no'}-triage.yaml")
    capture = f"capture:\n  tick: {tick(setting):g}s\n  triage: {str(triage).lower()}\n"
    config.write_text(setting.config.read_text(encoding="utf-8") + capture, encoding="utf-8")
    words = ["run", "-i", "vb", "-c", str(config), "--engine", "native", "--listen", LISTEN]
    return [*program(), *words, "--events", str(folder / "events.jsonl")]


def middle(rounds: list[dict[str, float]]) -> Measured:
    """Return the round in which the listener's time was the middle one, and the losses of all."""
    ordered = sorted(rounds, key=lambda one: (one["busy"] - one["idle"]) / one["sent"])
    one = ordered[len(ordered) // 2]
    return Measured(
        median(one["rate"] for one in rounds),
        one["sent"],
        one["idle"],
        one["busy"],
        one["domestic"] / max(one["packets"], 1),
        sum(one["kernel"] for one in rounds),
        sum(max(one["all_sent"] - one["packets"], 0) for one in rounds),
    )


def rows(results: Results) -> list[list[str]]:
    """Return a row for each listener and kind of traffic."""
    return [
        [
            name,
            traffic,
            f"{one.rate:,.0f}",
            f"{one.busy:.3f} s",
            f"{one.idle:.3f} s",
            f"{one.nanoseconds:.0f} ns",
            _form(_times(results, name, RECEIVER, traffic)),
            f"{one.domestic:.0%}",
            f"{one.dropped + one.lost:,.0f}",
        ]
        for (name, traffic), one in results.items()
    ]


def floors(results: Results) -> list[Floor]:
    """Return what is promised of listening."""
    losses = [one.dropped + one.lost for (name, _), one in results.items() if name == ENGINE]
    triaged, other = results.get((AGENT, "most at home")), results.get((UNTRIAGED, "most at home"))
    share = triaged.seconds / other.seconds if triaged and other else None
    return [
        Floor("packets the engine lost, at any rate sent", 0, sum(losses) if losses else None, sense="at most"),
        *(
            Floor(
                f"engine, {traffic}, CPU of the receiver's",
                2,
                _times(results, ENGINE, RECEIVER, traffic),
                " times",
                "at most",
            )
            for traffic in ("short flows", "long flows")
        ),
        Floor("agent with triage, CPU of that without, nine in ten at home", 0.3, share, sense="at most"),
    ]


def _times(results: Results, one: str, other: str, traffic: str) -> float | None:
    """Return how many times the time for a packet is another's; None where that is not known."""
    mine, base = results.get((one, traffic)), results.get((other, traffic))
    return mine.nanoseconds / base.nanoseconds if mine and base and base.nanoseconds > 0 else None


def _form(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def notes(setting: Setting) -> list[str]:
    """Return how everybody was called."""
    gateway = setting.captures.gateway()
    packets = gateway.packets / gateway.flows
    return [
        f"{RECEIVER}: a TPACKET_V3 ring of 64 blocks of 1 MiB walked and its packets counted, C, `-O2`.",
        f"short flows: the capture of many short flows, a new one every {packets:.0f} packets; long: that of few long.",
        "lost: dropped by the kernel, or never seen; both ticks of all rounds.",
    ]
