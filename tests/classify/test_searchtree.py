"""The tree as a whole, held against maxminddb's own iteration."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import maxminddb
import polars as pl
import pytest

from crossborder.classify.mmdbfile import Mmdb
from crossborder.classify.mmdbwriter import Metadata, write
from crossborder.classify.ranges import IPV4_END
from crossborder.classify.searchtree import ASK, BLOCKS, NOTHING, BrokenTree, SearchTree
from crossborder.prefixes import IPV4_FIRST, IPV6_AGAIN

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [
    "GeoIP2-Country-Test",
    "GeoIP2-City-Test",
    "GeoIP2-ISP-Test",
    "GeoLite2-ASN-Test",
    *(f"MaxMind-DB-test-{kind}-{bits}" for kind in ("ipv4", "ipv6", "mixed") for bits in (24, 28, 32)),
]


def networks(reader: maxminddb.Reader) -> set[tuple[int, int]]:
    """Return number of the first key and prefix length of every network of a file that holds data, aliases apart."""
    found = {(network, network.version == 4) for network, _ in reader}
    if reader.metadata().ip_version == 4:
        found = {(network, four) for network, four in found if four}
    return {(int(network.network_address) + IPV4_FIRST * four, network.prefixlen) for network, four in found}


def told(blocks: pl.DataFrame) -> pl.DataFrame:
    """Return the blocks that hold data."""
    return blocks.filter(~pl.col("record").is_in([NOTHING, ASK]))


@pytest.mark.parametrize("name", NAMES)
def test_blocks_are_what_the_reader_walks(name: str, corpus: Path) -> None:
    """All blocks that hold data are found, aliases of IPv4 once, in order; no two begin at the same address."""
    path = corpus / "mmdb" / f"{name}.mmdb"
    with maxminddb.open_database(path) as reader:
        wanted = networks(reader)

    blocks = Mmdb.read(path).blocks

    assert blocks.schema == BLOCKS
    assert set(told(blocks).select("start", "length").iter_rows()) == wanted
    assert blocks["start"].is_sorted()
    assert blocks["start"].is_unique().all()
    assert blocks["start"][0] == 0


def test_one_record_above_ipv4(corpus: Path) -> None:
    """A record that stands for ::/64 is one block; IPv4 in it, and what follows IPv4, is asked for."""
    blocks = Mmdb.read(corpus / "mmdb" / "MaxMind-DB-no-ipv4-search-tree.mmdb").blocks

    assert told(blocks).select("start", "length").rows() == [(0, 64)]
    assert blocks.filter(pl.col("record") == ASK)["start"].to_list() == [IPV4_FIRST, IPV6_AGAIN]


@pytest.mark.parametrize("bits", [24, 28, 32])
def test_records_tell_data_apart(bits: int, tmp_path: Path) -> None:
    """Blocks have the same record exactly where they hold the same data, however wide records are."""
    ranges = [(n * 16, n * 16 + 15, n % 3) for n in range(64)] + [(IPV4_END * 7, IPV4_END * 8 - 1, 1)]
    about = Metadata("t", "t", 1, record_bits=bits)  # type: ignore[arg-type]  # pytest gives ints
    path = tmp_path / "x.mmdb"
    path.write_bytes(write(ranges, lambda n: {"n": n}, about))

    blocks = told(Mmdb.read(path).blocks)

    held = dict(zip(blocks["start"], blocks["record"], strict=True))
    assert len(set(held.values())) == 3
    assert {(held[start + IPV4_FIRST * (start < IPV4_END)], n) for start, _, n in ranges} == set(
        zip(dict.fromkeys(held[IPV4_FIRST + n * 16] for n in range(3)), range(3), strict=True)
    )


def test_leaves_stop(corpus: Path) -> None:
    """The walk for a sample ends after the given number of nodes, however the tree is."""
    tree = Mmdb.read(corpus / "mmdb" / "GeoIP2-Country-Test.mmdb").tree

    assert len(list(tree.leaves(100))) <= 100
    assert ipaddress.IPv4Address(next(tree.leaves(10_000)).low).is_global


def test_circles_end() -> None:
    """A tree whose nodes point at each other is walked in bounded time."""
    circle = bytes.fromhex("000001000001000000000000")  # node 0 → 1, node 1 → 0, both sides
    tree = SearchTree(circle + bytes(64), 2, 24, 6)

    assert list(tree.leaves(1000)) == []
    assert set(tree.blocks()["record"]) == {ASK}


def test_too_many_ways_are_a_broken_tree() -> None:
    """Nodes that double the ways at every level, without end, are found out early."""
    tree = SearchTree(bytes.fromhex("000001000001000002000002000001000001") + bytes(64), 3, 24, 4)

    with pytest.raises(BrokenTree, match="circle"):
        tree.blocks()


def test_ways_without_end_are_asked() -> None:
    """Below one circle every way but one ends: that one is a block only a lookup can tell of."""
    tree = SearchTree(bytes.fromhex("000000000011") + bytes(64), 1, 24, 4)  # left: itself, right: data

    blocks = tree.blocks()

    assert blocks["record"].to_list()[:3] == [NOTHING, ASK, 17]
    assert (blocks["record"][2:-1] == 17).all()
    assert blocks.height == 35


@pytest.mark.parametrize(("nodes", "bits"), [(0, 24), (1000, 24), (1, 23), (-1, 32)])
def test_impossible_sizes(nodes: int, bits: int) -> None:
    """A tree that cannot be in the file is refused before a byte is read."""
    with pytest.raises(BrokenTree):
        SearchTree(bytes(100), nodes, bits, 6)
