"""By when the law wants a dossier, from the first transfer seen; and what is warned of before it is too late."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest
from tests.match.permits.conftest import CORE, PERMIT, PERSONAL, SIGN, batch, instant, parsed, report

from crossborder.match.permits import VIETNAM
from crossborder.match.permits.clocks import clocks
from crossborder.match.permits.ledger import Ledger, Way
from crossborder.match.permits.usage import first_warnings, usages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.match.permits.conftest import Court

IMPORTANT = "{instrument: 165/2025/NĐ-CP, article: 12(6), category: important, route: nd165-important}"
ROUTELESS = "{instrument: 91/2025/QH15, article: 12(1), category: core}"


def test_first_transfers_are_noted_by_sender_route_and_recipient(court: Court) -> None:
    """Findings that cite law are transfers, permitted or not; signs are none. The operator names the recipient best."""
    ledger = Ledger()
    match = court("permits: []", ledger=ledger, personal=PERSONAL, sign=SIGN)

    match(batch(report(1, at="2026-03-02 00:30", as_org="Example Cloud", server_name="a.example")))
    match(
        batch(report(2, at="2026-03-01 23:59", as_org="Example Cloud"), report(3, as_org=None, server_name="a.example"))
    )
    match(batch(report(4, country="NO", remote_ip="203.0.113.9", as_org=None, server_name=None, geo_prefix=None)))

    assert {way: transfer.first_ns for way, transfer in ledger.transfers.items()} == {
        Way("Registry office", "pdpl", "SG", "Example Cloud"): instant("2026-03-01 23:59"),
        Way("Registry office", "pdpl", "SG", "a.example"): instant("2026-03-01 12:00"),
        Way("Registry office", "pdpl", "NO", "203.0.113.9"): instant("2026-03-01 12:00"),
    }


@pytest.mark.parametrize(
    ("categories", "route"),
    [(["core:I.26"], "nd165-core"), (["core:I.26", "personal"], "pdpl"), ([], "nd165-core")],
)
def test_a_rule_without_a_route_goes_by_the_data(court: Court, categories: list[str], route: str) -> None:
    """Core or important data that are personal data go the personal-data way."""
    ledger = Ledger()

    court("permits: []", ledger=ledger, rule=ROUTELESS)(batch(report(categories=categories)))

    assert [way.route for way in ledger.transfers] == [route]


@pytest.mark.parametrize(
    ("law", "due", "article"),
    [
        (PERSONAL, date(2026, 4, 30), "91/2025/QH15, 20(2)"),
        (IMPORTANT, date(2026, 2, 14), "165/2025/NĐ-CP, 12(6)"),
        (CORE, date(2026, 3, 1), "165/2025/NĐ-CP, 12(5)"),
    ],
)
def test_when_a_dossier_is_due(court: Court, tmp_path: Path, law: str, due: date, article: str) -> None:
    """60 days after the first transfer; 15 days before it; before it."""
    ledger = Ledger()
    court("permits: []", ledger=ledger, rule=law)(batch(report()))

    (clock,) = clocks(parsed(tmp_path, "permits: []"), ledger, date(2026, 4, 1))

    assert (clock.due, clock.law, clock.first_seen) == (due, article, date(2026, 3, 1))
    assert (clock.days_left, clock.permit) == ((due - date(2026, 4, 1)).days, None)
    assert clock.state == ("due" if law == PERSONAL else "overdue")


EXCEPTION = "exception: contract\n    contact: legal office\n    note: contract 5 of 2026"


@pytest.mark.parametrize(
    ("change", "state", "due"),
    [
        ("dossier: 12/2026", "named", date(2026, 3, 1)),
        ("dossier: 12/2026\n    filed: 2026-02-01", "filed", date(2026, 3, 1)),
        ("dossier: 12/2026\n    filed: 2026-03-02", "filed late", date(2026, 3, 1)),
        (EXCEPTION, "due", date(2026, 3, 16)),
        (EXCEPTION + "\n    dossier: 1\n    filed: 2026-03-16", "filed", date(2026, 3, 16)),
    ],
)
def test_what_a_permit_says_of_the_dossier(court: Court, tmp_path: Path, change: str, state: str, due: date) -> None:
    """The permit that covered the transfer names the dossier and the day; an exception gives 15 days from the start."""
    permits = PERMIT.replace("dossier: 12/2026", change)
    ledger = Ledger()
    court(permits, ledger=ledger)(batch(report()))

    (clock,) = clocks(parsed(tmp_path, permits), ledger, date(2026, 3, 10))

    assert (clock.permit, clock.state, clock.due) == ("p1", state, due)


def test_warnings_are_given_once(court: Court, tmp_path: Path) -> None:
    """At 80 % of a ceiling and 30 days before the end; again when the permit is changed, and not before."""
    permits = PERMIT + "    ceilings: {bytes: 10000, flows: 100}\n"
    ledger = Ledger()
    match, read = court(permits, ledger=ledger), parsed(tmp_path, permits)

    def said(day: str) -> list[tuple[str, str]]:
        return list(first_warnings(usages(read, ledger, datetime.fromisoformat(day).replace(tzinfo=VIETNAM)), ledger))

    match(batch(report(1, 7_999)))
    assert said("2026-11-30 12:00") == []
    match(batch(report(2, 1)))
    assert said("2026-12-01 12:00") == [
        ("p1", "80% of its ceiling of bytes is used"),
        ("p1", "ends on 2026-12-31, in 30 days"),
    ]
    assert said("2026-12-30 12:00") == []
    read = parsed(tmp_path, permits.replace("10000", "9000"))
    assert said("2026-12-30 12:00") == [("p1", "89% of its ceiling of bytes is used")]


def test_what_is_gone_from_the_file_is_still_shown(tmp_path: Path) -> None:
    """Debits stay when a permit is removed."""
    ledger = Ledger()
    ledger.debit("old", 5, 1, 1, 1)

    found = usages(parsed(tmp_path, PERMIT), ledger, datetime(2026, 6, 1, tzinfo=VIETNAM))

    assert [(usage.id, usage.permit is not None, usage.use.bytes) for usage in found] == [
        ("p1", True, 0),
        ("old", False, 5),
    ]
