"""Rules in a hurry: every length of time in them so many times shorter, so that an hour's alert is tried in minutes.

What is compared (seconds of lag, days until a permit ends) stays as it is: only windows, offsets and `for` shrink.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
SHORTEST = 3.0  # seconds: three scrapes, below which rate() has nothing to compare

_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_WINDOW = re.compile(r"\[([^\]\n]+)\]|\boffset\s+((?:\d+(?:ms|[smhdwy]))+)")


def hurried(rules: Path, target: Path, times: float) -> None:
    """Write a rule file whose windows, offsets and waits are so many times shorter."""
    document = yaml.safe_load(rules.read_text(encoding="utf-8"))
    for group in document["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            rule["expr"] = shortened(str(rule["expr"]), times)
            _waits(rule, times)
    target.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")


def _waits(rule: dict[str, Any], times: float) -> None:
    for name in ("for", "keep_firing_for"):
        if name in rule:
            rule[name] = f"{round(1000 * seconds(str(rule[name])) / times)}ms"


def shortened(expression: str, times: float) -> str:
    """Return an expression with windows and offsets so many times shorter."""

    def shorter(found: re.Match[str]) -> str:
        window, offset = found.groups()
        if offset:
            return f"offset {_written(seconds(offset) / times)}"
        length, colon, step = window.partition(":")
        pace = _written(seconds(step) / times) if step else ""
        return f"[{_written(max(SHORTEST, seconds(length) / times))}{colon}{pace}]"

    return _WINDOW.sub(shorter, expression)


def seconds(duration: str) -> float:
    """Return how long a duration of Prometheus is, as 1h30m."""
    return sum(int(number) * SECONDS[unit] for number, unit in _PART.findall(duration))


def _written(length: float) -> str:
    return f"{round(1000 * length)}ms"
