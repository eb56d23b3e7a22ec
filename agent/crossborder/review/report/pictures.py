"""What is drawn, of the figures: map, streams, trend, and the diagram of each system's flows."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.review.report import words
from crossborder.review.report.basis import countries
from crossborder.review.report.charts.streams import Column, streams
from crossborder.review.report.charts.trend import trend
from crossborder.review.report.charts.world import Disc, world
from crossborder.review.report.survey import CLASSES, DUTIES
from crossborder.review.report.text import name, size

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crossborder.review.report.survey import Survey
    from crossborder.review.report.text import Lang

SENDERS, COUNTRIES, RECEIVERS = 7, 9, 12
"""Most boxes in a column; the rest is one."""
REST = "\x00rest"
"""The key of the rest: no name of the wire is that."""
CHARACTERS = 42
"""Longest name beside a box: what half a chart has room for, with a size behind it."""
LABELLED = 8
_TOTAL = pl.col("size").sum()


def country_name(code: str, lang: Lang) -> str:
    """Return a country's name; of ZZ that it is unknown."""
    found = countries().get(code)
    return found.name(lang) if found else f"{words.UNKNOWN_COUNTRY.to(lang)} ({name(code, 4)})"


def sender_name(sender: str | None, lang: Lang) -> str:
    """Return a sender's name as it may be shown."""
    return name(sender) if sender else words.NO_UNIT.to(lang)


def world_map(found: Survey, lang: Lang, width: int = 690, height: int = 318) -> str:
    """Return the map of all that went out."""
    sums = found.by("country").select("country", "bytes_out").iter_rows()
    discs = [
        Disc(code, float(out), country_name(code, lang) if n < LABELLED else "") for n, (code, out) in enumerate(sums)
    ]
    return world(discs, width, height, "map")


def sent(found: Survey, lang: Lang, width: int = 690, height: int = 262) -> str:
    """Return the streams from senders by class to countries: of data under duty; of all where there is none."""
    among = DUTIES if found.of(*DUTIES).height else CLASSES
    by = sender_column(found)
    ways = found.of(*among).select("class", "country", sender=pl.col(by).fill_null(""), size=pl.col("bytes_out"))
    ways = _grouped(_grouped(ways, "sender", SENDERS), "country", COUNTRIES)
    present = set(ways["class"])
    columns = [
        Column(words.SENDER.to(lang), _labels(ways, "sender", lang)),
        Column(
            words.CLASS.to(lang),
            {c: _told(words.CLASSES[c].to(lang), _of(ways, "class", c), lang) for c in CLASSES if c in present},
        ),
        Column(words.DESTINATION.to(lang), _labels(ways, "country", lang)),
    ]
    steps = [_step(ways, "sender", "class"), _step(ways, "class", "country")]
    return streams(columns, steps, width, height, "sent")


def sender_column(found: Survey) -> str:
    """Return what senders are told by: units, or systems where there is one unit at most."""
    return "unit" if found.ways["unit"].drop_nulls().n_unique() > 1 else "system"


class Diagram(NamedTuple):
    """The flows of one system."""

    unit: str | None
    system: str | None
    owner: str | None
    tags: str
    bytes_out: int
    opaque: int
    flows: int
    recipients: pl.DataFrame

    def svg(self, lang: Lang, prefix: str, width: int = 690) -> str:
        """Return its diagram: the system, who receives, in which country."""
        rows = self.recipients.select("country", "recipient", "class", size=pl.col("bytes_out"))
        rows = _grouped(_grouped(rows, "recipient", RECEIVERS), "country", RECEIVERS).with_columns(source=pl.lit("s"))
        who = name(self.system, CHARACTERS) if self.system else words.UNNAMED.to(lang)
        holds = name(self.tags) if self.tags else words.HOLDS_NOTHING.to(lang)
        columns = [
            Column(f"{words.HOLDS.to(lang)}: {holds}", {"s": _told(who, self.bytes_out, lang)}),
            Column(words.RECIPIENT.to(lang), _labels(rows, "recipient", lang)),
            Column(words.DESTINATION.to(lang), _labels(rows, "country", lang)),
        ]
        steps = [_step(rows, "source", "recipient"), _step(rows, "recipient", "country")]
        boxes = max(len(column.labels) for column in columns)
        return streams(columns, steps, width, 40 + 17 * max(2, boxes), prefix)


def diagrams(found: Survey) -> Iterator[Diagram]:
    """Yield the diagram of each system, grave ones first, most bytes first."""
    keys = ["unit", "system"]
    opaque = pl.col("bytes_out").filter(pl.col("inspection") == "opaque").sum().alias("opaque")
    rank = pl.col("class").replace_strict(list(CLASSES), list(range(len(CLASSES))), return_dtype=pl.Int8).min()
    sums = found.ways.group_by(keys).agg(
        pl.col("owner").drop_nulls().first(),
        pl.col("tags").max(),
        pl.col("bytes_out").sum(),
        opaque,
        pl.col("flows").sum(),
        rank.alias("rank"),
    )
    sums = sums.sort("rank", "bytes_out", *keys, descending=[False, True, False, False], nulls_last=True)
    parts = found.recipients.partition_by(keys, as_dict=True, maintain_order=True)
    for row in sums.select(*keys, "owner", "tags", "bytes_out", "opaque", "flows").iter_rows():
        unit, system, owner, tags, out, unread, flows = row
        yield Diagram(unit, system, owner, tags, out, unread, flows, parts[unit, system])


