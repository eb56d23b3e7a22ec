"""Compares two rules on recorded flows: what one finds that the other does not, and the other way round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from crossborder.errors import CrossborderError
from crossborder.match.compiler import shown_values
from crossborder.match.permits.judge import DAY_NS, VIETNAM_NS
from crossborder.match.why import failures
from crossborder.model import COLUMN_OF, Phase
from crossborder.review.askable import refusal
from crossborder.review.asking import Asking
from crossborder.review.backtest import BY, FACTS, TOP, span_of
from crossborder.review.samples import Picks, Sample, read_picks
from crossborder.review.tallies import Tally

if TYPE_CHECKING:
    from datetime import datetime

    from crossborder.match.ruleset import Rule
    from crossborder.publish.history.gathering import LeftOut
    from crossborder.review.asking import Found
    from crossborder.review.record import Record

MOST_COMPARED = 5_000_000
"""Most findings of the two rules that are held to be compared."""


@dataclass(frozen=True, slots=True)
class Side:
    """What one rule finds alone."""

    findings: int
    bytes: int  # outward, sent when it was found
    senders: tuple[dict[str, Any], ...] = ()
    countries: tuple[dict[str, Any], ...] = ()
    recipients: tuple[dict[str, Any], ...] = ()
    samples: tuple[Sample, ...] = ()  # with what kept the other rule from each


@dataclass(frozen=True, slots=True)
class Comparison:
    """A rule against another."""

    rule: str
    other: str
    by: str  # what is held to be the same: the flow, or group and day
    rows: int
    first: datetime | None
    last: datetime | None
    left_out: tuple[LeftOut, ...]
    both: int
    added: Side  # found by the rule alone
    removed: Side  # found by the other alone


def compare(record: Record, rule: Rule, other: Rule, samples: int = 3) -> Comparison:
    """Ask both rules of a record.

    Findings of two rules are the same when they are of the same flow; of two correlations, when they are of the same
    group and day. Raises CrossborderError where that cannot be told.
    """
    _check(rule, other)
    pair = (rule, other)
    asking = Asking(record, pair, (*FACTS, *_columns(rule), *_columns(other)))
    parts: list[pl.DataFrame] = []
    held = 0
    for found in asking:
        parts.append(_keyed(found, pair))
        held += parts[-1].height
        if held > MOST_COMPARED:
            raise CrossborderError(
                f"the two rules find more than {MOST_COMPARED:,} flows: too many to compare, name a shorter time"
            )
    ours, theirs = _apart(parts)
    return Comparison(
        rule.name,
        other.name,
        "group and day" if rule.correlation else "flow",
        asking.read,
        *span_of(record),
        tuple(asking.left_out),
        both=ours.join(theirs, on=_SAME, how="semi").height,
        added=_side(ours.join(theirs, on=_SAME, how="anti"), pair, record, samples),
        removed=_side(theirs.join(ours, on=_SAME, how="anti"), (other, rule), record, samples),
    )


_SAME = ["gateway", "key"]


def _apart(parts: list[pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the findings of each rule, each once."""
    none = pl.DataFrame(schema={"rule": pl.UInt32, "gateway": pl.String, "key": pl.UInt64})
    whole = pl.concat(parts) if parts else none
    once = whole.unique(["rule", *_SAME], keep="first", maintain_order=True)
    return once.filter(pl.col("rule") == 0), once.filter(pl.col("rule") == 1)


def _check(rule: Rule, other: Rule) -> None:
    for one in (rule, other):
        if why := refusal(one):
            raise CrossborderError(f"{one.name} cannot be asked of the history: {why}")
    if rule.identity == other.identity:
        raise CrossborderError(f"{rule.path} and {other.path} are the same rule, to the letter")
    groups = [one.correlation.group_by if one.correlation else None for one in (rule, other)]
    if groups[0] != groups[1]:
        raise CrossborderError(
            f"{rule.name} and {other.name} do not count by the same: findings of flows, or of other groups, are not "
            "those of these groups. Try each alone"
        )


def _columns(rule: Rule) -> tuple[str, ...]:
    return tuple(COLUMN_OF[name] for name in rule.correlation.group_by) if rule.correlation else ()


def _key(rule: Rule) -> pl.Expr:
    """Return what two rules' findings are the same by, as a number."""
    if rule.correlation is None:
        return pl.col("flow_id")
    day = (pl.col("last_ns") + VIETNAM_NS) // DAY_NS
    return pl.struct(day, *(shown_values(name).alias(name) for name in rule.correlation.group_by)).hash()


def _keyed(found: Found, pair: tuple[Rule, Rule]) -> pl.DataFrame:
    """Return the openings of a batch with their key and facts."""
    opened = found.told.filter(pl.col("phase") == Phase.OPENED.value).select("rule", "row", "bytes")
    rows = found.rows[opened["row"]]
    facts = rows.select(FACTS).with_columns(rows.select(_key(pair[0])).to_series().alias("key"))
    told = pl.concat([opened.drop("row"), facts], how="horizontal")
    return told.with_columns(gateway=pl.lit(found.gateway), findings=pl.lit(1))


def _side(alone: pl.DataFrame, pair: tuple[Rule, Rule], record: Record, samples: int) -> Side:
    """Return what the first of a pair finds alone."""
    if alone.is_empty():
        return Side(0, 0)
    told = alone.with_columns(rule=pl.lit(0, pl.UInt32))
    tallies = {name: Tally(by) for name, by in BY.items()}
    for tally in tallies.values():
        tally.add(told)
    picks = Picks(samples)
    picks.add(told)
    return Side(
        alone.height,
        int(alone["bytes"].sum()),
        **{name: tuple(tally.top(0, TOP)) for name, tally in tallies.items()},
        samples=tuple(_kept_from(pair[1], one, rows) for one, rows in read_picks(pair[0], picks.of(0), record)),
    )


def _kept_from(other: Rule, sample: Sample, rows: pl.DataFrame) -> Sample:
    """Add to a sample what kept the other rule from it; nothing where it matches, and only counts otherwise."""
    if rows.select(other.expression.alias("matches")).item():
        return sample
    kept = failures(other.tree, rows)
    told = [(test.field, test.written if wanted else f"not {test.written}", value) for test, wanted, value in kept]
    return sample._replace(but=tuple({"field": name, "test": asked, "value": value} for name, asked, value in told))
