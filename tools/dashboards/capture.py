"""Capture health: packets, drops, lag, coverage, shed load, balanced books, ticks, events and the process."""

from __future__ import annotations

from tools.dashboards import promql as q
from tools.dashboards import variables
from tools.dashboards import words as w
from tools.dashboards.boards import Board, Row
from tools.dashboards.panels import FREE, LINES, PARTS, SHARE, STACKED, lines, number
from tools.dashboards.shared import coverage
from tools.dashboards.shown import Step, Target
from tools.dashboards.texts import capture as t
from tools.dashboards.words import Word

_NONE = (Step(None, w.GOOD), Step(1, w.BAD))
_PACKETS, _DROPPED = "crossborder_capture_packets_total", "crossborder_capture_dropped_packets_total"
_FULL = 'reason=~"kernel|ring"'
_WHERE = "instance, interface"
_AT = "{{instance}} {{interface}}"
BOOKS = (
    f"sum({q.of(_PACKETS)}) - sum({q.of('crossborder_capture_flow_packets_total')})"
    f" - sum({q.of('crossborder_capture_domestic_packets_total')}) - sum({q.of(_DROPPED)})"
)
_LOST = f"(sum by (instance) (rate({q.of(_DROPPED, _FULL)}[$__rate_interval])))"

SUMMARY = (
    number(t.BALANCE, BOOKS, steps=(Step(None, w.BAD), Step(0, w.GOOD), Step(1, w.BAD))),
    number(t.UP, q.or_zero(f"count({q.of('crossborder_capture_interface_up')} == 0)"), steps=_NONE),
    number(
        t.LAG,
        f"max({q.of('crossborder_capture_lag_seconds')})",
        "s",
        (Step(None, w.GOOD), Step(2, w.NEAR), Step(5, w.BAD)),
    ),
    number(
        t.LOSS,
        q.share(f"sum(increase({q.of(_DROPPED, _FULL)}[$__range]))", f"sum(increase({q.of(_PACKETS)}[$__range]))"),
        "percentunit",
        (Step(None, w.GOOD), Step(0.0001, w.NEAR), Step(0.001, w.BAD)),
    ),
    number(
        t.SEEN,
        coverage("increase", "$__range"),
        "percentunit",
        (Step(None, w.BAD), Step(0.95, w.NEAR), Step(0.99, w.GOOD)),
    ),
    number(t.SHED, f"max(sum by (instance) ({q.of('crossborder_capture_shedding')}))", steps=_NONE),
)
_FATES = {"flows": Word(t.IN_FLOWS, "green"), "domestic": Word(t.DOMESTIC, "blue"), "dropped": Word(t.DROPS, "red")}
PACKETS = (
    lines(t.RECEIVED, (Target(q.rate(_PACKETS, _WHERE), _AT),), "pps", LINES),
    lines(t.BITS, (Target(f"8 * {q.rate('crossborder_capture_bytes_total', _WHERE)}", _AT),), "bps", LINES),
    lines(t.DROPPED, (Target(q.rate(_DROPPED, "reason"), "{{reason}}"),), "pps", STACKED, w=8, words=w.REASON),
    lines(
        t.MIX,
        (
            Target(f"sum(rate({q.of('crossborder_capture_flow_packets_total')}[$__rate_interval]))", "flows"),
            Target(f"sum(rate({q.of('crossborder_capture_domestic_packets_total')}[$__rate_interval]))", "domestic"),
            Target(f"sum(rate({q.of(_DROPPED)}[$__rate_interval]))", "dropped"),
        ),
        "pps",
        PARTS,
        w=8,
        words=_FATES,
    ),
    lines(
        t.INSPECTION,
        (Target(q.rate("crossborder_egress_bytes_total", "inspection"), "{{inspection}}"),),
        "binBps",
        PARTS,
        w=8,
        words=w.INSPECTION,
    ),
    lines(
        t.LOST,
        (Target(q.share(_LOST, q.rate(_PACKETS, "instance")), "{{instance}}"),),
        "percentunit",
        LINES,
        line=q.threshold("capture_loss"),
    ),
    lines(
        t.COVERAGE,
        (Target(coverage("rate", "$__rate_interval", _WHERE), _AT),),
        "percentunit",
        SHARE,
        line=q.threshold("coverage"),
    ),
)
_TICK = "crossborder_tick_seconds_bucket"
_TIMES = f"histogram_quantile(0.99, {q.rate(_TICK, 'le, stage')})"
_WORK = q.rate("crossborder_tick_seconds_sum", "instance", 'stage!="engine"')
LOAD = (
    lines(
        t.LAGS,
        (Target(q.of("crossborder_capture_lag_seconds"), "{{instance}}"),),
        "s",
        LINES,
        w=8,
        line=q.threshold("lag_seconds"),
    ),
    lines(
        t.SHEDDING,
        (Target(q.rate("crossborder_capture_shed_flows_total", "work"), "{{work}}"),),
        "cps",
        STACKED,
        w=8,
        words=w.WORK,
    ),
    lines(
        t.LIMITED,
        (Target(q.rate("crossborder_content_limited_total", "limit"), "{{limit}}"),),
        "cps",
        STACKED,
        w=8,
        words=w.LIMIT,
    ),
    lines(t.FLOWS, (Target(q.of("crossborder_flows_active"), "{{instance}}"),), "short", LINES, w=8),
    lines(
        t.ENDED,
        (Target(q.rate("crossborder_flows_total", "end_reason"), "{{end_reason}}"),),
        "cps",
        STACKED,
        w=8,
        words=w.END,
    ),
    lines(t.STAGES, (Target(_TIMES, "{{stage}}"),), "s", LINES, w=8, words=w.STAGE),
    lines(t.BUSY, (Target(_WORK, "{{instance}}"),), "percentunit", LINES, w=8),
    lines(t.MEMORY, (Target(q.of("crossborder_process_resident_memory_bytes"), "{{instance}}"),), "bytes", LINES, w=8),
    lines(
        t.CPU,
        (Target(q.rate("crossborder_process_cpu_seconds_total", "instance"), "{{instance}}"),),
        "short",
        LINES,
        w=8,
    ),
)
_EVENTS = {"written": Word(t.WRITTEN, "green"), "failed": Word(t.HELD, "orange"), "lost": Word(t.GIVEN_UP, "dark-red")}
_READERS, _SINKS = q.of("crossborder_capture_reader_failures_total"), q.of("crossborder_publish_errors_total")
OUTPUT = (
    lines(
        t.EVENTS,
        tuple(
            Target(f"sum(rate({q.of(f'crossborder_events_{what}_total')}[$__rate_interval]))", what) for what in _EVENTS
        ),
        "cps",
        LINES,
        w=8,
        words=_EVENTS,
    ),
    lines(t.SERIES, (Target(q.rate("crossborder_series_dropped_total", "metric"), "{{metric}}"),), "cps", STACKED, w=6),
    lines(
        t.TRANSIT, (Target(q.rate("crossborder_transit_bytes_total", "instance"), "{{instance}}"),), "binBps", FREE, w=6
    ),
    number(
        t.FAULTS,
        f"round(sum(increase({_READERS}[$__range])) + sum(increase({_SINKS}[$__range])))",
        steps=_NONE,
        h=8,
    ),
)
_ROWS = {"written": Word(t.WRITTEN, "green"), "lost": Word(t.GIVEN_UP, "dark-red")}
_HISTORY = "crossborder_history_"
RECORD = (
    lines(
        t.ROWS,
        tuple(Target(f"sum(rate({q.of(f'{_HISTORY}rows_{what}_total')}[$__rate_interval]))", what) for what in _ROWS),
        "cps",
        LINES,
        w=8,
        words=_ROWS,
    ),
    lines(t.WAITING, (Target(q.of(f"{_HISTORY}rows_waiting"), "{{instance}}"),), "short", LINES, w=6),
    lines(
        t.ROOM,
        (Target(q.of(f"{_HISTORY}room_bytes"), "{{instance}}"),),
        "bytes",
        LINES,
        w=6,
        line=q.threshold("history_room_bytes"),
    ),
    number(t.MISHAPS, f"round(sum(increase({q.of(f'{_HISTORY}errors_total')}[$__range])))", steps=_NONE, h=8),
    lines(t.KEPT, (Target(q.of(f"{_HISTORY}bytes"), "{{instance}}"),), "bytes", LINES, w=12),
    lines(t.NUMBER, (Target(q.of("crossborder_events_chain_sequence"), "{{instance}}"),), "short", LINES, w=12),
)

BOARD = Board(
    "capture",
    t.TITLE,
    t.ABOUT,
    "now-24h",
    variables.ALWAYS,
    (
        Row("capture-row-summary", t.SUMMARY, SUMMARY),
        Row("capture-row-packets", t.PACKETS, PACKETS),
        Row("capture-row-load", t.LOAD, LOAD),
        Row("capture-row-output", t.OUTPUT, OUTPUT),
        Row("capture-row-record", t.RECORD, RECORD),
    ),
)
