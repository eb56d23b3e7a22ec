"""Findings as ECS events: one plain, nested dict each, with nothing in it that is not known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import crossborder
from crossborder.model import FIELDS, LEVELS, Report
from crossborder.publish.units import size_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

ECS_VERSION = "9.0.0"
SEVERITY = dict(zip(LEVELS, (0, 21, 47, 73, 99), strict=True))
"""Level → `event.severity`: the risk scores that Elastic's detection rules give their severities."""

_DIRECTION = {"local": "outbound", "remote": "inbound", "unknown": "unknown"}

# Fields that rules know by names of our own stand under our own namespace in an event, some in another place.
_OWN = {"data": "crossborder", "local": "crossborder", "network.initiator": "crossborder.initiator"}
_ELSEWHERE = {"tls.client.server_name", "data.geo_database", "local.unit"}


def _place(ecs: str) -> str:
    root, _, rest = ecs.partition(".")
    return _OWN.get(ecs) or f"{_OWN.get(root, root)}.{rest}"


PLACES = tuple((_place(f.ecs), f.column) for f in FIELDS if f.ecs not in _ELSEWHERE)
"""Place in the event → column, straight from the table that names the fields of rules."""


class EventMaker:
    """Makes events of one gateway's findings. What is known of the rules in force is swapped with `ruleset`."""

    def __init__(self, gateway: str, unit: str, *, version: str = crossborder.__version__) -> None:
        """Take the gateway's name and the unit that owns it, which stand on every record."""
        self.unit = unit
        self._observer = {"name": gateway, "type": "sensor", "vendor": "Crossborder", "version": version}
        self._ruleset: dict[str, Any] = {}
        self._legal: Mapping[str, Mapping[str, Any]] = {}

    def ruleset(self, sha256: str, generation: int, legal: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Take the hash and generation of the rules in force, and the legal block of each by the rule's name."""
        self._ruleset = {"ruleset_sha256": sha256, "generation": generation}
        self._legal = legal or {}

    def events(self, findings: pl.DataFrame) -> Iterator[dict[str, Any]]:
        """Yield one event per finding that opened or closed; `continued` rows make none."""
        told = findings.filter(findings["phase"] != "continued").drop("local_key", "remote_key")
        for row in told.iter_rows(named=True):
            yield self.event(row)

    def event(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the event of one row of FINDING_SCHEMA."""
        event: dict[str, Any] = {"@timestamp": _time(row["last_ns"]), "ecs": {"version": ECS_VERSION}}
        for place, column in PLACES:
            _put(event, place, row[column])
        for place, value in self._told(row):
            _put(event, place, value)
        return event

    def _told(self, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        yield from _of_event(row)
        yield from _of_network(row)
        yield from _of_rule(row)
        for key, value in self._observer.items():
            yield f"observer.{key}", value
        yield "organization.name", row["unit"] or self.unit
        yield "crossborder.legal", dict(self._legal.get(row["rule"], {}))
        for key, value in self._ruleset.items():
            yield f"crossborder.{key}", value


def _of_event(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    closing = row["phase"] == "closed"
    ended = row["report"] == Report.ENDED
    yield "message", _sentence(row)
    yield "event.id", row["finding_id"]
    yield "event.kind", "event" if closing else "alert"
    yield "event.category", ["network"]
    yield "event.type", ["end"] if closing else ["start", "end"] if ended else ["start"]
    yield "event.action", f"finding-{row['phase']}"
    yield "event.severity", SEVERITY[row["severity"]]
    yield "event.start", _time(row["first_ns"])
    yield "event.end", _time(row["last_ns"]) if ended else None
    yield "event.duration", row["last_ns"] - row["first_ns"]


def _of_network(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "network.direction", _DIRECTION[row["initiator"] or "unknown"]
    yield "network.type", "ipv6" if ":" in row["remote_ip"] else "ipv4"
    if row["server_name_source"] in {"tls", "quic"}:
        yield "tls.client.server_name", row["server_name"]
    yield "crossborder.geo.database", row["geo_database"]
    yield "crossborder.geo.build", _time(row["geo_build"] * 10**9) if row["geo_build"] is not None else None
    yield "crossborder.geo.prefix", row["geo_prefix"]
    yield "crossborder.flow_id", str(row["flow_id"])  # text: JSON readers round 64 bits
    yield "crossborder.scope", row["scope"]
    yield "crossborder.end_reason", row["end_reason"]


def _of_rule(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "rule.name", row["rule"]
    yield "rule.uuid", row["rule_uuid"]
    yield "rule.category", row["category"]
    yield "rule.description", row["rule_title"]
    yield "rule.ruleset", "crossborder"
    yield "rule.version", row["rule_sha256"][:12]
    yield "crossborder.rule_sha256", row["rule_sha256"]
    yield "crossborder.severity", row["severity"]
    yield "crossborder.decision", row["decision"]
    yield "crossborder.phase", row["phase"]
    yield "crossborder.matched_bytes", row["matched_bytes"]
    yield "crossborder.why", row["why"]
    yield "crossborder.detections", [_detection(d) for d in row["detections"] or []]


def _detection(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a detector's result: how many distinct values it saw, not their hashes."""
    distinct = found["distinct"]
    return {**found, "distinct": None if distinct is None else len(distinct)}


def _sentence(row: Mapping[str, Any]) -> str:
    server = f" ({row['server_name']})" if row["server_name"] else ""
    sent = size_of(row["total_bytes_out"])
    return f"{row['rule_title']}: {row['local_ip']} to {row['country']} {row['remote_ip']}{server}, {sent} out"


def _time(ns: int) -> str:
    """Return RFC 3339 in UTC with microseconds."""
    seconds, rest = divmod(ns, 10**9)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest // 1000:06d}Z"


def _put(event: dict[str, Any], place: str, value: Any) -> None:  # noqa: ANN401 - whatever a column holds
    """Put a value at a dotted place; nothing, empty text and empty lists are left out."""
    if value is None or value in ("", [], {}):
        return
    *path, last = place.split(".")
    for part in path:
        event = event.setdefault(part, {})
    event[last] = value
