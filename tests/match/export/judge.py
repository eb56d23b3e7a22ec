"""Exported alerts before Prometheus' own judge, the real promtool."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

from tests.promtool import program

from crossborder import yamlfile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run promtool."""
    return subprocess.run([program(), *map(str, arguments)], capture_output=True, text=True, check=False)


def assert_rules(path: Path) -> None:
    """Check a rule file, with all lints."""
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", path)
    assert done.returncode == 0, done.stdout + done.stderr


def assert_firing(
    rules: Path, series: Mapping[str, str], firing: Mapping[str, Sequence[Mapping[str, str]]], every: str = "1m"
) -> None:
    """Feed series (as promtool writes their values, one a minute) to a rule file and compare which alerts fire when.

    `firing` holds, for each moment as 26h10m, the labels of every alert that fires then; rules are evaluated `every`.
    """
    asked = [
        {
            "expr": 'ALERTS{alertstate="firing"}',
            "eval_time": moment,
            "exp_samples": [{"labels": _sample(labels), "value": 1} for labels in alerts],
        }
        for moment, alerts in firing.items()
    ]
    fed = [{"series": name, "values": values} for name, values in series.items()]
    run_cases(rules, [{"interval": "1m", "input_series": fed, "promql_expr_test": asked}], every)


def run_cases(rules: Path, tests: list[dict[str, Any]], every: str = "1m") -> None:
    """Run unit tests of promtool over a rule file."""
    path = rules.with_suffix(".cases.yml")
    data = {"rule_files": [str(rules)], "evaluation_interval": every, "tests": tests}
    path.write_text(yamlfile.text_of(data), encoding="utf-8")
    done = promtool("test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


def _sample(labels: Mapping[str, str]) -> str:
    told = {"alertstate": "firing", **labels}
    return "ALERTS{" + ", ".join(f'{name}="{value}"' for name, value in sorted(told.items())) + "}"
