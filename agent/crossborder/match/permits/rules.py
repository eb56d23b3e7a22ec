"""What permits ask of rules: by which route what they find should go, and of how much one permit can speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.match.permits.fitting import FLOW, GROUP

if TYPE_CHECKING:
    from crossborder.match.ruleset import Rule

STATE_SECRETS = "117/2025/QH15"
"""The law on the protection of state secrets: what breaks it no permit for data covers."""

_SENDER = frozenset({"local.system", "source.ip"})
_COUNTRY = frozenset({"destination.geo.country_iso_code", "destination.ip"})


def asked_of(rules: tuple[Rule, ...]) -> pl.DataFrame:
    """Return one row per rule: `route`, `about` (FLOW or GROUP), and `beyond`, why no permit covers what it finds."""
    return pl.DataFrame(
        {
            "route": [rule.legal.route for rule in rules],
            "about": [_about(rule) for rule in rules],
            "beyond": [_beyond(rule) for rule in rules],
        },
        schema={"route": pl.String, "about": pl.UInt8, "beyond": pl.String},
    )


def _about(rule: Rule) -> int:
    return FLOW if rule.correlation is None or "destination.ip" in rule.correlation.group_by else GROUP


def _beyond(rule: Rule) -> str | None:
    if rule.legal.instrument == STATE_SECRETS:
        return "state secrets are beyond any permit"
    by = frozenset(rule.correlation.group_by) if rule.correlation else None
    if by is not None and not (by & _SENDER and by & _COUNTRY):
        return "counts flows that no one permit speaks for"
    return None
