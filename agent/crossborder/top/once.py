"""One frame as plain text, for scripts and where no terminal is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from crossborder.errors import CrossborderError
from crossborder.top.header import header
from crossborder.top.panes import pane
from crossborder.top.state import State

if TYPE_CHECKING:
    from crossborder.top.panes import View
    from crossborder.top.watch import Watch

ROWS = 20
"""Lines of a pane; what is more is counted."""
PATIENCE = 15.0
"""Seconds that are waited for the tick that rates need; an agent as it is configured has one every ten."""


def once(watch: Watch, view: View) -> str:
    """Look until there are rates, or for PATIENCE, and return the frame; raises CrossborderError without an agent."""
    state = State().seen(watch.look())
    end = time.monotonic() + PATIENCE
    while not state.trouble and state.period is None and time.monotonic() < end:
        time.sleep(min(view.every, max(0.0, end - time.monotonic())))
        state = state.seen(watch.look())
    if state.now is None:
        raise CrossborderError(state.trouble)
    return frame(state, view, WIDTH)


WIDTH = 100


def frame(state: State, view: View, width: int) -> str:
    """Return header and panes one below the other, without anything but text."""
    lines = [text.plain for text in header(state, view, width)]
    for number in range(1, 5):
        drawn = pane(number, state, view, width)
        lines += ["", drawn.heading.plain, *(line.text.plain for line in drawn.lines[:ROWS])]
        lines += [f"and {len(drawn.lines) - ROWS} more"] if len(drawn.lines) > ROWS else []
    return "".join(f"{line.rstrip()}\n" for line in lines)
