"""The register of transfers: what a row stands for, what is counted once, and what nobody can tell."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.review.rows import PERMIT, persons, record, row, standards, written

from crossborder.review.record import open_record
from crossborder.review.transfers import TRANSFER_SCHEMA, register

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl


def only(transfers: pl.DataFrame, *columns: str) -> Any:
    """Return columns of the one transfer there is."""
    assert transfers.height == 1
    values = transfers.select(columns).row(0)
    return values if len(columns) > 1 else values[0]


def test_a_transfer_is_what_its_flows_add_up_to(tmp_path: Path) -> None:
    """Two gateways, two hours, three flows: one row, with sums, times and who saw it."""
    found = register(
        record(
            row("2026-03-01 09:10", flow_id=1, inspection="cleartext", gateway="gw-2"),
            row("2026-03-01 10:10", flow_id=2, bytes_out=1_000, payload_out=900, inspection="opaque"),
            row("2026-03-01 11:10", flow_id=3, bytes_out=3_000, payload_out=2_000, inspection="opaque"),
        ),
        standards(tmp_path),
    )

    assert found.schema == TRANSFER_SCHEMA
    assert only(found, "unit", "system", "category", "basis", "recipient", "country", "form") == (
        "Registry office", "registry", "core:I.26", "declared", "Example Networks", "SG", "unknown",
    )  # fmt: skip
    assert only(found, "gateways", "flows", "bytes_out", "payload_out") == (["gw-1", "gw-2"], 3, 10_000, 8_600)
    assert only(found, "cleartext_bytes", "metadata_bytes", "opaque_bytes", "opaque_share") == (6_000, 0, 4_000, 0.4)
    assert only(found, "first_seen", "last_seen", "known_since") == (
        datetime(2026, 3, 1, 2, 10, tzinfo=UTC),
        datetime(2026, 3, 1, 4, 10, 1, tzinfo=UTC),
        datetime(2026, 3, 1, 2, 10, tzinfo=UTC),
    )


def test_a_flow_of_several_hours_counts_once(tmp_path: Path) -> None:
    """Its bytes add up; it is one flow, also where files of an hour were not joined yet, and one more elsewhere."""
    begin = row("2026-03-01 09:50")["first_ns"]
    hours = [
        row("2026-03-01 09:50", flow_id=7, report="active", bytes_out=100),
        row("2026-03-01 09:55", flow_id=7, report="active", bytes_out=100, first_ns=begin, before=100),
        row("2026-03-01 10:20", flow_id=7, report="active", bytes_out=100, first_ns=begin, before=200),
        row("2026-03-01 11:20", flow_id=7, report="ended", bytes_out=100, first_ns=begin, before=300),
    ]

    whole = register(record(*hours), standards(tmp_path))
    part = register(record(*hours[2:]), standards(tmp_path))
    twice = register(record(*hours, *({**one, "gateway": "gw-2"} for one in hours)), standards(tmp_path))

    assert only(whole, "flows", "bytes_out") == (1, 400)
    assert only(part, "flows", "bytes_out") == (1, 200)
    assert only(twice, "flows", "bytes_out") == (2, 800)


def test_what_is_neither_core_nor_important_is_left_out_unless_asked_for(tmp_path: Path) -> None:
    """Personal data alone, other data and systems nobody has looked at stand there with `everything`."""
    rows = record(
        row(flow_id=1, system="a", categories=["personal"]),
        row(flow_id=2, system="b", categories=["other"]),
        row(flow_id=3, system=None, categories=None),
        row(flow_id=4, system="d", categories=["important:II.10"]),
        row(flow_id=5, system="e", categories=["corectness:x"]),
    )

    usual = register(rows, standards(tmp_path))
    every = register(rows, standards(tmp_path), everything=True)

    assert usual["category"].to_list() == ["important:II.10"]
    assert every.select("system", "category", "basis", "decision", "route").rows() == [
        (None, "untagged", None, None, None),
        ("a", "personal", "declared", "violation", "pdpl"),
        ("b", "other", "declared", None, None),
        ("d", "important:II.10", "declared", "violation", "nd165-important"),
        ("e", "corectness:x", "declared", None, None),
    ]


def test_what_sends_no_payload_transfers_nothing(tmp_path: Path) -> None:
    """A port that was knocked at in vain answers with headers alone; an hour of silence of a transfer is part of it."""
    silent = row(flow_id=1, payload_out=0, bytes_out=132, system="knocked")
    paused = row(flow_id=2, payload_out=0, bytes_out=100, before=5_000)

    found = register(record(silent, paused), standards(tmp_path), everything=True)

    assert only(found, "system", "bytes_out") == ("registry", 100)


def test_two_categories_of_a_system_are_two_rows(tmp_path: Path) -> None:
    """Each with all the bytes: which of the two left nobody can tell. Personal data beside them change the route."""
    found = register(record(row(categories=["core:I.25", "important:II.10", "personal"])), standards(tmp_path))

    assert found.select("category", "bytes_out", "flows", "route").rows() == [
        ("core:I.25", 6_000, 1, "pdpl"),
        ("important:II.10", 6_000, 1, "pdpl"),
    ]


def test_what_was_found_is_told_from_what_was_declared(tmp_path: Path) -> None:
    """Found alone on a system without a tag; both where the system holds it too; data of persons go their way."""
    found: dict[str, Any] = {"detected_items": ["core:I.26"], "detected_kinds": ["sensitive"]}
    rows = record(
        row(flow_id=1, system="a", categories=None, **found),
        row(flow_id=2, system="b", **found),
        row(flow_id=3, system="b"),
        row(flow_id=4, system="c"),
        row(flow_id=5, system="d", categories=[], detected_items=["core:I.4"], detected_kinds=["document"]),
    )

    told = register(rows, standards(tmp_path)).select("system", "category", "basis", "flows", "route").rows()

    assert told == [
        ("a", "core:I.26", "found", 1, "pdpl"),
        ("b", "core:I.26", "both", 2, "pdpl"),
        ("c", "core:I.26", "declared", 1, "nd165-core"),
        ("d", "core:I.4", "found", 1, "nd165-core"),
    ]


@pytest.mark.parametrize(
    ("columns", "recipient"),
    [
        ({}, "Example Networks"),
        ({"as_org": None}, "files.example"),
        ({"as_org": None, "server_name": None}, "198.51.100.0/24"),
        ({"as_org": None, "server_name": None, "geo_prefix": None}, "198.51.100.7"),
        ({"as_org": None, "server_name": None, "geo_prefix": None, "remote_ip": "2001:db8::7"}, "2001:db8::7"),
    ],
)
def test_the_recipient_is_the_best_name_there_is(tmp_path: Path, columns: dict[str, Any], recipient: str) -> None:
    """As the filing clocks of a running agent name it; an unknown country is one."""
    found = register(record(row(country="ZZ", country_basis="unknown", **columns)), standards(tmp_path))

    assert only(found, "recipient", "country") == (recipient, "ZZ")


@pytest.mark.parametrize(
    ("columns", "form"),
    [
        ({}, ("unknown", "none")),
        ({"server_name": "content.dropboxapi.com"}, ("a", "observed")),
        ({"server_name": "s3.ap-southeast-1.amazonaws.com"}, ("a", "observed")),
        ({"server_name": "api.openai.com"}, ("c", "observed")),
        ({"app_protocol": "smtp"}, ("b", "observed")),
        ({"initiator": "remote", "server_name": "content.dropboxapi.com"}, ("b", "observed")),
    ],
)
def test_the_form_is_told_where_something_shows_it(
    tmp_path: Path, columns: dict[str, Any], form: tuple[str, str]
) -> None:
    """By the services and protocols that rules for Article 20(1) name; else nobody knows, and that is said."""
    assert only(register(record(row(**columns)), standards(tmp_path)), "form", "form_basis") == form


def test_a_permit_tells_form_dossier_and_clock(tmp_path: Path) -> None:
    """It covers what fits; the clock knows when its dossier was filed."""
    found = register(record(row("2026-03-01 12:00", server_name=None)), standards(tmp_path, PERMIT))

    assert only(found, "decision", "permit", "permit_reason", "permitted_bytes", "form", "form_basis") == (
        "permitted", "p1", "dossier 12/2026", 6_000, "a", "permit",
    )  # fmt: skip
    assert only(found, "route", "law", "due", "days_left", "clock") == (
        "nd165-core", "165/2025/NĐ-CP, 12(5)", date(2026, 3, 1), -19, "filed",
    )  # fmt: skip


def test_a_permit_that_ends_within_the_time(tmp_path: Path) -> None:
    """The gravest is told, and how much was covered until then; it is one transfer, of one form."""
    found = register(
        record(row("2026-03-10 23:58", flow_id=1), row("2026-03-11 00:01", flow_id=2, bytes_out=500)),
        standards(tmp_path, PERMIT),
    )

    assert only(found, "decision", "permit", "permit_reason", "permitted_bytes", "bytes_out", "form") == (
        "expired", "p1", "ended on 2026-03-10", 6_000, 6_500, "a",
    )  # fmt: skip


def test_a_permit_that_begins_within_the_time(tmp_path: Path) -> None:
    """Before its first day in Viet Nam nothing is covered."""
    permit = PERMIT.replace("from: 2026-01-01", "from: 2026-03-02")
    found = register(
        record(row("2026-03-01 23:59", flow_id=1), row("2026-03-02 00:01", flow_id=2)), standards(tmp_path, permit)
    )

    assert only(found, "decision", "permit_reason", "permitted_bytes") == (
        "not-yet-valid", "begins on 2026-03-02", 6_000,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "decision"),
    [
        ({"remote_ip": "198.51.101.1"}, ("new-recipient", "p1", "recipient is not in the permit")),
        ({"remote_ip": "2001:db8::7"}, ("new-recipient", "p1", "recipient is not in the permit")),
        ({"country": "ZZ"}, ("new-recipient", "p1", "country ZZ is not in the permit")),
        ({"system": "other"}, ("violation", None, None)),
        ({"categories": ["core:I.26", "core:I.4"]}, ("violation", None, None)),
    ],
)
def test_near_misses_say_why(
    tmp_path: Path, columns: dict[str, Any], decision: tuple[str, str | None, str | None]
) -> None:
    """As the judge of a running agent says."""
    found = register(record(row(**columns)), standards(tmp_path, PERMIT))

    assert found.select("decision", "permit", "permit_reason").unique().rows() == [decision]


def test_a_broken_ceiling(tmp_path: Path) -> None:
    """Days add up in their order; the day it breaks is over it."""
    permit = PERMIT + "    ceilings: {flows: 3}\n"
    rows = [row(f"2026-03-0{day} 12:00", flow_id=10 * day + n) for day in (1, 2) for n in (1, 2)]

    found = register(record(*rows), standards(tmp_path, permit))

    assert only(found, "decision", "permit_reason", "permitted_bytes") == ("overrun", "flows: 4 of 3", 12_000)


def test_a_ceiling_of_persons(tmp_path: Path) -> None:
    """Who goes twice counts once against it."""
    permit = PERMIT + "    ceilings: {persons: 3}\n"
    first = row("2026-03-01 12:00", flow_id=1, persons=persons(basic=[1, 2, 3]))
    again = row("2026-03-02 12:00", flow_id=2, persons=persons(basic=[1, 2]))
    more = row("2026-03-03 12:00", flow_id=3, persons=persons(basic=[4]))

    assert only(register(record(first, again), standards(tmp_path, permit)), "decision") == "permitted"
    assert only(register(record(first, again, more), standards(tmp_path, permit)), "permit_reason") == "persons: 4 of 3"


def test_persons_are_distinct_over_the_time_and_bounded(tmp_path: Path) -> None:
    """Who was seen by two gateways in two hours counts once, by kind; where nothing looked there is no number."""
    rows = record(
        row(flow_id=1, persons=persons(basic=range(1, 2_001))),
        row("2026-03-01 13:00", flow_id=2, gateway="gw-2", persons=persons(basic=range(1_001, 3_001), bank=[5, 6])),
        row(flow_id=3, system="looked", inspection="cleartext", persons=[]),
        row(flow_id=4, system="opaque", inspection="opaque", persons=[]),
    )

    found = {one["system"]: one for one in register(rows, standards(tmp_path)).iter_rows(named=True)}

    one = found["registry"]
    assert one["persons_basic_low"] <= 3_000 <= one["persons_basic_high"]
    assert one["persons_basic"] == pytest.approx(3_000, rel=0.02)
    assert (one["persons_bank"], one["persons_sensitive"]) == (2, 0)
    assert found["looked"]["persons_basic"] == found["looked"]["persons_bank_high"] == 0
    assert found["opaque"]["persons_basic"] is found["opaque"]["persons_bank_low"] is None


def test_the_clock_runs_from_the_first_transfer_in_the_record(tmp_path: Path) -> None:
    """Not from the first in the time asked; of one sender, route and recipient there is one clock."""
    now = record(row("2026-03-01 12:00", flow_id=2), row("2026-03-01 12:00", flow_id=3, system="other"))
    earlier = record(row("2026-01-05 12:00", flow_id=1), row("2025-12-05 12:00", flow_id=4, country="US"))

    found = register(now, standards(tmp_path), earlier=earlier)
    alone = register(now, standards(tmp_path))

    assert found.select("system", "known_since", "first_seen", "due").rows() == [
        ("other", instant_utc(3, 1), instant_utc(3, 1), date(2026, 1, 5)),
        ("registry", instant_utc(1, 5), instant_utc(3, 1), date(2026, 1, 5)),
    ]
    assert alone["due"].unique().to_list() == [date(2026, 3, 1)]


def instant_utc(month: int, day: int) -> datetime:
    """Return noon of a day in Viet Nam."""
    return datetime(2026, month, day, 5, tzinfo=UTC)


def test_nothing_recorded_is_an_empty_register(tmp_path: Path) -> None:
    """With its columns."""
    assert register(record(), standards(tmp_path, PERMIT)).schema == TRANSFER_SCHEMA
    assert register(record(), standards(tmp_path), earlier=record(), everything=True).is_empty()


def test_it_reads_what_agents_wrote(tmp_path: Path) -> None:
    """Rows through files of two gateways are the rows themselves."""
    rows = [
        row("2026-03-01 09:00", flow_id=1, persons=persons(basic=[1, 2])),
        row("2026-03-01 10:00", flow_id=1, gateway="gw/2", persons=persons(basic=[2, 3])),
        row("2026-03-01 11:00", flow_id=3, system="labor", remote_ip="2001:db8::7", country="ZZ"),
    ]

    found = open_record(written(tmp_path / "history", *rows))

    assert not found.left_out
    assert register(found.rows, standards(tmp_path, PERMIT)).equals(
        register(record(*rows), standards(tmp_path, PERMIT))
    )
