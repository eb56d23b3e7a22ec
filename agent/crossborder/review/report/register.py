"""The register of transfers as the report shows it: the gravest first, as many as find room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from crossborder.match.permits import VIETNAM
from crossborder.review.report import pictures, words
from crossborder.review.report.text import DASH, count, day, name, share, size

if TYPE_CHECKING:
    from datetime import datetime

    from crossborder.review.report.sources import Sources
    from crossborder.review.report.text import Lang

MOST = 200
"""Transfers that are shown; a command lists the rest."""
_GRAVITY = ["violation", "new-recipient", "expired", "not-yet-valid", "overrun", "permitted"]
_CLASSES = ["core", "important", "personal"]


def register(given: Sources, lang: Lang, most: int = MOST) -> dict[str, Any]:
    """Return what the page's template shows of the register."""
    rows = _gravest(given.transfers).head(most)
    found, height = given.survey, given.transfers.height
    days = [f"{at.astimezone(VIETNAM):%Y-%m-%dT%H:%M}" for at in (found.since, found.until)]
    return {
        "rows": [_row(row, lang) for row in rows.iter_rows(named=True)],
        "more": words.REGISTER_MORE.to(lang, count(rows.height, lang), count(height, lang), *days)
        if height > rows.height
        else "",
    }


def _gravest(transfers: pl.DataFrame) -> pl.DataFrame:
    """Return transfers, core ones without a permit first."""
    data = pl.col("category").str.extract(r"^([a-z]+)")
    held = _placed(data, _CLASSES)
    right = _placed(pl.col("decision").cast(pl.String), _GRAVITY)
    order = [held, right, -pl.col("bytes_out").cast(pl.Int64)]
    return transfers.sort(*order, "unit", "system", "category", "recipient", "country", "form", nulls_last=True)


def _placed(values: pl.Expr, order: list[str]) -> pl.Expr:
    return values.replace_strict(order, list(range(len(order))), default=len(order), return_dtype=pl.Int8)


def _row(row: dict[str, Any], lang: Lang) -> dict[str, Any]:
    return {
        "unit": pictures.sender_name(row["unit"], lang),
        "system": name(row["system"]) if row["system"] else words.UNNAMED.to(lang),
        "category": name(row["category"], 40),
        "recipient": name(row["recipient"]),
        "country": pictures.country_name(row["country"], lang),
        "form": words.FORMS[row["form"]].to(lang),
        "seen": _span(row["first_seen"], row["last_seen"], lang),
        "flows": count(row["flows"], lang),
        "out": size(row["bytes_out"], lang),
        "opaque": DASH if row["opaque_share"] is None else share(row["opaque_share"], lang),
        "persons": [_persons(row, kind, lang) for kind in words.KINDS if row[f"persons_{kind}"]],
        "decision": words.DECISIONS[row["decision"]].to(lang) if row["decision"] else words.NO_DUTY.to(lang),
        "bad": row["decision"] not in {"permitted", None},
        "permit": name(row["permit"]) if row["permit"] else "",
        "duty": _duty(row, lang),
        "late": row["clock"] == "overdue",
    }


def _persons(row: dict[str, Any], kind: str, lang: Lang) -> str:
    low, persons, high = (count(row[f"persons_{kind}{bound}"], lang) for bound in ("_low", "", "_high"))
    return f"{words.KINDS_SHORT[kind].to(lang)} {persons} ({low}{DASH}{high})"


def _duty(row: dict[str, Any], lang: Lang) -> list[str]:
    told = [name(row["law"], 80)] if row["law"] else []
    if row["due"]:
        told.append(words.DUE.to(lang, f"{row['due']:{'%d/%m/%Y' if lang == 'vi' else '%-d %b %Y'}}"))
    if row["clock"]:
        told.append(words.CLOCKS[row["clock"]].to(lang) if row["clock"] in words.CLOCKS else name(row["clock"]))
    return told


def _span(first: datetime, last: datetime, lang: Lang) -> str:
    begin, end = day(first, lang), day(last, lang)
    return begin if begin == end else f"{begin} {DASH} {end}"
