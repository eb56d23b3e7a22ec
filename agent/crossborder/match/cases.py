"""The flows a rule's test describes: a plausible crossing flow, and what the case says differently, by ECS names."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

import polars as pl

from crossborder import yamlfile
from crossborder.match.fields import KINDS, Kind, choices, largest, nearest, wrong_country
from crossborder.model import (
    ADDRESS_KEYS,
    COLUMN_OF,
    COUNTED_SCHEMA,
    CountryBasis,
    Initiator,
    Inspection,
    Report,
    Scope,
)
from crossborder.prefixes import key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SECOND_NS = 1_000_000_000
START_NS = 1_767_225_600 * SECOND_NS
"""When the flows of a case begin: 1 January 2026."""

USUAL: dict[str, Any] = {
    "report": Report.ACTIVE.value,
    "interface": "case",
    "community_id": "1:case",
    "local_ip": "10.0.0.5",
    "local_port": 50_000,
    "remote_ip": "198.51.100.7",
    "remote_port": 443,
    "initiator": Initiator.LOCAL.value,
    "scope": Scope.CROSSING.value,
    "transport": "tcp",
    "total_packets_out": 20,
    "total_packets_in": 30,
    "total_bytes_out": 10_000,
    "total_bytes_in": 20_000,
    "total_payload_out": 8_000,
    "total_payload_in": 18_000,
    "app_protocol": "tls",
    "inspection": Inspection.METADATA.value,
    "country": "US",
    "country_basis": CountryBasis.GEO.value,
    "geo_database": "case",
    "geo_prefix": "198.51.100.0/24",
    "asn": 64_496,
    "as_org": "Example",
}
"""A flow as most are: TLS from a computer without a tag to a known country. Names and categories are unknown."""

_DELTAS = ("packets_out", "packets_in", "bytes_out", "bytes_in", "payload_out", "payload_in")
_NAME_SOURCES = {"quic": "quic", "http": "http", "dns": "dns"}


def wrong_flow(flow: Mapping[str, object], repeat: int) -> list[tuple[str, str]]:
    """Tell what is wrong with a flow described by ECS names and repeated: the key and a sentence for each."""
    found = []
    for name, value in flow.items():
        if name not in KINDS:
            found.append((name, f"field {name!r} is not known{nearest(name, KINDS)}"))
            continue
        wrong = [_wrong_value(name, _filled(name, value, at)) for at in sorted({1, repeat})]
        found += [(name, message) for message in wrong if message][:1]
    return found


def _wrong_value(name: str, value: object) -> str | None:
    kind = KINDS[name]
    if value is None:
        return f"{name} is never unknown" if kind in {Kind.ADDRESS, Kind.COUNTRY} else None
    if kind is Kind.NUMBER:
        fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= largest(name)
        return None if fits else f"{name} is a whole number from 0 to {largest(name)}, not {value!r}"
    if kind is Kind.LIST and isinstance(value, list):
        return None if all(isinstance(v, str) for v in value) else f"{name} is a list of texts, not {value!r}"
    if not isinstance(value, str):
        return f"{name} is {kind}, not {value!r}; put it in quotes"
    return _wrong_text(name, kind, value)


def _wrong_text(name: str, kind: Kind, value: str) -> str | None:
    if kind is Kind.CHOICE and value not in choices(name):
        return f"{name} is never {value!r}: {', '.join(choices(name))}"
    if kind is Kind.COUNTRY:
        return wrong_country(value, None)
    if kind is Kind.ADDRESS:
        try:
            ipaddress.ip_address(value)
        except ValueError:
            return f"{value!r} is not an address"
    return None


def nanoseconds(value: object) -> int | None:
    """Return a duration as a person writes it (500ms, 10s, 2m, 1h, 30d) in nanoseconds, or None."""
    seconds = yamlfile.duration(value)
    return None if seconds is None else round(seconds * SECOND_NS)


def crossings(flows: Iterable[tuple[int, int, Mapping[str, object]]], first_id: int = 1) -> pl.DataFrame:
    """Return the frame (COUNTED_SCHEMA) of flows: repetition number, nanoseconds after the start, ECS values.

    Every flow is its own, numbered from `first_id`, reported once while it lives.
    """
    rows = [_row(at, *flow) for at, flow in enumerate(flows, first_id)]
    return pl.DataFrame(rows, schema=COUNTED_SCHEMA, orient="row").sort("last_ns", maintain_order=True)


def _row(flow_id: int, repetition: int, at_ns: int, flow: Mapping[str, object]) -> dict[str, Any]:
    given = {COLUMN_OF[name]: _filled(name, value, repetition) for name, value in flow.items()}
    row = {**dict.fromkeys(COUNTED_SCHEMA), **USUAL, **given}
    row |= {name: row[f"total_{name}"] for name in _DELTAS}
    if row["server_name"] is not None:
        row["server_name_source"] = _NAME_SOURCES.get(str(row["app_protocol"]), "tls")
    row |= {key: key_of(ipaddress.ip_address(str(row[column])).packed) for column, key in ADDRESS_KEYS.items()}
    row |= {"flow_id": flow_id, "first_ns": START_NS + at_ns, "last_ns": START_NS + at_ns}
    return row


def _filled(name: str, value: object, repetition: int) -> object:
    """Put the repetition number where a text has `{n}`; a field of another kind takes the text as its own."""
    if isinstance(value, list):
        return [_filled("", part, repetition) for part in value]
    if not isinstance(value, str):
        return value
    text = value.replace("{n}", str(repetition))
    kind = KINDS.get(name)
    if kind is Kind.NUMBER and text != value and text.isdigit():
        return int(text)
    return [text] if kind is Kind.LIST else text
