"""What changed in the register between two times: new recipients, countries and data, and what was seen no more.

Decree 165/2025/NĐ-CP, Article 12(8): the assessment is amended when purpose, method, scope or type change. Law
91/2025/QH15, Article 20(3), of personal data: the dossier is updated when it changes. Both read verbatim. Whether a new
recipient or country is such a change a person decides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.engine.communityids import community_ids
from crossborder.match.permits import Permits
from crossborder.review.lanes import FLOW, LANE, added_up
from crossborder.review.shares import by_category, routed

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES = 3
"""Most flows named with a change."""

_MOMENT = pl.Datetime("us", "UTC")
KINDS = ("new-data", "new-recipient", "new-country", "ended-data", "ended-recipient", "ended-country")

CHANGE_SCHEMA = pl.Schema(
    {
        "unit": pl.String(),
        "system": pl.String(),
        "change": pl.Enum(KINDS),
        "category": pl.String(),
        "recipient": pl.String(),
        "country": pl.String(),
        "categories": pl.List(pl.String()),
        "recipients": pl.UInt32(),
        "countries": pl.List(pl.String()),
        "first_seen": _MOMENT,
        "last_seen": _MOMENT,
        "flows": pl.UInt64(),
        "bytes_out": pl.UInt64(),
        "law": pl.List(pl.String()),
        "samples": pl.List(pl.String()),
        "compared_with": pl.String(),
    }
)
"""A change, of one sender.

change            what is new in the second time, or was in the first and not in the second
category, recipient, country
                  what it is about. Of new data or a new country a recipient is named where the sender knew the data or
                  country, and the recipient, but never both together
categories, recipients, countries
                  all data, how many recipients, all countries of its flows
first_seen, last_seen, flows, bytes_out
                  its flows in the second time; of what ended, in the first
law               the articles on dossiers that change, by the legal route of the data; of what ended none
samples           Community IDs of up to SAMPLES of its flows, the first of their kind
compared_with     the time that does not have it, as an ISO 8601 interval
"""

_SENDER = ["unit", "system"]
_LAW = {"pdpl": "91/2025/QH15, 20(3)"}
_DECREE = "165/2025/NĐ-CP, 12(8)"


class _Time(NamedTuple):
    shares: pl.DataFrame  # a row for each lane and category
    flows: pl.DataFrame  # lane, FLOW: flows that may have several rows


class Span(NamedTuple):
    """Rows of the record of some time, and that time as an ISO 8601 interval."""

    rows: pl.LazyFrame
    said: str


def changes(before: Span, now: Span, *, everything: bool = False, seed: int = 0) -> pl.DataFrame:
    """Return what rows of the record show that earlier rows do not, and the other way round: CHANGE_SCHEMA, sorted.

    `seed` is that of Community IDs.
    """
    then, since = _seen(before.rows, everything=everything), _seen(now.rows, everything=everything)
    new = [part.with_columns(compared_with=pl.lit(before.said)) for part in _new(then, since, seed)]
    ended = [part.with_columns(compared_with=pl.lit(now.said)) for part in _ended(then, since, seed)]
    found = [*new, *ended]
    order = ("unit", "system", "change", "category", "recipient", "country")
    typed = pl.concat(found).select(pl.col(name).cast(dtype) for name, dtype in CHANGE_SCHEMA.items())
    return typed.sort(order)


def _seen(rows: pl.LazyFrame, *, everything: bool) -> _Time:
    lanes = added_up(rows, Permits(), everything=everything, sampled=True)
    numbers = lanes.days.select(LANE).unique().with_row_index("lane")
    days = lanes.days.join(numbers, on=LANE, nulls_equal=True)
    flows = lanes.flows.join(numbers, on=LANE, nulls_equal=True).select("lane", *FLOW)
    return _Time(routed(by_category(days, everything=everything)), flows)


def _new(then: _Time, since: _Time, seed: int) -> Iterator[pl.DataFrame]:
    for change, names in (("new-data", "category"), ("new-country", "country"), ("new-recipient", "recipient")):
        yield _told(since, _only(since, then, names), change, seed)
    for change, name in (("new-data", "category"), ("new-country", "country")):
        pairs = _only(since, then, name, "recipient")
        for known in (name, "recipient"):
            pairs = pairs.join(
                then.shares.select(*_SENDER, known).unique(), on=[*_SENDER, known], how="semi", nulls_equal=True
            )
        yield _told(since, pairs, change, seed)


def _ended(then: _Time, since: _Time, seed: int) -> Iterator[pl.DataFrame]:
    for change, name in (("ended-data", "category"), ("ended-country", "country"), ("ended-recipient", "recipient")):
        yield _told(then, _only(then, since, name), change, seed).with_columns(law=pl.lit([], pl.List(pl.String)))


def _only(time: _Time, other: _Time, *names: str) -> pl.DataFrame:
    """Return the values of a sender that one time has and the other has not."""
    on = [*_SENDER, *names]
    return time.shares.select(on).unique().join(other.shares.select(on).unique(), on=on, how="anti", nulls_equal=True)


def _told(time: _Time, found: pl.DataFrame, change: str, seed: int) -> pl.DataFrame:
    """Return changes with what their flows in a time add up to: a flow of two kinds of data is one flow."""
    on = found.columns
    numbered = found.sort(on).with_row_index("number")
    part = time.shares.join(numbered, on=on, nulls_equal=True).sort("first_ns", "lane")
    named = part.group_by("number").agg(
        categories=pl.col("category").unique().sort(),
        recipients=pl.col("recipient").n_unique(),
        countries=pl.col("country").unique().sort(),
        law=pl.col("route").drop_nulls().unique().replace_strict(_LAW, default=_DECREE, return_dtype=pl.String).sort(),
    )
    days = part.unique(["number", "lane", "gateway", "day"], keep="first", maintain_order=True)
    sums = days.group_by("number").agg(
        pl.col("first_ns").min(),
        pl.col("last_ns").max(),
        pl.col("bytes_out", "single").sum(),
        samples=pl.col("sample").head(SAMPLES),
    )
    lanes = days.select("number", "lane").unique().join(time.flows, on="lane")
    several = lanes.select("number", *FLOW).unique().group_by("number").agg(several=pl.len())
    whole = numbered.join(named, on="number").join(sums, on="number").join(several, on="number", how="left")
    return _finished(whole, change, seed)


def _finished(whole: pl.DataFrame, change: str, seed: int) -> pl.DataFrame:
    samples = whole.select("number", "samples").explode("samples")
    known = (
        samples.select("number", samples=community_ids(samples["samples"], seed))
        .group_by("number")
        .agg(pl.col("samples").unique(maintain_order=True))
    )
    missing = [
        pl.lit(None, pl.String).alias(name)
        for name in ("category", "recipient", "country")
        if name not in whole.columns
    ]
    return (
        whole.drop("samples")
        .join(known, on="number", how="left")
        .with_columns(
            *missing,
            change=pl.lit(change),
            flows=pl.col("single") + pl.col("several").fill_null(0),
            first_seen=pl.from_epoch("first_ns", time_unit="ns").dt.replace_time_zone("UTC"),
            last_seen=pl.from_epoch("last_ns", time_unit="ns").dt.replace_time_zone("UTC"),
        )
        .select(name for name in CHANGE_SCHEMA.names() if name != "compared_with")
    )
