"""Transports have their IANA keywords."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossborder.engine.packet import transport_name


@pytest.mark.parametrize(
    ("number", "keyword"),
    [(1, "icmp"), (6, "tcp"), (17, "udp"), (47, "gre"), (50, "esp"), (58, "ipv6-icmp"), (132, "sctp"), (139, "hip")],
)
def test_a_known_protocol_has_its_keyword(number: int, keyword: str) -> None:
    """The keyword of the registry, in lower case."""
    assert transport_name(number) == keyword


@pytest.mark.parametrize("number", [61, 99, 200, 255])
def test_a_number_without_keyword_says_so(number: int) -> None:
    """Numbers that the registry leaves without a keyword, or free, are named by their number."""
    assert transport_name(number) == f"ip-{number}"


def test_every_keyword_agrees_with_the_system() -> None:
    """What /etc/protocols knows by the registry's own keyword has the same number here."""
    protocols = Path("/etc/protocols")
    if not protocols.is_file():
        pytest.skip("no /etc/protocols")
    known = {transport_name(number): number for number in range(256)}
    theirs = [line.split() for line in protocols.read_text().splitlines() if line and not line.startswith("#")]

    agreed = [keyword for keyword, number, *_ in theirs if known.get(keyword) == int(number)]
    wrong = [keyword for keyword, number, *_ in theirs if known.get(keyword, int(number)) != int(number)]

    assert len(agreed) > 30
    assert not wrong
