"""What the figures say, in a sentence each: the headings of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.review.report import words
from crossborder.review.report.pictures import bucket, by_time, country_name, sender_column, sender_name
from crossborder.review.report.survey import GRAVE
from crossborder.review.report.text import count, day, moment, name, share, size

if TYPE_CHECKING:
    from crossborder.match.persons.standing import Standing
    from crossborder.review.report.survey import Survey
    from crossborder.review.report.text import Lang

FEW = 2
"""Countries a heading names."""


def where(found: Survey, lang: Lang) -> str:
    """Say where the gravest class went."""
    for grave in GRAVE:
        sums = found.by("country", among=(grave,)).filter(pl.col("bytes_out") > 0)
        if sums.height:
            top = sums.head(FEW)
            names = words.AND.to(lang).join(country_name(code, lang) for code in top["country"])
            part = int(top["bytes_out"].sum()) / int(sums["bytes_out"].sum())
            of = words.FROM_SYSTEMS[grave].to(lang)
            return (
                words.WHERE_ALL.to(lang, of, names) if part == 1 else words.WHERE.to(lang, share(part, lang), of, names)
            )
    return words.WHERE_NONE.to(lang)


def unseen(found: Survey, lang: Lang) -> str:
    """Say how much could not be read."""
    part = found.share(pl.col("inspection") == "opaque")
    return words.UNSEEN.to(lang, share(part, lang)) if part else words.UNSEEN_NONE.to(lang)


def who(found: Survey, lang: Lang) -> str:
    """Say who sends most of what is grave."""
    sums = found.by(sender_column(found), among=GRAVE)
    if not sums["bytes_out"].sum():
        return words.STREAMS_NONE.to(lang)
    part = int(sums["bytes_out"][0]) / int(sums["bytes_out"].sum())
    return words.STREAMS.to(lang, sender_name(sums.row(0)[0], lang), share(part, lang))


def whom(found: Survey, lang: Lang) -> str:
    """Say who received most of what is grave."""
    grave = found.recipients.filter(pl.col("class").is_in(GRAVE))
    whole = int(found.of(*GRAVE)["bytes_out"].sum())
    if not whole:
        return words.RECIPIENTS_NONE.to(lang)
    sums = (
        grave.group_by("recipient")
        .agg(pl.col("bytes_out").sum())
        .sort("bytes_out", "recipient", descending=[True, False])
    )
    return words.RECIPIENTS.to(lang, name(sums["recipient"][0], 40), share(sums["bytes_out"][0] / whole, lang))


def when(found: Survey, lang: Lang) -> str:
    """Say when most left."""
    sums = by_time(found).group_by("time").agg(pl.col("size").sum()).sort("size", "time", descending=[True, False])
    if not sums["size"].sum():
        return words.TREND_NONE.to(lang)
    kind, at = bucket(found).kind, sums["time"][0]
    told = {"hour": moment(at, lang), "day": day(at, lang), "month": f"{at:%m/%Y}"}[kind]
    return words.TREND.to(lang, told, size(sums["size"][0], lang))


def rights(transfers: pl.DataFrame, lang: Lang) -> str:
    """Say how many transfers under duty have no valid permit."""
    asked = transfers.filter(pl.col("decision").is_not_null())
    without = asked.filter(pl.col("decision") != "permitted").height
    if not asked.height:
        return words.PERMITS_NONE.to(lang)
    if not without:
        return words.PERMITS_ALL.to(lang, count(asked.height, lang))
    return words.PERMITS.to(lang, count(without, lang), count(asked.height, lang))


def persons(standings: tuple[Standing, ...] | None, lang: Lang) -> str:
    """Say how many counts of persons are in a band."""
    if not standings:
        return words.PERSONS_NONE.to(lang)
    entered = sum(standing.band is not None for standing in standings)
    return words.PERSONS_IN.to(lang, count(entered, lang)) if entered else words.PERSONS_OUT.to(lang)
