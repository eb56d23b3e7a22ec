"""Events: one finding in ECS, whole; nothing in it that is not known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.golden import assert_golden
from tests.publish.slowevents import line_of

from crossborder.model import (
    CLASSIFY_COLUMNS,
    FIELDS,
    FINDING_COLUMNS,
    FINDING_SCHEMA,
    LEVELS,
    PERSON_COLUMNS,
    REPORT_COLUMNS,
    Column,
)
from crossborder.publish.ecs import PLACES, SEVERITY, EventMaker

if TYPE_CHECKING:
    from tests.publish.conftest import Frames

GOLDEN = Path(__file__).parent / "golden"
RICH: dict[str, Any] = {
    "system": "hr-db",
    "owner": "Personnel",
    "categories": ["core:I.26", "important:II.10"],
    "asn": 64500,
    "as_org": "Example Hosting",
    "geo_registered": "NL",
    "vlan": "100.7",
    "tunnel": "gre",
    "alpn": "http/1.1",
    "tls_version": "1.3",
    "ja4": "t13d1516h2_8daaf6152771_02713d6af862",
    "ech": "grease",
    "http_host": "files.example",
    "http_method": "POST",
    "http_path": "/upload",
    "http_content_type": "application/zip",
    "http_upload_bytes": 5_000,
    "dns_query": ["files.example"],
    "dns_rcode": "noerror",
    "mail_domains": ["mail.example"],
    "file_names": ["danh-sách.zip"],
    "file_types": ["application/zip"],
    "detections": [
        {"detector": "cccd", "matches": 9, "distinct": [1, 2, 3], "confidence": 0.5, "samples": ["0792•••••••4"]}
    ],
    "detectors": ["cccd"],
    "detected_kinds": ["basic"],
    "detected_items": ["core:I.26"],
    "detected_values": 3,
    "decision": "overrun",
    "permit": "lab-2026",
    "permit_reason": "bytes: 6000 of 5000",
}


GATEWAY: dict[str, Any] = {
    "observer.name": "hn-1 \u202e",
    "observer.type": "sensor",
    "observer.vendor": "Crossborder",
    "observer.version": "0.0.0",
    "crossborder.ruleset_sha256": "cd" * 32,
    "crossborder.generation": 3,
}


@pytest.fixture
def maker() -> EventMaker:
    """Return a maker that knows the law behind the rule."""
    made = EventMaker("hn-1", "Ministry", version="0.0.0")
    made.ruleset("cd" * 32, 3, {"core-data-abroad": {"instrument": "Decision 20/2025/QĐ-TTg", "item": "I.26"}})
    return made


def only(maker: EventMaker, frame: Any) -> dict[str, Any]:
    """Return the one event of a frame."""
    (event,) = maker.events(frame)
    return event


def test_golden_event(maker: EventMaker, findings: Frames) -> None:
    """A finding with everything known is this JSON object."""
    event = only(maker, findings(RICH))

    assert_golden(json.dumps(event, indent=2, sort_keys=True, ensure_ascii=False) + "\n", GOLDEN / "event.json")


def test_golden_closing_event(maker: EventMaker, findings: Frames) -> None:
    """A finding that closes later tells its totals under the same id, and is no second alert."""
    event = only(maker, findings({"phase": "closed", "why": [], "matched_bytes": 0}))

    assert_golden(json.dumps(event, indent=2, sort_keys=True, ensure_ascii=False) + "\n", GOLDEN / "event-closed.json")


HOSTILE = '\x1b[2J\x07\x00\x7f\x9b31m\u202egpj.exe\u2028\u200b\ufeff[red]\n}\\ "quoted" \b\f\t\r đ'
TEXTS = st.none() | st.sampled_from(["", HOSTILE, "a.example"]) | st.text(st.characters(exclude_categories=["Cs"]))
COUNTS = st.integers(0, 1 << 62) | st.sampled_from([999, 1005, 9995, 99_950, 999_499, 999_500, 1 << 50])
TIMES = st.integers(-(1 << 61), (1 << 62) - 1)
_STRUCTS = {"detector": st.just("cccd"), "matches": st.integers(0, 9), "confidence": st.none() | st.just(0.25)}
_STRUCTS |= {"distinct": st.none() | st.just([1, 2]), "samples": st.none() | st.lists(st.text("a\u200b"), max_size=2)}
REASONS = st.fixed_dictionaries(
    {"field": st.text('a."', max_size=3), "test": st.text("b\\ ", max_size=3), "value": TEXTS}
)


def any_value(column: Column) -> st.SearchStrategy[Any]:
    """Return values of a column, hostile ones too."""
    if column.name in {"why", "detections"}:
        parts = REASONS if column.name == "why" else st.fixed_dictionaries(_STRUCTS)
        return st.none() | st.lists(parts, max_size=2)
    if column.name == "persons":
        return st.none() | st.just([{"kind": "basic", "hashes": [1, 2]}])
    if isinstance(column.dtype, pl.Enum):
        return st.none() | st.sampled_from(list(column.dtype.categories))
    if column.name == "geo_build":
        return st.none() | st.integers(0, 253_402_300_799)
    if column.dtype == pl.String:
        return TEXTS
    if column.dtype == pl.List(pl.String):
        return st.none() | st.lists(TEXTS.filter(lambda text: text is not None), max_size=3)
    return st.none() | st.integers(0, 60_000)


ALWAYS: dict[str, Any] = {
    "rule": st.sampled_from(["one", "two"]),
    "rule_title": st.just("A \u200b title"),
    "country": st.just("SG"),
}
ALWAYS |= {"rule_sha256": st.just("ab" * 32), "finding_id": st.just("a1"), "flow_id": st.integers(0, (1 << 64) - 1)}
ALWAYS |= {"first_ns": TIMES, "last_ns": TIMES, "total_bytes_out": COUNTS, "severity": st.sampled_from(LEVELS)}
ALWAYS |= {"phase": st.sampled_from(["opened", "closed"]), "report": st.sampled_from(["opened", "active", "ended"])}
ALWAYS |= {"local_ip": st.just("10.1.2.3"), "remote_ip": st.sampled_from(["198.51.100.7", "2001:db8::7"])}
COLUMNS = (*REPORT_COLUMNS, *CLASSIFY_COLUMNS, *PERSON_COLUMNS, *FINDING_COLUMNS)
ROWS = st.fixed_dictionaries({c.name: ALWAYS.get(c.name, any_value(c)) for c in COLUMNS if c.dtype != pl.Binary})


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ROWS, min_size=1, max_size=4), st.sampled_from(["", "Bộ \\ \u202e"]))
def test_columns_say_what_rows_say(rows: list[dict[str, Any]], unit: str) -> None:
    """Whatever stands in findings, an event is to the byte what a slow writer makes of its row."""
    laws = {"one": {"item": "I.26 \u200b"}, "two": {}}
    maker = EventMaker("hn-1 \u202e", unit, version="0.0.0")
    maker.ruleset("cd" * 32, 3, laws)
    frame = pl.DataFrame([dict.fromkeys(FINDING_SCHEMA) | row for row in rows], schema=FINDING_SCHEMA)

    wanted = [line_of(row, unit, GATEWAY, laws[row["rule"]]) for row in frame.to_dicts()]

    assert maker.lines(frame).to_list() == wanted


@pytest.mark.parametrize(
    ("phase", "report", "types", "kind"),
    [
        ("opened", "opened", ["start"], "alert"),
        ("opened", "ended", ["start", "end"], "alert"),
        ("closed", "ended", ["end"], "event"),
    ],
)
def test_an_event_tells_where_in_its_life_the_finding_is(
    maker: EventMaker, findings: Frames, phase: str, report: str, types: list[str], kind: str
) -> None:
    """An alert when it opens, no alert when it closes; one that does both at once says both."""
    event = only(maker, findings({"phase": phase, "report": report}))

    assert event["event"]["type"] == types
    assert event["event"]["kind"] == kind
    assert ("end" in event["event"]) == (report == "ended")


def test_bytes_that_go_on_make_no_event(maker: EventMaker, findings: Frames) -> None:
    """`continued` rows are for metrics."""
    assert not list(maker.events(findings({"phase": "continued"})))


def test_what_is_not_known_is_left_out(maker: EventMaker, findings: Frames) -> None:
    """No null, no empty text or list, no hash of an identifier anywhere."""
    bare = only(maker, findings({"server_name": None, "geo_build": None, "unit": None, "app_protocol": "", "why": []}))
    rich = json.dumps(only(maker, findings(RICH)))

    def leaves(value: Any) -> list[Any]:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return [value] if not isinstance(value, dict | list) else [leaf for v in inner for leaf in leaves(v)] or [value]

    assert not [leaf for leaf in leaves(bare) if leaf in (None, "", [], {})]
    assert bare["organization"]["name"] == "Ministry"
    assert "domain" not in bare["destination"]
    assert "[1, 2, 3]" not in rich


def test_every_field_a_rule_can_name_is_in_the_event(maker: EventMaker, findings: Frames) -> None:
    """What a rule matched on can be looked up in its event; our own names stand under crossborder.*."""
    certificate = {"cert_subject": "CN=x", "cert_issuer": "CN=y", "tls_san": ["x.example"]}
    persons = {"persons_basic": 9, "persons_sensitive": 8, "persons_bank": 7, "bands": ["core:basic"]}
    event = only(maker, findings(RICH | certificate | persons | {"app_protocol": "tls"}))

    for place, column in PLACES:
        at: Any = event
        for part in place.split("."):
            at = at[part]
        assert at is not None, column
    assert {column for _, column in PLACES} >= {f.column for f in FIELDS} - {"unit", "geo_database"}
    assert event["crossborder"]["geo"]["database"] == "IPFire"
    assert event["organization"]["name"] == "Ministry"


@pytest.mark.parametrize(("source", "there"), [("tls", True), ("quic", True), ("http", False), ("dns", False)])
def test_a_server_name_is_tls_only_where_it_comes_from_tls(
    maker: EventMaker, findings: Frames, source: str, there: bool
) -> None:
    """A name from a DNS answer was not in any client hello."""
    event = only(maker, findings({"server_name_source": source}))

    assert ("tls" in event) == there
    assert event["destination"]["domain"] == "files.example"


@pytest.mark.parametrize(
    ("ns", "told"),
    [
        (1_767_268_800_123_456_789, "2026-01-01T12:00:00.123456Z"),
        (0, "1970-01-01T00:00:00.000000Z"),
        (4_102_444_799_999_999_999, "2099-12-31T23:59:59.999999Z"),
    ],
)
def test_time_is_the_packets_in_utc_with_microseconds(maker: EventMaker, findings: Frames, ns: int, told: str) -> None:
    """RFC 3339, never rounded up into a time that has not come."""
    assert only(maker, findings({"last_ns": ns}))["@timestamp"] == told


def test_severities_rise_with_levels() -> None:
    """Every level has a number, the graver the larger."""
    assert sorted(SEVERITY.values()) == [SEVERITY[level] for level in LEVELS]


@pytest.mark.parametrize(
    ("initiator", "direction"),
    [("local", "outbound"), ("remote", "inbound"), ("unknown", "unknown"), (None, "unknown")],
)
def test_direction_tells_who_opened(maker: EventMaker, findings: Frames, initiator: str | None, direction: str) -> None:
    """The home end is the source in any case; direction tells who opened the connection."""
    event = only(maker, findings({"initiator": initiator}))

    assert event["network"]["direction"] == direction
    assert event["source"]["ip"] == "10.1.2.3"
