"""The terminal: tables at 80 columns without colour, cards, and wire text that cannot act."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console
from tests.golden import assert_golden

from crossborder.model import Books, DropReason
from crossborder.publish.ecs import EventMaker
from crossborder.publish.terminal import Summary, show_events, show_summary

if TYPE_CHECKING:
    from tests.publish.conftest import Batches, Frames

GOLDEN = Path(__file__).parent / "golden"
NOW = 1_767_268_800 + 86_400
HOLDER = {"system": "hr-db", "owner": "Personnel", "categories": ["core:I.26"], "as_org": "Example Hosting"}


def shown(summary: Summary, *, width: int = 80, encoding: str = "utf-8", **console: Any) -> str:
    """Return what a terminal of that width would show."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", newline="")
    screen = Console(file=file, width=width, **console)
    show_summary(screen, summary, elapsed=2.0, now=NOW)
    show_events(screen, summary.events)
    file.seek(0)
    return file.read()


@pytest.fixture
def summary(batch: Batches, crossings: Frames, findings: Frames) -> Summary:
    """Return the summary of a small replay in two batches."""
    made = Summary(EventMaker("hn-1", "Ministry", version="0.0.0"), first=2)
    away = {"country": "ZZ", "country_basis": "unknown", "inspection": "opaque", "geo_database": None}
    made(
        batch(),
        crossings(
            {},
            away | {"bytes_out": 1_500_000, "flow_id": 2},
            {"country_basis": "override", "geo_database": "overlay.csv", "geo_build": None, "flow_id": 5},
            {"scope": "transit", "flow_id": 3},
            {"scope": "domestic", "flow_id": 4},
        ),
        findings(HOLDER, away | {"rule": "unknown-country", "rule_title": "Nobody knows where", "severity": "medium"}),
    )
    torn = Books("a-rather-long-name-of-a-capture-file-2026-01-01.pcapng.zst", 1_234_567, 10**9, 1_234_000)
    books = Books("eth0", 40, 12_000, 30, 6_400, 6, 600, {DropReason.NOT_IP: 3, DropReason.TRUNCATED_IP: 1})
    late = {"report": "ended", "last_ns": 1_767_268_800 * 10**9 + 3_720 * 10**9, "total_packets_out": 12}
    made(batch(books, torn), crossings(late), findings(late | {"phase": "closed", "matched_bytes": 500}))
    return made


def test_golden_summary(summary: Summary) -> None:
    """Countries, findings, books, notes and cards at 80 columns without colour."""
    text = shown(summary, no_color=True)

    assert max(map(len, text.splitlines())) <= 80
    assert_golden(text, GOLDEN / "summary.txt")


def test_golden_summary_where_only_ascii_can_be_shown(summary: Summary) -> None:
    """A terminal of the C locale gets the same without a character it cannot show."""
    text = shown(summary, encoding="ascii", no_color=True)

    assert_golden(text, GOLDEN / "summary-ascii.txt")


def test_an_empty_replay(batch: Batches, crossings: Frames, findings: Frames) -> None:
    """A capture without a crossing flow still shows its books, and says that there is nothing."""
    summary = Summary()
    summary(batch(), crossings(), findings())

    text = shown(summary)

    assert text.count("none") == 2
    assert text.count("✓") == 1
    assert "no flow is reported" in text


def test_flows_are_counted_once_and_bytes_by_delta(summary: Summary) -> None:
    """The later report of a flow adds its bytes and no flow."""
    singapore = summary.destinations["SG"]

    assert (singapore.flows, singapore.bytes_out, singapore.bases) == (2, 18_000, {"geo", "override"})
    assert (summary.transit_flows, summary.transit_bytes) == (1, 6_400)


def test_findings_are_counted_when_they_open(summary: Summary) -> None:
    """Closing adds bytes, not findings."""
    rule = summary.rules["core-data-abroad"]

    assert (rule.findings, rule.matched_bytes, rule.countries) == (1, 6_500, {"SG"})


