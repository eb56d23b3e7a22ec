"""Frames made by hand: a crossing and a finding with every column, of which a test names only what it is about."""

from __future__ import annotations

from typing import Any, Protocol

import polars as pl
import pytest

from crossborder.model import CROSSING_SCHEMA, FINDING_SCHEMA, Batch, Books, DropReason

NOON = 1_767_268_800 * 10**9  # 2026-01-01 12:00:00 UTC
BUILT = 1_764_547_200  # 2025-12-01

CROSSING: dict[str, Any] = {
    "flow_id": 1,
    "report": "ended",
    "end_reason": "fin",
    "interface": "eth0",
    "first_ns": NOON,
    "last_ns": NOON + 1_500_000_000,
    "community_id": "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
    "local_ip": "10.1.2.3",
    "local_port": 51514,
    "remote_ip": "203.0.113.9",
    "remote_port": 443,
    "initiator": "local",
    "scope": "crossing",
    "transport": "tcp",
    "packets_out": 6,
    "packets_in": 4,
    "bytes_out": 6_000,
    "bytes_in": 400,
    "payload_out": 5_700,
    "payload_in": 200,
    "total_packets_out": 6,
    "total_packets_in": 4,
    "total_bytes_out": 6_000,
    "total_bytes_in": 400,
    "total_payload_out": 5_700,
    "total_payload_in": 200,
    "app_protocol": "tls",
    "inspection": "metadata",
    "server_name": "files.example",
    "server_name_source": "tls",
    "country": "SG",
    "country_basis": "geo",
    "geo_database": "IPFire",
    "geo_build": BUILT,
    "geo_prefix": "203.0.113.0/24",
    "unit": "Ministry",
}
FINDING: dict[str, Any] = CROSSING | {
    "finding_id": "00000000000000a1",
    "phase": "opened",
    "rule": "core-data-abroad",
    "rule_uuid": "8d2a3ea6-4c4f-4a1c-a2f8-0f3c7b7a1e11",
    "rule_title": "A system that holds core data sends abroad",
    "rule_sha256": "ab" * 32,
    "severity": "critical",
    "category": "core",
    "decision": "violation",
    "matched_bytes": 6_000,
    "why": [{"field": "data.categories", "test": "startswith 'core:'", "value": "core:I.26"}],
}
BOOKS = Books("eth0", 30, 12_000, 20, 6_400, 6, 600, {DropReason.NOT_IP: 3, DropReason.TRUNCATED_IP: 1})


class Frames(Protocol):
    """Makes a frame of rows, each the usual one but for what is given."""

    def __call__(self, *rows: dict[str, Any]) -> pl.DataFrame:
        """Make it."""


class Batches(Protocol):
    """Makes a batch."""

    def __call__(self, *books: Books, **other: Any) -> Batch:
        """Make it."""


def _frame(rows: tuple[dict[str, Any], ...], usual: dict[str, Any], schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame([dict.fromkeys(schema.names()) | usual | row for row in rows], schema=schema)


@pytest.fixture
def crossings() -> Frames:
    """Return a maker of CROSSING_SCHEMA frames."""
    return lambda *rows: _frame(rows, CROSSING, CROSSING_SCHEMA)


@pytest.fixture
def findings() -> Frames:
    """Return a maker of FINDING_SCHEMA frames."""
    return lambda *rows: _frame(rows, FINDING, FINDING_SCHEMA)


@pytest.fixture
def batch() -> Batches:
    """Return a maker of batches; the reports are left empty, since every sink reads the crossings."""

    def make(*books: Books, **other: Any) -> Batch:
        about: dict[str, Any] = {"tick_ns": NOON + 10 * 10**9, "flows_active": 2} | other
        return Batch(pl.DataFrame(), books or (BOOKS,), **about)

    return make
