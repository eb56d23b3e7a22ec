"""What an event is, said row by row and slowly: what the columns are held against."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crossborder.model import Report
from crossborder.publish.ecs import ECS_VERSION, PLACES, SEVERITY
from crossborder.publish.units import size_of
from crossborder.telemetry import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DIRECTION = {"local": "outbound", "remote": "inbound", "unknown": "unknown"}


def line_of(row: Mapping[str, Any], unit: str, gateway: Mapping[str, Any], legal: Mapping[str, Any]) -> str:
    """Return the line of one row of FINDING_SCHEMA; `gateway` holds what stands on every record, by its place."""
    event: dict[str, Any] = {"@timestamp": _time(row["last_ns"]), "ecs": {"version": ECS_VERSION}}
    for place, column in PLACES:
        _put(event, place, row[column])
    for part in (_of_event(row), _of_network(row), _of_rule(row), gateway.items()):
        for place, value in part:
            _put(event, place, value)
    _put(event, "organization.name", row["unit"] or unit)
    _put(event, "crossborder.legal", dict(legal))
    return printable(json.dumps(event, sort_keys=True, ensure_ascii=False, separators=(",", ":"))) + "\n"


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
    yield "network.direction", DIRECTION[row["initiator"] or "unknown"]
    yield "network.type", "ipv6" if ":" in row["remote_ip"] else "ipv4"
    if row["server_name_source"] in {"tls", "quic"}:
        yield "tls.client.server_name", row["server_name"]
    yield "crossborder.geo.database", row["geo_database"]
    yield "crossborder.geo.build", _time(row["geo_build"] * 10**9) if row["geo_build"] is not None else None
    yield "crossborder.geo.prefix", row["geo_prefix"]
    yield "crossborder.geo.registered", row["geo_registered"]
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
    yield "crossborder.permit.id", row["permit"]
    yield "crossborder.permit.reason", row["permit_reason"]
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


def _put(event: dict[str, Any], place: str, value: Any) -> None:
    """Put a value at a dotted place; nothing, empty text and empty lists are left out."""
    if value is None or value in ("", [], {}):
        return
    *path, last = place.split(".")
    for part in path:
        event = event.setdefault(part, {})
    event[last] = value
