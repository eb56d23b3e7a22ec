"""Violations: by rule, severity, decision, country and class, with the last hit of each rule."""

from __future__ import annotations

from tools.dashboards import links, variables
from tools.dashboards import promql as q
from tools.dashboards import words as w
from tools.dashboards.boards import Board, Row
from tools.dashboards.countries import COUNTRY
from tools.dashboards.eventlog import FINDINGS
from tools.dashboards.panels import BARS, findings, lines, note, number
from tools.dashboards.shown import Step, Target
from tools.dashboards.tables import Column, rows
from tools.dashboards.texts import columns as c
from tools.dashboards.texts import violations as t

FOUND, BYTES = "crossborder_violations_total", "crossborder_violation_bytes_total"
CHOSEN = (q.CATEGORIES, q.COUNTRIES, q.RULES)
BROKEN = (*CHOSEN, q.BROKEN)
_BAD = (Step(None, w.GOOD), Step(1, w.BAD))
_EACH = "instance, job, rule"

SUMMARY = (
    number(t.COUNT, q.counted(FOUND, *BROKEN), steps=_BAD, w=5),
    number(t.GRAVE, q.counted(FOUND, 'severity="critical"', *BROKEN), steps=_BAD, w=5),
    number(t.BYTES, q.or_zero(f"sum({q.grown(BYTES, 'instance', *BROKEN)})"), "bytes", w=5),
    number(t.RULES, q.or_zero(f"count({q.grown(FOUND, 'rule', *BROKEN)} > 0.5)"), w=4),
    number(t.PERMITTED, q.counted(FOUND, 'decision="permitted"', *CHOSEN), w=5),
)
TIME = (
    lines(
        t.BY_SEVERITY, (Target(q.hits(FOUND, "severity", *BROKEN), "{{severity}}"),), "short", BARS, words=w.SEVERITY
    ),
    lines(
        t.BY_DECISION, (Target(q.hits(FOUND, "decision", *BROKEN), "{{decision}}"),), "short", BARS, words=w.DECISION
    ),
    lines(t.BY_RULE, (Target(f"topk(10, {q.hits(FOUND, 'rule', *BROKEN)} > 0)", "{{rule}}"),), "short", BARS),
    lines(t.BY_CLASS, (Target(q.hits(FOUND, "category", *BROKEN), "{{category}}"),), "short", BARS, words=w.CATEGORY),
)
_LABELS = "rule, title, item, category, severity"
_HIT = f"(({q.grown(FOUND, _EACH, *BROKEN)}) > 0.5)"


def _told(expr: str, how: str = "sum") -> str:
    """Return a value by rule with what the rules say of themselves."""
    return q.with_rules(f"({expr})", _LABELS, how)


_LAST = q.last_hit(FOUND, _EACH, *BROKEN)
TABLES = (
    rows(
        t.TABLE,
        (
            Target(f"round({_told(_HIT)})"),
            Target(_told(q.grown(BYTES, _EACH, *BROKEN))),
            Target(_told(_LAST, "max")),
        ),
        (
            Column("rule", c.RULE, link=links.rule, width=240),
            Column("title", c.TITLE),
            Column("item", c.ITEM, width=110),
            Column("category", c.CATEGORY, words=w.CATEGORY, width=160),
            Column("severity", c.SEVERITY, words=w.SEVERITY, width=120),
            Column("Value #A", c.FINDINGS, "short", bar=True, width=150),
            Column("Value #B", c.BYTES, "bytes", width=120),
            Column("Value #C", c.LAST, "dateTimeAsIso", words=w.NEVER, width=170),
        ),
        by="Value #A",
        w=24,
        h=10,
    ),
    rows(
        t.COUNTRY,
        (
            Target(f"round({q.grown(FOUND, 'country', *BROKEN)}) > 0"),
            Target(q.grown(BYTES, "country", *BROKEN)),
        ),
        (
            Column("country", c.COUNTRY, words=COUNTRY, link=links.country),
            Column("Value #A", c.FINDINGS, "short", bar=True),
            Column("Value #B", c.BYTES, "bytes"),
        ),
        by="Value #A",
    ),
    rows(
        t.REASONS,
        (Target(f"round({q.grown(FOUND, 'rule, decision', *CHOSEN)}) > 0"),),
        (
            Column("rule", c.RULE, link=links.rule),
            Column("decision", c.DECISION, words=w.DECISION),
            Column("Value", c.ALL_FINDINGS, "short", bar=True),
        ),
        by="Value",
    ),
)

BOARD = Board(
    "violations",
    t.TITLE,
    t.ABOUT,
    "now-24h",
    (*variables.ALWAYS, variables.category, variables.country, variables.rule, variables.runbooks, variables.logs),
    (
        Row("violations-row-summary", t.SUMMARY, SUMMARY),
        Row("violations-row-time", t.TIME, TIME),
        Row("violations-row-tables", t.DETAIL, TABLES),
        Row("violations-row-act", t.ACT, (note("violations-runbooks", t.RUNBOOKS, t.RUNBOOK_LIST, h=7),)),
        Row("violations-row-log", t.LOG, (findings(t.NEWEST, FINDINGS),), closed=True),
    ),
)
