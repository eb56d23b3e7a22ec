"""Reads the search tree of an MMDB as a whole: which prefixes hold a record, without decoding a single record.

Looking up a million networks one by one takes seconds; finding the few thousand that hold one of a few records takes
a tenth of one. Format: MaxMind DB File Format Specification 2.0.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable, Iterator


_NOWHERE = (1 << 32) - 1  # place of a node nothing points to


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

    def holding(self, wanted: Callable[[Leaf], bool]) -> list[Leaf]:
        """Return the blocks whose record is wanted, in the order of addresses.

        `wanted` is asked once per distinct record, with one block that holds it. Raises BrokenTree.
        """
        records = self._records()
        frame = pl.DataFrame({"record": records}).with_row_index("at")
        data = frame.filter(pl.col("record") > self._nodes)
        parents = _Parents(self, frame.filter(pl.col("record") < self._nodes))
        examples = data.unique("record", keep="first", maintain_order=True)
        asked = (parents.leaf(at, record) for at, record in examples.iter_rows())
        chosen = [leaf.record for leaf in asked if leaf and wanted(leaf)]
        hits = data.filter(pl.col("record").is_in(chosen))
        return sorted(leaf for leaf in (parents.leaf(at, record) for at, record in hits.iter_rows()) if leaf)

    def ipv4_parent(self) -> tuple[int, int] | None:
        """Return the root of IPv4 and where it hangs (node·2); None where the tree has no such node."""
        if self._depth == 32:
            return None
        node = parent = 0
        for _ in range(96):
            parent, node = node, self._children(node)[0]
            if node >= self._nodes:
                return None
        return node, parent * 2

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return self._nodes

    @property
    def depth(self) -> int:
        """Bits of an address: 32 or 128."""
        return self._depth

    def _children(self, node: int) -> tuple[int, int]:
        width = self._record_bits // 4
        return _RECORD[self._record_bits](self._buffer[node * width : (node + 1) * width])

    def _records(self) -> pl.Series:
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


class _Parents:
    """Where each node hangs, and so the way that leads to it."""

    def __init__(self, tree: SearchTree, inner: pl.DataFrame) -> None:
        self._depth = tree.depth
        hangs = pl.repeat(_NOWHERE, tree.nodes, dtype=pl.UInt32, eager=True)
        self._hangs = hangs.scatter(inner["record"], inner["at"])  # node → its place: node·2 + side
        root = tree.ipv4_parent()
        if root:  # aliases hang the same node elsewhere, too; ::/96 is its place
            self._hangs = self._hangs.scatter(root[0], root[1])
        self._ways = {0: (0, 0)}  # node → the bits that lead to it, how many they are

    def leaf(self, place: int, record: int) -> Leaf | None:
        """Return the block at a place; None where no way leads to it."""
        way = self._way(place >> 1)
        if way is None:
            return None
        number, length = way
        bits = self._depth - length - 1
        if bits < 0:
            raise BrokenTree(f"the way to a record is longer than {self._depth} bits")
        return Leaf((number << 1 | place & 1) << bits, bits, record)

    def _way(self, node: int) -> tuple[int, int] | None:
        """Return the bits that lead from the root to a node, and their number."""
        steps: list[tuple[int, int]] = []
        while node not in self._ways:
            hangs: int = self._hangs.item(node)
            if hangs == _NOWHERE:
                return None
            if len(steps) > self._depth:
                raise BrokenTree("nodes of the search tree point in a circle")
            steps.append((node, hangs))
            node = hangs >> 1
        number, length = self._ways[node]
        for below, hangs in reversed(steps):
            number, length = number << 1 | hangs & 1, length + 1
            self._ways[below] = number, length
        return number, length


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
