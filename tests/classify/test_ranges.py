"""Arithmetic on ranges, held against sets of numbers."""

from __future__ import annotations

import ipaddress
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from crossborder.classify.ranges import (
    IPV4_END,
    flatten,
    inside,
    key_ranges,
    merged,
    networks,
    outside,
    over,
    undisputed,
)
from crossborder.prefixes import key_range

SIZE = 64  # of the toy world

Toy = list[tuple[int, int, str]]


@st.composite
def toy_ranges(draw: st.DrawFn) -> Toy:
    """Draw sorted disjoint ranges in the toy world."""
    cuts = sorted(draw(st.sets(st.integers(0, SIZE), max_size=12)))
    spans = [(low, after - 1, draw(st.sampled_from("abc "))) for low, after in pairwise(cuts)]
    return [(low, high, value) for low, high, value in spans if value != " "]


def told(ranges: Toy) -> dict[int, str]:
    """Spell ranges out, number by number."""
    return {number: value for low, high, value in ranges for number in range(low, high + 1)}


def is_tidy(ranges: Toy) -> bool:
    """Tell whether ranges are sorted, disjoint and not empty."""
    flat = [edge for low, high, _ in ranges for edge in (low, high)]
    return flat == sorted(flat) and all(a[1] < b[0] for a, b in pairwise(ranges))


@given(toy_ranges(), toy_ranges())
def test_over(upper: Toy, lower: Toy) -> None:
    """The upper layer counts where both hold a value."""
    found = over(upper, lower)

    assert told(found) == told(lower) | told(upper)
    assert is_tidy(found)


@given(toy_ranges(), toy_ranges())
def test_cut(ranges: Toy, knife: Toy) -> None:
    """Inside and outside of a knife are the two halves of what is cut."""
    covered = told(knife)

    assert told(inside(ranges, knife)) == {n: v for n, v in told(ranges).items() if n in covered}
    assert told(outside(ranges, knife)) == {n: v for n, v in told(ranges).items() if n not in covered}
    assert is_tidy(outside(ranges, knife))


@given(toy_ranges())
def test_merged(ranges: Toy) -> None:
    """Joining neighbours changes no answer and leaves no equal neighbours."""
    found = merged(ranges)

    assert told(found) == told(ranges)
    assert not any(a[1] + 1 == b[0] and a[2] == b[2] for a, b in pairwise(found))


def test_merged_never_joins_ipv4_to_ipv6() -> None:
    """The last IPv4 address and ::1:0:0 are neighbours as numbers only."""
    ranges = [(0, IPV4_END - 1, "a"), (IPV4_END, IPV4_END + 5, "a")]

    assert merged(ranges) == ranges


@given(st.lists(st.tuples(st.integers(0, SIZE), st.integers(0, 20), st.sampled_from("abc")), max_size=8))
def test_undisputed(claims: list[tuple[int, int, str]]) -> None:
    """What all claims agree on is kept; what they do not is left out and counted."""
    spans = [(low, low + extra, value) for low, extra, value in claims]
    said: dict[int, set[str]] = {}
    for low, high, value in spans:
        for number in range(low, high + 1):
            said.setdefault(number, set()).add(value)

    agreed, disputed = undisputed(spans)

    assert told(agreed) == {n: next(iter(v)) for n, v in said.items() if len(v) == 1}
    assert (disputed > 0) == any(len(v) > 1 for v in said.values())


def test_flatten_takes_the_longest_prefix_and_of_equal_ones_the_later() -> None:
    """A /24 inside a /16 counts, whatever their order; of two equal networks the later."""
    entries = [
        ("192.0.2.0/25", "inner"),
        ("192.0.2.0/24", "first"),
        ("192.0.2.0/24", "second"),
        ("2001:db8::/32", "six"),
    ]
    base = int(ipaddress.ip_address("192.0.2.0"))

    found = flatten((ipaddress.ip_network(n), v) for n, v in entries)

    assert found[:2] == [(base, base + 127, "inner"), (base + 128, base + 255, "second")]
    assert found[2][2] == "six"


def test_networks_cover_exactly() -> None:
    """Ranges come back as the fewest networks, IPv4 as IPv4."""
    ranges = [(0xC0000201, 0xC0000204, None), (IPV4_END - 2, IPV4_END + 1, None)]

    found = [str(network) for network, _ in networks(ranges)]

    assert found == ["192.0.2.1/32", "192.0.2.2/31", "192.0.2.4/32", "255.255.255.254/31", "::1:0:0/127"]


@given(st.sets(st.integers(IPV4_END - SIZE, IPV4_END + SIZE) | st.integers(0, (1 << 128) - 1), max_size=12))
def test_key_ranges_are_those_of_the_networks(edges: set[int]) -> None:
    """Networks told by their keys are the same networks."""
    ranges = [(low, after - 1, None) for low, after in pairwise(sorted(edges))]

    assert list(key_ranges(ranges)) == [key_range(network) for network, _ in networks(ranges)]
