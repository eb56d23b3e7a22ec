"""Everything that is known of one row: of a country, a system, a finding, a rule, or the agent's health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from crossborder.model import UNKNOWN_COUNTRY
from crossborder.publish.units import size_of
from crossborder.top.health import LOST, checks
from crossborder.top.lists import EGRESS, FOUND, SYSTEMS, Sent, countries, systems
from crossborder.top.panes import LEVEL
from crossborder.top.table import Column, Table, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from crossborder.top.panes import View
    from crossborder.top.state import State

WIDTH = 76
_AMOUNTS = (
    Column("_name", 20, 40),
    Column("More", 10),
    Column("Amount", 9, right=True),
    Column("Share", 6, right=True),
)
_RULES = (Column("_level", 8), Column("Rule", 24, 40), Column("Decision", 13), Column("Found", 9, right=True))
_INTERFACES = (
    Column("_name", 12, 24),
    Column("Up", 4),
    Column("Packets/s", 10, right=True),
    Column("Kernel", 9, right=True),
    Column("Ring", 9, right=True),
    Column("Others", 9, right=True),
)


def details(number: int, key: str, state: State, view: View) -> Sequence[RenderableType]:
    """Return what is known of the row `key` of a pane, as lines; a sentence where it is no longer there."""
    found = list(_lines(number, key, state, view)) if state.now else []
    return found or [Text("It is no longer there.", style="dim")]


def _lines(number: int, key: str, state: State, view: View) -> Iterator[RenderableType]:
    if number == 1:
        yield from _country(key, state, view)
    elif number == 2:
        yield from _system(key, state, view)
    elif number == 4:
        yield from _health(state, view)
    elif key in state.findings:
        yield state.findings[key].card
    else:
        yield from _rule(key, state, view)


def _country(code: str, state: State, view: View) -> Iterator[Text]:
    row = next((row for row in countries(state) if row.name == code), None)
    if row is None:
        return
    yield _head(_named(code, view), "", row, view)
    yield from _mix(EGRESS, "How much of it can be read", "inspection", state, view, country=code)
    yield from _mix("egress_flows_total", "On what ground it is told (flows)", "basis", state, view, country=code)
    yield from _mix(SYSTEMS, "Systems that sent there", "system", state, view, "category", country=code)
    yield from _found(state, view, country=code)


def _system(name: str, state: State, view: View) -> Iterator[Text]:
    row = next((row for row in systems(state) if row.name == name), None)
    if row is None:
        return
    yield _head(name, f"holds {row.category} data" if row.category != "none" else "", row, view)
    yield from _mix(SYSTEMS, "How much of it can be read", "inspection", state, view, system=name)
    yield from _mix(SYSTEMS, "Countries it sent to", "country", state, view, system=name)


def _rule(name: str, state: State, view: View) -> Iterator[Text]:
    now = state.now
    if now is None or not now.total(FOUND, rule=name):
        return
    yield Text.assemble(word(name, "bold", glyphs=view.glyphs), f"  {now.total(FOUND, rule=name):,.0f} found")
    yield from _mix(FOUND, "Decisions", "decision", state, view, rule=name)
    yield from _mix(FOUND, "Countries", "country", state, view, rule=name)


def _head(name: str, about: str, row: Sent, view: View) -> Text:
    said = [f"{size_of(round(row.total))} out since the agent's start"]
    said += [] if row.rate is None else [f"{size_of(round(row.rate))}/s now"]
    said += [f"flows: {row.flows:,.0f}"] if row.flows else []
    said += [] if row.share is None else [f"{row.share:.1%} of all"]
    first = word(" ".join(filter(None, (name, about))), "bold", glyphs=view.glyphs)
    return Text.assemble(first, "\n", ", ".join(said))


def _named(code: str, view: View) -> str:
    name = "unknown" if code == UNKNOWN_COUNTRY else view.name_of(code)
    return code if name == code else f"{code} {name}"


def _mix(name: str, title: str, by: str, state: State, view: View, more: str = "", **where: str) -> Iterator[Text]:
    """Yield what a metric's sums by a label are made of, most first."""
    sums = state.now.sums(name, by, *filter(None, (more,)), **where) if state.now else {}
    parts = sorted(((value, key) for key, value in sums.items() if value > 0), reverse=True)
    if not parts:
        return
    table, whole = Table(_AMOUNTS, WIDTH, view.glyphs), sum(value for value, _ in parts)
    yield Text(f"\n{title}", style="bold")
    for value, key in parts:
        yield table.row(
            name=word(_named(key[0], view) if by == "country" else key[0], glyphs=view.glyphs),
            more=word("".join(key[1:]), "dim", glyphs=view.glyphs),
            amount=Text(size_of(round(value)) if "bytes" in name else f"{value:,.0f}"),
            share=Text(f"{value / whole:.1%}"),
        )


def _found(state: State, view: View, **where: str) -> Iterator[Text]:
    sums = state.now.sums(FOUND, "severity", "rule", "decision", **where) if state.now else {}
    parts = sorted(((-value, key) for key, value in sums.items() if value > 0))
    if not parts:
        return
    table = Table(_RULES, WIDTH, view.glyphs)
    yield Text("\nRules that found something there", style="bold")
    for value, (level, rule, decision) in parts:
        yield table.row(
            level=word(level, LEVEL.get(level, "")),
            rule=word(rule, glyphs=view.glyphs),
            decision=word(decision),
            found=Text(f"{-value:,.0f}"),
        )


def _health(state: State, view: View) -> Iterator[Text]:
    for check in checks(state):
        mark = Text("ok ", style="green") if check.well else Text("!! ", style="bold red")
        yield Text.assemble(mark, (f"{check.name:<12}", "bold"), word(check.now, glyphs=view.glyphs))
        yield word(f"   {check.meaning}", "dim", glyphs=view.glyphs)
    interfaces = state.now.sums("capture_interface_up", "interface") if state.now else {}
    table = Table(_INTERFACES, WIDTH, view.glyphs)
    yield Text("")
    yield table.heading(Text("Interfaces", style="bold"))
    for (name,), up in sorted(interfaces.items()):
        yield table.row(**_interface(name, state, view), up=Text("yes" if up else "NO"))


def _interface(name: str, state: State, view: View) -> Mapping[str, Text]:
    reasons = state.now.sums("capture_dropped_packets_total", "reason", interface=name) if state.now else {}
    rate = state.rate("capture_packets_total", interface=name)
    lost = [reasons.get((reason,), 0.0) for reason in LOST]
    others = sum(reasons.values()) - sum(lost)
    numbers = zip(("kernel", "ring", "others"), (*lost, others), strict=True)
    shown = {key: Text(f"{count:,.0f}") for key, count in numbers}
    packets = Text("-" if rate is None else f"{rate:,.0f}")
    return shown | {"name": word(name, glyphs=view.glyphs), "packets": packets}
