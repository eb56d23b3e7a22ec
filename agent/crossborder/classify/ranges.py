"""Arithmetic on address ranges: flatten, lay one table over another, cut, and turn back into networks.

A range is `(low, high, value)`, both ends inclusive, in the number space of an MMDB search tree: IPv6 addresses are
their 128-bit number, IPv4 addresses stand in ::/96, as their 32-bit number. Lists of ranges are sorted and disjoint.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from functools import reduce
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, TypeVar

from crossborder.prefixes import IPV4_FIRST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crossborder.prefixes import Network

    V = TypeVar("V")
    W = TypeVar("W")

IPV4_END = 1 << 32  # below: IPv4; from here on: IPv6


def span(network: Network) -> tuple[int, int]:
    """Return the first and last number of a network."""
    return int(network.network_address), int(network.broadcast_address)


def merged(ranges: Iterable[tuple[int, int, V]]) -> list[tuple[int, int, V]]:
    """Join neighbours of equal value; never across the end of IPv4."""
    joined: list[tuple[int, int, V]] = []
    for low, high, value in ranges:
        if joined and joined[-1][1] + 1 == low != IPV4_END and joined[-1][2] == value:
            joined[-1] = (joined[-1][0], high, value)
        else:
            joined.append((low, high, value))
    return joined


def over(upper: list[tuple[int, int, V]], lower: list[tuple[int, int, V]]) -> list[tuple[int, int, V]]:
    """Lay one list over another: where both hold a value the upper's counts."""
    return sorted([*upper, *outside(lower, upper)], key=lambda r: r[0])


def outside(ranges: list[tuple[int, int, V]], cut: list[tuple[int, int, W]]) -> list[tuple[int, int, V]]:
    """Return the parts of ranges that no range of `cut` covers."""
    return [(low, high, value) for low, high, value, covered in _pieces(ranges, cut) if not covered]


def inside(ranges: list[tuple[int, int, V]], keep: list[tuple[int, int, W]]) -> list[tuple[int, int, V]]:
    """Return the parts of ranges that some range of `keep` covers."""
    return [(low, high, value) for low, high, value, covered in _pieces(ranges, keep) if covered]


def _pieces(ranges: list[tuple[int, int, V]], knife: list[tuple[int, int, W]]) -> Iterator[tuple[int, int, V, bool]]:
    """Cut ranges where ranges of the knife begin and end; tell of each piece whether the knife covers it."""
    at = 0
    for low, high, value in ranges:
        while at < len(knife) and knife[at][1] < low:
            at += 1
        here, start = at, low
        while here < len(knife) and knife[here][0] <= high:
            first, last = max(knife[here][0], low), min(knife[here][1], high)
            if start < first:
                yield start, first - 1, value, False
            yield first, last, value, True
            start, here = last + 1, here + 1
        if start <= high:
            yield start, high, value, False


def flatten(entries: Iterable[tuple[Network, V]]) -> list[tuple[int, int, V]]:
    """Turn networks into ranges: the longer prefix counts, of two equal networks the later."""
    unique = {(n.version, span(n)): (n.prefixlen + (96 if n.version == 4 else 0), value) for n, value in entries}
    rows = sorted((bits, low, high, value) for (_, (low, high)), (bits, value) in unique.items())
    layers = [[(low, high, v) for _, low, high, v in group] for _, group in groupby(rows, key=lambda row: row[0])]
    return reduce(lambda lower, upper: over(upper, lower), layers, [])


def undisputed(claims: Iterable[tuple[int, int, V]]) -> tuple[list[tuple[int, int, V]], int]:
    """Return what overlapping claims agree on, and how many pieces are left out because they do not."""
    edges: dict[int, list[tuple[V, int]]] = {}
    for low, high, value in claims:
        edges.setdefault(low, []).append((value, 1))
        edges.setdefault(high + 1, []).append((value, -1))
    standing: Counter[V] = Counter()
    agreed, disputed = [], 0
    for low, after in pairwise(sorted(edges)):
        for value, step in edges[low]:
            standing[value] += step
        standing = +standing
        if len(standing) == 1:
            agreed.append((low, after - 1, next(iter(standing))))
        disputed += len(standing) > 1
    return merged(agreed), disputed


def networks(ranges: Iterable[tuple[int, int, V]]) -> Iterator[tuple[Network, V]]:
    """Turn ranges into the fewest networks that cover them exactly."""
    for low, high, value in ranges:
        if low < IPV4_END:
            yield from ((ipaddress.IPv4Network(n), value) for n in _cover(low, min(high, IPV4_END - 1), 32))
        if high >= IPV4_END:
            yield from ((ipaddress.IPv6Network(n), value) for n in _cover(max(low, IPV4_END), high, 128))


def key_ranges(ranges: Iterable[tuple[int, int, V]]) -> Iterator[tuple[bytes, bytes]]:
    """Turn ranges into the same networks as `networks` does, told by their first and last keys: many in no time."""
    for low, high, _ in ranges:
        if low < IPV4_END:
            yield from (_keys(IPV4_FIRST + n, 32 - size) for n, size in _cover(low, min(high, IPV4_END - 1), 32))
        if high >= IPV4_END:
            yield from (_keys(n, 128 - size) for n, size in _cover(max(low, IPV4_END), high, 128))


def _keys(low: int, bits: int) -> tuple[bytes, bytes]:
    return low.to_bytes(16, "big"), (low | (1 << bits) - 1).to_bytes(16, "big")


def _cover(low: int, high: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield first address and prefix length of the fewest networks that are a range; as ipaddress does, but quickly."""
    while low <= high:
        aligned = (low & -low).bit_length() - 1 if low else width
        bits = min(aligned, (high - low + 1).bit_length() - 1)
        yield low, width - bits
        low += 1 << bits
