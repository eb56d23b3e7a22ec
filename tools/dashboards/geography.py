"""Geography: the ground of countries, what is unknown, age and answers of the databases."""

from __future__ import annotations

from tools.dashboards import promql as q
from tools.dashboards import variables
from tools.dashboards import words as w
from tools.dashboards.boards import Board, Row
from tools.dashboards.panels import LINES, PARTS, SHARE, STACKED, lines, number
from tools.dashboards.shared import UNKNOWN_SHARE
from tools.dashboards.shown import Step, Target
from tools.dashboards.tables import Column, rows
from tools.dashboards.texts import columns as c
from tools.dashboards.texts import geography as t

DAY = 86400
FLOWS, EGRESS = "crossborder_egress_flows_total", "crossborder_egress_bytes_total"
LOOKUPS, BUILT = "crossborder_geo_lookups_total", "crossborder_geo_database_build_timestamp_seconds"
LOADED = "crossborder_geo_database_loaded"
_ZZ = 'country="ZZ"'
_NONE = (Step(None, w.GOOD), Step(1, w.BAD))
_OLD = (Step(None, w.GOOD), Step(100 * DAY, w.NEAR), Step(200 * DAY, w.BAD))
_UNKNOWN = q.grown(FLOWS, "basis", 'basis="unknown"')
_WHERE = "instance, database"
_AGE = f"time() - max by ({_WHERE}) ({q.of(BUILT)})"

GROUND = (
    number(
        t.SHARE,
        q.share(f"({q.or_zero(f'sum({_UNKNOWN})')})", f"sum({q.grown(FLOWS, 'basis')})"),
        "percentunit",
        (Step(None, w.GOOD), Step(0.02, w.NEAR), Step(0.05, w.BAD)),
        w=5,
    ),
    number(t.BYTES, q.or_zero(f"sum({q.grown(EGRESS, 'country', _ZZ)})"), "bytes", w=5),
    number(t.OLDEST, f"max({_AGE})", "dtdurations", _OLD, w=5),
    number(t.MISSING, q.or_zero(f"count({q.of(LOADED)} == 0)"), steps=_NONE),
    number(t.DISAGREE, q.counted(LOOKUPS, 'result="disagree"'), w=5),
    lines(t.BASIS, (Target(q.rate(FLOWS, "basis"), "{{basis}}"),), "cps", PARTS, w=8, words=w.BASIS),
    lines(t.UNKNOWN, (Target(UNKNOWN_SHARE, "ZZ"),), "percentunit", LINES, w=8, line=q.threshold("unknown_share")),
    lines(t.TREND, (Target(q.rate(EGRESS, "instance", _ZZ), "{{instance}}"),), "binBps", STACKED, w=8),
)
_NOT_FOUND = q.rate(LOOKUPS, "database", 'result=~"miss|pseudo"')
_MISS = f"({_NOT_FOUND} or 0 * {q.rate(LOOKUPS, 'database')})"
DATABASES = (
    rows(
        t.TABLE,
        (Target(f"max by ({_WHERE}) ({q.of(LOADED)})"), Target(_AGE)),
        (
            Column("instance", c.INSTANCE),
            Column("database", c.DATABASE),
            Column("Value #A", c.LOADED, "none", words=w.YES_NO),
            Column("Value #B", c.AGE, "dtdurations", steps=_OLD, words=w.UNTOLD),
        ),
        by="Value #B",
    ),
    lines(
        t.AGES,
        (Target(_AGE, "{{instance}} {{database}}"),),
        "dtdurations",
        LINES,
        line=q.threshold("database_age_seconds"),
    ),
    lines(t.LOOKUPS, (Target(q.rate(LOOKUPS, "result"), "{{result}}"),), "cps", STACKED, words=w.RESULT),
    lines(t.MISSES, (Target(q.share(_MISS, q.rate(LOOKUPS, "database")), "{{database}}"),), "percentunit", SHARE),
)

BOARD = Board(
    "geography",
    t.TITLE,
    t.ABOUT,
    "now-24h",
    variables.ALWAYS,
    (Row("geography-row-ground", t.GROUND, GROUND), Row("geography-row-databases", t.DATABASES, DATABASES)),
)
