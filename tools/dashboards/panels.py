"""The panels of the house: how a number, a trend, a bar and a list of findings look, with all defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from grafana_foundation_sdk.builders import bargauge, common, loki, prometheus, stat, timeseries
from grafana_foundation_sdk.builders import logs as log_panel
from grafana_foundation_sdk.builders import text as text_panel
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode
from tools.dashboards.shown import Cell, Target, dressed, renamed, series_words, stepped, thresholds, transformed
from tools.dashboards.variables import LOKI, PROMETHEUS
from tools.dashboards.words import THRESHOLD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.dashboards.shown import Steps
    from tools.dashboards.text import Lang, Said, Text
    from tools.dashboards.words import Words

FEW, MANY = 4, 8
"""Heights: of a number, of all else."""


class Look(NamedTuple):
    """How lines are drawn: bars or lines, one upon the other or not, and where the axis begins and ends."""

    style: options.GraphDrawStyle = options.GraphDrawStyle.LINE
    stack: options.StackingMode = options.StackingMode.NONE
    fill: int = 10
    least: float | None = 0
    most: float | None = None


LINES = Look()
FREE = Look(least=None)
STACKED = Look(stack=options.StackingMode.NORMAL, fill=40)
PARTS = Look(stack=options.StackingMode.PERCENT, fill=60)
BARS = Look(style=options.GraphDrawStyle.BARS, stack=options.StackingMode.NORMAL, fill=80)
SHARE = Look(most=1)


def number(
    said: Said,
    expr: str,
    unit: str = "short",
    steps: Steps = (),
    *,
    w: int = 4,
    h: int = FEW,
    words: Words | None = None,
) -> Cell:
    """Return one number, coloured by steps."""

    def make(lang: Lang) -> stat.Panel:
        panel = dressed(stat.Panel(), said, unit, lang).with_target(asked(Target(expr), instant=True))
        panel = panel.thresholds(stepped(steps)).color_scheme(thresholds())
        panel = panel.graph_mode(options.BigValueGraphMode.NONE).color_mode(
            options.BigValueColorMode.BACKGROUND_SOLID if steps or words else options.BigValueColorMode.NONE
        )
        panel = panel.text_mode(options.BigValueTextMode.VALUE).reduce_options(last())
        return panel.mappings([renamed(words, lang)]) if words else panel

    return Cell(said.key, w, h, make)


def lines(
    said: Said,
    targets: Sequence[Target],
    unit: str,
    look: Look = LINES,
    *,
    w: int = 12,
    words: Words | None = None,
    line: str | None = None,
) -> Cell:
    """Return lines over time, by words of a closed set; `line` is the series of a threshold."""

    def make(lang: Lang) -> timeseries.Panel:
        panel = drawn(dressed(timeseries.Panel(), said, unit, lang), look)
        for target in (*targets, *((Target(line, "threshold"),) if line else ())):
            panel = panel.with_target(asked(target, instant=False, ref=len(panel.build().targets or ())))
        for name, properties in series_words({**(words or {}), **({"threshold": THRESHOLD} if line else {})}, lang):
            panel = panel.override_by_name(name, properties)
        return panel

    return Cell(said.key, w, MANY, make)


def drawn(panel: timeseries.Panel, look: Look) -> timeseries.Panel:
    """Return lines with legend, tooltip and axis of the house."""
    legend = common.VizLegendOptions().display_mode(options.LegendDisplayMode.TABLE).show_legend(True)
    legend = (
        legend.placement(options.LegendPlacement.BOTTOM).calcs(["lastNotNull", "max"]).sort_by("Last *").sort_desc(True)
    )
    tooltip = common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI).sort(options.SortOrder.DESCENDING)
    panel = panel.legend(legend).tooltip(tooltip).draw_style(look.style).fill_opacity(look.fill).line_width(1)
    panel = panel.show_points(options.VisibilityMode.NEVER).span_nulls(False)
    panel = panel.stacking(common.StackingConfig().mode(look.stack).group("A"))
    panel = panel if look.least is None else panel.min(look.least)
    return panel if look.most is None else panel.max(look.most)


def bars(
    said: Said,
    target: Target,
    unit: str,
    steps: Steps = (),
    *,
    w: int = 12,
    most: float = 1,
    words: Words | None = None,
) -> Cell:
    """Return one bar a series, from 0, coloured by steps; `words` stand in the names as `label=value`."""

    def make(lang: Lang) -> bargauge.Panel:
        panel = dressed(bargauge.Panel(), said, unit, lang).with_target(asked(target, instant=True))
        panel = panel.thresholds(stepped(steps)).color_scheme(thresholds()).min(0).max(most).reduce_options(last())
        panel = panel.display_mode(options.BarGaugeDisplayMode.BASIC).orientation(options.VizOrientation.HORIZONTAL)
        panel = panel.show_unfilled(True).value_mode(options.BarGaugeValueMode.COLOR)
        panel = panel.name_placement(options.BarGaugeNamePlacement.LEFT)
        return in_names(panel, words or {}, lang)

    return Cell(said.key, w, MANY, make)


def in_names(panel: bargauge.Panel, words: Words, lang: Lang) -> bargauge.Panel:
    """Return bars of which the names say words: `kind=basic` becomes what basic is called."""
    for name, word in words.items():
        change: dict[str, object] = {
            "regex": f"^(.*)\\b{name}(?![\\w-])(.*)$",
            "renamePattern": f"$1{word.text.to(lang)}$2",
        }
        panel = panel.with_transformation(transformed("renameByRegex", change))
    return panel


def findings(said: Said, expr: str) -> Cell:
    """Return the newest events of the log."""

    def make(lang: Lang) -> log_panel.Panel:
        panel = dressed(log_panel.Panel(), said, "short", lang).datasource(LOKI)
        panel = panel.with_target(
            loki.Dataquery().expr(expr).query_type("range").max_lines(200).ref_id("A").datasource(LOKI)
        )
        panel = panel.show_time(True).wrap_log_message(True).enable_log_details(True)
        return panel.sort_order(options.LogsSortOrder.DESCENDING).dedup_strategy(options.LogsDedupStrategy.NONE)

    return Cell(said.key, 24, MANY, make)


def note(key: str, title: Text, content: Text, *, h: int = 6) -> Cell:
    """Return a text in Markdown, over the whole width."""

    def make(lang: Lang) -> text_panel.Panel:
        panel = text_panel.Panel().title(title.to(lang)).mode(TextMode.MARKDOWN)
        return panel.content(content.to(lang))

    return Cell(key, 24, h, make)


def asked(target: Target, *, instant: bool, ref: int = 0, table: bool = False) -> prometheus.Dataquery:
    """Return a query of Prometheus: one moment, or the whole range."""
    query = prometheus.Dataquery().expr(target.expr).ref_id(chr(ord("A") + ref)).datasource(PROMETHEUS)
    query = query.format(PromQueryFormat.TABLE if table else PromQueryFormat.TIME_SERIES)
    query = query.instant() if instant else query.range()
    return query.legend_format(target.legend) if target.legend else query


def last() -> common.ReduceDataOptions:
    """Return the reduction of a series to its last value."""
    return common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False)
