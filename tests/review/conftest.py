"""Histories made of rows by hand, and rules to ask of them."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl
import pytest
from tests.match.conftest import rule_head
from tests.publish.conftest import CROSSING, NOON

from crossborder.match.reader import read_ruleset
from crossborder.model import CROSSING_SCHEMA, Batch
from crossborder.prefixes import key_of
from crossborder.publish.history import History, Limits
from crossborder.publish.history.rows import HOUR_NS

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.match.ruleset import Ruleset


class Written(Protocol):
    """Writes flows into a history."""

    def __call__(self, *flows: dict[str, Any], gateway: str = ...) -> Path:
        """Write the reports of flows, each at its `hour` from noon on, and return the folder of the history."""


class Ruled(Protocol):
    """Reads rules."""

    def __call__(self, **bodies: str) -> Ruleset:
        """Return rules of these names; a body begins with `detection:`."""


def frame(*flows: dict[str, Any]) -> pl.DataFrame:
    """Return crossings, each as usual but for what is given; `hour` moves its last packet."""
    rows = []
    for n, flow in enumerate(flows):
        given = dict(flow)
        at = NOON + given.pop("hour", 0) * HOUR_NS
        keys = {f"{end}_key": key_of(ip_address(str(CROSSING[f"{end}_ip"])).packed) for end in ("local", "remote")}
        rows.append(dict.fromkeys(CROSSING_SCHEMA) | CROSSING | keys | {"first_ns": at, "last_ns": at + n} | given)
    return pl.DataFrame(rows, schema=CROSSING_SCHEMA)


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Return a function that writes a history."""

    def write(*flows: dict[str, Any], gateway: str = "gw") -> Path:
        folder = tmp_path / "history"
        writer = History(folder, gateway, Limits(reserve=0))
        for hour in sorted({flow.get("hour", 0) for flow in flows}):
            rows = frame(*(flow for flow in flows if flow.get("hour", 0) == hour))
            writer(Batch(rows, (), NOON + hour * HOUR_NS, 0), rows, pl.DataFrame())
        writer.close()
        return folder

    return write


@pytest.fixture
def ruled(tmp_path: Path) -> Ruled:
    """Return a function that reads rules."""

    def read(**bodies: str) -> Ruleset:
        folder = tmp_path / "rules"
        folder.mkdir(exist_ok=True)
        for n, (name, body) in enumerate(bodies.items(), 1):
            (folder / f"{name}.yaml").write_text(rule_head(n, name) + body, encoding="utf-8")
        return read_ruleset([folder / f"{name}.yaml" for name in bodies])

    return read
