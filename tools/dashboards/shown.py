"""What all panels share: title, description, unit, empty state, colours, and words instead of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from grafana_foundation_sdk.builders import bargauge, dashboard, geomap, logs, stat, table, timeseries
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from tools.dashboards.variables import PROMETHEUS
from tools.dashboards.words import GOOD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tools.dashboards.text import Lang, Said
    from tools.dashboards.words import Words

Shown = TypeVar("Shown", stat.Panel, timeseries.Panel, table.Panel, bargauge.Panel, geomap.Panel, logs.Panel)


class Target(NamedTuple):
    """A query, and what its series are called."""

    expr: str
    legend: str = ""


class Step(NamedTuple):
    """From this value on it has this colour; None: from the beginning."""

    at: float | None
    colour: str


Steps = tuple[Step, ...] | tuple[()]


class Cell(NamedTuple):
    """A panel before it has a place: its key, width of 24, height, and how to make it in a language."""

    key: str
    w: int
    h: int
    make: Callable[[Lang], Any]


def dressed(panel: Shown, said: Said, unit: str, lang: Lang) -> Shown:
    """Return a panel with what it says, its unit and its data source."""
    panel = panel.title(said.title.to(lang)).description(said.about.to(lang)).no_value(said.empty.to(lang))
    return panel.unit(unit).datasource(PROMETHEUS)


def stepped(steps: Steps) -> dashboard.ThresholdsConfig:
    """Return thresholds that do not depend on the range of values."""
    made = [Threshold(value=step.at, color=step.colour) for step in steps or (Step(None, GOOD),)]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(made)


def thresholds() -> dashboard.FieldColor:
    """Return colours taken from thresholds."""
    return dashboard.FieldColor().mode(FieldColorModeId.THRESHOLDS)


def renamed(words: Words, lang: Lang) -> ValueMap:
    """Return what stands for values of a closed set."""
    told = {
        value: ValueMappingResult(text=word.text.to(lang), color=word.colour, index=index)
        for index, (value, word) in enumerate(words.items())
    }
    return ValueMap(options=told)


def series_words(words: Words, lang: Lang) -> Iterator[tuple[str, list[DynamicConfigValue]]]:
    """Yield series by name with what they are called and their colour; a threshold is a dashed line."""
    for name, word in words.items():
        properties = [DynamicConfigValue(id_val="displayName", value=word.text.to(lang))]
        if word.colour:
            properties.append(DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": word.colour}))
        if name == "threshold":
            properties += _dashed()
        yield name, properties


def _dashed() -> list[DynamicConfigValue]:
    return [
        DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [10, 10]}),
        DynamicConfigValue(id_val="custom.fillOpacity", value=0),
        DynamicConfigValue(id_val="custom.stacking", value={"mode": "none", "group": "B"}),
        DynamicConfigValue(id_val="custom.drawStyle", value="line"),
    ]


def transformed(kind: str, options: dict[str, object]) -> DataTransformerConfig:
    """Return one transformation of what a query gave."""
    return DataTransformerConfig(id_val=kind, options=options)


def properties(**values: object) -> list[DynamicConfigValue]:
    """Return properties of a field; `_` in a name is a dot."""
    return [DynamicConfigValue(id_val=name.replace("_", "."), value=value) for name, value in values.items()]


def all_or_none(targets: Sequence[Target]) -> Sequence[Target]:
    """Return queries of one table, each with the rows of the first and no others: 0 where it has none of its own.

    Grafana calls the column of a query `Value #B` only while another query has rows, too; else it is `Value`, and its
    unit and title are lost. And where only some queries have a row, the text for nothing stands in its other cells.
    """
    first, *rest = targets
    return [first, *(Target(f"({target.expr}) and ({first.expr}) or 0 * ({first.expr})") for target in rest)]
