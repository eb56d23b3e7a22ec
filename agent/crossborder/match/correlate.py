"""Counts flows, different values or bytes of a group within a sliding time span, in bounded memory.

Time is packet time (`last_ns`). What lies within a batch slides exactly; what came before is kept in buckets of a
24th of the span, each counted at its newest moment, so that a window may be up to that much too long, never too short.
A flow that is told late (it ended by an idle time-out) counts at its group's newest moment. When the clock steps back
by more than the span, counting starts again.
"""

from __future__ import annotations

import hashlib
import operator
from typing import TYPE_CHECKING

import polars as pl

from crossborder.match import windows
from crossborder.match.compiler import shown_values
from crossborder.match.fleet import Sums
from crossborder.match.increments import Increments
from crossborder.model import WHY, Phase

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.match.ruleset import Comparison, Rule

BUCKETS = 24
ROWS_PER_GROUP = 64
"""Buckets and values kept per group, on average: with `max_groups` it bounds the memory of a correlation."""

TOLD_SCHEMA = pl.Schema(
    [
        ("row", pl.UInt32()),
        ("phase", pl.String()),
        ("bytes", pl.UInt64()),
        ("finding_id", pl.String()),
        ("counted", WHY),
    ]
)
"""What a correlation tells of a batch: at row `row` its finding is in this phase; `counted` says what was counted."""

_POINTS = {"gid": pl.Int64, "time": pl.Int64, "weight": pl.Int64}
_VALUES = {"gid": pl.Int64, "time": pl.Int64, "value": pl.UInt64}
_SIZES = {"gid": pl.Int64, "time": pl.Int64, "bytes": pl.UInt64}
_GROUPS = {"gid": pl.Int64, "key": pl.String, "newest": pl.Int64, "start": pl.Int64, "finding_id": pl.String}
_MEETS: dict[Comparison, Callable[[pl.Expr, float], pl.Expr]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
    "neq": operator.ne,
}


