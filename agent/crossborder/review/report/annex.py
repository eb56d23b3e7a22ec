"""The annex: diagrams, what was recorded, databases, the list and what looks for it, the law, how to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from crossborder.review.report import pictures, words
from crossborder.review.report.summary import age_of
from crossborder.review.report.text import DASH, count, day, name, share, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.match.coverage import Line
    from crossborder.review.report.pictures import Diagram
    from crossborder.review.report.sources import Sources
    from crossborder.review.report.survey import Survey
    from crossborder.review.report.text import Lang

DIAGRAMS, GATEWAYS, DATABASES, FILES = 12, 40, 20, 60
"""Most of each that the annex shows."""
Row = dict[str, Any]


def annex(given: Sources, lang: Lang) -> Row:
    """Return what the page's template shows of the annex."""
    found = given.survey
    drawn = [_diagram(one, n, lang) for n, one in zip(range(DIAGRAMS), pictures.diagrams(found), strict=False)]
    systems = found.ways.select("unit", "system").n_unique()
    left = found.left_out
    more = len(left) - FILES
    return {
        "diagrams": drawn,
        "diagrams_more": words.DIAGRAMS_MORE.to(lang, count(len(drawn), lang), count(systems, lang))
        if systems > len(drawn)
        else "",
        "coverage": list(_coverage(found, lang)),
        "databases": list(_databases(found, lang)),
        "rules": words.RULES_IN_FORCE.to(lang, count(len(given.ruleset.enabled), lang), given.ruleset.sha256),
        "catalog": [_item(line, lang) for line in given.coverage.lines] + list(_missing(given, lang)),
        "laws": [(law.to(lang), told.to(lang), words.GRADES[grade].to(lang)) for law, told, grade in words.LAWS],
        "methods": [method.to(lang) for method in words.METHODS],
        "left_out": [(name(path, 160), name(why, 120)) for path, why in left[:FILES]],
        "left_out_more": words.LEFT_OUT_MORE.to(lang, count(more, lang)) if more > 0 else "",
    }


def _diagram(one: Diagram, n: int, lang: Lang) -> Row:
    receivers = one.recipients["recipient"].n_unique()
    return {
        "unit": pictures.sender_name(one.unit, lang),
        "system": name(one.system) if one.system else words.UNNAMED.to(lang),
        "owner": words.OWNER.to(lang, name(one.owner)) if one.owner else "",
        "note": words.DIAGRAM_NOTE.to(
            lang,
            size(one.bytes_out, lang),
            count(one.flows, lang),
            count(receivers, lang),
            share(one.opaque / (one.bytes_out or 1), lang),
        ),
        "chart": one.svg(lang, f"flows{n}"),
    }


def _coverage(found: Survey, lang: Lang) -> Iterator[tuple[str, ...]]:
    sums = found.hours.group_by("gateway").agg(pl.col("bytes_out").sum(), pl.col("flows").sum())
    rows = found.silent.join(sums, on="gateway", how="left").sort("gateway").head(GATEWAYS)
    for gateway, silent, hours, out, flows in rows.iter_rows():
        yield name(gateway), count(hours, lang), count(silent, lang), count(flows or 0, lang), size(out or 0, lang)


def _databases(found: Survey, lang: Lang) -> Iterator[tuple[str, ...]]:
    for database, built, out in (
        found.databases.head(DATABASES).select("geo_database", "geo_build", "bytes_out").iter_rows()
    ):
        age = age_of(built, found.until, lang) if built else DASH
        built_on = day(built.replace(tzinfo=found.until.tzinfo), lang) if built else DASH
        yield name(database or words.NO_DATABASE.to(lang)), built_on, age, share(out / (found.bytes_out or 1), lang)


def _item(line: Line, lang: Lang) -> Row:
    item = line.item
    what = (item.vi if lang == "vi" else item.en) or words.NOT_KNOWN.to(lang)
    counts = (len(held) for held in (line.rules, line.detectors, line.systems))
    return {
        "name": item.id,
        "grade": words.GRADES[item.evidence].to(lang),
        "what": f"{what} (*)" if lang == "vi" and item.reconstructed else what,
        "counts": [count(held, lang) if held else DASH for held in counts],
    }


def _missing(given: Sources, lang: Lang) -> Iterator[Row]:
    for missing in given.catalog.missing:
        what = words.MISSING.to(lang, missing.at_least, missing.of)
        yield {
            "name": f"{missing.category}: ?",
            "grade": words.GRADES["unverified"].to(lang),
            "what": what,
            "counts": [DASH] * 3,
        }
