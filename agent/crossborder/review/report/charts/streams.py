"""Who, what, where to: streams between columns of boxes, as wide as what they carry (a Sankey diagram)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from crossborder.review.report.charts.drawing import GREY, INK, TONES, vega

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

BOX, GAP, HEAD = 8, 6, 24
LEAST = 8.0
"""Pixels a box has at least: its label must stand beside it."""
THIN = 1.0
"""Pixels a stream has at least, or it could not be seen."""

STREAMS = pl.Schema({"source": pl.String, "target": pl.String, "tone": pl.String, "size": pl.Float64})


class Column(NamedTuple):
    """A column of boxes, from top to bottom: the key streams name a box by, and its label."""

    head: str
    labels: Mapping[str, str]


def streams(columns: Sequence[Column], steps: Sequence[pl.DataFrame], width: int, height: int, prefix: str) -> str:
    """Return the chart; `steps` has STREAMS from each column to the next."""
    boxes = [_boxes(columns, steps, n, width, height) for n in range(len(columns))]
    drawn = [_ribbons(step, boxes[n], boxes[n + 1]) for n, step in enumerate(steps)]
    last = len(columns) - 1
    heads = [
        {"x": _across(n, last, width) + (BOX if n == last else 0), "text": column.head, "align": _align(n, last)}
        for n, column in enumerate(columns)
    ]
    return vega(_spec(pl.concat(drawn).to_dicts(), pl.concat(boxes).to_dicts(), heads, (width, height)), prefix)


def _across(n: int, last: int, width: int) -> float:
    return n * (width - BOX) / last


def _align(n: int, last: int) -> str:
    return "right" if n == last else "left"


def _boxes(columns: Sequence[Column], steps: Sequence[pl.DataFrame], n: int, width: int, height: int) -> pl.DataFrame:
    """Return the boxes of a column with their places."""
    last = len(columns) - 1
    near = ([(steps[n - 1], "target")] if n else []) + ([(steps[n], "source")] if n < last else [])
    sums = pl.concat([step.group_by(pl.col(key).alias("key")).agg(pl.col("size").sum()) for step, key in near])
    labels = columns[n].labels
    frame = pl.DataFrame(
        {"key": list(labels), "label": list(labels.values())}, schema={"key": pl.String, "label": pl.String}
    )
    sized = frame.join(sums.group_by("key").agg(pl.col("size").max()), on="key", how="left", maintain_order="left")
    room = height - HEAD - GAP * max(0, sized.height - 1)
    least = min(LEAST, room / max(1, sized.height))
    h = pl.max_horizontal(pl.col("size").fill_null(0) / max(1.0, float(sized["size"].sum() or 0)) * room, pl.lit(least))
    x = _across(n, last, width)
    return (
        sized.with_columns(h=h)
        .with_columns(h=pl.col("h") * room / pl.col("h").sum())
        .with_columns(
            y=HEAD + (pl.col("h") + GAP).cum_sum() - pl.col("h") - GAP,
            x=pl.lit(x),
            at=pl.lit(x - 6 if n == last else x + BOX + 6),
            align=pl.lit(_align(n, last)),
        )
    )


def _ribbons(step: pl.DataFrame, left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Return streams as outlines: path, tone. Within a box they lie one below the other."""
    rows = _docked(_docked(step, left, "source", "l"), right, "target", "r")
    a, b = pl.col("lx") + BOX, pl.col("rx")
    top, end = pl.col("lt"), pl.col("rt")
    low, under = top + pl.max_horizontal("lw", pl.lit(THIN)), end + pl.max_horizontal("rw", pl.lit(THIN))
    half = (a + b) / 2
    corners = (a, top, half, top, half, end, b, end, b, under, half, under, half, low, a, low)
    path = pl.format("M{},{}C{},{} {},{} {},{}L{},{}C{},{} {},{} {},{}Z", *(e.round(1) for e in corners))
    return rows.select(path=path, tone="tone")


def _docked(step: pl.DataFrame, boxes: pl.DataFrame, key: str, side: str) -> pl.DataFrame:
    """Return streams with where they meet one: x, t(op), w(idth), named by the side."""
    place = boxes.select("key", "y", "h", pl.col("x").alias(f"{side}x"))
    rows = step.join(place, left_on=key, right_on="key", maintain_order="left")
    width = (pl.col("size") / pl.col("size").sum().over(key) * pl.col("h")).fill_nan(0).alias(f"{side}w")
    rows = rows.with_columns(width)
    top = pl.col("y") + pl.col(f"{side}w").cum_sum().over(key) - pl.col(f"{side}w")
    return rows.with_columns(top.alias(f"{side}t")).drop("y", "h")


def _spec(drawn: list[Any], boxes: list[Any], heads: list[Any], size: tuple[int, int]) -> dict[str, Any]:
    width, height = size
    middle = {"signal": "datum.y + datum.h / 2"}
    label = {
        **_fields(x="at", align="align", text="label"),
        **_values(fill=INK, fontSize=10, baseline="middle"),
        "y": middle,
    }
    halo = _values(stroke="white", strokeWidth=3, strokeOpacity=0.8, strokeJoin="round")
    tone = {"scale": "tone", "field": "tone"}
    return {
        "width": width,
        "height": height,
        "padding": 1,
        "data": [{"name": n, "values": v} for n, v in (("streams", drawn), ("boxes", boxes), ("heads", heads))],
        "scales": [{"name": "tone", "type": "ordinal", "domain": list(TONES), "range": list(TONES.values())}],
        "marks": [
            _mark("path", "streams", {**_fields(path="path"), **_values(fillOpacity=0.6), "fill": tone}),
            _mark("rect", "boxes", {**_fields(x="x", y="y", height="h"), **_values(width=BOX, fill=INK)}),
            _mark("text", "boxes", {**label, **halo}),
            _mark("text", "boxes", label),
            _mark(
                "text", "heads", {**_fields(x="x", align="align", text="text"), **_values(y=10, fill=GREY, fontSize=9)}
            ),
        ],
    }


def _mark(kind: str, data: str, encode: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "from": {"data": data}, "encode": {"enter": encode}}


def _fields(**names: str) -> dict[str, Any]:
    return {channel: {"field": field} for channel, field in names.items()}


def _values(**values: object) -> dict[str, Any]:
    return {channel: {"value": value} for channel, value in values.items()}