class Correlator:
    """One correlation rule at work: its groups, what each counted within the span, and the findings that are open.

    A group opens one finding per span. What it sends until the span is over continues that finding; nothing is hidden
    and nothing counted twice. The threshold is judged at each event, over the span that ends with it: `gte` opens as
    soon as it is reached, and `lt`, `lte`, `eq` and `neq` as soon as they hold.
    """

    def __init__(self, rule: Rule, max_groups: int, sums: Sums | None = None) -> None:
        """Take a rule with a correlation and where its sums are kept; raises ValueError for another rule."""
        if rule.correlation is None:
            raise ValueError(rule.name)
        self.rule = rule
        self.sums = sums or Sums()
        self.correlation = rule.correlation
        self.max_groups = max_groups
        self.evicted = 0
        self._span = rule.correlation.span_ns
        self._increments = Increments(rule.correlation, max_groups * ROWS_PER_GROUP)
        self._distinct = rule.correlation.type == "value_count"
        self._facts = self._asked()
        self.columns = sorted({column for fact in self._facts for column in fact.meta.root_names()})
        self._next_gid = 0
        self._now: int | None = None
        self._restart()

    def __len__(self) -> int:
        """Return the number of groups kept."""
        return self._groups.height

    def _restart(self) -> None:
        self._groups = pl.DataFrame(schema=_GROUPS)
        self._points = pl.DataFrame(schema=_VALUES if self._distinct else _POINTS)
        self._sizes = pl.DataFrame(schema=_SIZES)

    def __call__(self, rows: pl.DataFrame, sightings: pl.DataFrame) -> pl.DataFrame:
        """Return what the sightings of the counted flows amount to (TOLD_SCHEMA)."""
        if sightings.is_empty():
            return pl.DataFrame(schema=TOLD_SCHEMA)
        events = self._placed(self._events(rows, sightings))
        self.sums.add(self.rule, rows, events)
        points = self._arrived(events)
        counts = windows.running(*self._ways(points))
        meets = _MEETS[self.correlation.op](pl.col("count"), self.correlation.threshold)
        open_windows = self._groups.drop_nulls("start")
        opened = windows.openings(counts.filter(meets), open_windows, self._span)
        sizes = pl.concat(
            [self._sizes.join(events, on="gid", how="semi"), events.select("gid", "time", "bytes", "row")],
            how="diagonal",
        )
        if opened.is_empty() and open_windows.is_empty():
            self._keep(events, points, sizes)
            return pl.DataFrame(schema=TOLD_SCHEMA)
        fresh = self._named(opened.join(events.select("order", "row", "key"), on="order", how="left"))
        shared = windows.shares(sizes, _known(open_windows, fresh).drop("finding_id"), self._span)
        self._keep(events, points, shared.filter(pl.col("opening").is_null() & pl.col("continuing").is_null()), fresh)
        return pl.concat([_opened(fresh, shared), _continued(_known(open_windows, fresh), shared)])

    def _events(self, rows: pl.DataFrame, sightings: pl.DataFrame) -> pl.DataFrame:
        """Return the sightings with their flow, time, group key and what they gain."""
        ordered = sightings.sort("row")
        facts = rows[self.columns][ordered["row"]].select(self._facts)
        return self._increments(pl.concat([ordered, facts], how="horizontal"))

    def _asked(self) -> list[pl.Expr]:
        """Return what events are told of their flow: its id, its report, when, which group, and what is counted."""
        texts = [shown_values(name).cast(pl.String).fill_null("\0") for name in self.correlation.group_by]
        key = pl.concat_str(texts, separator="\x1f") if texts else pl.lit("")
        told = {"time": pl.col("last_ns"), "key": key, "value": self._increments.value()}
        return [pl.col("flow_id"), pl.col("report"), *(value.alias(name) for name, value in told.items())]

    def _placed(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return the events in the order of time, each with the number of its group and its place in that order."""
        newest = int(events["time"].max())  # type: ignore[arg-type]  # a number: there are events
        if self._now is not None and newest < self._now - self._span:
            self._restart()
        self._now = newest
        self._admit(events)
        joined = events.join(self._groups.select("key", "gid", "newest"), on="key", how="left", maintain_order="left")
        placed = joined.with_columns(time=pl.max_horizontal("time", "newest")).sort("time", "row")
        return placed.with_columns(order=pl.int_range(pl.len(), dtype=pl.Int64))

    def _admit(self, events: pl.DataFrame) -> None:
        """Give groups that were not seen before a number."""
        keys = events["key"].unique(maintain_order=True).to_frame()
        fresh = keys.join(self._groups, on="key", how="anti", maintain_order="left")
        if fresh.is_empty():
            return
        numbers = pl.int_range(self._next_gid, self._next_gid + fresh.height, dtype=pl.Int64, eager=True).alias("gid")
        self._next_gid += fresh.height
        self._groups = pl.concat([self._groups, fresh.with_columns(numbers)], how="diagonal")

    def _arrived(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return what is counted, old and new; the new with its order."""
        if self._distinct:
            new = events.explode("values").drop_nulls("values").select("gid", "time", "order", value="values")
        else:
            new = events.filter(pl.col("weight") > 0).select("gid", "time", "weight", "order")
        return pl.concat([self._points.join(events, on="gid", how="semi"), new], how="diagonal")

    def _ways(self, points: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        return (windows.distinct if self._distinct else windows.weights)(points, self._span)

    def _named(self, opened: pl.DataFrame) -> pl.DataFrame:
        """Add to openings the id of their finding and what was counted."""
        ids = [self._finding_id(key, start) for key, start in opened.select("key", "time").iter_rows()]
        counted = pl.struct(
            field=pl.lit(self.correlation.field or "events"),
            test=pl.lit(self.correlation.condition),
            value=pl.col("count").cast(pl.String),
        )
        named = opened.with_columns(pl.Series("finding_id", ids, pl.String), counted=counted)
        return named.rename({"time": "start"})

    def _finding_id(self, key: str, start: int) -> str:
        text = f"{self.rule.uuid}\0{key}\0{start}"
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def _keep(
        self, events: pl.DataFrame, points: pl.DataFrame, unspent: pl.DataFrame, fresh: pl.DataFrame | None = None
    ) -> None:
        """Keep what later windows need."""
        kept = self._newest_values(points) if self._distinct else self._bucketed(points, "weight")
        self._points = self._replaced(self._points, kept, events)
        self._sizes = self._replaced(self._sizes, self._bucketed(unspent, "bytes"), events)
        self._groups = _renewed(self._groups, events.group_by("gid").agg(newest=pl.col("time").max()))
        if fresh is not None:
            last = fresh.group_by("gid").agg(pl.col("start", "finding_id").sort_by("start").last())
            self._groups = _renewed(self._groups, last)
        recent = self._recent("newest") | self._recent("start").fill_null(value=False)
        self._groups = self._groups.filter(recent)
        self._evict()

    def _recent(self, column: str) -> pl.Expr:
        return pl.col(column) > (self._now or 0) - self._span

    def _replaced(self, old: pl.DataFrame, kept: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
        untouched = old.join(events, on="gid", how="anti")
        return pl.concat([untouched, kept.select(old.columns)]).filter(self._recent("time"))

    def _bucketed(self, frame: pl.DataFrame, amount: str) -> pl.DataFrame:
        width = max(self._span // BUCKETS, 1)
        buckets = frame.group_by("gid", pl.col("time") // width).agg(
            pl.col("time").max().alias("newest"), pl.col(amount).sum()
        )
        return buckets.select("gid", pl.col("newest").alias("time"), amount)

    def _newest_values(self, points: pl.DataFrame) -> pl.DataFrame:
        """Keep each value once, and of a group no more than the threshold can tell apart: the newest."""
        most = int(self.correlation.threshold) + 2
        latest = points.group_by("gid", "value").agg(pl.col("time").max()).sort("time", descending=True)
        return latest.filter(pl.int_range(pl.len()).over("gid") < most)

    def _evict(self) -> None:
        """Forget the groups that were idle the longest until what is left fits."""
        most = self.max_groups * ROWS_PER_GROUP
        if self._groups.height <= self.max_groups and self._points.height + self._sizes.height <= most:
            return
        held = pl.concat([self._points.select("gid"), self._sizes.select("gid")]).group_by("gid").len("held")
        ordered = self._groups.join(held, on="gid", how="left").sort("newest", "gid", descending=True)
        fits = ordered.with_columns(sum=pl.col("held").fill_null(0).cum_sum()).filter(pl.col("sum") <= most)
        before = self._groups.height
        self._groups = fits.head(self.max_groups).select(*_GROUPS)
        self._points = self._points.join(self._groups, on="gid", how="semi")
        self._sizes = self._sizes.join(self._groups, on="gid", how="semi")
        self.evicted += before - self._groups.height


def _renewed(groups: pl.DataFrame, news: pl.DataFrame) -> pl.DataFrame:
    """Put in the place of what was known of groups what is news."""
    names = news.columns[1:]
    joined = groups.join(news, on="gid", how="left", suffix=" new", maintain_order="left")
    return joined.select(pl.coalesce(f"{name} new", name).alias(name) if name in names else name for name in _GROUPS)


def _known(open_windows: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """Return the windows of all findings, those opened in this batch and before."""
    ways = ((open_windows, False), (fresh, True))
    return pl.concat([found.select("gid", "start", "finding_id", fresh=pl.lit(value=new)) for found, new in ways])


def _opened(fresh: pl.DataFrame, shared: pl.DataFrame) -> pl.DataFrame:
    sums = shared.drop_nulls("opening").group_by("gid", pl.col("opening").alias("start")).agg(pl.col("bytes").sum())
    phase = pl.lit(Phase.OPENED.value).alias("phase")
    joined = fresh.join(sums, on=["gid", "start"], how="left", maintain_order="left")
    return joined.select("row", phase, pl.col("bytes").fill_null(0), "finding_id", "counted")


def _continued(known: pl.DataFrame, shared: pl.DataFrame) -> pl.DataFrame:
    phase = pl.lit(Phase.CONTINUED.value).alias("phase")
    later = shared.drop_nulls(["continuing", "row"]).filter(pl.col("bytes") > 0)
    joined = later.join(known, left_on=["gid", "continuing"], right_on=["gid", "start"], maintain_order="left")
    return joined.select("row", phase, "bytes", "finding_id", counted=pl.lit(None, WHY))
