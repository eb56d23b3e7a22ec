"""Sets and maps of IP prefixes: who is home, whose network it is, which table says what."""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from enum import IntEnum
from functools import cached_property
from itertools import chain, starmap
from typing import TYPE_CHECKING, Generic, TypeVar

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
T = TypeVar("T")

IPV4_FIRST = 0xFFFF << 32
"""The number of the key of 0.0.0.0; from here up to IPV6_AGAIN keys are those of IPv4."""
IPV6_AGAIN = 1 << 48

_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, RFC 4291 2.5.5.2


class Embedding(IntEnum):
    """Where an IPv6 address holds the IPv4 address it stands for."""

    LAST = 1  # in the last 32 bits
    SIX_TO_FOUR = 2  # after 2002::/16, RFC 3056
    TEREDO = 3  # in the last 32 bits, inverted, RFC 4380 section 4


EMBEDDINGS = {
    ipaddress.ip_network("64:ff9b::/96"): Embedding.LAST,  # NAT64, RFC 6052
    ipaddress.ip_network("2002::/16"): Embedding.SIX_TO_FOUR,
    ipaddress.ip_network("2001::/32"): Embedding.TEREDO,
}
"""Prefixes whose addresses stand for IPv4; IPv4-mapped ones are IPv4 to begin with."""

