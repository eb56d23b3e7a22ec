"""What two scrapes and the end of the event file mean together. Nothing is read here, and no clock."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossborder.top.finding import Finding
    from crossborder.top.sample import Sample

KEPT = 1_000
"""Findings kept of the event file, the newest."""
QUIET = 30.0
"""Without a tick for so many seconds, and for three ticks, an agent is not capturing."""
TICK = "last_tick_timestamp_seconds"


@dataclass(frozen=True, slots=True)
class Look:
    """What one look brought: a scrape or why there is none, and what the event file has got."""

    at: float  # seconds since 1970, of the clock of who looks
    sample: Sample | None = None
    trouble: str = ""
    record: str = ""  # the event file's name; empty: there is none to look at
    note: str = ""  # why it cannot be read
    findings: tuple[Finding, ...] = ()
    broken: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """All that has been seen. An agent counts by ticks, so rates are between ticks, not between scrapes."""

    at: float = 0.0
    now: Sample | None = None  # the newest scrape
    before: Sample | None = None  # the last scrape of an earlier tick
    ticked: float = 0.0  # when a look saw the newest tick first
    trouble: str = ""
    record: str = ""
    note: str = ""
    findings: Mapping[str, Finding] = field(default_factory=dict)
    broken: int = 0  # lines of the event file that are no events
    skipped: int = 0  # bytes of it that came too fast

    def seen(self, look: Look) -> State:
        """Return the state after one look more."""
        told = replace(
            self,
            at=look.at,
            trouble=look.trouble,
            record=look.record,
            note=look.note,
            findings=_newest(self.findings, look.findings),
            broken=self.broken + look.broken,
            skipped=look.skipped,
        )
        return _scraped(told, look.sample, look.at) if look.sample else told

    @property
    def age(self) -> float:
        """Return how old the values are, in seconds."""
        return max(0.0, self.at - self.now.taken) if self.now else 0.0

    @property
    def quiet(self) -> bool:
        """Tell whether no tick has come for so long that none will."""
        since = self.now.taken - self.ticked if self.now else 0.0  # while nobody answers, nobody knows
        return since > max(QUIET, 3 * (self._period or 0.0))

    @property
    def ticked_at(self) -> float:
        """Return the packets' time of the newest tick, in seconds since 1970; 0 before the first."""
        return _tick(self.now) if self.now else 0.0

    @property
    def period(self) -> float | None:
        """Return the seconds that rates are over; None while one tick only has been seen, or none for long."""
        return None if self.quiet else self._period

    @property
    def _period(self) -> float | None:
        if self.now is None or self.before is None:
            return None
        ticks = _tick(self.now) - _tick(self.before)  # a replay that is not in real time runs through them faster
        return ticks if ticks > 0 else max(self.now.taken - self.before.taken, 0.001)

    def rate(self, name: str, **where: str) -> float | None:
        """Return a counter's increase a second, all series with these labels together."""
        rates = self.rates(name, **where)
        return None if rates is None else rates.get((), 0.0)

    def rates(self, name: str, *by: str, **where: str) -> dict[tuple[str, ...], float] | None:
        """Return increases a second by labels; None while one tick only has been seen."""
        period = self.period
        if self.now is None or self.before is None or period is None:
            return None
        old = self.before.sums(name, *by, **where)
        new = self.now.sums(name, *by, **where)
        return {key: max(0.0, value - old.get(key, 0.0)) / period for key, value in new.items()}


def _newest(known: Mapping[str, Finding], more: tuple[Finding, ...]) -> Mapping[str, Finding]:
    """Return findings in the order they opened; one that closes stays where it is, with its last word."""
    if not more:
        return known
    joined = dict(known) | {finding.id: finding for finding in more}
    return dict(list(joined.items())[-KEPT:])


def _scraped(state: State, sample: Sample, at: float) -> State:
    if state.now is None or _restarted(state.now, sample):
        return replace(state, now=sample, before=None, ticked=at)
    if _tick(sample) == _tick(state.now):
        return replace(state, now=sample)
    return replace(state, now=sample, before=state.now, ticked=at)


def _tick(sample: Sample) -> float:
    return sample.value(TICK) or 0.0


def _restarted(old: Sample, new: Sample) -> bool:
    """Tell whether another process answers: its counters have begun anew."""
    names = ("process_start_time_seconds", "ticks_total")
    started, ticks = ((old.value(name) or 0.0, new.value(name) or 0.0) for name in names)
    return started[0] != started[1] or ticks[1] < ticks[0]
