"""What a permit makes of findings: covered in sender, data, route, recipient, country and time, or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.match.permits.conftest import CORE, PERMIT, PERSONAL, SECRETS, SIGN, batch, decided, parsed, report

from crossborder.match.permits import Permits
from crossborder.match.permits.judge import Judge
from crossborder.match.permits.ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path

    from tests.match.permits.conftest import Court

OK = ("core", "permitted", "p1", "dossier 12/2026")
NEITHER = ("core", "violation", None, None)


def outcome(court: Court, permits: str = PERMIT, **columns: Any) -> tuple[str, str, str | None, str | None]:
    """Return what becomes of one report."""
    (told,) = decided(court(permits)(batch(report(**columns))))
    return told


def test_a_transfer_that_a_permit_covers(court: Court) -> None:
    """It is permitted, the finding stays with its severity, and its bytes are debited."""
    ledger = Ledger()

    findings = court(PERMIT, ledger=ledger)(batch(report(size=7_000)))

    assert decided(findings) == [OK]
    assert findings["severity"].to_list() == ["high"]
    assert (ledger.use("p1").bytes, ledger.use("p1").flows) == (7_000, 1)


def test_without_permits_all_are_violations(court: Court) -> None:
    """As before there were permits."""
    assert outcome(court, "permits: []") == NEITHER


@pytest.mark.parametrize(
    "columns",
    [
        {"system": "archive"},
        {"system": None},
        {"categories": ["core:I.25"]},
        {"categories": ["core:I.26", "core:I.25"]},
        {"categories": ["core"]},
        {"categories": ["other"]},
        {"categories": []},
        {"categories": None},
    ],
)
def test_another_sender_or_other_data_are_a_violation(court: Court, columns: dict[str, Any]) -> None:
    """Every item of the class that the system holds must be named: which of them left nobody can tell."""
    assert outcome(court, **columns) == NEITHER


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"country": "JP"}, "country JP is not in the permit"),
        ({"country": "ZZ"}, "country ZZ is not in the permit"),
        ({"remote_ip": "203.0.113.7"}, "recipient is not in the permit"),
        ({"remote_ip": "2001:db8::7"}, "recipient is not in the permit"),
    ],
)
def test_a_new_recipient(court: Court, columns: dict[str, Any], reason: str) -> None:
    """Sender and data fit, the recipient or its country does not: the nearest permit is named, nothing debited."""
    assert outcome(court, **columns) == ("core", "new-recipient", "p1", reason)


@pytest.mark.parametrize(
    ("at", "decision", "reason"),
    [
        ("2025-12-31 23:59", "not-yet-valid", "begins on 2026-01-01"),
        ("2026-01-01 00:00", "permitted", "dossier 12/2026"),
        ("2026-12-31 23:59", "permitted", "dossier 12/2026"),
        ("2027-01-01 00:00", "expired", "ended on 2026-12-31"),
    ],
)
def test_days_are_those_of_viet_nam(court: Court, at: str, decision: str, reason: str) -> None:
    """The first day counts from its first second, the last to its last."""
    assert outcome(court, at=at) == ("core", decision, "p1", reason)


def test_an_ended_permit_says_nothing_of_new_recipients(court: Court) -> None:
    """What neither recipient nor time fits is a plain violation."""
    assert outcome(court, country="JP", at="2027-01-01 00:00") == NEITHER


def test_the_route_must_be_the_rules(court: Court) -> None:
    """A dossier under Decree 165 does not cover what must go the personal-data way, nor the other way round."""
    match = court(PERMIT, core=CORE, personal=PERSONAL)

    findings = match(batch(report(categories=["core:I.26", "personal"])))

    assert decided(findings) == [OK, ("personal", "violation", None, None)]


def test_signs_are_covered_only_where_a_permit_says_so(court: Court) -> None:
    """A finding that cites no law is never permitted by a permit for data."""
    signs = PERMIT.replace("[core:I.26]", "[core:I.26, none]")
    frame = batch(report())

    assert decided(court(PERMIT, sign=SIGN)(frame)) == [("sign", "violation", None, None)]
    assert decided(court(signs, sign=SIGN)(frame)) == [("sign", "permitted", "p1", "dossier 12/2026")]


def test_systems_without_categories_are_covered_only_where_a_permit_says_so(court: Court) -> None:
    """The class alone is not enough where nobody has said what the system holds."""
    by_class = PERMIT.replace("[core:I.26]", "[core]")
    untagged = PERMIT.replace("[core:I.26]", "[core, untagged]")

    assert outcome(court, by_class, categories=[]) == NEITHER
    assert outcome(court, untagged, categories=[]) == OK
    assert outcome(court, by_class, categories=["other"]) == OK


def test_state_secrets_are_beyond_permits(court: Court) -> None:
    """Whatever a permit names, a finding by the law on state secrets stays a violation."""
    told = decided(court(PERMIT, secrets=SECRETS)(batch(report())))

    assert told == [("secrets", "violation", None, "state secrets are beyond any permit")]


RECIPIENTS = {
    "- networks: [198.51.0.0/16]\n      - networks: [198.51.100.0/30]": True,  # the address is in the outer one alone
    "- networks: [198.51.100.0/30]": False,
    "- server_names: [files.example]": True,
    "- server_names: [example]": False,
    "- server_names: ['*.example']": True,
    "- server_names: ['*.files.example']": False,
    "- asns: [64500]": True,
    "- asns: [64501]": False,
    "- operators: [EXAMPLE cloud]": True,
    "- {server_names: [files.example], asns: [64501]}": False,
    "- {server_names: [files.example], asns: [64500], networks: [198.51.100.0/24], operators: [Example Cloud]}": True,
}


@pytest.mark.parametrize(("recipient", "fits"), RECIPIENTS.items())
def test_recipients_by_network_name_and_operator(court: Court, recipient: str, fits: bool) -> None:
    """One recipient of the list must fit; of it one value of every mark that is given."""
    permits = PERMIT.replace("- networks: [198.51.100.0/24]", recipient)
    marks = {"server_name": "files.example", "asn": 64500, "as_org": "Example Cloud", "remote_ip": "198.51.100.7"}

    decision = outcome(court, permits, **marks)[1]

    assert decision == ("permitted" if fits else "new-recipient")


def test_sender_by_unit_and_system(court: Court) -> None:
    """Given both, both must fit."""
    unit = PERMIT.replace("{systems: [registry]}", "{units: [Registry office]}")
    both = PERMIT.replace("{systems: [registry]}", "{systems: [registry], units: [Another office]}")

    assert outcome(court, unit, system="archive") == OK
    assert outcome(court, both) == NEITHER


CORRELATION = """\
title: Some
id: 00000000-0000-4000-8000-000000000098
name: some
logsource: {product: crossborder, category: network_flow}
detection:
  home:
    destination.geo.country_iso_code: VN
  condition: not home
