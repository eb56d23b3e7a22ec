"""What the benchmark says: floors are judged, tables read as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.bench.captures import ROOT
from tools.bench.contestants import Contestant, Field
from tools.bench.ours import write_rules
from tools.bench.report import machine
from tools.bench.ruleset import RULES
from tools.bench.runs import FailedError
from tools.bench.setting import Setting
from tools.bench.table import Floor, Section, table


@pytest.mark.parametrize(
    ("floor", "holds"),
    [
        (Floor("ratio", 0.4, 0.4), True),
        (Floor("ratio", 0.4, 0.399), False),
        (Floor("memory", 400, 401, " MB", "at most"), False),
        (Floor("memory", 400, 12, " MB", "at most"), True),
        (Floor("workers", 1.7, None), None),
    ],
)
def test_a_floor_holds_or_fails_or_was_not_measured(floor: Floor, holds: bool | None) -> None:
    """What nobody measured is neither."""
    assert floor.holds is holds


def test_a_section_as_markdown() -> None:
    """Numbers stand to the right, verdicts only where floors are judged."""
    section = Section(
        "Speed", "Lead.", ["", "packets/s"], [["one", "1,234"], ["other", "5"]], [Floor("quick", 2, 1.5)], ["A note."]
    )

    assert section.markdown(judged=True) == (
        "## Speed\n\nLead.\n\n"
        "|       | packets/s |\n|-------|----------:|\n| one   |     1,234 |\n| other |         5 |\n\n"
        "| Floor | promised   | measured |           |\n|-------|------------|---------:|-----------|\n"
        "| quick | at least 2 |      1.5 | **fails** |\n\n"
        "- A note.\n"
    )
    assert "fails" not in section.markdown(judged=False)


def test_a_table_needs_as_many_cells_as_columns() -> None:
    """A row that is short is a mistake of ours."""
    with pytest.raises((ValueError, IndexError)):
        table(["a", "b"], [["1"]])


def test_packets_are_read_from_what_a_program_says() -> None:
    """Several numbers add up; silence is an error, never zero."""
    peer = Contestant("peer", "", lambda *_: [], [r"read (\d+)", r"ignored ([\d,]+)"])

    assert peer.packets("read 10\nignored 1,002\n") == 1012
    with pytest.raises(FailedError, match="peer does not say"):
        peer.packets("done")


def test_exactly_a_hundred_rules_are_in_force(tmp_path: Path) -> None:
    """However many are shipped: the command itself counts them."""
    config = write_rules(tmp_path)

    assert config.exists()
    assert len(list((tmp_path / "rules").glob("*.yaml"))) < RULES


def test_the_machine_is_described_and_not_named() -> None:
    """The page may be published."""
    setting = Setting(None, Field([], ["argus is not installed"], {"softflowd": "1.1"}), "native", ROOT, (0,), 5)  # type: ignore[arg-type]
    text = machine(setting)
    host = Path("/proc/sys/kernel/hostname").read_text(encoding="utf-8").strip()

    assert "softflowd 1.1" in text
    assert "Not here: argus is not installed." in text
    assert host not in text
