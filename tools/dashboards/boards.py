"""A dashboard: rows of panels laid out on Grafana's grid of 24 columns, in each language, as text of a file."""

from __future__ import annotations

import json
import zlib
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, GridPos
from tools.dashboards import links
from tools.dashboards.text import LANGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.dashboards.shown import Cell
    from tools.dashboards.text import Lang, Text
    from tools.dashboards.variables import Variable

NAMES = ("overview", "violations", "destinations", "permits", "capture", "geography", "rules")
COLUMNS = 24
SCHEMA = 39
"""Of Grafana 10.4. Newer ones bring it up to theirs; an older one would not take a newer one back."""


class Row(NamedTuple):
    """Panels under one heading; a closed row asks for nothing until it is opened."""

    key: str
    title: Text
    cells: Sequence[Cell]
    closed: bool = False


class Board(NamedTuple):
    """A dashboard in no language yet."""

    name: str
    title: Text
    about: Text
    since: str
    variables: Sequence[Variable]
    rows: Sequence[Row]


def files() -> dict[str, str]:
    """Return file name → text of every dashboard in every language."""
    return {f"{name}.{lang}.json": text(board(name), lang) for name in NAMES for lang in LANGS}


def board(name: str) -> Board:
    """Return a dashboard by its name, which is its module's."""
    found: Board = import_module(f"tools.dashboards.{name}").BOARD
    return found


def text(shown: Board, lang: Lang) -> str:
    """Return a dashboard in a language as JSON, in bytes that depend on nothing else."""
    return json.dumps(made(shown, lang).build(), cls=JSONEncoder, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def made(shown: Board, lang: Lang) -> dashboard.Dashboard:
    """Return a dashboard in a language."""
    page = dashboard.Dashboard(shown.title.to(lang)).uid(links.uid(shown.name, lang)).description(shown.about.to(lang))
    page = page.tags([links.TAG, lang]).editable().timezone("browser").time(shown.since, "now").refresh("1m")
    page = page.tooltip(DashboardCursorSync.CROSSHAIR).link(links.others(lang))
    for variable in shown.variables:
        page = page.with_variable(variable(lang))
    page.build().schema_version = SCHEMA
    return _filled(page, shown.rows, lang)


def _filled(page: dashboard.Dashboard, rows: Sequence[Row], lang: Lang) -> dashboard.Dashboard:
    """Put rows below each other. Panels of an open row stand beside it, those of a closed one within."""
    y = 0
    for row in rows:
        heading = dashboard.Row(row.title.to(lang)).id(lasting(row.key)).collapsed(row.closed)
        heading = heading.grid_pos(GridPos(h=1, w=COLUMNS, x=0, y=y))
        panels, y = laid(row.cells, y + 1, lang)
        page = page.with_row(_within(heading, panels) if row.closed else heading)
        for panel in [] if row.closed else panels:
            page = page.with_panel(panel)
    return page


def _within(heading: dashboard.Row, panels: Sequence[Any]) -> dashboard.Row:
    for panel in panels:
        heading = heading.with_panel(panel)
    return heading


def laid(cells: Sequence[Cell], y: int, lang: Lang) -> tuple[list[Any], int]:
    """Return panels from left to right, a new line where one is full, and where the next row begins."""
    panels, x, height = [], 0, 0
    for cell in cells:
        if x + cell.w > COLUMNS:
            x, y, height = 0, y + height, 0
        panels.append(cell.make(lang).id(lasting(cell.key)).grid_pos(GridPos(h=cell.h, w=cell.w, x=x, y=y)))
        x, height = x + cell.w, max(height, cell.h)
    return panels, y + height


def lasting(key: str) -> int:
    """Return the id of a panel: that of its key, wherever the panel stands, so that links to it live on."""
    return zlib.crc32(key.encode()) % 1_000_000
