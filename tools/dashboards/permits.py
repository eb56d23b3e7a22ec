"""Permits and thresholds: ceilings, ends, decisions; persons, their bounds and bands, and whether counts last."""

from __future__ import annotations

from tools.dashboards import links, variables
from tools.dashboards import promql as q
from tools.dashboards import words as w
from tools.dashboards.boards import Board, Row
from tools.dashboards.countries import COUNTRY
from tools.dashboards.panels import BARS, LINES, bars, lines, number
from tools.dashboards.shared import BAND_STEPS, bands, persons
from tools.dashboards.shown import Step, Target
from tools.dashboards.tables import Column, rows
from tools.dashboards.texts import columns as c
from tools.dashboards.texts import permits as t

DAY = 86400
_RATIO = Target(f"max by (permit, ceiling) ({q.of('crossborder_permit_used_ratio')})", "{{permit}}: {{ceiling}}")
_ENDS = f"max by (permit) ({q.of('crossborder_permit_expiry_timestamp_seconds')})"
_USED = f"sum by (permit) ({q.of('crossborder_permit_used_bytes')})"
_LEFT = (Step(None, w.BAD), Step(0, w.NEAR), Step(30 * DAY, w.GOOD))
_ANY = (Step(None, w.GOOD), Step(1, w.BAD))

PERMITS = (
    bars(t.USE, _RATIO, "percentunit", BAND_STEPS, words=w.CEILING),
    rows(
        t.EXPIRY,
        (Target(f"{_ENDS} - time()"), Target(f"1000 * {_ENDS}"), Target(_USED)),
        (
            Column("permit", c.PERMIT),
            Column("Value #A", c.LEFT, "dtdurations", steps=_LEFT),
            Column("Value #B", c.ENDS, "dateTimeAsIso"),
            Column("Value #C", c.USED, "bytes"),
        ),
        by="Value #A",
        up=True,
    ),
    lines(t.USED, (Target(_USED, "{{permit}}"),), "bytes", LINES, w=8),
    lines(t.NEAREST, (_RATIO,), "percentunit", LINES, w=8, line=q.threshold("permit_used")),
    lines(
        t.DECISIONS,
        (Target(q.hits("crossborder_violations_total", "decision", q.CATEGORIES), "{{decision}}"),),
        "short",
        BARS,
        w=8,
        words=w.DECISION,
    ),
)
_MOST = "max by (unit, kind, country) ({})"
_OPENED = f"max by (unit, kind) ({q.of('crossborder_persons_opening_balance')})"
_ALL = f"max by (unit, kind) ({q.of('crossborder_persons_abroad')})"
_KIND = Column("kind", c.KIND, words=w.KIND)
PERSONS = (
    persons(t.PERSONS),
    bars(t.BANDS, bands(), "percentunit", BAND_STEPS, words={**w.KIND, **w.BAND}),
    lines(t.GROWTH, (bands(),), "percentunit", LINES, line=q.threshold("band_near")),
    rows(
        t.BY_COUNTRY,
        (Target(_MOST.format(q.of("crossborder_persons_transferred"))),),
        (
            Column("unit", c.UNIT),
            _KIND,
            Column("country", c.COUNTRY, words=COUNTRY, link=links.country),
            Column("Value", c.PERSONS, "locale", bar=True),
        ),
        by="Value",
    ),
    rows(
        t.OPENING,
        (Target(_OPENED), Target(f"{_ALL} - {_OPENED}")),
        (
            Column("unit", c.UNIT),
            _KIND,
            Column("Value #A", c.OPENING, "locale"),
            Column("Value #B", c.COUNTED, "locale"),
        ),
        by="Value #A",
    ),
    number(t.DURABLE, f"min({q.of('crossborder_state_durable')})", "none", w=6, h=8, words=w.YES_NO),
    number(t.FAILED, q.counted("crossborder_state_write_failures_total"), steps=_ANY, w=6, h=8),
)

BOARD = Board(
    "permits",
    t.TITLE,
    t.ABOUT,
    "now-24h",
    (*variables.ALWAYS, variables.category),
    (Row("permits-row-permits", t.PERMITS, PERMITS), Row("permits-row-persons", t.PERSONS_ROW, PERSONS)),
)
