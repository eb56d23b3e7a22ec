"""Destinations: country, operator, server; from bounded metrics, and from the event log where there is one."""

from __future__ import annotations

from tools.dashboards import links, variables
from tools.dashboards import promql as q
from tools.dashboards import words as w
from tools.dashboards.boards import Board, Row
from tools.dashboards.countries import COUNTRY
from tools.dashboards.eventlog import sent
from tools.dashboards.panels import PARTS, STACKED, lines, number
from tools.dashboards.shown import Step, Target
from tools.dashboards.tables import Column, logged, rows
from tools.dashboards.texts import columns as c
from tools.dashboards.texts import destinations as t

EGRESS, INGRESS = "crossborder_egress_bytes_total", "crossborder_ingress_bytes_total"
FLOWS, SYSTEMS = "crossborder_egress_flows_total", "crossborder_system_egress_bytes_total"
_OUT = q.grown(EGRESS, "country", q.COUNTRIES)
_UNKNOWN = q.grown(EGRESS, "country", q.COUNTRIES, 'country="ZZ"')
_PART = (Step(None, w.GOOD), Step(0.2, w.NEAR), Step(0.5, w.BAD))
_FEW = (Step(None, w.GOOD), Step(0.05, w.BAD))
_OF = (q.COUNTRIES, q.CATEGORIES)


def _opaque(metric: str, by: str, *matchers: str) -> str:
    """Return the part that could not be read; nothing where all could."""
    whole = q.grown(metric, by, *matchers)
    part = q.grown(metric, by, 'inspection="opaque"', *matchers)
    return f"{part} / ({whole} > 0)"


SUMMARY = (
    number(t.BYTES, q.or_zero(f"sum({_OUT})"), "bytes", w=6),
    number(t.BYTES_IN, q.or_zero(f"sum({q.grown(INGRESS, 'country', q.COUNTRIES)})"), "bytes", w=6),
    number(t.FLOWS, q.counted(FLOWS, q.COUNTRIES), w=6),
    number(t.UNKNOWN, q.share(f"({q.or_zero(f'sum({_UNKNOWN})')})", f"sum({_OUT})"), "percentunit", _FEW, w=6),
)
_COUNTRY = Column("country", c.COUNTRY, words=COUNTRY, link=links.country)
COUNTRIES = (
    rows(
        t.TABLE,
        (
            Target(f"{_OUT} > 0"),
            Target(q.grown(INGRESS, "country", q.COUNTRIES)),
            Target(f"round({q.grown(FLOWS, 'country', q.COUNTRIES)})"),
            Target(_opaque(EGRESS, "country", q.COUNTRIES)),
        ),
        (
            _COUNTRY,
            Column("Value #A", c.BYTES, "bytes", bar=True),
            Column("Value #B", c.BYTES_IN, "bytes"),
            Column("Value #C", c.FLOWS, "short"),
            Column("Value #D", c.OPAQUE, "percentunit", steps=_PART),
        ),
        by="Value #A",
        w=24,
        h=10,
    ),
    lines(t.OUT, (Target(f"topk(10, {q.rate(EGRESS, 'country', q.COUNTRIES)})", "{{country}}"),), "binBps", STACKED),
    lines(t.IN, (Target(f"topk(10, {q.rate(INGRESS, 'country', q.COUNTRIES)})", "{{country}}"),), "binBps", STACKED),
    lines(
        t.INSPECTED,
        (Target(q.rate(EGRESS, "inspection", q.COUNTRIES), "{{inspection}}"),),
        "binBps",
        PARTS,
        words=w.INSPECTION,
    ),
    lines(t.BASIS, (Target(q.rate(FLOWS, "basis", q.COUNTRIES), "{{basis}}"),), "cps", PARTS, words=w.BASIS),
)
_BY = "system, category, country"
SYSTEM_CELLS = (
    rows(
        t.SYSTEM_TABLE,
        (Target(f"{q.grown(SYSTEMS, _BY, *_OF)} > 0"), Target(_opaque(SYSTEMS, _BY, *_OF))),
        (
            Column("system", c.SYSTEM),
            Column("category", c.CATEGORY, words=w.TAGGED),
            _COUNTRY,
            Column("Value #A", c.BYTES, "bytes", bar=True),
            Column("Value #B", c.OPAQUE, "percentunit", steps=_PART),
        ),
        by="Value #A",
        w=24,
        h=10,
    ),
    lines(t.SYSTEM_LINES, (Target(f"topk(10, {q.rate(SYSTEMS, 'system', *_OF)})", "{{system}}"),), "binBps", STACKED),
    lines(
        t.SYSTEM_CLASS, (Target(q.rate(SYSTEMS, "category", *_OF), "{{category}}"),), "binBps", STACKED, words=w.TAGGED
    ),
)
LOG = (
    logged(
        t.OPERATORS,
        sent("country, org, server"),
        (
            _COUNTRY,
            Column("org", c.OPERATOR),
            Column("server", c.SERVER),
            Column("Value #A", c.BYTES, "bytes", bar=True),
        ),
        w=16,
    ),
    logged(
        t.BY_OPERATOR,
        sent("country, org"),
        (_COUNTRY, Column("org", c.OPERATOR), Column("Value #A", c.BYTES, "bytes", bar=True)),
        w=8,
    ),
)

BOARD = Board(
    "destinations",
    t.TITLE,
    t.ABOUT,
    "now-24h",
    (*variables.ALWAYS, variables.category, variables.country, variables.logs),
    (
        Row("destinations-row-summary", t.SUMMARY, SUMMARY),
        Row("destinations-row-countries", t.COUNTRIES, COUNTRIES),
        Row("destinations-row-systems", t.SYSTEMS, SYSTEM_CELLS),
        Row("destinations-row-log", t.LOG, LOG, closed=True),
    ),
)
