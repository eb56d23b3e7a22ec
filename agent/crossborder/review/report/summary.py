"""The first two pages: the state of things, in figures that always find room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from crossborder.review.report import findings, pictures, words
from crossborder.review.report.survey import CLASSES, GRAVE
from crossborder.review.report.text import DASH, count, moment, name, share, size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from crossborder.match.persons.standing import Standing
    from crossborder.review.report.sources import Sources
    from crossborder.review.report.survey import Survey
    from crossborder.review.report.text import Lang, Text

ROWS = 7
"""Lines of a table of the summary: with more of them two pages would not do."""
COUNTRY_ROWS = 10
DAMAGED_NAMED = 2

Row = dict[str, Any]


def summary(given: Sources, lang: Lang) -> dict[str, Any]:
    """Return what the page's template shows of the summary."""
    found = given.survey
    return {
        "kind": words.KIND.to(lang),
        "title": words.TITLE.to(lang),
        "period": words.PERIOD.to(lang, moment(found.since, lang), moment(found.until, lang)),
        "about": _about(given, lang),
        "damaged": _damaged(found, lang),
        "nothing": words.NOTHING.to(lang) if not found.hours.height else "",
        "figures": _figures(given, lang),
        "where": {
            "finding": findings.where(found, lang),
            "map": pictures.world_map(found, lang),
            "rows": _countries(found, lang),
        },
        "unseen": {"finding": findings.unseen(found, lang), "rows": list(_unseen(found, lang))},
        "sent": {
            "finding": findings.who(found, lang),
            "chart": pictures.sent(found, lang) if found.ways.height else "",
        },
        "trend": {
            "finding": findings.when(found, lang),
            "by": words.BUCKETS[pictures.bucket(found).kind].to(lang),
            "chart": pictures.over_time(found, lang),
        },
        "rights": {"finding": findings.rights(given.transfers, lang), "rows": _rights(given.transfers, lang)},
        "persons": {
            "finding": findings.persons(given.standings, lang),
            "rows": _persons(given.standings or (), lang),
            "note": _bands(given, lang),
        },
        "recipients": {"finding": findings.whom(found, lang), "rows": _recipients(found, lang)},
        "legend": [(c, words.CLASSES[c].to(lang)) for c in CLASSES if found.of(c).height],
    }


def _about(given: Sources, lang: Lang) -> list[tuple[str, str]]:
    names = given.survey.gateways
    shown = ", ".join(name(one, 24) for one in names[:4]) + (f" +{len(names) - 4}" if len(names) > 4 else "")
    told = [(words.GATEWAYS, shown or DASH), (words.RULES_HASH, f"{given.ruleset.sha256[:16]}")]
    if given.unit:
        told.insert(0, (words.UNIT, name(given.unit)))
    return [(label.to(lang), value) for label, value in told]


def _damaged(found: Survey, lang: Lang) -> Row | None:
    left = found.left_out
    if not left:
        return None
    more = len(left) - DAMAGED_NAMED
    return {
        "told": words.DAMAGED.to(lang, count(len(left), lang)),
        "files": [name(_place(path), 110) for path, _ in left[:DAMAGED_NAMED]],
        "more": words.DAMAGED_MORE.to(lang, count(more, lang)) if more > 0 else "",
    }


def _place(path: str) -> str:
    """Return a file as gateway, day, hour and name: the folder above is the same for all."""
    return "/".join(path.split("/")[-4:])


def _figures(given: Sources, lang: Lang) -> list[tuple[str, str]]:
    found = given.survey
    asked = given.transfers.filter(pl.col("decision").is_not_null())
    without = asked.filter(pl.col("decision") != "permitted").height / asked.height if asked.height else None
    values = (
        size(found.bytes_out, lang),
        *(size(int(found.of(grave)["bytes_out"].sum()), lang) for grave in GRAVE),
        count(found.ways["country"].n_unique(), lang),
        DASH if without is None else share(without, lang),
    )
    return [(value, label.to(lang)) for value, label in zip(values, words.FIGURES, strict=True)]


def _countries(found: Survey, lang: Lang) -> list[Row]:
    sums = found.by("country").head(COUNTRY_ROWS)
    grave = dict(found.by("country", among=GRAVE).select("country", "bytes_out").iter_rows())
    return [
        {
            "name": pictures.country_name(code, lang),
            "out": size(out, lang),
            "share": share(out / (found.bytes_out or 1), lang),
            "grave": size(grave.get(code, 0), lang) if grave.get(code) else DASH,
        }
        for code, out in sums.select("country", "bytes_out").iter_rows()
    ]


