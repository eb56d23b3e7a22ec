"""Reads the search tree of an MMDB as a whole: which prefixes hold a record, without decoding a single record.

Looking up a million networks one by one takes seconds; going down the tree with all of them at once takes a fraction of
one. Format: MaxMind DB File Format Specification 2.0.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.prefixes import IPV4_FIRST, IPV6_AGAIN

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterator

NOTHING = 0
"""Record of a block for which the tree has no data."""
ASK = (1 << 32) - 1
"""Record of a block that only a lookup can tell of: branches that stand for IPv4 once more, ways without an end."""

BLOCKS = pl.Schema({"start": pl.UInt128, "length": pl.UInt8, "record": pl.UInt32})
"""Blocks of addresses: number of the first one's key, prefix length as people write it, record or one of the above."""


class Leaf(NamedTuple):
    """A block of addresses and the record it holds: a number that means nothing but 'the same record'."""

    low: int  # first address; IPv4 in ::/96
    bits: int  # addresses in the block: 2^bits
    record: int


class BrokenTree(Exception):  # noqa: N818 - a finding about a file, turned into a sentence by mmdbfile
    """The tree contradicts itself."""


class SearchTree:
    """The tree of one file; bytes are only read."""

    def __init__(self, buffer: bytes | mmap.mmap, nodes: int, record_bits: int, ip_version: int) -> None:
        """Take the file's bytes and what its metadata says of the tree; raises BrokenTree when that cannot be."""
        if record_bits not in _RECORD or nodes < 1 or nodes * record_bits // 4 > len(buffer):
            raise BrokenTree(f"{nodes} nodes of {record_bits}-bit records do not fit the file")
        self._buffer, self._nodes, self._record_bits = buffer, nodes, record_bits
        self._depth = 128 if ip_version == 6 else 32

    def leaves(self, most_nodes: int) -> Iterator[Leaf]:
        """Yield blocks that hold data in the order of addresses, looking at so many nodes at most."""
        stack = [(0, 0, self._depth)]
        for _ in range(most_nodes):
            if not stack:
                return
            record, low, bits = stack.pop()
            if record > self._nodes:
                yield Leaf(low, bits, record)
            elif record < self._nodes and bits:
                left, right = self._children(record)
                stack += ((right, low | 1 << (bits - 1), bits - 1), (left, low, bits - 1))

    def blocks(self) -> pl.DataFrame:
        """Return all addresses in order (BLOCKS): each lies in the last block that starts at or before it.

        Raises BrokenTree when more ways lead through the tree than one of so many nodes has.
        """
        walk = _Walk(self)
        if self._depth == 32:
            return pl.concat([_block(0, NOTHING), walk.ipv4(0), _block(IPV6_AGAIN, NOTHING)], rechunk=True)
        six = walk.ipv6()
        low, high = six.filter(pl.col("start") < IPV4_FIRST), six.filter(pl.col("start") >= IPV6_AGAIN)
        four = walk.ipv4(walk.root4) if walk.root4 is not None else _block(IPV4_FIRST, _part(low["record"][0]))
        begins = not high.is_empty() and high["start"][0] == IPV6_AGAIN  # else one from below goes on after IPv4
        again = high.clear() if begins else _block(IPV6_AGAIN, _part(low["record"][-1]))
        return pl.concat([low, four, again, high], rechunk=True)

    def ipv4_root(self) -> int | None:
        """Return the node of ::/96; None where the tree has no such node, or is of IPv4 only."""
        if self._depth == 32:
            return None
        node = 0
        for _ in range(96):
            node = self._children(node)[0]
            if node >= self._nodes:
                return None
        return node

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return self._nodes

    def _children(self, node: int) -> tuple[int, int]:
        width = self._record_bits // 4
        return _RECORD[self._record_bits](self._buffer[node * width : (node + 1) * width])

    def records(self) -> pl.Series:
        """Return every record of the tree, left and right of node 0, of node 1, …: UInt32."""
        width, count = self._record_bits // 4, self._nodes
        raw, out = bytes(self._buffer[: count * width]), bytearray(8 * count)
        low = 4 - self._record_bits // 8
        for at in range(low, 4):
            out[at::8] = raw[at - low :: width]
            out[4 + at :: 8] = raw[width - 4 + at :: width]
        if self._record_bits == 28:
            out[0::8] = raw[3::7].translate(_HIGH)
            out[4::8] = raw[3::7].translate(_LOW)
        words = pl.Series([bytes(out)]).bin.reinterpret(dtype=pl.Array(pl.UInt32, 2 * count), endianness="big")
        return words.reshape((2 * count,))


