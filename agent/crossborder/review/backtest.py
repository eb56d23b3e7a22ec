"""Tries rules on recorded flows: how often each would have fired, for whom, where to, when, and on which flows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from crossborder.match.permits.judge import DAY_NS, VIETNAM_NS
from crossborder.model import Phase
from crossborder.review.askable import differences, refusal
from crossborder.review.asking import Asking
from crossborder.review.samples import SAMPLED, Picks, Sample, read_picks
from crossborder.review.tallies import MOST_KEYS, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossborder.match.ruleset import Rule
    from crossborder.publish.history.gathering import LeftOut
    from crossborder.review.asking import Found
    from crossborder.review.record import Record

TOP = 5
"""Senders, countries and recipients told of each rule."""

FACTS = ("unit", "system", "country", "server_name", "as_org", *SAMPLED)
"""Columns wanted of what is found."""

BY = {
    "senders": ("unit", "system"),
    "countries": ("country",),
    "recipients": ("server_name", "as_org"),
}
_OPENED = pl.col("phase") == Phase.OPENED.value


@dataclass(frozen=True, slots=True)
class Result:
    """What a rule finds in the record."""

    rule: str
    title: str
    refused: str | None  # why it was not asked
    differs: tuple[str, ...] = ()  # how the answer differs from an agent's, in sentences
    findings: int = 0  # times it would have fired: once for each flow, or window of a correlation
    flows: int = 0  # that match; of a correlation those that are counted
    bytes: int = 0  # outward, of what was found, from then on
    first: datetime | None = None
    last: datetime | None = None
    days: dict[date, int] = field(default_factory=dict)  # findings by day in Viet Nam, without those that have none
    senders: tuple[dict[str, Any], ...] = ()  # unit, system, findings, bytes; most findings first, as all of these
    countries: tuple[dict[str, Any], ...] = ()
    recipients: tuple[dict[str, Any], ...] = ()  # server_name, as_org, findings, bytes
    samples: tuple[Sample, ...] = ()  # those that had sent most when they were found


@dataclass(frozen=True, slots=True)
class Backtest:
    """What rules find in the record, and what of the record could not be asked."""

    rows: int  # read: hours of flows
    first: datetime | None  # hour of the record
    last: datetime | None  # when its last hour ends
    left_out: tuple[LeftOut, ...]
    results: tuple[Result, ...]


def backtest(record: Record, rules: Iterable[Rule], samples: int = 3) -> Backtest:
    """Ask rules of a record, and so many sample flows of each."""
    given = tuple(rules)
    asked = tuple(rule for rule in given if refusal(rule) is None)
    counts = _Counts(samples)
    asking = Asking(record, asked, FACTS)
    for found in asking if asked else ():
        counts.add(found)
    places = iter(range(len(asked)))
    results = [
        Result(rule.name, rule.title, why) if (why := refusal(rule)) else counts.result(rule, next(places), record)
        for rule in given
    ]
    return Backtest(asking.read, *span_of(record), tuple(asking.left_out), tuple(results))


def span_of(record: Record) -> tuple[datetime | None, datetime | None]:
    """Return when the first hour of a record begins and the last one ends."""
    hours = [file.hour for file in record.files]
    if not hours:
        return None, None
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + timedelta(hours=min(hours)), epoch + timedelta(hours=max(hours) + 1)


class _Counts:
    """What is told of each rule, added up batch by batch."""

    def __init__(self, samples: int) -> None:
        """Start with nothing; `samples` flows are kept of each rule."""
        self._picks = Picks(samples)
        self._days = Tally(["day"])
        self._whole = Tally([])
        self._tallies = {name: Tally(by) for name, by in BY.items()}
        self._flows = Tally([])
        self._times = pl.DataFrame(schema={"rule": pl.UInt32, "first": pl.Int64, "last": pl.Int64})

    def add(self, found: Found) -> None:
        """Add a batch."""
        matched = found.sightings.filter(_OPENED)
        self._flows.add(matched.select("rule", findings=pl.lit(1), bytes=pl.lit(0)))
        if found.told.is_empty():
            return
        told = pl.concat([found.told.drop("row"), found.rows[found.told["row"]]], how="horizontal").with_columns(
            findings=_OPENED.cast(pl.Int64), day=(pl.col("last_ns") + VIETNAM_NS) // DAY_NS
        )
        for tally in (self._days, self._whole, *self._tallies.values()):
            tally.add(told)
        opened = told.filter(_OPENED)
        times = opened.group_by("rule").agg(first=pl.col("last_ns").min(), last=pl.col("last_ns").max())
        both = pl.concat([self._times, times])
        self._times = both.group_by("rule").agg(pl.col("first").min(), pl.col("last").max())
        self._picks.add(opened.with_columns(gateway=pl.lit(found.gateway)))

    def result(self, rule: Rule, at: int, record: Record) -> Result:
        """Return what was found by the rule at that place."""
        findings, size = self._whole.sums(at)
        times = self._times.filter(pl.col("rule") == at)
        days = self._days.each(at).filter(pl.col("findings") > 0)
        return Result(
            rule.name,
            rule.title,
            None,
            (*differences(rule), *self._cut()),
            findings=findings,
            flows=self._flows.sums(at)[0],
            bytes=size,
            first=moment(times["first"].min()),
            last=moment(times["last"].max()),
            days={date(1970, 1, 1) + timedelta(days=day): n for day, n in days.select("day", "findings").iter_rows()},
            **{name: tuple(tally.top(at, TOP)) for name, tally in self._tallies.items()},
            samples=tuple(sample for sample, _ in read_picks(rule, self._picks.of(at), record)),
        )

    def _cut(self) -> tuple[str, ...]:
        cut = [name for name, tally in self._tallies.items() if tally.others]
        said = f"there are more than {MOST_KEYS:,} {{}}: those with few findings are not among the first"
        return tuple(said.format(name) for name in cut)


def moment(ns: Any) -> datetime | None:  # noqa: ANN401 - what Polars returns for the least of a column
    """Return a moment of packet time; None where there is none."""
    return None if ns is None else datetime.fromtimestamp(int(ns) // 1_000_000_000, UTC)