def _unseen(found: Survey, lang: Lang) -> Iterator[tuple[str, str]]:
    parts: tuple[tuple[Text, pl.Expr], ...] = (
        (words.OPAQUE, pl.col("inspection") == "opaque"),
        (words.NAMES_ONLY, pl.col("inspection") == "metadata"),
        (words.CLEAR, pl.col("inspection") == "cleartext"),
        (words.NOWHERE, pl.col("country_basis") == "unknown"),
        (words.ANYCAST, pl.col("country_basis") == "anycast"),
        (words.UNTAGGED, pl.col("tags") == ""),
    )
    for label, where in parts:
        yield label.to(lang), share(found.share(where), lang)
    missing, seen = (
        int(sum(found.ways[f"{kind}_{way}"].sum() for way in ("out", "in"))) for kind in ("missing", "payload")
    )
    yield words.MISSED.to(lang), share(missing / ((missing + seen) or 1), lang)
    silent, hours = (int(found.silent[column].sum()) for column in ("silent", "hours"))
    yield words.SILENT.to(lang), words.SILENT_TOLD.to(lang, count(silent, lang), count(hours, lang))
    yield words.DAMAGED_FILES.to(lang), count(len(found.left_out), lang)
    yield words.LOST.to(lang), words.LOST_TOLD.to(lang)
    built = found.databases["geo_build"].drop_nulls()
    yield words.AGE.to(lang), age_of(built.min(), found.until, lang) if len(built) else words.NO_DATABASE.to(lang)  # type: ignore[arg-type]  # of datetimes


def age_of(built: datetime, until: datetime, lang: Lang) -> str:
    """Return how old a database was at the end of the time."""
    days = (until.replace(tzinfo=None) - built).days
    return words.DAYS.to(lang, count(days, lang)) if days >= 0 else words.BUILT_AFTER.to(lang)


def _rights(transfers: pl.DataFrame, lang: Lang) -> list[Row]:
    sums = transfers.group_by("decision").agg(pl.len(), pl.col("bytes_out").sum())
    told = {decision: (n, out) for decision, n, out in sums.iter_rows()}
    whole = sum(n for decision, (n, _) in told.items() if decision) or 1
    return [
        {
            "name": label.to(lang),
            "count": count(told[decision][0], lang),
            "out": size(told[decision][1], lang),
            "part": 100 * told[decision][0] / whole,
            "bad": decision != "permitted",
        }
        for decision, label in words.DECISIONS.items()
        if decision in told
    ]


def _persons(standings: tuple[Standing, ...], lang: Lang) -> list[Row]:
    most = sorted(standings, key=lambda s: (-_reached(s), s.unit, s.kind))[: ROWS - 2]
    return [
        {
            "unit": name(one.unit, 40) if one.unit else words.NO_UNIT.to(lang),
            "kind": words.KINDS[one.kind].to(lang),
            "persons": count(one.persons, lang),
            "within": f"{count(one.lower, lang)} {DASH} {count(one.upper, lang)}",
            "band": _band(one, lang),
            "part": 100 * min(1.0, _reached(one)),
            "bad": one.band is not None,
        }
        for one in most
    ]


def _reached(standing: Standing) -> float:
    return (standing.part_of_next or 0) + {"core": 2, "important": 1}.get(standing.band or "", 0)


def _band(one: Standing, lang: Lang) -> str:
    told = [words.IN_BAND.to(lang, words.CLASSES[one.band].to(lang))] if one.band else []
    if one.part_of_next is not None and one.next_band:
        told.append(words.OF_NEXT.to(lang, share(one.part_of_next, lang), words.CLASSES[one.next_band].to(lang)))
    return "; ".join(told) or words.NO_BAND.to(lang)


def _bands(given: Sources, lang: Lang) -> str:
    """Tell every band that is known, and those that are not, with their evidence."""
    told = [
        words.BAND.to(
            lang,
            words.CLASSES[band.category].to(lang),
            words.KINDS[band.kind].to(lang),
            count(band.citizens, lang),
            words.GRADES[band.evidence].to(lang),
        )
        for band in given.catalog.bands()
    ]
    unknown = dict.fromkeys(kind for item in given.catalog.items for kind in item.unknown_bands)
    told += [words.BAND_UNKNOWN.to(lang, words.KINDS[kind].to(lang)) for kind in unknown]
    return words.PERSONS_NOTE.to(lang, "; ".join(told))


def _recipients(found: Survey, lang: Lang) -> list[Row]:
    grave = found.recipients.filter(pl.col("class").is_in(GRAVE))
    among = grave if grave.height else found.recipients
    sums = among.group_by("recipient", "country").agg(pl.col("bytes_out").sum(), pl.col("opaque").sum())
    return [
        {
            "name": name(recipient, 44),
            "country": pictures.country_name(country, lang),
            "out": size(out, lang),
            "opaque": share(opaque / (out or 1), lang),
        }
        for recipient, country, out, opaque in sums.sort("bytes_out", "recipient", descending=[True, False])
        .head(ROWS)
        .iter_rows()
    ]
