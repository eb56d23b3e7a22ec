"""What is wrong with a rule is told in full, at its line, in words: one golden file per bad rule."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.golden import assert_golden

from crossborder.errors import CrossborderError
from crossborder.match.reader import read_ruleset

FOLDER = Path(__file__).with_name("bad")
COUNTRIES = frozenset({"NO", "SE", "FI", "VN", "GB", "UA"})


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_golden_message_of_each_bad_rule(path: Path, sets: Path) -> None:
    """Every fault of a file is told at once, each as path:line: sentence."""
    with pytest.raises(CrossborderError) as caught:
        read_ruleset([path], [sets], countries=COUNTRIES)

    assert_golden(f"{caught.value}\n".replace(f"{FOLDER}{os.sep}", ""), path.with_suffix(".txt"))
