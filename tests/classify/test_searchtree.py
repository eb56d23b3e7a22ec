"""The tree as a whole, held against maxminddb's own iteration."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import maxminddb
import pytest

from crossborder.classify.mmdbfile import Mmdb
from crossborder.classify.mmdbwriter import Metadata, write
from crossborder.classify.ranges import IPV4_END
from crossborder.classify.searchtree import BrokenTree, SearchTree

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [
    "GeoIP2-Country-Test",
    "GeoIP2-City-Test",
    "GeoIP2-ISP-Test",
    "GeoLite2-ASN-Test",
    *(f"MaxMind-DB-test-{kind}-{bits}" for kind in ("ipv4", "ipv6", "mixed") for bits in (24, 28, 32)),
]


def blocks(reader: maxminddb.Reader) -> set[tuple[int, int]]:
    """Return first number and bits of every network of a file, IPv4 in ::/96."""
    return {
        (int(network.network_address), network.max_prefixlen - network.prefixlen)
        for network, _ in reader
        if network.version == 4 or reader.metadata().ip_version == 6
    }


@pytest.mark.parametrize("name", NAMES)
def test_holding_finds_what_the_reader_walks(name: str, corpus: Path) -> None:
    """All blocks that hold data are found, aliases once, in order."""
    path = corpus / "mmdb" / f"{name}.mmdb"
    with maxminddb.open_database(path) as reader:
        wanted = blocks(reader)

    found = Mmdb.read(path).tree.holding(lambda _: True)

    assert {(leaf.low, leaf.bits) for leaf in found} == wanted
    assert found == sorted(found)


def test_one_record_above_ipv4(corpus: Path) -> None:
    """A record that stands for ::/64 is one block, and there is no root of IPv4 below it."""
    tree = Mmdb.read(corpus / "mmdb" / "MaxMind-DB-no-ipv4-search-tree.mmdb").tree

    assert [(leaf.low, leaf.bits) for leaf in tree.holding(lambda _: True)] == [(0, 64)]


@pytest.mark.parametrize("bits", [24, 28, 32])
def test_holding_some(bits: int, tmp_path: Path) -> None:
    """Only blocks of the wanted record come back, and each distinct record is asked for once."""
    ranges = [(n * 16, n * 16 + 15, n % 3) for n in range(64)] + [(IPV4_END * 7, IPV4_END * 8 - 1, 1)]
    about = Metadata("t", "t", 1, record_bits=bits)  # type: ignore[arg-type]  # pytest gives ints
    path = tmp_path / "x.mmdb"
    path.write_bytes(write(ranges, lambda n: {"n": n}, about))
    mmdb = Mmdb.read(path)
    asked = []

    def wanted(leaf: tuple[int, int, int]) -> bool:
        asked.append(leaf[2])
        packed = leaf[0].to_bytes(4, "big") if leaf[0] < IPV4_END else leaf[0].to_bytes(16, "big")
        return bool(mmdb.find(packed)[0] == {"n": 1})

    found = mmdb.tree.holding(wanted)

    assert [(leaf.low, leaf.low + (1 << leaf.bits) - 1, 1) for leaf in found] == [r for r in ranges if r[2] == 1]
    assert len(asked) == len(set(asked)) == 3


def test_leaves_stop(corpus: Path) -> None:
    """The walk for a sample ends after the given number of nodes, however the tree is."""
    tree = Mmdb.read(corpus / "mmdb" / "GeoIP2-Country-Test.mmdb").tree

    assert len(list(tree.leaves(100))) <= 100
    assert ipaddress.IPv4Address(next(tree.leaves(10_000)).low).is_global


def test_circles_end() -> None:
    """A tree whose nodes point at each other is walked and searched in bounded time."""
    circle = bytes.fromhex("000001000001000000000000")  # node 0 → 1, node 1 → 0, both sides
    tree = SearchTree(circle + bytes(64), 2, 24, 6)

    assert list(tree.leaves(1000)) == []
    assert tree.holding(lambda _: True) == []


def test_data_in_a_circle_is_a_broken_tree() -> None:
    """A record below nodes that point in a circle has no prefix: the tree is broken."""
    # node 0: nothing; node 1: → 2, data; node 2: → 1, nothing. 1 and 2 hang on each other only.
    raw = bytes.fromhex("000003000003000002000013000001000003")
    tree = SearchTree(raw + bytes(64), 3, 24, 4)

    with pytest.raises(BrokenTree, match="circle"):
        tree.holding(lambda _: True)


@pytest.mark.parametrize(("nodes", "bits"), [(0, 24), (1000, 24), (1, 23), (-1, 32)])
def test_impossible_sizes(nodes: int, bits: int) -> None:
    """A tree that cannot be in the file is refused before a byte is read."""
    with pytest.raises(BrokenTree):
        SearchTree(bytes(100), nodes, bits, 6)
