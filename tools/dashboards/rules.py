"""Rules: what is in force where, how it was read, what it finds, what never matched, what it costs."""

from __future__ import annotations

from tools.dashboards import links, variables
from tools.dashboards import promql as q
from tools.dashboards import words as w
from tools.dashboards.boards import Board, Row
from tools.dashboards.panels import BARS, LINES, SHARE, STACKED, lines, number
from tools.dashboards.shown import Step, Target
from tools.dashboards.tables import Column, rows
from tools.dashboards.texts import columns as c
from tools.dashboards.texts import rules as t
from tools.dashboards.words import Word

FOUND = "crossborder_violations_total"
_LABELS = "rule, title, item, instrument, category, severity"
_INFO = f"max by ({_LABELS}) ({q.of('crossborder_rule_info', q.CATEGORIES)})"
_MATCHED = q.grown(FOUND, "rule", q.CATEGORIES)
_SILENT = f"({_INFO} unless on (rule) ({_MATCHED} > 0.5))"
_SOME = (Step(None, w.BAD), Step(1, w.GOOD))
_ONE = (Step(None, w.GOOD), Step(2, w.NEAR))
_TICK = 'stage="match"'

FORCE = (
    number(t.LOADED, f"min(sum by (instance) ({q.of('crossborder_rules_loaded')}))", steps=_SOME, w=5),
    number(t.SETS, f"count(count by (sha256) ({q.of('crossborder_ruleset_info')}))", steps=_ONE, w=5),
    number(t.RELOAD, f"min({q.of('crossborder_config_reload_success')})", "none", w=5, words=w.YES_NO),
    number(t.SINCE, f"time() - min({q.of('crossborder_config_last_reload_timestamp_seconds')})", "dtdurations", w=5),
    number(t.SILENT, f"count({_SILENT}) or 0 * count({_INFO})"),
    lines(
        t.BY_SEVERITY,
        (Target(f"max by (severity) ({q.of('crossborder_rules_loaded')})", "{{severity}}"),),
        "short",
        STACKED,
        w=8,
        words=w.SEVERITY,
    ),
    lines(t.READ, (Target(q.of("crossborder_config_reload_success"), "{{instance}}"),), "short", SHARE, w=4),
    rows(
        t.HASHES,
        (
            Target(
                f"sum by (unit, gateway, instance, sha256, generation) ({q.of('crossborder_ruleset_info')}"
                " * on (instance, job) group_left (unit, gateway) crossborder_gateway_info)"
            ),
        ),
        (
            Column("unit", c.UNIT),
            Column("gateway", c.GATEWAY),
            Column("instance", c.INSTANCE),
            Column("sha256", c.HASH),
            Column("generation", c.GENERATION),
            Column("Value", c.LOADED, "none", words=w.YES_NO, width=90),
        ),
        by="sha256",
    ),
)
_ABOUT = (
    Column("rule", c.RULE, link=links.rule, width=240),
    Column("title", c.TITLE),
    Column("category", c.CATEGORY, words=w.CATEGORY, width=160),
    Column("severity", c.SEVERITY, words=w.SEVERITY, width=120),
)
FINDS = (
    lines(t.MATCHES, (Target(f"topk(10, {q.hits(FOUND, 'rule', q.CATEGORIES)} > 0)", "{{rule}}"),), "short", BARS),
    lines(
        t.DETECTED,
        (Target(f"topk(10, {q.hits('crossborder_detections_total', 'detector')} > 0)", "{{detector}}"),),
        "short",
        BARS,
    ),
    rows(
        t.TABLE,
        (Target(f"round({_INFO} * on (rule) group_left () {_MATCHED})"),),
        (
            *_ABOUT,
            Column("instrument", c.INSTRUMENT, width=160),
            Column("item", c.ITEM, width=110),
            Column("Value", c.MATCHES, "short", bar=True, width=170),
        ),
        by="Value",
        w=24,
        h=10,
    ),
)
_COST = f"max by (rule) ({q.of('crossborder_rule_flow_seconds')})"
_MEAN = (
    f"sum({q.rate('crossborder_tick_seconds_sum', 'stage', _TICK)})"
    f" / (sum({q.rate('crossborder_tick_seconds_count', 'stage', _TICK)}) > 0)"
)
_MOST = f"histogram_quantile(0.99, {q.rate('crossborder_tick_seconds_bucket', 'le', _TICK)})"
COSTS = (
    rows(
        t.COST,
        (Target(_COST),),
        (Column("rule", c.RULE, link=links.rule), Column("Value", c.COST, "s", bar=True)),
        by="Value",
        h=12,
    ),
    rows(
        t.NEVER,
        (Target(f"max by (rule, title, category, severity) ({_SILENT})"),),
        (*_ABOUT[:3], Column("severity", c.SEVERITY, words=w.SEVERITY, width=120)),
        by="rule",
        h=12,
        up=True,
    ),
    lines(
        t.MATCHING,
        (Target(_MEAN, "mean"), Target(_MOST, "most")),
        "s",
        LINES,
        words={"mean": Word(t.MEAN, "blue"), "most": Word(t.MOST, "orange")},
    ),
    lines(
        t.EVICTED,
        (Target(q.rate("crossborder_match_evicted_total", "kind"), "{{kind}}"),),
        "cps",
        STACKED,
        words=w.EVICTED,
    ),
)

BOARD = Board(
    "rules",
    t.TITLE,
    t.ABOUT,
    "now-24h",
    (*variables.ALWAYS, variables.category),
    (
        Row("rules-row-force", t.FORCE, FORCE),
        Row("rules-row-found", t.FOUND, FINDS),
        Row("rules-row-cost", t.COST_ROW, COSTS),
    ),
)