class Bucket(NamedTuple):
    """How the trend divides its time."""

    kind: str  # a key of words.BUCKETS
    every: str  # as Polars has it
    label: str  # as strftime has it


def bucket(found: Survey) -> Bucket:
    """Return hours for three days, days for four months, else months."""
    span = found.until - found.since
    if span <= timedelta(days=3):
        return Bucket("hour", "1h", "%Hh")
    return Bucket("day", "1d", "%d/%m") if span <= timedelta(days=124) else Bucket("month", "1mo", "%m/%Y")


def by_time(found: Survey) -> pl.DataFrame:
    """Return `at` (in Viet Nam) and `size` by class, a row for each time and class with anything."""
    local = pl.col("at").dt.convert_time_zone("Asia/Ho_Chi_Minh").dt.truncate(bucket(found).every)
    return found.hours.group_by(local.alias("time"), "class").agg(size=pl.col("bytes_out").sum()).sort("time", "class")


def over_time(found: Survey, lang: Lang, width: int = 340, height: int = 128) -> str:
    """Return the trend over the whole time, empty stretches too."""
    kind, every, label = bucket(found)
    zone = pl.lit(found.since).dt.convert_time_zone("Asia/Ho_Chi_Minh").dt.truncate(every)
    end = pl.lit(found.until - timedelta(seconds=1)).dt.convert_time_zone("Asia/Ho_Chi_Minh").dt.truncate(every)
    axis = pl.select(time=pl.datetime_range(zone, end, every)).with_row_index("at")
    sums = by_time(found).with_columns(pl.col("time").cast(axis.schema["time"]))
    rank = pl.col("class").replace_strict(list(CLASSES), list(range(len(CLASSES))), return_dtype=pl.Int8)
    bars = (
        axis.join(sums, on="time")
        .sort("at", rank)
        .with_columns(high=pl.col("size").cum_sum().over("at").cast(pl.Float64))
        .select("at", "high", tone="class", low=pl.col("high") - pl.col("size"))
    )
    step = max(1, -(-axis.height // 6))
    times = [(int(at), f"{time:{label}}") for time, at in axis.select("time", "at").gather_every(step).iter_rows()]
    top = float(bars["high"].max() or 1)  # type: ignore[arg-type]  # of floats
    return trend(bars, times, [(top / 2, size(top / 2, lang)), (top, size(top, lang))], width, height, f"trend-{kind}")


def _grouped(rows: pl.DataFrame, column: str, most: int) -> pl.DataFrame:
    """Return rows in which all but the largest values of a column are the rest."""
    kept = _largest(rows, column)[:most]
    return rows.with_columns(pl.when(pl.col(column).is_in(kept)).then(column).otherwise(pl.lit(REST)).alias(column))


def _largest(rows: pl.DataFrame, column: str) -> list[str]:
    sums = rows.group_by(column).agg(_TOTAL).sort("size", column, descending=[True, False])
    return sums[column].to_list()


def _labels(rows: pl.DataFrame, column: str, lang: Lang) -> dict[str, str]:
    """Return the boxes of a column, largest first and the rest last."""
    keys = sorted(_largest(rows, column), key=lambda key: key == REST)
    return {key: _told(_label(key, column, lang), _of(rows, column, key), lang) for key in keys}


def _label(key: str, column: str, lang: Lang) -> str:
    if key == REST:
        return words.REST.to(lang)
    if column == "country":
        return country_name(key, lang)
    return name(sender_name(key, lang), CHARACTERS) if column == "sender" else name(key, CHARACTERS)


def _of(rows: pl.DataFrame, column: str, key: str) -> int:
    return int(rows.filter(pl.col(column) == key)["size"].sum())


def _told(label: str, out: int, lang: Lang) -> str:
    return f"{label}  {size(out, lang)}"


def _step(rows: pl.DataFrame, source: str, target: str) -> pl.DataFrame:
    """Return STREAMS between two columns: the gravest first, then as the boxes stand."""
    order: Sequence[str] = [f"{column}-at" for column in ("tone", "source", "target")]
    sums = rows.group_by(source=source, target=target, tone="class").agg(pl.col("size").sum().cast(pl.Float64))
    places = {
        "source": sorted(_largest(rows, source), key=lambda key: key == REST),
        "target": sorted(_largest(rows, target), key=lambda key: key == REST),
        "tone": list(CLASSES),
    }
    at = [
        pl.col(column).replace_strict(keys, list(range(len(keys))), return_dtype=pl.Int32).alias(f"{column}-at")
        for column, keys in places.items()
    ]
    return sums.with_columns(at).sort(order).select("source", "target", "tone", "size")


def file_name(one: Diagram, number: int) -> str:
    """Return the name of a diagram's file: letters, digits and dashes of the system's name, and its number."""
    plain = re.sub(r"[^a-z0-9]+", "-", (one.system or "unnamed").lower()).strip("-")[:60]
    return f"{number:04d}-{plain or 'system'}.svg"
