"""docs/METRICS.md tells what /metrics shows, no more and no less."""

from __future__ import annotations

import os
import re
from pathlib import Path

from crossborder.publish.catalogue import LABELS, METRICS, reference
from crossborder.publish.metrics import Metrics

PAGE = Path(__file__).parents[2] / "docs" / "METRICS.md"
MARK = "<!-- From here on written by tests/publish/test_catalogue.py from agent/crossborder/publish/catalogue.py. -->\n"


def test_the_page_is_made_from_the_catalogue() -> None:
    """The reference part of the page is what the catalogue says; CROSSBORDER_UPDATE_GOLDEN=1 writes it anew."""
    prose, mark, written = PAGE.read_text(encoding="utf-8").partition(MARK)
    if os.environ.get("CROSSBORDER_UPDATE_GOLDEN"):
        PAGE.write_text(prose + MARK + "\n" + reference(), encoding="utf-8")
        written = "\n" + reference()

    assert mark
    assert written == "\n" + reference()


def test_the_catalogue_is_what_the_registry_exposes() -> None:
    """Same names, kinds and help in the registry as in the catalogue and so on the page."""
    families = Metrics("g", "u", process=False).registry.collect()
    exposed = {(f.name, f.type, f.documentation) for f in families}

    assert exposed == {(m.name.removesuffix("_total"), m.kind, m.meaning) for m in METRICS}


def test_names_follow_the_conventions() -> None:
    """Counters end in _total and nothing else does; every label is on the page, none stands in a name."""
    for metric in METRICS:
        assert (metric.kind == "counter") == metric.name.endswith("_total"), metric.name
        assert re.fullmatch(r"crossborder_[a-z]+(_[a-z]+)*", metric.name)
        assert set(metric.labels) <= set(LABELS)
        assert set(metric.folds) <= set(metric.labels)
    assert set(LABELS) == {label for metric in METRICS for label in metric.labels}


def test_example_queries_name_metrics_that_exist() -> None:
    """A query on the page uses the metric it stands under, and no name that is not on the page."""
    names = {m.name for m in METRICS} | {f"{m.name}_bucket" for m in METRICS if m.kind == "histogram"}
    for metric in METRICS:
        used = set(re.findall(r"crossborder_\w+", metric.query))

        assert used <= names
        assert any(name.startswith(metric.name) for name in used)
