"""Home knows its own, never mistakes multicast for abroad, and takes the unknown for foreign."""

from __future__ import annotations

import ipaddress

import pytest

from crossborder.engine.home import Home, Side
from crossborder.prefixes import PRIVATE, PrefixSet

OWN = [*PRIVATE, ipaddress.ip_network("203.0.113.0/24"), ipaddress.ip_network("2001:db8:1::/48")]


@pytest.mark.parametrize(
    ("address", "side"),
    [
        ("10.1.2.3", Side.HOME),
        ("100.64.0.1", Side.HOME),
        ("203.0.113.255", Side.HOME),
        ("203.0.114.0", Side.FOREIGN),
        ("8.8.8.8", Side.FOREIGN),
        ("224.0.0.251", Side.NEVER),
        ("255.255.255.255", Side.NEVER),
        ("169.254.1.1", Side.NEVER),
        ("127.0.0.1", Side.NEVER),
        ("0.0.0.0", Side.NEVER),  # noqa: S104 - an address, not a binding
        ("fd12::1", Side.HOME),
        ("2001:db8:1:ffff::1", Side.HOME),
        ("2001:db8:2::1", Side.FOREIGN),
        ("fe80::1", Side.NEVER),
        ("ff02::1", Side.NEVER),
        ("::", Side.NEVER),
        ("::ffff:10.1.2.3", Side.HOME),
        ("::ffff:8.8.8.8", Side.FOREIGN),
        ("64:ff9b::203.0.113.7", Side.HOME),
        ("64:ff9b::8.8.8.8", Side.FOREIGN),
        ("2002:cb00:7107::1", Side.HOME),  # 6to4 of 203.0.113.7
        ("2001:0:0:0:0:0:34ff:8ef8", Side.HOME),  # Teredo client 203.0.113.7, inverted
        ("2001:db8:64::203.0.113.7", Side.HOME),  # the operator's own NAT64
    ],
)
def test_an_address_stands_on_its_side(address: str, side: Side) -> None:
    """IPv4 and IPv6 alike; tunnelled addresses by the IPv4 address inside."""
    nat64 = ipaddress.ip_address("2001:db8:64::").packed[:12]
    home = Home(PrefixSet(OWN), (nat64,))

    assert home.side(ipaddress.ip_address(address).packed) is side
    assert home.side(ipaddress.ip_address(address).packed) is side  # from the cache


def test_without_networks_everything_is_foreign() -> None:
    """An empty home fails closed: even private space is abroad."""
    assert Home(PrefixSet([])).side(bytes([10, 0, 0, 1])) is Side.FOREIGN


def test_the_cache_does_not_grow_with_a_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan of the world must not fill memory, nor make answers wrong."""
    monkeypatch.setattr("crossborder.engine.home._CACHE_LIMIT", 100)
    home = Home(PrefixSet(OWN))

    sides = {home.side(bytes([10, 0, n >> 8, n & 255])) for n in range(1000)}

    assert sides == {Side.HOME}
    assert len(home._sides) <= 100
