"""Rows of a record made by hand, of which a test names only what it is about, and what they are judged by."""

from __future__ import annotations

import ipaddress
import textwrap
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from crossborder import config
from crossborder.match.permits import VIETNAM, Permits
from crossborder.model import CROSSING_SCHEMA, Batch
from crossborder.parts import read_permits, read_rules
from crossborder.prefixes import key_of
from crossborder.publish.history import History, Limits
from crossborder.publish.history.rows import HISTORY_SCHEMA, HOUR_NS
from crossborder.review.transfers import Standards

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crossborder.match.ruleset import Ruleset

TODAY = date(2026, 3, 20)
ROW: dict[str, Any] = {
    "flow_id": 1,
    "report": "ended",
    "transport": "tcp",
    "initiator": "local",
    "scope": "crossing",
    "interface": "eth0",
    "local_ip": "10.20.10.5",
    "local_port": 40_000,
    "remote_ip": "198.51.100.7",
    "remote_port": 443,
    "packets_out": 6,
    "packets_in": 4,
    "bytes_out": 6_000,
    "bytes_in": 400,
    "payload_out": 5_700,
    "payload_in": 200,
    "app_protocol": "tls",
    "inspection": "metadata",
    "server_name": "files.example",
    "country": "SG",
    "country_basis": "geo",
    "geo_prefix": "198.51.100.0/24",
    "asn": 64_500,
    "as_org": "Example Networks",
    "unit": "Registry office",
    "system": "registry",
    "categories": ["core:I.26"],
    "gateway": "gw-1",
}
PERMIT = """
permits:
  - id: p1
    route: nd165-core
    dossier: 12/2026
    filed: 2026-02-10
    form: storage-abroad
    sender: {systems: [registry]}
    categories: [core:I.26]
    recipients:
      - networks: [198.51.100.0/24]
    countries: [SG]
    from: 2026-01-01
    until: 2026-03-10
"""


class Judging(Protocol):
    """Makes what transfers are judged by."""

    def __call__(self, permits: str = ...) -> Standards:
        """Make it of the shipped rules and of permits."""


def instant(text: str) -> int:
    """Return nanoseconds of a moment in Viet Nam, as 2026-06-30 23:59."""
    return round(datetime.fromisoformat(text).replace(tzinfo=VIETNAM).timestamp()) * 10**9


def row(at: str = "2026-03-01 12:00", **columns: Any) -> dict[str, Any]:
    """Return one row of the record: a flow that began and ended within its hour, but for what is given.

    Totals are what the row counts and what was counted `before`, a number of packets and bytes each.
    """
    begin = instant(at)
    told = ROW | {"first_ns": begin, "last_ns": begin + 10**9} | columns
    before = told.pop("before", 0)
    for way in ("out", "in"):
        for what in ("packets", "bytes", "payload"):
            told.setdefault(f"total_{what}_{way}", told[f"{what}_{way}"] + before)
    for end in ("local", "remote"):
        told.setdefault(f"{end}_key", key_of(ipaddress.ip_address(told[f"{end}_ip"]).packed))
    return told


def record(*rows: dict[str, Any]) -> pl.LazyFrame:
    """Return rows as a reader of the history gets them."""
    return pl.DataFrame([dict.fromkeys(HISTORY_SCHEMA.names()) | one for one in rows], schema=HISTORY_SCHEMA).lazy()


def persons(**kinds: Iterable[int]) -> list[dict[str, Any]]:
    """Return a row's persons: hashes by kind."""
    return [{"kind": kind, "hashes": list(hashes)} for kind, hashes in kinds.items()]


def written(folder: Path, *rows: dict[str, Any]) -> Path:
    """Write rows as agents at their gateways do, and return the folder of the history."""
    for gateway in sorted({one["gateway"] for one in rows}):
        history = History(folder, gateway, Limits(reserve=0, compact=False))
        own = sorted((one for one in rows if one["gateway"] == gateway), key=lambda one: one["last_ns"])
        for one in own:
            told = dict.fromkeys(CROSSING_SCHEMA.names()) | {k: v for k, v in one.items() if k in CROSSING_SCHEMA}
            tick = Batch(pl.DataFrame(), (), tick_ns=one["last_ns"] + HOUR_NS, flows_active=1)
            history(tick, pl.DataFrame([told], schema=CROSSING_SCHEMA), pl.DataFrame())
        history.close()
    return folder


@cache
def shipped() -> Ruleset:
    """Return the shipped rules."""
    return read_rules(config.Config())


def permits_of(folder: Path, text: str) -> Permits:
    """Return the permits of a text."""
    path = folder / "permits.yaml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return read_permits(config.Config(), path)


def standards(folder: Path, permits: str = "") -> Standards:
    """Return standards of the shipped rules and of permits, which are written into a folder."""
    return Standards(permits_of(folder, permits) if permits else Permits(), shipped(), TODAY)
