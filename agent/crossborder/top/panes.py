"""What the screen shows, as lines of a width: a header, and four panes with a heading each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

from crossborder.model import UNKNOWN_COUNTRY
from crossborder.publish.units import size_of
from crossborder.top.health import checks
from crossborder.top.lists import Sent, countries, counts, findings, matching, systems
from crossborder.top.table import BLOCKS, Column, Glyphs, Table, bar, fitted, word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crossborder.top.finding import Finding
    from crossborder.top.lists import Count
    from crossborder.top.state import State

CELL = 38
"""Least width of one check."""
GAP = 2
LEVEL = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan"}
DATA = {"core": "bold red", "important": "yellow", "personal": "cyan"}
HINT = "For single findings: --events FILE, or -c with events.file. Counts by rule:"

COUNTRIES = (
    Column("_name", 16, 24),
    Column("Out/s", 9, right=True),
    Column("Total", 7, right=True),
    Column("Flows", 7, right=True, rank=2),
    Column("_bar", 6, 26, rank=1),
    Column("Share", 6, right=True),
    Column("Opaque", 6, right=True),
)
SYSTEMS = (
    Column("_name", 14, 30),
    Column("Data", 9),
    Column("Out/s", 9, right=True),
    Column("Total", 7, right=True),
    Column("Most to", 7),
    Column("Share", 6, right=True, rank=1),
    Column("Opaque", 6, right=True),
)
FINDINGS = (
    Column("_time", 9),
    Column("_level", 8),
    Column("Rule", 20, 32),
    Column("System", 12, 22),
    Column("To", 2),
    Column("Decision", 13),
    Column("Server", 14, 40, rank=1),
    Column("Bytes", 7, right=True, rank=2),
)
COUNTS = (
    Column("_level", 14),
    Column("Rule", 16, 40),
    Column("Data", 9, rank=1),
    Column("Found", 9, right=True),
    Column("Permitted", 9, right=True),
    Column("Most to", 7),
)


@dataclass(frozen=True, slots=True)
class View:
    """How it is drawn: the order and the filter of lists, the characters, names of countries by code."""

    order: str = "rate"
    wanted: str = ""
    glyphs: Glyphs = BLOCKS
    name_of: Callable[[str], str] = str  # a country's name by its code
    every: float = 2.0
    address: str = ""
    paused: bool = False


class Line(NamedTuple):
    """One line of a pane; `key` names what it is about, and is empty where it is about nothing."""

    key: str
    text: Text


class Pane(NamedTuple):
    """A pane: a line of title and headings, and its lines."""

    heading: Text
    lines: list[Line]


def pane(number: int, state: State, view: View, width: int) -> Pane:
    """Draw pane 1 (countries), 2 (systems), 3 (findings) or 4 (loss and health)."""
    drawn = _PANES[number - 1](state, view, width)
    if state.trouble:
        for line in drawn.lines:
            line.text.stylize("dim")
    return drawn


def _countries(state: State, view: View, width: int) -> Pane:
    table = Table(COUNTRIES, width, view.glyphs)
    rows = countries(state, view.order)
    lines = [Line(row.name, _sent(row, table, view, _country(row.name, view))) for row in matching(rows, view.wanted)]
    title = _title("1 Countries", len(lines), len(rows))
    return Pane(table.heading(title), lines or [_empty(rows, "Nothing has left the country yet.", width, view)])


def _systems(state: State, view: View, width: int) -> Pane:
    table = Table(SYSTEMS, width, view.glyphs)
    rows = systems(state, view.order)
    lines = [
        Line(row.name, _sent(row, table, view, word(row.name, "bold", glyphs=view.glyphs)))
        for row in matching(rows, view.wanted)
    ]
    none = "Nothing has left a known system yet; assets: in the configuration names them."
    return Pane(table.heading(_title("2 Systems", len(lines), len(rows))), lines or [_empty(rows, none, width, view)])


def _sent(row: Sent, table: Table, view: View, name: Text) -> Text:
    more = len(row.places) - 1
    return table.row(
        name=name,
        data=word(row.category, DATA.get(row.category, "dim"), glyphs=view.glyphs),
        out=Text("-", style="dim") if row.rate is None else Text(f"{size_of(round(row.rate))}/s" if row.rate else "0"),
        total=Text(size_of(round(row.total))),
        flows=Text(f"{row.flows:,.0f}"),
        most=word(row.top + (f" +{more}" if more > 0 else ""), glyphs=view.glyphs),
        bar=bar(row.share or 0.0, table.widths.get("_bar", 0), view.glyphs),
        share=_share(row.share),
        opaque=_share(row.opaque),
    )


def _share(share: float | None) -> Text:
    return Text("") if share is None else Text(f"{share:.1%}")


def _country(code: str, view: View) -> Text:
    unknown = code == UNKNOWN_COUNTRY
    name = "unknown" if unknown else view.name_of(code)
    first = word(code, "bold yellow" if unknown else "bold", glyphs=view.glyphs)
    rest = word(f" {name}" if name != code else "", "yellow" if unknown else "", glyphs=view.glyphs)
    return Text.assemble(first, rest)


def _findings(state: State, view: View, width: int) -> Pane:
    if not state.record or state.note:
        return _counts(state, view, width)
    table = Table(FINDINGS, width, view.glyphs)
    rows = findings(state)
    lines = [Line(row.id, _finding(row, table, state, view)) for row in matching(rows, view.wanted)]
    title = _title("3 Findings", len(lines), len(rows))
    none = [] if lines else [_empty(rows, f"No finding in {state.record} yet.", width, view)]
    return Pane(table.heading(title), [*_notes(state, width, view), *lines, *none])


def _finding(row: Finding, table: Table, state: State, view: View) -> Text:
    today = (state.ticked_at or state.at) - row.time.timestamp() < 86_400
    return table.row(
        time=Text(f"{row.time:%H:%M:%SZ}" if today else f"{row.time:%d %b %y}", style="dim"),
        level=_level(row.level),
        rule=word(row.rule, "bold", glyphs=view.glyphs),
        system=word(row.system, glyphs=view.glyphs),
        to=word(row.country, "bold yellow" if row.country == UNKNOWN_COUNTRY else "", glyphs=view.glyphs),
        decision=word(row.decision, "green" if row.decision == "permitted" else "", glyphs=view.glyphs),
        server=word(row.server, glyphs=view.glyphs),
        bytes=Text(size_of(row.bytes_out)),
    )


def _counts(state: State, view: View, width: int) -> Pane:
    table = Table(COUNTS, width, view.glyphs)
    rows = counts(state)
    lines = [Line(row.rule, _counted(row, table, view)) for row in matching(rows, view.wanted)]
    title = _title("3 Findings", len(lines), len(rows))
    hint = _line(state.note or HINT, "yellow" if state.note else "dim", width, view)
    none = [] if lines else [_empty(rows, "No rule has found anything yet.", width, view)]
    return Pane(table.heading(title), [hint, *lines, *none])


def _counted(row: Count, table: Table, view: View) -> Text:
    more = len(row.countries) - 1
    return table.row(
        level=_level(row.level),
        rule=word(row.rule, "bold", glyphs=view.glyphs),
        data=word(row.category, DATA.get(row.category, "dim"), glyphs=view.glyphs),
        found=Text(f"{row.violations:,.0f}"),
        permitted=Text(f"{row.permitted:,.0f}"),
        most=word("".join(row.countries[:1]) + (f" +{more}" if more > 0 else ""), glyphs=view.glyphs),
    )


def _level(level: str) -> Text:
    return word("info" if level == "informational" else level, LEVEL.get(level, ""))


def _health(state: State, view: View, width: int) -> Pane:
    found = checks(state)
    bad = [check.name for check in found if not check.well]
    said = f"look at: {', '.join(bad)}" if bad else "all well" if found else ""
    title = Text.assemble(("4 Loss & health  ", "bold"), (said, "bold red" if bad else "green"))
    across = max(1, width // CELL)
    wide = (width - GAP * (across - 1)) // across
    cells = [_check(check.name, check.now, wide, view, well=check.well) for check in found]
    rows = [cells[at : at + across] for at in range(0, len(cells), across)]
    lines = [Line("health", fitted(Text(" " * GAP).join(row), width, view.glyphs)) for row in rows]
    return Pane(fitted(title, width, view.glyphs), lines or [_line("Nothing is known yet.", "dim", width, view)])


def _check(name: str, now: str, width: int, view: View, *, well: bool) -> Text:
    mark = Text("ok ", style="green") if well else Text("!! ", style="bold red")
    value = word(now, "" if well else "bold", glyphs=view.glyphs)
    return fitted(Text.assemble(mark, (f"{name:<11}", "dim"), value), width, view.glyphs)


def _title(name: str, shown: int, of: int) -> Text:
    count = f" {shown} of {of}" if shown != of else f" {of}" if of else ""
    return Text.assemble((name, "bold"), (count, "dim"), " ")


def _empty(rows: Sequence[object], sentence: str, width: int, view: View) -> Line:
    return _line("Nothing here matches the filter." if rows else sentence, "dim", width, view)


def _notes(state: State, width: int, view: View) -> list[Line]:
    said = []
    if state.broken:
        said.append(f"{state.broken:,} lines are no events of an agent and were left out.")
    if state.skipped:
        said.append(f"{size_of(state.skipped)} came faster than they are read here and were left out.")
    return [_line(" ".join(said), "yellow", width, view)] if said else []


def _line(sentence: str, style: str, width: int, view: View) -> Line:
    return Line("", fitted(word(sentence, style, glyphs=view.glyphs), width, view.glyphs))


_PANES: tuple[Callable[[State, View, int], Pane], ...] = (_countries, _systems, _findings, _health)
