"""Writes the rules in force for programs of others: Prometheus over a fleet, a SIEM."""

from __future__ import annotations

from typing import NamedTuple


class LeftOut(NamedTuple):
    """A rule that is not exported, and the sentence that says why."""

    name: str
    reason: str
