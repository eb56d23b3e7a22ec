"""The figures of a report: sums over the flow history, made by few passes that hold no flow in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.model import DATA_CLASSES, UNKNOWN_COUNTRY
from crossborder.publish.columns import FIRST
from crossborder.publish.history.places import hour_of

if TYPE_CHECKING:
    from crossborder.review.record import Record

NONE = "none"
"""The class of what comes from systems nobody has said anything of."""
CLASSES = (*DATA_CLASSES, NONE)
"""Classes of data, the gravest first."""
GRAVE = ("core", "important")
DUTIES = (*GRAVE, "personal")
"""Classes the law asks something for."""
SEEN_OFTEN = 64
"""Recipients of each system that are kept."""

_SUMS = (
    pl.col("bytes_out").sum(),
    pl.col("bytes_in").sum(),
    pl.len().alias("rows"),
    FIRST.sum().alias("flows"),
)
_SUMMED = {"bytes_out", "bytes_in", "rows", "flows", "missing_out", "missing_in", "payload_out", "payload_in", "opaque"}
_HELD = {"categories": "tags", "detected_items": "items"}
"""Lists of what is held and found → the same as text, made of sums alone: of every row it takes twice as long."""
_WAY = ("unit", "system", "owner", "country", "country_basis", "inspection")
_WHOM = ("unit", "system", "owner", "country")
_RECIPIENT = pl.coalesce("as_org", "server_name", "geo_prefix", "remote_ip", pl.lit("?"))


class Survey(NamedTuple):
    """What the history holds of a time. Bytes are outward IP bytes; flows those that began in it."""

    since: datetime
    until: datetime
    gateways: tuple[str, ...]
    ways: pl.DataFrame  # unit system owner country country_basis inspection tags items class + sums, what was unseen
    hours: pl.DataFrame  # gateway at(UTC) class + sums
    recipients: pl.DataFrame  # unit system owner country recipient as_org class opaque + sums; most bytes first
    databases: pl.DataFrame  # geo_database geo_build(UTC) + sums, most bytes first
    silent: pl.DataFrame  # gateway silent(hours nobody recorded) hours(of the time)
    left_out: tuple[tuple[str, str], ...]  # damaged files and why

    @property
    def bytes_out(self) -> int:
        """Return all that went out."""
        return int(self.ways["bytes_out"].sum())

    def of(self, *classes: str) -> pl.DataFrame:
        """Return the ways of classes."""
        return self.ways.filter(pl.col("class").is_in(list(classes)))

    def share(self, where: pl.Expr) -> float:
        """Return the part of outward bytes for which something holds, 0 to 1; 0 where nothing went out."""
        return int(self.ways.filter(where)["bytes_out"].sum()) / (self.bytes_out or 1)

    def by(self, *columns: str, among: tuple[str, ...] = CLASSES) -> pl.DataFrame:
        """Return outward bytes and flows by columns, most bytes first."""
        sums = self.of(*among).group_by(columns).agg(pl.col("bytes_out").sum(), pl.col("flows").sum())
        return sums.sort("bytes_out", *columns, descending=[True, *[False] * len(columns)], nulls_last=True)


def survey(record: Record, since: datetime, until: datetime) -> Survey:
    """Return the figures of what the record holds of the hours from `since` to before `until`."""
    rows = record.rows
    unseen = [pl.col(name).sum() for name in ("missing_out", "missing_in", "payload_out", "payload_in")]
    told = [
        rows.group_by(*_WAY, *_HELD).agg(*_SUMS, *unseen),
        rows.group_by("gateway", "date", "hour", *_HELD).agg(*_SUMS),
        _recipients(rows),
        rows.group_by("geo_database", "geo_build").agg(*_SUMS),
    ]
    ways, hours, recipients, databases = (one.collect(engine="streaming") for one in told)
    gateways = tuple(sorted({*record.recorded, *(file.gateway for file in record.files)}))
    return Survey(
        since,
        until,
        gateways,
        _classed(ways).sort(pl.col("bytes_out").cast(pl.Int64).neg(), *_WAY, *_HELD.values(), nulls_last=True),
        _timed(_classed(hours)),
        _classed(recipients).sort(
            pl.col("bytes_out").cast(pl.Int64).neg(), *_WHOM, "recipient", "tags", nulls_last=True
        ),
        databases.with_columns(pl.from_epoch("geo_build", "s")).sort("bytes_out", "geo_database", descending=True),
        _silent(record, gateways, since, until),
        tuple((str(path), why) for path, why in record.left_out),
    )


def _recipients(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return who received from each system, the greatest of each."""
    opaque = pl.col("bytes_out").filter(pl.col("inspection") == "opaque").sum().alias("opaque")
    sums = rows.group_by(*_WHOM, _RECIPIENT.alias("recipient"), "as_org", *_HELD).agg(*_SUMS, opaque)
    most = pl.col("bytes_out").rank("ordinal", descending=True).over("unit", "system") <= SEEN_OFTEN
    return sums.filter(most)


def class_of(*texts: str) -> pl.Expr:
    """Return the gravest class among tags as "core:I.26 personal", in any of several columns."""
    told = pl.concat_str([pl.lit(" "), *[pl.col(text) + " " for text in texts]])
    return pl.coalesce(
        *(pl.when(told.str.contains(f" {name}[: ]")).then(pl.lit(name)) for name in DATA_CLASSES), pl.lit(NONE)
    ).alias("class")


def _classed(sums: pl.DataFrame) -> pl.DataFrame:
    """Return sums with what is held as text, and its class; a list that is empty and one that is not there are one."""
    texts = [pl.col(held).list.join(" ").fill_null("").alias(text) for held, text in _HELD.items()]
    told = sums.with_columns(texts).drop(_HELD)
    keys = [name for name in told.columns if name not in _SUMMED]
    summed = told.group_by(keys).agg(pl.exclude(keys).sum())
    return summed.with_columns(class_of(*_HELD.values()), pl.col("^country$").fill_null(UNKNOWN_COUNTRY))


def _timed(hours: pl.DataFrame) -> pl.DataFrame:
    at = (pl.col("date").cast(pl.Datetime("us")) + pl.duration(hours=pl.col("hour"))).dt.replace_time_zone("UTC")
    summed = [pl.col(name).sum() for name in ("bytes_out", "bytes_in", "rows", "flows")]
    return hours.group_by("gateway", at.alias("at"), "class").agg(summed).sort("gateway", "at", "class")


def _silent(record: Record, gateways: tuple[str, ...], since: datetime, until: datetime) -> pl.DataFrame:
    """Return of how many hours of the time each gateway has no row, and nothing says that an agent recorded."""
    first = hour_of(since.astimezone(UTC))
    time = set(range(first, max(first + 1, hour_of(until.astimezone(UTC) - timedelta(microseconds=1)) + 1)))
    there = {gateway: {f.hour for f in record.files if f.gateway == gateway} for gateway in gateways}
    for gateway, spans in record.recorded.items():
        for span in spans:
            there[gateway].update(range(hour_of(span.since), hour_of(span.until) + 1))
    return pl.DataFrame(
        [(name, len(time - known), len(time)) for name, known in there.items()],
        schema={"gateway": pl.String, "silent": pl.Int64, "hours": pl.Int64},
        orient="row",
    )
