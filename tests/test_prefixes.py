"""Prefix maps answer with the longest match, IPv4 and IPv6 alike."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossborder.prefixes import (
    BOGONS,
    NEVER_CROSSES,
    Network,
    PrefixMap,
    PrefixSet,
    address_of,
    embedded_ipv4,
    key_of,
    key_range,
)

NETWORKS4 = st.builds(
    lambda bits, size: ipaddress.IPv4Network((bits & (0xFFFFFFFF << 32 - size) & 0xFFFFFFFF, size)),
    st.integers(0, (1 << 32) - 1),
    st.integers(0, 32),
)
NETWORKS6 = st.builds(
    lambda bits, size: ipaddress.IPv6Network((bits >> (128 - size) << (128 - size), size)),
    st.integers(0, (1 << 128) - 1),
    st.integers(0, 128),
)
# Few bits, so that networks overlap and addresses hit them.
DENSE = st.builds(
    lambda bits, size: ipaddress.IPv4Network((bits << 24 & (0xFFFFFFFF << 32 - size) & 0xFFFFFFFF, size)),
    st.integers(0, 15),
    st.integers(4, 9),
)


def packed(address: str) -> bytes:
    """Return an address as on the wire."""
    return ipaddress.ip_address(address).packed


@given(st.lists(st.one_of(DENSE, NETWORKS4, NETWORKS6), max_size=12), st.integers(0, (1 << 32) - 1))
def test_the_longest_network_wins(networks: list[Network], bits: int) -> None:
    """The flattened map answers like a search through every network."""
    mapping = PrefixMap((network, str(network)) for network in networks)
    address = ipaddress.IPv4Address(bits)
    holding: list[Network] = [n for n in networks if isinstance(n, ipaddress.IPv4Network) and address in n]
    # ::ffff:0:0/96 and what holds it holds IPv4 too: the map compares mapped addresses.
    mapped = ipaddress.IPv6Address(b"\0" * 10 + b"\xff\xff" + address.packed)
    holding += [n for n in networks if isinstance(n, ipaddress.IPv6Network) and n.prefixlen <= 96 and mapped in n]

    found = mapping.match(address.packed)

    if not holding:
        assert found is None
    else:
        longest = max(holding, key=lambda n: n.prefixlen + (96 if n.version == 4 else 0))
        assert found is not None
        assert key_range(found[0]) == key_range(longest)


@given(st.lists(NETWORKS6, max_size=8), st.data())
def test_every_network_holds_its_own_ends(networks: list[Network], data: st.DataObject) -> None:
    """First and last address of a network are in the set; the ones beside it only if another holds them."""
    held = PrefixSet(networks)
    if not networks:
        assert bytes(16) not in held
        return
    network = data.draw(st.sampled_from(networks))

    assert network.network_address.packed in held
    assert network.broadcast_address.packed in held
    after = int(network.broadcast_address) + 1
    if after < 1 << 128:
        beside = ipaddress.IPv6Address(after)
        assert (beside.packed in held) == any(beside in n for n in networks)


@given(st.lists(st.one_of(DENSE, NETWORKS4), max_size=12), st.integers(0, (1 << 32) - 1))
def test_a_set_told_by_keys_is_the_same_set(networks: list[Network], bits: int) -> None:
    """Networks and their first and last keys make the same set, which holds what one of its networks holds."""
    told, address = PrefixSet(networks), ipaddress.IPv4Address(bits)
    by_keys = PrefixSet(ranges=map(key_range, networks))

    assert by_keys.ranges == told.ranges
    assert set(by_keys.networks) == set(networks)
    assert len(by_keys) == len(set(networks))
    assert (address.packed in by_keys) == any(address in network for network in networks)


def test_the_later_of_two_equal_networks_wins() -> None:
    """An operator's second line corrects the first."""
    network = ipaddress.ip_network("203.0.113.0/24")

    assert PrefixMap([(network, "SG"), (network, "VN")]).get(packed("203.0.113.9")) == "VN"


def test_nested_networks_give_way_and_come_back() -> None:
    """After an inner network the outer one goes on."""
    outer, inner = ipaddress.ip_network("198.51.100.0/24"), ipaddress.ip_network("198.51.100.64/26")
    mapping = PrefixMap([(inner, "inner"), (outer, "outer")])

    answers = [mapping.get(packed(f"198.51.100.{last}")) for last in (0, 63, 64, 127, 128, 255)]

    assert answers == ["outer", "outer", "inner", "inner", "outer", "outer"]
    assert mapping.get(packed("198.51.101.0")) is None


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("64:ff9b::203.0.113.7", "203.0.113.7"),
        ("2002:cb00:7107::1", "203.0.113.7"),
        ("2001:0:c000:201::34ff:8ef8", "203.0.113.7"),
        ("2001:db8::1", None),
        ("203.0.113.7", None),
    ],
)
def test_embedded_addresses_are_found(address: str, inside: str | None) -> None:
    """IPv4-mapped, NAT64, 6to4 and Teredo addresses stand for an IPv4 address."""
    assert embedded_ipv4(packed(address)) == (packed(inside) if inside else None)


def test_special_space_is_known() -> None:
    """What never crosses and what is never looked up."""
    assert all(packed(a) in NEVER_CROSSES for a in ("224.0.0.1", "127.0.0.1", "fe80::1", "ff02::1", "::1"))
    assert packed("203.0.113.1") in BOGONS
    assert packed("8.8.8.8") not in BOGONS
    assert key_of(packed("1.2.3.4")) == packed("::ffff:1.2.3.4")
    for address in ("1.2.3.4", "2001:db8::1", "::1", "::"):
        assert address_of(key_of(packed(address))) == packed(address)
