"""Columns of text that fit a width: what is less needed gives way, what is too long is cut, and nothing wraps."""

from __future__ import annotations

import locale
import sys
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from crossborder.telemetry import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = 2


class Glyphs(NamedTuple):
    """Characters that a terminal may not have."""

    full: str
    half: str
    cut: str
    dot: str
    plain: bool


BLOCKS = Glyphs("█", "▌", "…", "·", plain=False)
ASCII = Glyphs("#", "", "~", "-", plain=True)


def only_ascii() -> bool:
    """Tell whether the locale has no more than ASCII: then a terminal may not know what a block is."""
    return not all(name.lower().startswith("utf") for name in (locale.getencoding(), sys.stdout.encoding))


class Column(NamedTuple):
    """A column: between `least` and `most` wide; of two that do not both fit the one of higher `rank` gives way."""

    heading: str
    least: int
    most: int = 0
    right: bool = False
    rank: int = 0


class Table:
    """Rows of cells, drawn to a width."""

    def __init__(self, columns: Sequence[Column], width: int, glyphs: Glyphs) -> None:
        """Take columns, and the width of the whole."""
        self.glyphs = glyphs
        shown = list(columns)
        while len(shown) > 1 and _needs(shown) > width:
            shown.remove(max(reversed(shown), key=lambda column: column.rank))
        spare = max(0, width - _needs(shown))
        self.widths: dict[str, int] = {}
        for column in shown:
            more = min(spare, max(0, column.most - column.least))
            spare -= more
            self.widths[column.heading] = column.least + more
        self._columns = shown
        self.width = width

    def row(self, **cells: Text) -> Text:
        """Return one line; cells go by the headings' first words in small letters, what has no column is left out."""
        parts = [self._fitted(cells.get(_key(column), Text()), column) for column in self._columns]
        return fitted(Text(" " * GAP).join(parts), self.width, self.glyphs)

    def heading(self, title: Text) -> Text:
        """Return the line of headings; the title stands over the columns that have none, and over what it covers."""
        at, names = 0, {}
        for column in self._columns:
            if at >= title.cell_len and not column.heading.startswith("_"):
                names[_key(column)] = Text(column.heading, style="dim")
            at += self.widths[column.heading] + GAP
        return fitted(Text.assemble(title, self.row(**names)[title.cell_len :]), self.width, self.glyphs)

    def _fitted(self, cell: Text, column: Column) -> Text:
        return fitted(cell, self.widths[column.heading], self.glyphs, right=column.right)


def _key(column: Column) -> str:
    return column.heading.strip("_").split("/")[0].split()[0].lower()


def _needs(columns: Sequence[Column]) -> int:
    return sum(column.least for column in columns) + GAP * (len(columns) - 1)


def fitted(text: Text, width: int, glyphs: Glyphs, *, right: bool = False) -> Text:
    """Return text that is exactly so many cells wide: cut, with a sign of it, or padded."""
    line = text.copy()
    if line.cell_len > width:
        line.truncate(max(0, width - len(glyphs.cut)))
        line.append(glyphs.cut)
    space = " " * max(0, width - line.cell_len)
    return Text.assemble(space, line) if right else Text.assemble(line, space)


def word(text: str, style: str = "", *, glyphs: Glyphs = BLOCKS) -> Text:
    """Return text of any origin as it may be shown: no control acts, no markup is read."""
    safe = printable(text)
    return Text(safe.encode("ascii", "replace").decode() if glyphs.plain else safe, style=style)


def bar(share: float, width: int, glyphs: Glyphs) -> Text:
    """Return a bar as long as a share; something that is there is never nothing."""
    halves = max(1, round(share * width * 2))
    full, half = divmod(halves, 2) if glyphs.half else (-(-halves // 2), 0)
    return Text(glyphs.full * full + glyphs.half * half, style="blue")
