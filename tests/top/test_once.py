"""One frame as text: to the letter, with and without what a terminal may lack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.golden import assert_golden

from crossborder.classify.countries import Countries
from crossborder.config import data_folder
from crossborder.top.once import frame
from crossborder.top.panes import View
from crossborder.top.state import Look, State
from crossborder.top.table import ASCII

if TYPE_CHECKING:
    from tests.top.conftest import Gateway

GOLDEN = Path(__file__).parent / "golden"
NAMES = Countries.read(data_folder("geoip")).name
VIEW = View(name_of=NAMES, address="http://127.0.0.1:9836")


@pytest.mark.parametrize("width", [80, 140])
def test_golden_frame(state: State, width: int) -> None:
    """Rates between two ticks, totals since the start, findings by their events, and how the agent is."""
    text = frame(state, VIEW, width)

    assert max(map(len, text.splitlines())) <= width
    assert_golden(text, GOLDEN / f"frame-{width}.txt")


def test_golden_frame_of_one_scrape(gateway: Gateway) -> None:
    """The first scrape shows totals, and rates are not made up; without an event file findings are counted."""
    text = frame(State().seen(gateway.look(record=False)), VIEW, 80)

    assert_golden(text, GOLDEN / "frame-first.txt")


def test_golden_frame_where_only_ascii_can_be_shown(state: State) -> None:
    """A terminal of the C locale gets no byte it does not know."""
    text = frame(state, View(name_of=NAMES, address="http://127.0.0.1:9836", glyphs=ASCII), 80)

    assert text.isascii()
    assert_golden(text, GOLDEN / "frame-ascii.txt")


def test_golden_frame_when_the_agent_went(state: State) -> None:
    """The last values stay, with their age and what is being done about it."""
    gone = state.seen(
        Look(state.at + 34, None, "no agent at http://127.0.0.1:9836: start one with crossborder run", "ev")
    )

    assert_golden(frame(gone, VIEW, 80), GOLDEN / "frame-gone.txt")


def test_nothing_yet() -> None:
    """Before the first answer every pane says so in a sentence."""
    text = frame(State(), VIEW, 80)

    assert "asking http://127.0.0.1:9836" in text
    assert "Nothing has left the country yet." in text
    assert "No rule has found anything yet." in text
