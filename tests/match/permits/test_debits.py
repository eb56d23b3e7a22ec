"""Ceilings: what is debited, when one breaks, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.match.permits.conftest import CORE, PERMIT, PERSONAL, batch, decided, instant, report

from crossborder.match.permits.ledger import Ledger, Use

if TYPE_CHECKING:
    from tests.match.permits.conftest import Court

BYTES = PERMIT + "    ceilings: {bytes: 12000}\n"
FLOWS = PERMIT + "    ceilings: {flows: 2}\n"


def test_rows_of_one_batch_break_a_ceiling_in_the_order_of_reports(court: Court) -> None:
    """The row that goes over is an overrun and so is all that comes after it: it did leave."""
    ledger = Ledger()

    told = decided(court(BYTES, ledger=ledger)(batch(report(1, 8_000), report(2, 5_000), report(3, 1))))

    assert [row[1:] for row in told] == [
        ("permitted", "p1", "dossier 12/2026"),
        ("overrun", "p1", "bytes: 13000 of 12000"),
        ("overrun", "p1", "bytes: 13001 of 12000"),
    ]
    assert ledger.use("p1").bytes == 13_001


def test_a_ceiling_reached_to_the_byte_holds(court: Court) -> None:
    """Twelve thousand of twelve thousand are permitted, over batches too."""
    match = court(BYTES)

    assert [row[1] for row in decided(match(batch(report(1, 6_000))))] == ["permitted"]
    assert [row[1] for row in decided(match(batch(report(2, 6_000))))] == ["permitted"]
    assert [row[1] for row in decided(match(batch(report(3, 1))))] == ["overrun"]


def test_flows_count_once(court: Court) -> None:
    """A flow reported many times is one flow; the third flow breaks a ceiling of two."""
    ledger = Ledger()
    match = court(FLOWS, ledger=ledger)

    match(batch(report(1), report(2)))
    later = match(batch(report(1, 10, total=5_010), report(1, 10, total=5_020, report="ended"), report(3)))

    assert [(row[1], row[3]) for row in decided(later)] == [
        ("permitted", "dossier 12/2026"),
        ("permitted", "dossier 12/2026"),
        ("overrun", "flows: 3 of 2"),
    ]
    assert (ledger.use("p1").flows, ledger.use("p1").bytes) == (3, 15_020)


def test_bytes_count_once_however_many_rules_found_the_flow(court: Court) -> None:
    """Two rules, one flow, three reports: its bytes are debited once each time."""
    ledger = Ledger()
    match = court(PERMIT, ledger=ledger, core=CORE, also=CORE)

    match(batch(report(1, 1_000)))
    match(batch(report(1, 500, total=1_500), report(1, 250, total=1_750)))

    assert (ledger.use("p1").bytes, ledger.use("p1").flows) == (1_750, 1)


def test_what_was_sent_before_the_finding_counts_too(court: Court) -> None:
    """A flow that is found late is debited with all it sent."""
    ledger = Ledger()
    match = court(PERMIT, ledger=ledger)

    match(batch(report(1, 1_000, country="VN")))
    match(batch(report(1, 500, total=1_500)))

    assert ledger.use("p1").bytes == 1_500


def test_what_was_sent_after_the_end_is_not_debited(court: Court) -> None:
    """A flow that goes on over midnight of the last day is permitted, then expired; only the first part counts."""
    ledger = Ledger()
    match = court(PERMIT, ledger=ledger)

    before = match(batch(report(1, 1_000, at="2026-12-31 23:59")))
    after = match(batch(report(1, 500, total=1_500, at="2027-01-01 00:00")))

    assert [row[1] for row in decided(before) + decided(after)] == ["permitted", "expired"]
    last = instant("2026-12-31 23:59")
    assert ledger.use("p1") == Use(1_000, 1, last, last)


SECOND = """\
  - id: p2
    route: nd165-core
    dossier: 13/2026
    sender: {systems: [registry]}
    categories: [core:I.26]
    countries: [SG]
    from: 2026-01-01
    until: 2026-12-31
    ceilings: {bytes: 6000}
"""


def test_a_second_permit_takes_what_the_first_has_no_room_for(court: Court) -> None:
    """The one that names the recipient comes first; when none has room, its ceiling is the one that breaks."""
    ledger = Ledger()

    told = decided(court(BYTES + SECOND, ledger=ledger)(batch(*(report(flow, 5_000) for flow in range(1, 5)))))

    assert [row[1:3] for row in told] == [
        ("permitted", "p1"),
        ("permitted", "p1"),
        ("permitted", "p2"),
        ("overrun", "p1"),
    ]
    assert (ledger.use("p1").bytes, ledger.use("p2").bytes) == (15_000, 5_000)


def test_one_flow_may_need_two_permits(court: Court) -> None:
    """A core rule and a personal-data rule go different routes: each permit is debited with the flow's bytes once."""
    ledger = Ledger()
    pdpl = SECOND.replace("nd165-core", "pdpl").replace("[core:I.26]", "[personal, core:I.26]")
    match = court(PERMIT + pdpl, ledger=ledger, core=CORE, personal=PERSONAL)

    told = decided(match(batch(report(1, 4_000, categories=["core:I.26", "personal"]))))

    assert [row[:3] for row in told] == [("core", "permitted", "p1"), ("personal", "permitted", "p2")]
    assert (ledger.use("p1").bytes, ledger.use("p2").bytes) == (4_000, 4_000)


def test_ended_flows_are_forgotten(court: Court) -> None:
    """The memory of flows is that of living ones."""
    match = court(PERMIT)
    debits = match.judge._debits

    match(batch(report(1), report(2)))
    match(batch(report(1, 0, total=5_000, report="ended")))

    assert debits._totals["flow_id"].to_list() == [2]
    assert debits._counted["flow_id"].to_list() == [2]


def test_a_finding_that_is_no_longer_permitted_opens_again(court: Court) -> None:
    """A long transfer that goes over is told when it does, once, under its id; not first when it ends."""
    match = court(BYTES)

    batches = [
        batch(report(1, 10_000)),
        batch(report(1, 1_000, total=11_000)),
        batch(report(1, 5_000, total=16_000), report(1, 5_000, total=21_000)),
        batch(report(1, 5_000, total=26_000, report="ended")),
    ]
    findings = [found for one in batches for found in match(one).select("phase", "decision", "finding_id").rows()]

    assert [found[:2] for found in findings] == [
        ("opened", "permitted"),
        ("continued", "permitted"),
        ("opened", "overrun"),
        ("continued", "overrun"),
        ("closed", "overrun"),
    ]
    assert len({found[2] for found in findings}) == 1
    assert match.judge._turns._covered.is_empty()


def test_what_ends_after_the_last_day_and_sends_nothing_more_stays_permitted(court: Court) -> None:
    """No byte left without a permit; one that does send is expired, and told."""
    match = court(PERMIT)
    match(batch(report(1, 1_000, at="2026-12-31 23:59"), report(2, 1_000, at="2026-12-31 23:59")))

    ends = {"at": "2027-01-01 00:01", "report": "ended"}
    findings = match(batch(report(1, 0, total=1_000, **ends), report(2, 1, total=1_001, **ends)))

    assert findings.select("phase", "decision", "permit", "permit_reason").rows() == [
        ("closed", "permitted", "p1", "dossier 12/2026"),
        ("opened", "expired", "p1", "ended on 2026-12-31"),
    ]