---
title: Much in all
id: 00000000-0000-4000-8000-000000000099
name: much
status: test
level: high
legal: {instrument: 165/2025/NĐ-CP, category: core, route: nd165-core}
evidence: verbatim
misses: What it does not see.
correlation:
  type: event_count
  rules: [some]
  group-by: [%s]
  timespan: 1h
  condition:
    gte: 2
"""


@pytest.mark.parametrize(
    ("group_by", "anybody", "told"),
    [
        ("local.system, destination.ip", False, ("permitted", "p1", "dossier 12/2026")),
        ("local.system, destination.geo.country_iso_code", True, ("permitted", "p1", "dossier 12/2026")),
        ("local.system, destination.geo.country_iso_code", False, ("violation", None, None)),
        ("local.system", True, ("violation", None, "counts flows that no one permit speaks for")),
        ("destination.ip", True, ("violation", None, "counts flows that no one permit speaks for")),
    ],
)
def test_what_counts_several_flows(tmp_path: Path, group_by: str, anybody: bool, told: Any) -> None:
    """A count is covered only where all it counts is: a flow to an approved recipient does not speak for others."""
    from crossborder.match import Matcher
    from crossborder.match.reader import read_ruleset

    (tmp_path / "much.yaml").write_text(CORRELATION % group_by, encoding="utf-8")
    text = PERMIT.replace("recipients:\n      - networks: [198.51.100.0/24]\n    ", "") if anybody else PERMIT
    match = Matcher(read_ruleset([tmp_path / "much.yaml"]), judge=Judge(parsed(tmp_path, text)))

    findings = match(batch(report(1), report(2)))

    assert decided(findings) == [("much", *told)]


def test_permits_are_replaced_between_batches_and_debits_stay(court: Court, tmp_path: Path) -> None:
    """A reload changes who is covered; what was debited under the same id is not forgotten."""
    ledger = Ledger()
    match = court(PERMIT + "    ceilings: {bytes: 12000}\n", ledger=ledger)
    assert [row[1] for row in decided(match(batch(report(1))))] == ["permitted"]

    match.judge.replace(parsed(tmp_path, PERMIT + "    ceilings: {bytes: 8000}\n"))

    assert decided(match(batch(report(2)))) == [("core", "overrun", "p1", "bytes: 10000 of 8000")]
    match.judge.replace(Permits())
    assert decided(match(batch(report(3)))) == [NEITHER]
    assert ledger.use("p1").bytes == 10_000