_NAT64, _6TO4, _TEREDO = (n.network_address.packed[: n.prefixlen // 8] for n in EMBEDDINGS)


def key_of(packed: bytes) -> bytes:
    """Return an address of 4 or 16 bytes as 16 bytes, IPv4 mapped into ::ffff:0:0/96, so that all compare."""
    return packed if len(packed) == 16 else _MAPPED + packed


def address_of(key: bytes) -> bytes:
    """Return the address a key stands for: 4 bytes of an IPv4 address, else all 16."""
    return key[12:] if key.startswith(_MAPPED) else key


def numbers(keys: pl.Expr) -> pl.Expr:
    """Return keys as numbers (UInt128), which sort as the keys do and compare ten times faster in columns."""
    return keys.bin.reinterpret(dtype=pl.UInt128, endianness="big")


def key_range(network: Network) -> tuple[bytes, bytes]:
    """Return the first and the last key of a network, both inclusive."""
    first = network.network_address.packed
    last = int.from_bytes(first, "big") | (1 << network.max_prefixlen - network.prefixlen) - 1
    return key_of(first), key_of(last.to_bytes(len(first), "big"))


def embedded_ipv4(packed: bytes, nat64: tuple[bytes, ...] = ()) -> bytes | None:
    """Return the IPv4 address that an IPv6 address stands for, or None.

    Knows IPv4-mapped, NAT64 (64:ff9b::/96 and the operator's own /96 prefixes, given as 12 bytes each), 6to4 and
    Teredo, whose client address is stored inverted (RFC 4380 section 4).
    """
    if len(packed) != 16:
        return None
    head = packed[:12]
    if head in (_MAPPED, _NAT64) or head in nat64:
        return packed[12:]
    if packed[:2] == _6TO4:
        return packed[2:6]
    if packed[:4] == _TEREDO:
        return bytes(b ^ 0xFF for b in packed[12:])
    return None


class PrefixMap(Generic[T]):
    """An immutable longest-prefix map, flattened to sorted disjoint ranges: a lookup is one bisection."""

    def __init__(self, entries: Iterable[tuple[Network, T]]) -> None:
        """Build from (network, value); of two equal networks the later wins."""
        unique = {key_range(network): (network, value) for network, value in entries}
        # Outer before inner, so that a walk with a stack meets every range once.
        ordered = sorted(unique.items(), key=lambda item: (item[0][0], -int.from_bytes(item[0][1], "big")))
        self._starts: list[bytes] = []
        self._values: list[tuple[Network, T] | None] = []
        self._flatten([(low, high, entry) for (low, high), entry in ordered])

    def _flatten(self, ranges: list[tuple[bytes, bytes, tuple[Network, T]]]) -> None:
        open_ranges: list[tuple[bytes, tuple[Network, T]]] = []

        def begin(at: bytes, entry: tuple[Network, T] | None) -> None:
            if self._starts and self._starts[-1] == at:
                self._values[-1] = entry
            else:
                self._starts.append(at)
                self._values.append(entry)

        def close_before(at: bytes | None) -> None:
            while open_ranges and (at is None or open_ranges[-1][0] < at):
                high, _ = open_ranges.pop()
                after = _next_key(high)
                if after is not None:
                    begin(after, open_ranges[-1][1] if open_ranges else None)

        for low, high, entry in ranges:
            close_before(low)
            begin(low, entry)
            open_ranges.append((high, entry))
        close_before(None)

    @property
    def starts(self) -> tuple[bytes, ...]:
        """Return the keys from which on another answer holds, sorted."""
        return tuple(self._starts)

    def match(self, packed: bytes) -> tuple[Network, T] | None:
        """Return the longest network that holds the address of 4 or 16 bytes, and its value, or None."""
        at = bisect_right(self._starts, key_of(packed)) - 1
        return self._values[at] if at >= 0 else None

    def get(self, packed: bytes) -> T | None:
        """Return the value of the longest network that holds the address, or None."""
        found = self.match(packed)
        return found[1] if found else None


class PrefixSet:
    """An immutable set of networks, as ranges of keys: a lookup is one bisection."""

    def __init__(self, networks: Iterable[Network] = (), ranges: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Build from networks, and from more of them told by their first and last keys; overlaps are fine."""
        self.ranges = sorted(dict.fromkeys(chain(map(key_range, networks), ranges)))
        """First and last key of every network."""
        self._lows: list[bytes] = []
        self._highs: list[bytes] = []
        for low, high in self.ranges:
            if not self._lows or self._highs[-1] < low:
                self._lows.append(low)
                self._highs.append(high)
            elif self._highs[-1] < high:  # one that begins as the last did, and holds it
                self._highs[-1] = high

    @cached_property
    def networks(self) -> tuple[Network, ...]:
        """The networks, sorted by their keys."""
        return tuple(starmap(_network, self.ranges))

    def __len__(self) -> int:
        """Return the number of networks."""
        return len(self.ranges)

    @property
    def starts(self) -> tuple[bytes, ...]:
        """Return the keys from which on another answer may hold, sorted."""
        return tuple(sorted({*self._lows, *filter(None, map(_next_key, self._highs))}))

    def __contains__(self, packed: object) -> bool:
        """Tell whether an address of 4 or 16 bytes lies in any network."""
        if not isinstance(packed, bytes):
            return False
        key = key_of(packed)
        at = bisect_right(self._lows, key) - 1
        return at >= 0 and key <= self._highs[at]


def _network(low: bytes, high: bytes) -> Network:
    """Return the network of a first and a last key."""
    bits = (int.from_bytes(low, "big") ^ int.from_bytes(high, "big")).bit_length()
    if low.startswith(_MAPPED) and bits <= 32:
        return ipaddress.IPv4Network((low[12:], 32 - bits))
    return ipaddress.IPv6Network((low, 128 - bits))


def _next_key(key: bytes) -> bytes | None:
    value = int.from_bytes(key, "big") + 1
    return value.to_bytes(16, "big") if value < 1 << 128 else None


PRIVATE = tuple(
    ipaddress.ip_network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
"""Private (RFC 1918), CGNAT (RFC 6598) and unique local (RFC 4193) space: home unless switched off."""

NEVER_CROSSES = PrefixSet(
    ipaddress.ip_network(n)
    for n in (
        "0.0.0.0/32",  # unspecified, DHCP
        "127.0.0.0/8",
        "169.254.0.0/16",
        "224.0.0.0/4",
        "255.255.255.255/32",
        "::/128",
        "::1/128",
        "fe80::/10",
        "ff00::/8",
    )
)
"""Unspecified, loopback, link-local, multicast, broadcast: a packet to or from these stays here."""

BOGONS = PrefixSet(
    ipaddress.ip_network(n)
    for n in (
        "0.0.0.0/8",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "240.0.0.0/4",
        "64:ff9b:1::/48",  # local-use NAT64, RFC 8215
        "100::/64",
        "2001:2::/48",  # benchmarks, RFC 5180
        "2001:10::/28",  # ORCHID, RFC 4843
        "2001:20::/28",  # ORCHIDv2, RFC 7343
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",  # SRv6 segment ids, RFC 9602
    )
)
"""Documentation, benchmark and reserved space (RFC 6890): never looked up in a database; an override may place it."""
