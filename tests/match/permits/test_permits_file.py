"""What is wrong with a permits file is told in full, at its line; what may be is warned of."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from tests.golden import assert_golden
from tests.match.permits.conftest import COUNTRIES, parsed

from crossborder.errors import CrossborderError
from crossborder.match.permits import Permits

FOLDER = Path(__file__).with_name("bad")
ITEMS = frozenset({"core:I.26", "important:II.10"})


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_golden_message_of_each_bad_file(path: Path) -> None:
    """Every fault of a file is told at once, each as path:line: sentence."""
    with pytest.raises(CrossborderError) as caught:
        Permits.read(path, COUNTRIES, ITEMS)

    assert_golden(f"{caught.value}\n".replace(f"{FOLDER}{os.sep}", ""), path.with_suffix(".txt"))


def test_a_permit_is_read_as_a_person_means_it(tmp_path: Path) -> None:
    """Sizes, numbers as ids, Norway, and the last day as a whole day of Viet Nam."""
    text = """
        permits:
          - id: 42
            route: nd165-core
            dossier: 007
            sender: {units: [Registry office]}
            categories: [core]
            recipients: [{networks: [203.0.113.0/24, "2001:db8::/32"], operators: [Example Cloud]}]
            countries: [NO, SE]
            from: 2026-01-01
            until: 2026-12-31
            ceilings: {bytes: 2TiB, flows: 10}
    """

    (permit,) = parsed(tmp_path, text).permits

    assert (permit.id, permit.dossier, permit.countries) == ("42", "007", ("NO", "SE"))
    assert (permit.ceilings.bytes, permit.recipients[0].kinds) == (2 << 40, 2)
    assert permit.expiry.isoformat() == "2027-01-01T00:00:00+07:00"


def test_warnings_stand_at_their_lines(tmp_path: Path) -> None:
    """An end that is near, no ceiling, any recipient, a mere name, home, ZZ, signs, untagged systems, late papers."""
    text = """\
permits:
  - id: wide
    route: pdpl
    sender: {units: [Registry office]}
    categories: [personal, none, untagged]
    countries: [VN, ZZ]
    from: 2026-01-01
    until: 2026-06-30
  - id: named
    route: nd165-important
    dossier: 1
    filed: 2025-12-25
    sender: {units: [Registry office]}
    categories: [important]
    recipients: [{server_names: [files.example]}]
    countries: [SG]
    from: 2026-01-01
    until: 2026-05-01
    ceilings: {flows: 1}
"""
    told = [f"{fault.line} {fault.message}" for fault in parsed(tmp_path, text).warnings(date(2026, 6, 10), home="VN")]

    assert told == [
        "8 permit 'wide' ends on 2026-06-30, in 20 days",
        "2 permit 'wide' has no ceiling",
        "2 permit 'wide' covers any recipient in its countries",
        "6 permit 'wide' names VN, which is home: nothing that stays there is a transfer",
        "6 permit 'wide' covers ZZ: transfers to where nobody knows",
        "5 permit 'wide' covers findings that cite no law",
        "5 permit 'wide' covers systems without categories",
        "2 permit 'wide' names no dossier",
        "18 permit 'named' ended on 2026-05-01",
        "15 permit 'named' knows a recipient by name only, and any client can claim a name",
        "12 permit 'named' was filed on 2025-12-25, less than 15 days before it begins",
    ]
