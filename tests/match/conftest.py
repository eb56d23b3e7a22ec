"""Rules written in a test, flows by ECS names, and both put together."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from crossborder.match.cases import crossings
from crossborder.match.reader import read_ruleset

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from crossborder.match.ruleset import Ruleset

HEAD = """\
title: A rule
id: {id}
name: {name}
status: {status}
logsource: {{product: crossborder, category: network_flow}}
level: {level}
legal: {{instrument: 165/2025/NĐ-CP, article: 12(5), category: core}}
evidence: verbatim
misses: What it does not see.
"""


class Write(Protocol):
    """Writes a rule file of the test's own folder and returns its path."""

    def __call__(self, name: str, body: str, *, status: str = ..., level: str = ..., number: int = ...) -> Path:
        """Write head and body; the id is made of the number."""


class Ask(Protocol):
    """Tells whether a detection matches flows."""

    def __call__(self, detection: str, *flows: Mapping[str, object], **columns: object) -> list[bool]:
        """Return the answer per flow; `columns` set columns of every flow that no ECS name reaches."""


def rule_head(number: int, name: str, status: str = "test", level: str = "high") -> str:
    """Return the head of a rule, complete but for its detection."""
    return HEAD.format(id=f"00000000-0000-4000-8000-{number:012d}", name=name, status=status, level=level)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes rule files."""

    def written(name: str, body: str, *, status: str = "test", level: str = "high", number: int = 1) -> Path:
        path = tmp_path / "rules" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(rule_head(number, name, status, level) + textwrap.dedent(body), encoding="utf-8")
        return path

    return written


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    """Return a folder with one set of each kind."""
    folder = tmp_path / "sets"
    folder.mkdir()
    for name, kind, values in (
        ("north", "countries", "[NO, SE, FI]"),
        ("offices", "networks", "[198.51.100.0/25, '2001:db8:1::/48']"),
        ("storage", "domains", "[drive.example, box.example.com]"),
        ("tools", "strings", "[rclone, 'a*b']"),
    ):
        text = f"name: {name}\ntitle: A set\nsource: a test\ndate: 2026-01-01\nkind: {kind}\nvalues: {values}\n"
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def read(write: Write, sets: Path) -> Any:
    """Return a function that reads a rule of one detection (the lines below `detection:`)."""

    def ruleset(detection: str) -> Ruleset:
        body = "detection:\n" + textwrap.indent(textwrap.dedent(detection), "  ")
        return read_ruleset([write("asked", body)], [sets])

    return ruleset


@pytest.fixture
def ask(read: Any) -> Ask:
    """Return a function that reads a detection and evaluates it over flows."""

    def answers(detection: str, *flows: Mapping[str, object], **columns: object) -> list[bool]:
        ruleset = read(detection)
        frame = frame_of(*flows, **columns)
        return [bool(answer) for answer in frame.select(ruleset["asked"].expression).to_series()]

    return answers


def frame_of(*flows: Mapping[str, object], **columns: object) -> pl.DataFrame:
    """Return the crossings of flows by ECS names, in order; `columns` set columns of all."""
    import polars as pl

    frame = crossings((1, at, flow) for at, flow in enumerate(flows))
    return frame.with_columns(pl.lit(value, frame.schema[name]).alias(name) for name, value in columns.items())
