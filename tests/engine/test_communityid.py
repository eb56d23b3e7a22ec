"""Community ids equal those the specification's authors published."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossborder.engine.communityid import ICMP, ICMP6, ICMP_ANSWERS, community_id
from crossborder.engine.packet import transport_name

if TYPE_CHECKING:
    from pathlib import Path

PROTOCOLS = {transport_name(number): number for number in range(256)} | {"icmp6": ICMP6}


def test_published_tuples_have_their_published_ids(corpus: Path) -> None:
    """Every computed tuple of the baseline, with each seed."""
    facts = [json.loads(line) for line in (corpus / "expected.jsonl").read_text().splitlines()]
    tuples = [fact for fact in facts if fact["kind"] == "community_id" and fact["file"] is None]

    for fact in tuples:
        flow = fact["flow"]
        src, dst = (ipaddress.ip_address(flow[end]).packed for end in ("src", "dst"))
        got = community_id(src, dst, PROTOCOLS[flow["proto"]], flow["sport"], flow["dport"], fact.get("seed", 0))
        assert got == fact["value"], fact

    assert len(tuples) >= 32


@given(
    st.binary(min_size=4, max_size=4),
    st.binary(min_size=4, max_size=4),
    st.sampled_from([6, 17, 132]),
    st.integers(0, 65535),
    st.integers(0, 65535),
)
def test_both_directions_have_one_id(src: bytes, dst: bytes, proto: int, sport: int, dport: int) -> None:
    """Who speaks does not matter."""
    assert community_id(src, dst, proto, sport, dport) == community_id(dst, src, proto, dport, sport)


@pytest.mark.parametrize("proto", [ICMP, ICMP6])
def test_a_request_and_its_answer_have_one_id(proto: int) -> None:
    """Every ICMP pair, and only pairs."""
    here, there = bytes([10, 0, 0, 1]), bytes([203, 0, 113, 9])
    for kind, answer in ICMP_ANSWERS[proto].items():
        assert community_id(here, there, proto, kind, 0) == community_id(there, here, proto, answer, 0)
    assert community_id(here, there, proto, 3, 1) != community_id(there, here, proto, 3, 1)


def test_the_seed_changes_the_id() -> None:
    """Two sites with different seeds cannot be joined by accident."""
    here, there = bytes([10, 0, 0, 1]), bytes([203, 0, 113, 9])

    assert community_id(here, there, 6, 1, 2, seed=0) != community_id(here, there, 6, 1, 2, seed=1)
