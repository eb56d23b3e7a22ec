"""Sliding windows over the events of groups: how much lies in each, which of them open findings, whose bytes are whose.

Frames have `gid`, the group's number, and `time` in nanoseconds. The window of an event is the span that ends with it:
an event at t counts from t on until just before t + span.
"""

from __future__ import annotations

import polars as pl


def running(begins: pl.DataFrame, ends: pl.DataFrame) -> pl.DataFrame:
    """Return gid, time, order and `count` of the events (rows of `begins` with an order): the sum in their windows.

    `begins` has gid, time, weight and order (null for events of earlier batches), `ends` has gid, time and weight,
    which leaves the window at that time.
    """
    leaving = ends.select("gid", "time", -pl.col("weight"), order=pl.lit(None, pl.Int64), entering=pl.lit(value=False))
    entering = begins.select("gid", "time", "weight", "order", entering=pl.lit(value=True))
    points = pl.concat([leaving, entering]).sort("gid", "time", "entering", "order", nulls_last=False)
    counted = points.with_columns(count=pl.col("weight").cum_sum().over("gid"))
    return counted.filter(pl.col("order").is_not_null()).select("gid", "time", "order", "count")


def weights(points: pl.DataFrame, span: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the begins and ends of weighted events (gid, time, weight, order)."""
    return points, points.with_columns(pl.col("time") + span)


def distinct(points: pl.DataFrame, span: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the begins and ends of values (gid, time, value, order): a value counts once however often it comes."""
    ordered = points.sort("gid", "value", "time", "order", nulls_last=False).with_columns(
        since=pl.col("time") - neighbour("time", 1, "gid", "value"),
        until=neighbour("time", -1, "gid", "value") - pl.col("time"),
    )
    begins = ordered.with_columns(weight=(pl.col("since").is_null() | (pl.col("since") >= span)).cast(pl.Int64))
    ends = ordered.filter(pl.col("until").is_null() | (pl.col("until") >= span))
    return begins, ends.with_columns(pl.col("time") + span, weight=pl.lit(1, pl.Int64))


def neighbour(column: str, shift: int, *of: str) -> pl.Expr:
    """Return the value of the row before (1) or after (-1) where it is of the same; rows of the same stand together.

    `over` says it more shortly and takes a microsecond for every group.
    """
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(shift) for name in of)
    return pl.when(same).then(pl.col(column).shift(shift))


def openings(due: pl.DataFrame, open_windows: pl.DataFrame, span: int) -> pl.DataFrame:
    """Return the events (gid, time, order, count) that open a finding: one per group and span.

    `due` are the events whose window meets the threshold, `open_windows` (gid, start) the findings already open.
    The loop runs once per finding of the group with most findings in this batch: twice in ordinary ticks.
    """
    opened = [due.clear()]
    before = open_windows
    while not due.is_empty():
        joined = due.join(before.select("gid", "start"), on="gid", how="left")
        due = joined.filter((pl.col("start").is_null()) | (pl.col("time") >= pl.col("start") + span)).drop("start")
        first = due.sort("time", "order").group_by("gid", maintain_order=True).first()
        opened.append(first.select(due.columns))
        before = first.select("gid", start="time")
    return pl.concat(opened)


def shares(sizes: pl.DataFrame, windows: pl.DataFrame, span: int) -> pl.DataFrame:
    """Add to sizes (gid, time, …) which finding each belongs to: `opening` or `continuing`, starts of windows, or null.

    `windows` has gid, start and `fresh` (opened in this batch). What lies in the span before an opening and belongs to
    no earlier finding is the opening's; what follows within the span continues it. Nothing belongs to two.
    """
    starts = windows.sort("start")
    ordered = sizes.sort("time")
    back = ordered.join_asof(starts, left_on="time", right_on="start", by="gid", check_sortedness=False)
    after = (pl.col("time") > pl.col("start")) | ~pl.col("fresh")
    inside = back.with_columns(
        continuing=pl.when(after & (pl.col("time") < pl.col("start") + span)).then("start")
    ).drop("start", "fresh")
    ahead = starts.filter("fresh").select("gid", "start")
    both = inside.join_asof(
        ahead, left_on="time", right_on="start", by="gid", strategy="forward", check_sortedness=False
    )
    near = pl.col("continuing").is_null() & (pl.col("start") - pl.col("time") < span)
    return both.with_columns(opening=pl.when(near).then("start")).drop("start")
