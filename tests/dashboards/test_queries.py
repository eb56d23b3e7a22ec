"""What dashboards ask for exists: metrics, labels and values of closed sets, those of variables too."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from tests.dashboards.rules import KNOWN, ROOT
from tests.promql import faults, pairs
from tools.dashboards.queries import asked_for_choices, queries

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "dashboards"
PANELS = [query for query in queries(FOLDER) if query.source == "prometheus"]
PAGES = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_panels_ask_for_what_exists(page: Path) -> None:
    """Each query of each panel of a page."""
    found = [(query.title, fault) for query in PANELS if query.file == page.name for fault in faults(query.text, KNOWN)]

    assert found == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_variables_ask_for_what_exists(page: Path) -> None:
    """The selector of `label_values(selector, label)`, and its label."""
    asked = asked_for_choices(json.loads(page.read_text(encoding="utf-8")))
    for choice in asked:
        said = re.fullmatch(r"label_values\((.*), *(\w+)\)", choice)

        assert said, choice
        assert faults(f"sum by ({said[2]}) ({said[1]})", KNOWN) == []


def test_each_wrong_name_in_a_panel_would_be_found() -> None:
    """Every metric and every label that a panel names, misspelt, is a fault: none is passed over unread."""
    texts = {query.text for query in PANELS}
    for text in texts:
        for metric, label in pairs(text):
            wrong = metric if label == "__name__" else label
            misspelt = re.sub(rf"(?<![\w\"]){re.escape(wrong)}(?![\w\"])", f"{wrong}x", text)

            assert misspelt == text or faults(misspelt, KNOWN), (wrong, text)