def test_the_worst_severity_is_of_violations(batch: Batches, crossings: Frames, findings: Frames) -> None:
    """What a permit covers does not fail a replay."""
    summary = Summary()
    seen = [summary.worst]
    summary(batch(), crossings({}), findings({"decision": "permitted"}))
    seen.append(summary.worst)
    summary(batch(), crossings({}), findings({"rule": "small", "severity": "low"}))
    seen.append(summary.worst)

    assert seen == [None, None, "low"]
    assert "(1 permitted)" in shown(summary)


def test_a_card_tells_of_the_permit(batch: Batches, crossings: Frames, findings: Frames) -> None:
    """Which permit nearly covers it, and why not; or why none can."""
    summary = Summary(EventMaker("g", "u"), first=2)
    rows = [{"permit": "lab-2026", "permit_reason": "ended on 2026-06-30"}, {"permit_reason": "no one speaks for it"}]
    summary(batch(), crossings({}), findings(*({"decision": "expired", **row} for row in rows)))

    text = shown(summary, width=200)

    assert "permit lab-2026: ended on 2026-06-30" in text
    assert "no permit: no one speaks for it" in text


def test_wire_text_is_shown_not_obeyed(batch: Batches, crossings: Frames, findings: Frames) -> None:
    """Rich markup, escape sequences and bidirectional tricks from the wire come out as text."""
    evil = "[bold red]x[/] \x1b[2J\x9b31m\u202e[/nothing]"
    summary = Summary(EventMaker("g", "u"), first=1)
    row = {"server_name": evil, "as_org": evil, "system": evil, "why": [{"field": evil, "test": evil, "value": evil}]}
    summary(batch(Books(evil, 1, dropped={DropReason.RING: 1})), crossings({"geo_database": evil}), findings(row))

    text = shown(summary, width=200)

    assert text.count(r"[bold red]x[/] \u001b[2J\u009b31m\u202e[/nothing]") >= 6
    assert not set(text) & set("\x1b\x9b\u202e")


def test_colours_where_the_terminal_has_them(summary: Summary) -> None:
    """On a colour terminal the gravest stands out."""
    text = shown(summary, force_terminal=True, color_system="standard", legacy_windows=False)

    assert "\x1b[1;37;41mcritical" in text


def test_the_summary_is_bounded(batch: Batches, crossings: Frames, findings: Frames) -> None:
    """Any number of rules, countries and databases makes a table of bounded size."""
    summary = Summary()
    rows = [{"rule": f"r{n}", "country": f"c{n}", "geo_database": f"d{n}", "report": "active"} for n in range(3_000)]
    summary(batch(), crossings(*({k: v for k, v in r.items() if k != "rule"} for r in rows)), findings(*rows))

    assert (len(summary.rules), len(summary.destinations), len(summary.databases)) == (2_001, 1, 100)
    assert sum(rule.findings for rule in summary.rules.values()) == 3_000


def test_many_countries_are_cut_and_summed(batch: Batches, crossings: Frames, findings: Frames) -> None:
    """The table shows the first twenty and the rest in one row, so that columns add up."""
    summary = Summary()
    codes = [f"{a}{b}" for a in "ABCDE" for b in "ABCDE"]
    summary(batch(), crossings(*({"country": c, "bytes_out": 1_000} for c in codes)), findings())

    lines = shown(summary).splitlines()

    assert any(line.split()[:4] == ["5", "more", "5.00", "kB"] for line in lines)
    assert any(line.split()[:3] == ["all", "25.0", "kB"] for line in lines)


def test_events_are_kept_up_to_the_number_asked_for(batch: Batches, crossings: Frames, findings: Frames) -> None:
    """The first that open, over several batches, and no more."""
    summary = Summary(EventMaker("g", "u"), first=3)
    for start in (0, 2, 4):
        frame = findings({"phase": "closed"}, *({"finding_id": f"{n:016x}"} for n in range(start, start + 2)))
        summary(batch(), crossings(), frame)

    assert [event["event"]["id"] for event in summary.events] == [f"{n:016x}" for n in range(3)]
