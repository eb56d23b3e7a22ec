"""The rule files of dashboards/prometheus and their tests, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from tests.promql import exported, recorded

from crossborder import yamlfile

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "dashboards" / "prometheus"
RUNBOOKS = ROOT / "docs" / "runbooks"
TESTS = sorted((FOLDER / "tests").glob("*.test.yaml"))
NAMES = ("thresholds", "recording", "alerts")  # in the order in which they stand on each other


class Case(NamedTuple):
    """One expectation of a promtool test: at a time, so many of an alert fire."""

    alert: str
    time: str
    fires: int
    texts: bool  # all of them have their annotations written out


def rules(name: str) -> list[dict[str, Any]]:
    """Return the rules of a file, in the order in which they stand."""
    return [rule for group in yamlfile.read(FOLDER / f"{name}.yaml").data["groups"] for rule in group["rules"]]


ALERTS = {rule["alert"]: rule for rule in rules("alerts")}
RECORDED = [(str(rule["record"]), str(rule["expr"])) for name in NAMES[:2] for rule in rules(name)]
THRESHOLDS = [str(rule["record"]) for rule in rules("thresholds")]
KNOWN = exported() | recorded(RECORDED, exported())


def cases() -> list[Case]:
    """Return what the tests expect of alerts."""
    found = []
    for path in TESTS:
        for test in yamlfile.read(path).data["tests"]:
            for check in test.get("alert_rule_test", []):
                expected = check["exp_alerts"]
                texts = all(set(one) == {"exp_labels", "exp_annotations"} for one in expected)
                found.append(Case(check["alertname"], check["eval_time"], len(expected), texts))
    return found
