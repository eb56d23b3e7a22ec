"""Permits written in a test, flows by columns, and what becomes of them."""

from __future__ import annotations

import textwrap
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl
import pytest

from crossborder.match import Matcher
from crossborder.match.cases import crossings
from crossborder.match.permits import VIETNAM, Permits
from crossborder.match.permits.judge import Judge
from crossborder.match.reader import read_ruleset
from crossborder.model import CROSSING_SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.match.permits.ledger import Ledger

COUNTRIES = frozenset({"NO", "SE", "SG", "JP", "TH", "VN"})
RULE = """\
title: A rule
id: 00000000-0000-4000-8000-{number:012d}
name: {name}
status: test
logsource: {{product: crossborder, category: network_flow}}
level: high
legal: {legal}
{evidence}
misses: What it does not see.
"""
ABROAD = "detection:\n  home:\n    destination.geo.country_iso_code: VN\n  condition: not home\n"
CORE = "{instrument: 165/2025/NĐ-CP, article: 12(5), category: core, route: nd165-core}"
PERSONAL = "{instrument: 91/2025/QH15, article: 20(1), category: personal, route: pdpl}"
SECRETS = "{instrument: 117/2025/QH15, category: core}"
SIGN = "{category: none}"


class Rules(Protocol):
    """Writes rule files."""

    def __call__(self, **laws: str) -> list[Path]:
        """Write a rule for everything that leaves, by name and legal block."""


class Court(Protocol):
    """Makes a matcher with permits."""

    def __call__(self, permits: str, *, ledger: Ledger | None = ..., **laws: str) -> Matcher:
        """Make it; without laws, with the rule `core`."""


def parsed(folder: Path, text: str) -> Permits:
    """Return the permits of a text."""
    path = folder / "permits.yaml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return Permits.read(path, COUNTRIES)


@pytest.fixture
def rules(tmp_path: Path) -> Rules:
    """Return a function that writes rules."""

    def written(**laws: str) -> list[Path]:
        paths = []
        for number, (name, legal) in enumerate(laws.items(), 1):
            path = tmp_path / f"{name}.yaml"
            evidence = "" if legal == SIGN else "evidence: verbatim"
            text = RULE.format(name=name, number=number, legal=legal, evidence=evidence) + ABROAD
            path.write_text(text, encoding="utf-8")
            paths.append(path)
        return paths

    return written


@pytest.fixture
def court(tmp_path: Path, rules: Rules) -> Court:
    """Return a maker of matchers that judge by permits."""

    def made(permits: str, *, ledger: Ledger | None = None, **laws: str) -> Matcher:
        ruleset = read_ruleset(rules(**laws or {"core": CORE}))
        return Matcher(ruleset, judge=Judge(parsed(tmp_path, permits), ledger))

    return made


PERMIT = """
permits:
  - id: p1
    route: nd165-core
    dossier: 12/2026
    sender: {systems: [registry]}
    categories: [core:I.26]
    recipients:
      - networks: [198.51.100.0/24]
    countries: [SG]
    from: 2026-01-01
    until: 2026-12-31
"""


def instant(text: str) -> int:
    """Return nanoseconds of a moment in Viet Nam, as 2026-06-30 23:59."""
    return round(datetime.fromisoformat(text).replace(tzinfo=VIETNAM).timestamp()) * 10**9


def report(
    flow: int = 1, size: int = 5_000, *, total: int | None = None, at: str = "2026-03-01 12:00", **columns: Any
) -> dict[str, Any]:
    """Return one report of a flow from the registry to a recipient in Singapore."""
    usual = {
        "flow_id": flow,
        "report": "active",
        "bytes_out": size,
        "total_bytes_out": size if total is None else total,
        "system": "registry",
        "unit": "Registry office",
        "categories": ["core:I.26"],
        "country": "SG",
        "first_ns": instant(at),
        "last_ns": instant(at),
    }
    return {**usual, **columns}


def batch(*reports: dict[str, Any]) -> pl.DataFrame:
    """Return a frame of reports; a remote address brings its key."""
    return pl.concat([crossings([(1, 0, _told(told))]).with_columns(_columns(told)) for told in reports])


def _told(told: dict[str, Any]) -> dict[str, Any]:
    address = told.pop("remote_ip", None)
    return {"destination.ip": address} if address else {}


def _columns(values: dict[str, Any]) -> list[pl.Expr]:
    return [
        pl.lit(pl.Series([value], dtype=CROSSING_SCHEMA[name])).first().alias(name) for name, value in values.items()
    ]


def decided(findings: pl.DataFrame) -> list[tuple[str, str, str | None, str | None]]:
    """Return rule, decision, permit and reason of findings."""
    return list(findings.select("rule", "decision", "permit", "permit_reason").iter_rows())
