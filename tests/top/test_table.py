"""Lines that fit, whatever is in them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.text import Text

from crossborder.top.panes import COUNTRIES, COUNTS, FINDINGS, SYSTEMS
from crossborder.top.table import ASCII, BLOCKS, Column, Table, bar, fitted, word


@pytest.mark.parametrize("columns", [COUNTRIES, SYSTEMS, FINDINGS, COUNTS])
@settings(deadline=None)
@given(width=st.integers(40, 200), name=st.text(max_size=60))
def test_every_line_is_as_wide_as_the_screen(columns: tuple[Column, ...], width: int, name: str) -> None:
    """Wide characters, controls and long names neither widen a line nor break it."""
    table = Table(columns, width, BLOCKS)

    lines = [table.heading(Text("1 Countries 12 ")), table.row(name=word(name), rule=word(name), share=word(name))]

    assert [line.cell_len for line in lines] == [width, width]
    assert "\n" not in lines[1].plain


def test_less_needed_columns_give_way() -> None:
    """From the highest rank down; what is left shares the room."""
    names = [list(Table(FINDINGS, width, BLOCKS).widths) for width in (140, 80)]

    assert names[0][-2:] == ["Server", "Bytes"]
    assert names[1] == ["_time", "_level", "Rule", "System", "To", "Decision"]


def test_cut_and_padded() -> None:
    """What is too long shows that it is."""
    shown = [
        fitted(Text("Singapore"), width, glyphs).plain for width, glyphs in ((12, BLOCKS), (6, BLOCKS), (6, ASCII))
    ]

    assert shown == ["Singapore   ", "Singa…", "Singa~"]
    assert fitted(Text("7"), 3, BLOCKS, right=True).plain == "  7"


def test_bars() -> None:
    """In halves where there are such; what is there at all is seen."""
    assert [bar(share, 4, BLOCKS).plain for share in (0.001, 0.5, 0.63, 1.0)] == ["▌", "██", "██▌", "████"]
    assert [bar(share, 4, ASCII).plain for share in (0.001, 0.5, 1.0)] == ["#", "##", "####"]
