"""Tables: columns with titles, units, words and links, in an order that does not depend on Grafana."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from grafana_foundation_sdk.builders import common, loki, table
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue
from tools.dashboards.panels import MANY, asked
from tools.dashboards.shown import Cell, Steps, all_or_none, dressed, renamed, stepped, transformed
from tools.dashboards.variables import LOKI

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tools.dashboards.shown import Target
    from tools.dashboards.text import Lang, Said, Text
    from tools.dashboards.words import Words


class Column(NamedTuple):
    """A column: the label or query it shows, its title, and how its values look."""

    name: str
    title: Text
    unit: str = "string"
    words: Words | None = None
    steps: Steps = ()
    link: Callable[[Lang], dict[str, object]] | None = None
    width: int | None = None
    bar: bool = False


def rows(
    said: Said,
    targets: Sequence[Target],
    columns: Sequence[Column],
    *,
    by: str,
    w: int = 12,
    h: int = MANY,
    up: bool = False,
) -> Cell:
    """Return a table of the last values: a row each set of labels, a column each query, ordered by a column."""

    def make(lang: Lang) -> table.Panel:
        panel = dressed(table.Panel(), said, "short", lang).align(options.FieldTextAlignment.AUTO)
        for index, target in enumerate(all_or_none(targets)):
            panel = panel.with_target(asked(target, instant=True, ref=index, table=True))
        panel = panel.with_transformation(transformed("merge", {}))
        panel = panel.with_transformation(transformed("organize", _order(columns)))
        for column in columns:
            panel = panel.override_by_name(column.name, _look(column, lang))
        return panel.sort_by([_sorted(columns, by, lang, down=not up)])

    return Cell(said.key, w, h, make)


def logged(said: Said, expr: str, columns: Sequence[Column], *, w: int) -> Cell:
    """Return a table of sums over the event log, largest first."""

    def make(lang: Lang) -> table.Panel:
        panel = dressed(table.Panel(), said, "short", lang).datasource(LOKI)
        panel = panel.align(options.FieldTextAlignment.AUTO)
        query = loki.Dataquery().expr(expr).query_type("instant").ref_id("A").datasource(LOKI)
        panel = panel.with_target(query).with_transformation(transformed("organize", _order(columns)))
        for column in columns:
            panel = panel.override_by_name(column.name, _look(column, lang))
        return panel.sort_by([_sorted(columns, "Value #A", lang, down=True)])

    return Cell(said.key, w, MANY, make)


def _order(columns: Sequence[Column]) -> dict[str, object]:
    shown = {column.name for column in columns}
    return {
        "excludeByName": {name: True for name in ("Time", "Value") if name not in shown},
        "indexByName": {column.name: index for index, column in enumerate(columns)},
        "renameByName": {},
    }


def _sorted(columns: Sequence[Column], by: str, lang: Lang, *, down: bool) -> common.TableSortByFieldState:
    title = next(column.title.to(lang) for column in columns if column.name == by)
    return common.TableSortByFieldState().display_name(title).desc(down)


def _look(column: Column, lang: Lang) -> list[DynamicConfigValue]:
    values: dict[str, object] = {"displayName": column.title.to(lang), "unit": column.unit}
    if column.words:
        values["mappings"] = [renamed(column.words, lang)]
    if column.link:
        values["links"] = [column.link(lang)]
    if column.width:
        values["custom.width"] = column.width
    return [DynamicConfigValue(id_val=name, value=value) for name, value in (values | _colours(column)).items()]


def _colours(column: Column) -> dict[str, object]:
    """Return how a cell shows its colour: as a bar, by thresholds, or by its words."""
    if column.bar:
        gauge = {"type": "gauge", "mode": options.BarGaugeDisplayMode.BASIC, "valueDisplayMode": "text"}
        return {"custom.cellOptions": gauge, "color": {"mode": "fixed", "fixedColor": "blue"}, "min": 0}
    if column.steps:
        return {
            "thresholds": stepped(column.steps).build(),
            "color": {"mode": "thresholds"},
            "custom.cellOptions": {"type": "color-text"},
        }
    if column.words and any(word.colour for word in column.words.values()):
        return {"custom.cellOptions": {"type": "color-text"}}
    return {}