class _Walk:
    """Goes down all ways through a tree at once, level by level. Frames have `low`, where a branch begins, `record`."""

    def __init__(self, tree: SearchTree) -> None:
        self.root4 = tree.ipv4_root()
        self._nodes = tree.nodes
        self._most = 2 * tree.nodes + 256  # a tree has one block more than nodes; IPv4 may hang in several places
        records = tree.records()
        self._left, self._right = records.gather_every(2), records.gather_every(2, 1)

    def ipv4(self, root: int) -> pl.DataFrame:
        """Return the blocks of IPv4, which hangs at a node."""
        parts = self._down(_frontier(root, pl.UInt32), 32)
        return self._blocks(parts, pl.col("low").cast(pl.UInt128) + IPV4_FIRST)

    def ipv6(self) -> pl.DataFrame:
        """Return the blocks of IPv6; one each where the root of IPv4 hangs: ::/96 and its aliases."""
        half = pl.col("low").cast(pl.UInt128) * (1 << 64)  # upper halves of addresses are sorted in half the time
        *upper, deep = self._down(_frontier(0, pl.UInt64), 64)
        lower = self._down(deep.select(low=half, record="record"), 64, above=64)
        return pl.concat([self._blocks(upper, half), self._blocks(lower, pl.col("low"))]).sort("start")

    def _down(self, at: pl.DataFrame, levels: int, above: int = 0) -> list[pl.DataFrame]:
        """Return what ends after each of so many levels, with its `length`, and last what has not ended then."""
        found: list[pl.DataFrame] = []
        low, nodes = at  # series, which take a tenth of the time a frame takes over few rows
        for level in range(1, levels + 1):
            bit = pl.Series([1 << (levels - level)], dtype=low.dtype)
            low = pl.concat([low, low + bit], rechunk=True)
            below = pl.concat([self._left.gather(nodes), self._right.gather(nodes)], rechunk=True)
            inner = (below < self._nodes) & below.ne_missing(self.root4)
            found.append(_level(low.filter(~inner), below.filter(~inner), above + level))
            low, nodes = low.filter(inner), below.filter(inner)
            if len(low) + sum(map(len, found)) > self._most:
                raise BrokenTree("nodes of the search tree point in a circle, or many at the same")
        return [*found, _level(low, nodes, above + levels)]

    def _blocks(self, parts: list[pl.DataFrame], start: pl.Expr) -> pl.DataFrame:
        """Return BLOCKS in order of what `_down` found."""
        record = pl.col("record")
        told = pl.when(record == self._nodes).then(NOTHING).when(record < self._nodes).then(ASK).otherwise(record)
        ordered = pl.concat(parts, rechunk=True).sort("low")
        return ordered.select(start=start, length="length", record=told.cast(pl.UInt32))


def _level(low: pl.Series, record: pl.Series, length: int) -> pl.DataFrame:
    lengths = pl.Series([length], dtype=pl.UInt8).new_from_index(0, len(low))
    return pl.DataFrame({"low": low, "record": record, "length": lengths})


def _frontier(node: int, width: type[pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame({"low": [0], "record": [node]}, schema={"low": width, "record": pl.UInt32})


def _block(start: int, record: int) -> pl.DataFrame:
    return pl.DataFrame({"start": [start], "length": [0], "record": [record]}, schema=BLOCKS)


def _part(record: int) -> int:
    """Return the record of a part of a block that is larger: its prefix is not what a lookup would tell."""
    return record if record == NOTHING else ASK


def _record24(raw: bytes) -> tuple[int, int]:
    return int.from_bytes(raw[:3], "big"), int.from_bytes(raw[3:], "big")


def _record28(raw: bytes) -> tuple[int, int]:
    return (raw[3] >> 4) << 24 | int.from_bytes(raw[:3], "big"), (raw[3] & 15) << 24 | int.from_bytes(raw[4:], "big")


def _record32(raw: bytes) -> tuple[int, int]:
    left, right = struct.unpack(">II", raw)
    return left, right


_RECORD = {24: _record24, 28: _record28, 32: _record32}
_HIGH = bytes(b >> 4 for b in range(256))
_LOW = bytes(b & 15 for b in range(256))
