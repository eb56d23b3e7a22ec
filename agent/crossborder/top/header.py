"""The lines at the top: who is looked at and how it is, and how the looking goes."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from rich.text import Text

from crossborder.publish.units import span_of
from crossborder.top.health import moment
from crossborder.top.state import QUIET
from crossborder.top.table import fitted, word

if TYPE_CHECKING:
    from crossborder.top.panes import View
    from crossborder.top.sample import Sample
    from crossborder.top.state import State

HOUR = 3600.0
LINES = 4
"""Most that what is wrong may take."""


def header(state: State, view: View, width: int) -> list[Text]:
    """Return the two lines; what is wrong may take more of them than one."""
    left, right = _who(state.now, view), _how(state)
    first = Text.assemble(fitted(left, max(0, width - right.cell_len - 2), view.glyphs), "  ", right)
    below = _trouble(state, view, width) if state.trouble else [_looking(state, view)]
    return [fitted(line, width, view.glyphs) for line in (first, *below)]


def _who(sample: Sample | None, view: View) -> Text:
    if sample is None:
        return Text("crossborder", style="bold")
    version = sample.label("build_info", "version")
    named = [sample.label("gateway_info", label) for label in ("gateway", "unit")]
    parts = [word(part, glyphs=view.glyphs) for part in named if part]
    parts[:1] = [Text(part.plain, style="bold") for part in parts[:1]]
    first = Text.assemble(("crossborder ", "bold"), word(version, "dim", glyphs=view.glyphs))
    return Text(f" {view.glyphs.dot} ").join([first, *parts])


def _how(state: State) -> Text:
    sample = state.now
    if sample is None:
        return Text("")
    if state.trouble:
        return Text(f"values of {span_of(state.age)} ago", style="bold red")
    started = sample.value("process_start_time_seconds")
    up = "" if started is None else f"  up {span_of(max(0.0, sample.taken - started))}"
    return Text.assemble(_pulse(state, sample), up)


def _pulse(state: State, sample: Sample) -> Text:
    """Say whether it captures: by its ticks, which come whether or not packets do."""
    ups = sample.sums("capture_interface_up", "interface")
    if ups and not any(ups.values()):
        return Text("not capturing: interface down", style="bold red")
    tick = sample.value("last_tick_timestamp_seconds")
    if not tick:
        return Text("no tick yet", style="yellow")
    behind = abs(sample.taken - tick)
    if state.quiet or (state.before is None and QUIET < behind < HOUR):
        since = behind if behind < HOUR else state.at - state.ticked
        return Text(f"NOT capturing: no tick for {span_of(since)}", style="bold red")
    if behind > HOUR:
        return Text(f"replaying {moment(tick)[5:]}", style="cyan")
    return Text("capturing", style="green")


def _trouble(state: State, view: View, width: int) -> list[Text]:
    said = f"{state.trouble}; trying again every {view.every:g} s"
    lines = wrap(said, max(20, width))[:LINES]
    return [word(line, "bold red", glyphs=view.glyphs) for line in lines]


def _looking(state: State, view: View) -> Text:
    parts = [f"asking {view.address}"]
    if state.now:
        rates = "rates with the next tick" if state.period is None else f"rates over {state.period:.3g} s"
        parts = [view.address, f"every {view.every:g} s", rates, f"{state.now.total('rules_loaded'):,.0f} rules"]
    said = word(f" {view.glyphs.dot} ".join(parts), "dim", glyphs=view.glyphs)
    if view.wanted:
        said = Text.assemble(word(f"filter: {view.wanted}", "bold", glyphs=view.glyphs), "  ", said)
    return Text.assemble(("PAUSED", "bold reverse"), "  ", said) if view.paused else said
