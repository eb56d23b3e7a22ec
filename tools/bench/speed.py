"""The sections on speed: many short flows as on a gateway, and few long ones of real traffic."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

from tools.bench.ours import AGENT, ENGINE, WORKERS, engine_alone, has_workers, whole_agent
from tools.bench.peers import COUNTING_LOOP
from tools.bench.race import Race, best_exporter, trusted_clock
from tools.bench.table import Floor, Section

if TYPE_CHECKING:
    from tools.bench.captures import Capture
    from tools.bench.contestants import Contestant
    from tools.bench.race import Result
    from tools.bench.setting import Setting

COLUMNS = ["", "packets/s", "of the loop", "x best exporter", "seconds", "processor", "start-up", "memory", "read"]
_MB = 1_000_000


class Standing:
    """The results of a race, and how they stand to each other."""

    def __init__(self, results: dict[str, Result], clock: str | None) -> None:
        """Take results; without a clock the one that can be trusted is taken."""
        self.results = results
        self.clock = clock or trusted_clock(results)
        self.best = best_exporter(results, self.clock)

    def rate(self, name: str) -> float | None:
        """Return packets a second; None of who did not take part or cannot be told."""
        result = self.results.get(name)
        return result.rate(self.clock) if result else None

    def of_loop(self, name: str) -> float | None:
        """Return the rate in terms of the counting loop's."""
        return _ratio(self.rate(name), self.rate(COUNTING_LOOP))

    def of_best(self, name: str) -> float | None:
        """Return the rate in terms of the fastest exporter's."""
        return _ratio(self.rate(name), self.best.rate(self.clock) if self.best else None)

    def rows(self) -> list[list[str]]:
        """Return a row for each contestant."""
        return [self._row(name, result) for name, result in self.results.items() if not result.failure]

    def _row(self, name: str, result: Result) -> list[str]:
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return [
            name,
            _told(self.rate(name), ",.0f"),
            _told(self.of_loop(name), ".3f"),
            _told(self.of_best(name), ".2f"),
            f"{result.cost.wall:.2f}",
            f"{result.cost.processor:.2f}",
            f"{result.start.seconds(self.clock):.2f}",
            f"{'<' if result.cost.memory <= own else ''}{result.cost.memory / _MB:,.0f} MB",
            f"{result.read / result.capture.packets:.1%}",
        ]

    def notes(self) -> list[str]:
        """Return how everybody was called, and who failed."""
        called = [f"{name}: {result.contestant.how}." for name, result in self.results.items()]
        called += [f"{name} got the first {r.capture.packets:,} packets only." for name, r in self._sliced()]
        return called + [f"{name} failed: {r.failure}" for name, r in self.results.items() if r.failure]

    def _sliced(self) -> list[tuple[str, Result]]:
        return [(name, result) for name, result in self.results.items() if result.contestant.sliced]

    def told(self) -> str:
        """Return which clock the ratios are by, and against whom they are."""
        clock = {
            "wall": "wall time",
            "processor": "processor time (user and system): other programs had the core as well",
        }[self.clock]
        best = f"; the fastest exporter is {self.best.contestant.name}" if self.best else ""
        return f"Packets/s and ratios are by {clock}, start-up taken off{best}."


def _told(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one and other else None


def gateway(setting: Setting) -> Section:
    """Measure everybody on the generated capture."""
    capture = setting.captures.gateway()
    ours = [engine_alone(setting.engine), whole_agent(setting.engine, setting.config)]
    if has_workers(setting.engine) and len(setting.cores) > 1:
        ours.insert(1, engine_alone(setting.engine, "--workers", "2", name=WORKERS, cores=2))
    standing = _race(setting, capture, [*setting.field.contestants, *ours])
    return Section(
        "Many short flows",
        f"{_content(capture)}, {capture.flows:,} flows, {capture.web / capture.flows:.0%} of them TLS or HTTP, "
        f"{capture.short / capture.flows:.0%} of at most four packets; generated. {standing.told()}",
        COLUMNS,
        standing.rows(),
        [
            Floor("engine alone, of the counting loop", 0.4, standing.of_loop(ENGINE)),
            Floor("engine alone, times the fastest exporter", 6, standing.of_best(ENGINE)),
            Floor("whole agent, of the counting loop", 0.2, standing.of_loop(AGENT)),
            Floor("whole agent, times the fastest exporter", 3, standing.of_best(AGENT)),
            Floor("two workers, times one", 1.7, _workers(standing)),
            Floor("Python for each new flow", 2, _python(standing, capture), " µs", "at most"),
        ],
        standing.notes(),
    )


def mixed(setting: Setting) -> Section:
    """Measure everybody on real traffic; domestic flows are reported too, or half of it would be skipped."""
    capture = setting.captures.mixed()
    ours = [
        engine_alone(setting.engine, "--report", "all"),
        whole_agent(setting.engine, setting.config, "--report", "all"),
    ]
    peers = [peer for peer in setting.field.contestants if not peer.sliced]
    standing = _race(setting, capture, [*peers, *ours])
    return Section(
        "Few long flows",
        f"{_content(capture)}; real captures merged, and repeated under other addresses and times. "
        f"Every flow is reported, domestic ones too. {standing.told()}",
        COLUMNS,
        standing.rows(),
        [
            Floor("whole agent, of the counting loop", 0.4, standing.of_loop(AGENT)),
            Floor("whole agent, times the fastest exporter", 1.3, standing.of_best(AGENT)),
        ],
        [note for note in standing.notes() if "failed" in note],
    )


def _race(setting: Setting, capture: Capture, contestants: list[Contestant]) -> Standing:
    results = Race(setting.captures, capture, setting.cores, setting.rounds).run(contestants)
    return Standing(results, setting.clock)


def _content(capture: Capture) -> str:
    return f"{capture.packets:,} packets, {capture.bytes / _MB:,.0f} MB"


def _workers(standing: Standing) -> float | None:
    """Return how much faster two workers are: by the wall, as two processors take more time together."""
    one, two = standing.results.get(ENGINE), standing.results.get(WORKERS)
    return one.seconds("wall") / two.seconds("wall") if one and two and one.whole and two.whole else None


def _python(standing: Standing, capture: Capture) -> float | None:
    """Return the microseconds the stages after the engine take for each flow."""
    engine, agent = standing.results[ENGINE], standing.results[AGENT]
    if not (engine.whole and agent.whole):
        return None
    return (agent.seconds(standing.clock) - engine.seconds(standing.clock)) / capture.flows * 1e6
