"""What a backtest adds up, and what two rules find that the other does not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.review.conftest import frame

from crossborder.errors import CrossborderError
from crossborder.review import tallies
from crossborder.review.backtest import backtest
from crossborder.review.compare import compare
from crossborder.review.record import open_record

if TYPE_CHECKING:
    from tests.review.conftest import Ruled, Written

STORAGE = "detection: {there: {destination.domain|endswith: storage.example}, condition: there}\n"
THERE = "destination.domain|endswith: storage.example"
LARGE = f"detection: {{a: {{{THERE}}}, much: {{source.bytes|gte: 5000}}, condition: a and much}}\n"
NORWAY = f"detection: {{a: {{{THERE}}}, to: {{destination.geo.country_iso_code: 'NO'}}, condition: a and to}}\n"
FLOWS: list[dict[str, Any]] = [
    {
        "flow_id": n,
        "hour": hour,
        "server_name": "storage.example",
        "as_org": "Example Storage",
        "system": "registry" if n < 3 else None,
        "country": "NO" if n < 2 else "SG",
        "bytes_out": 1000 * n,
        "total_bytes_out": 1000 * n,
    }
    for n, hour in enumerate((0, 0, 1, 6, 6, 54, 55))
]


def test_what_a_rule_finds_is_added_up(written: Written, ruled: Ruled) -> None:
    """Findings, bytes, days of Viet Nam, senders, countries, recipients and the largest flows."""
    found = backtest(open_record(written(*FLOWS, {"flow_id": 99})), ruled(storage=STORAGE).rules, samples=2)

    (result,) = found.results
    assert (found.rows, found.left_out) == (8, ())
    assert (result.findings, result.flows, result.bytes) == (7, 7, 21_000)
    assert result.first == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert result.last == datetime(2026, 1, 3, 19, tzinfo=UTC)
    assert result.days == {date(2026, 1, 1): 3, date(2026, 1, 2): 2, date(2026, 1, 4): 2}
    assert [(one["system"], one["findings"], one["bytes"]) for one in result.senders] == [
        (None, 4, 18_000),
        ("registry", 3, 3_000),
    ]
    assert [(one["country"], one["findings"]) for one in result.countries] == [("SG", 5), ("NO", 2)]
    assert [(one["server_name"], one["as_org"]) for one in result.recipients] == [
        ("storage.example", "Example Storage")
    ]
    assert [sample.row["total_bytes_out"] for sample in result.samples] == [6_000, 5_000]
    assert result.samples[0].row["community_id"].startswith("1:")
    assert result.samples[0].why == (
        {"field": "destination.domain", "test": "endswith: storage.example", "value": "storage.example"},
    )


def test_a_flow_of_many_hours_is_one_finding(written: Written, ruled: Ruled) -> None:
    """What it sends after it was found is counted, until it ends."""
    flow = {"flow_id": 5, "server_name": "storage.example", "first_ns": frame({})["first_ns"][0], "bytes_out": 2_000}
    hours = [flow | {"hour": n, "total_bytes_out": 2_000 * (n + 1), "report": "active"} for n in range(4)]

    (result,) = backtest(open_record(written(*hours)), ruled(large=LARGE).rules).results

    assert (result.findings, result.flows, result.bytes) == (1, 1, 8_000)


def test_memory_is_bounded(written: Written, ruled: Ruled, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many recipients those with few findings are given up, which is said; the sum stays."""
    flows = [{"flow_id": n, "hour": n // 4, "server_name": f"{n}.storage.example"} for n in range(20)]
    monkeypatch.setattr(tallies, "MOST_KEYS", 4)
    monkeypatch.setattr(tallies, "_WAITING", 4)

    (result,) = backtest(open_record(written(*flows)), ruled(storage=STORAGE).rules).results

    assert result.findings == 20
    assert len(result.recipients) <= 4
    assert "recipients" in result.differs[-1]


def test_a_rule_that_cannot_be_asked_says_why(written: Written, ruled: Ruled) -> None:
    """The others are asked."""
    rules = ruled(band="detection: {a: {data.bands|contains: core}, condition: a}\n", storage=STORAGE).rules

    band, storage = backtest(open_record(written(*FLOWS)), rules).results

    assert "1 July 2025" in str(band.refused)
    assert storage.findings == 7


def test_nothing_was_recorded(written: Written, ruled: Ruled) -> None:
    """An empty history is no fault."""
    found = backtest(open_record(written().parent), ruled(storage=STORAGE).rules)

    assert (found.first, found.results[0].findings, found.results[0].samples) == (None, 0, ())


def test_a_change_adds_and_removes(written: Written, ruled: Ruled) -> None:
    """Each side with its flows, and what kept the other rule from them."""
    ruleset = ruled(large=LARGE, to_norway=NORWAY)

    found = compare(open_record(written(*FLOWS)), ruleset["large"], ruleset["to_norway"])

    assert (found.both, found.added.findings, found.removed.findings) == (0, 2, 2)
    assert (found.added.bytes, found.removed.bytes) == (11_000, 1_000)
    assert [one["country"] for one in found.added.countries] == ["SG"]
    assert [one["country"] for one in found.removed.countries] == ["NO"]
    assert found.added.samples[0].but == ({"field": "destination.geo.country_iso_code", "test": "NO", "value": "SG"},)
    assert [one["field"] for one in found.removed.samples[0].but] == ["source.bytes"]


def test_what_both_find_is_neither_added_nor_removed(written: Written, ruled: Ruled) -> None:
    """Though one of them finds it hours later."""
    flow = {"flow_id": 5, "server_name": "storage.example", "first_ns": frame({})["first_ns"][0], "bytes_out": 2_000}
    hours = [flow | {"hour": n, "total_bytes_out": 2_000 * (n + 1), "report": "active"} for n in range(4)]
    ruleset = ruled(large=LARGE, storage=STORAGE)

    found = compare(open_record(written(*hours)), ruleset["large"], ruleset["storage"])

    assert (found.both, found.added.findings, found.removed.findings) == (1, 0, 0)


def test_what_cannot_be_compared_is_refused(written: Written, ruled: Ruled, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule with itself, one that cannot be asked, and more than memory holds."""
    record = open_record(written(*FLOWS))
    ruleset = ruled(band="detection: {a: {data.bands|contains: core}, condition: a}\n", large=LARGE, storage=STORAGE)

    with pytest.raises(CrossborderError, match="same rule"):
        compare(record, ruleset["large"], ruleset["large"])
    with pytest.raises(CrossborderError, match="band cannot be asked"):
        compare(record, ruleset["large"], ruleset["band"])
    monkeypatch.setattr("crossborder.review.compare.MOST_COMPARED", 3)
    with pytest.raises(CrossborderError, match="shorter time"):
        compare(record, ruleset["large"], ruleset["storage"])
