"""The officer's page: where data goes, what kind, by what right, how many persons, and how much could not be seen."""

from __future__ import annotations

from tools.dashboards import links, variables
from tools.dashboards import promql as q
from tools.dashboards import words as w
from tools.dashboards.boards import Board, Row
from tools.dashboards.countries import COUNTRY
from tools.dashboards.maps import world
from tools.dashboards.panels import BARS, LINES, PARTS, SHARE, STACKED, bars, lines, number
from tools.dashboards.shared import BAND_STEPS, UNKNOWN_SHARE, bands, coverage, persons
from tools.dashboards.shown import Step, Target
from tools.dashboards.tables import Column, rows
from tools.dashboards.texts import columns as c
from tools.dashboards.texts import overview as t

EGRESS = "crossborder_egress_bytes_total"
FOUND = "crossborder_violations_total"
_BY_COUNTRY = q.grown(EGRESS, "country", q.COUNTRIES)
_KNOWN = q.grown(EGRESS, "country", q.COUNTRIES, 'country!="ZZ"')
_OPAQUE = q.grown(EGRESS, "inspection", 'inspection="opaque"', q.COUNTRIES)
_BAD = (Step(None, w.GOOD), Step(1, "dark-red"))
_WATCHED = (Step(None, w.GOOD), Step(1, w.NEAR))
_PART = (Step(None, w.GOOD), Step(0.2, w.NEAR), Step(0.5, w.BAD))
_SEEN = (Step(None, w.BAD), Step(0.95, w.NEAR), Step(0.99, w.GOOD))

SUMMARY = (
    number(t.BYTES, q.or_zero(f"sum({_BY_COUNTRY})"), "bytes"),
    number(t.COUNTRIES, q.or_zero(f"count({_KNOWN} > 0)"), w=3),
    number(t.CORE, q.counted(FOUND, 'category="core"', q.BROKEN, q.COUNTRIES), steps=_BAD),
    number(t.IMPORTANT, q.counted(FOUND, 'category="important"', q.BROKEN, q.COUNTRIES), steps=_WATCHED),
    number(t.PERMITTED, q.counted(FOUND, 'decision="permitted"', q.CATEGORIES, q.COUNTRIES), w=3),
    number(
        t.OPAQUE,
        q.share(f"sum({_OPAQUE})", f"sum({_BY_COUNTRY})"),
        "percentunit",
        _PART,
        w=3,
    ),
    number(t.COVERAGE, coverage("increase", "$__range"), "percentunit", _SEEN, w=3),
)
WHERE = (
    world(t.MAP, _BY_COUNTRY, "bytes", c.COUNTRY, c.BYTES),
    rows(
        t.TABLE,
        (
            Target(_BY_COUNTRY),
            Target(f"round({q.grown(FOUND, 'country', q.BROKEN, q.COUNTRIES, q.CATEGORIES)})"),
        ),
        (
            Column("country", c.COUNTRY, words=COUNTRY, link=links.country),
            Column("Value #A", c.BYTES, "bytes", bar=True),
            Column("Value #B", c.FINDINGS, "short", steps=_WATCHED),
        ),
        by="Value #A",
        w=10,
        h=12,
    ),
)
_BROKEN = q.grown(FOUND, "instance, job, rule", q.BROKEN, q.CATEGORIES, q.COUNTRIES)
_ITEM = "item, category, title, rule"
WHAT = (
    lines(
        t.CLASSES,
        (Target(q.hits(FOUND, "category", q.BROKEN, q.CATEGORIES, q.COUNTRIES), "{{category}}"),),
        "short",
        BARS,
        words=w.CATEGORY,
    ),
    lines(
        t.PERMITS,
        (Target(q.hits(FOUND, "decision", q.CATEGORIES, q.COUNTRIES), "{{decision}}"),),
        "short",
        BARS,
        words=w.DECISION,
    ),
    rows(
        t.ITEMS,
        (Target(f"round({q.with_rules(_BROKEN, _ITEM)}) > 0"),),
        (
            Column("item", c.ITEM, width=140),
            Column("category", c.CATEGORY, words=w.CATEGORY, link=links.category, width=170),
            Column("title", c.TITLE),
            Column("rule", c.RULE, link=links.rule, width=260),
            Column("Value", c.FINDINGS, "short", bar=True),
        ),
        by="Value",
        w=14,
    ),
    lines(
        t.TREND,
        (Target(f"topk(10, {q.rate(EGRESS, 'country', q.COUNTRIES)})", "{{country}}"),),
        "binBps",
        STACKED,
        w=10,
    ),
)
WHO = (bars(t.BANDS, bands(), "percentunit", BAND_STEPS, words={**w.KIND, **w.BAND}), persons(t.PERSONS))
_SYSTEMS = "crossborder_system_egress_bytes_total"
UNSEEN = (
    lines(
        t.INSPECTED,
        (Target(q.rate(EGRESS, "inspection", q.COUNTRIES), "{{inspection}}"),),
        "binBps",
        PARTS,
        w=6,
        words=w.INSPECTION,
    ),
    lines(
        t.CORE_OPAQUE,
        (
            Target(
                q.share(
                    q.rate(_SYSTEMS, "category", 'inspection="opaque"', q.COUNTRIES),
                    q.rate(_SYSTEMS, "category", q.COUNTRIES),
                ),
                "{{category}}",
            ),
        ),
        "percentunit",
        SHARE,
        w=6,
        words=w.TAGGED,
        line=q.threshold("opaque_core_share"),
    ),
    lines(
        t.SEEN,
        (Target(coverage("rate", "$__rate_interval", "instance"), "{{instance}}"),),
        "percentunit",
        SHARE,
        w=6,
        line=q.threshold("coverage"),
    ),
    lines(t.UNKNOWN, (Target(UNKNOWN_SHARE, "ZZ"),), "percentunit", LINES, w=6, line=q.threshold("unknown_share")),
)

BOARD = Board(
    "overview",
    t.TITLE,
    t.ABOUT,
    "now-7d",
    (*variables.ALWAYS, variables.category, variables.country),
    (
        Row("overview-summary", t.SUMMARY, SUMMARY),
        Row("overview-where", t.WHERE, WHERE),
        Row("overview-what", t.WHAT, WHAT),
        Row("overview-who", t.WHO, WHO),
        Row("overview-unseen", t.UNSEEN, UNSEEN),
    ),
)
