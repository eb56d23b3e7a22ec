"""What top calls in need of a look is what the alerts of the kit call so."""

from __future__ import annotations

import re

import yaml
from tests.dashboards.rules import FOLDER

from crossborder.top.health import CAPTURE_LOSS, COVERAGE, DATABASE_DAYS, LAG_SECONDS


def test_thresholds_are_those_of_the_alerts() -> None:
    """The numbers of dashboards/prometheus/thresholds.yaml, as they are shipped."""
    rules = yaml.safe_load((FOLDER / "thresholds.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    numbers = {rule["record"].split(":")[1]: _product(rule["expr"]) for rule in rules}

    assert numbers["capture_loss"] == CAPTURE_LOSS
    assert numbers["coverage"] == COVERAGE
    assert numbers["lag_seconds"] == LAG_SECONDS
    assert numbers["database_age_seconds"] == DATABASE_DAYS * 86400


def _product(expression: str) -> float:
    (inside,) = re.findall(r"vector\((.+)\)", expression)
    total = 1.0
    for factor in inside.split("*"):
        total *= float(factor)
    return total
