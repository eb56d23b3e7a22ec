"""Writes MMDB files: sorted ranges in, the bytes of a search tree, a data section and metadata out.

Format: MaxMind DB File Format Specification 2.0, https://maxmind.github.io/MaxMind-DB/. The same input gives the same
bytes. IPv4 stands in ::/96; ::ffff:0:0/96 (mapped), 2002::/16 (6to4) and 2001::/32 (Teredo) are aliases of it, as in
MaxMind's own files.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from crossborder.classify.ranges import IPV4_END, merged, outside

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

K = TypeVar("K", bound="Hashable")
Data = str | bytes | bool | int | float | list["Data"] | dict[str, "Data"]

MARKER = b"\xab\xcd\xefMaxMind.com"
SEPARATOR = 16  # zero bytes between tree and data; data pointers count from their start
RECORD_BITS: tuple[Literal[24, 28, 32], ...] = (24, 28, 32)

# first number, prefix length: the parts of IPv6 that repeat the IPv4 tree
ALIASES = ((0xFFFF << 32, 96), (0x2002 << 112, 16), (0x20010000 << 96, 32))
_TAKEN = sorted([(0, IPV4_END - 1, None), *((low, low + (1 << (128 - bits)) - 1, None) for low, bits in ALIASES)])

_EMPTY = -1  # a record without data; -2, -3, … are the values in the order they are first met


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a file says of itself."""

    database_type: str
    description: str
    build_epoch: int  # date of the data, seconds since 1970 UTC, not of the writing
    ip_version: Literal[4, 6] = 6
    record_bits: Literal[24, 28, 32] | None = None  # None: the smallest that holds the tree
    aliases: bool = True
    languages: tuple[str, ...] = ("en",)


def write(ranges: Iterable[tuple[int, int, K]], record: Callable[[K], Data], about: Metadata) -> bytes:
    """Return an MMDB file that holds the ranges: sorted, disjoint, both ends inclusive.

    `record` makes the data of a range's key, asked once per key; keys of equal data share it. In a file of `ip_version`
    6 numbers below 2³² are IPv4 addresses, and IPv6 ranges inside the aliases are cut out.
    Raises ValueError when ranges overlap, are unsorted or out of bounds, or the record size is too small.
    """
    values = _Values()
    codes: dict[K, int] = {}
    coded = merged(
        (low, high, codes[key] if key in codes else codes.setdefault(key, values.code(record(key))))
        for low, high, key in _checked(ranges, about.ip_version)
    )
    if about.ip_version == 6 and about.aliases:
        four = bisect_left(coded, IPV4_END, key=lambda r: r[0])
        coded = [*coded[:four], *outside(coded[four:], _TAKEN)]
    tree = _Tree(coded, 128 if about.ip_version == 6 else 32)
    if about.ip_version == 6 and about.aliases:
        tree.alias_ipv4()
    bits = about.record_bits or _smallest(len(tree), len(values.data))
    return b"".join((tree.packed(bits, values), bytes(SEPARATOR), values.data, MARKER, _metadata(about, tree, bits)))


def _checked(ranges: Iterable[tuple[int, int, K]], version: int) -> Iterator[tuple[int, int, K]]:
    after, limit = 0, IPV4_END if version == 4 else 1 << 128
    for low, high, key in ranges:
        if not after <= low <= high < limit:
            raise ValueError(f"range {low:#x}-{high:#x} is unsorted, overlaps the one before or is out of bounds")
        after = high + 1
        yield low, high, key


class _Values:
    """The data section: each distinct value once."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.offsets: list[int] = []
        self._codes: dict[bytes, int] = {}

    def code(self, value: Data) -> int:
        encoded = encode(value)
        code = self._codes.get(encoded)
        if code is None:
            code = self._codes[encoded] = -2 - len(self.offsets)
            self.offsets.append(len(self.data))
            self.data += encoded
        return code


class _Tree:
    """The search tree: for each node the record for a next bit of 0 and of 1."""

    def __init__(self, ranges: Sequence[tuple[int, int, int]], bits: int) -> None:
        self._starts = [low for low, _, _ in ranges]
        self._ends = [high for _, high, _ in ranges]
        self._codes = [code for _, _, code in ranges]
        self.left, self.right = array("q"), array("q")
        if self._split(0, len(ranges), 0, bits) < 0:  # nothing, or one value for everything: the root must be a node
            root = self._codes[0] if ranges else _EMPTY
            self._node(root, root)

    def __len__(self) -> int:
        return len(self.left)

    def _node(self, left: int = _EMPTY, right: int = _EMPTY) -> int:
        self.left.append(left)
        self.right.append(right)
        return len(self.left) - 1

    def _split(self, first: int, last: int, low: int, bits: int) -> int:
        """Return the record for the block of 2^bits addresses at `low`, which ranges first … last-1 touch."""
        if first == last:
            return _EMPTY
        if last - first == 1 and self._starts[first] <= low and self._ends[first] >= low + (1 << bits) - 1:
            return self._codes[first]
        node = self._node()
        middle = low + (1 << (bits - 1))
        cut = bisect_left(self._starts, middle, first, last)
        self.left[node] = self._split(first, cut, low, bits - 1)
        straddles = cut > first and self._ends[cut - 1] >= middle
        self.right[node] = self._split(cut - straddles, last, middle, bits - 1)
        return node

    def alias_ipv4(self) -> None:
        """Let the aliases point to the root of IPv4, or to the record that stands for all of it."""
        root = 0
        for _ in range(96):
            root = self.left[root]
            if root < 0:
                break
        if root != _EMPTY:
            for low, length in ALIASES:
                self._point(low, length, root)

    def _point(self, low: int, length: int, record: int) -> None:
        node = 0
        for depth in range(length):
            side = self.right if low >> (127 - depth) & 1 else self.left
            if depth == length - 1:
                side[node] = record
            elif side[node] < 0:
                side[node] = self._node(side[node], side[node])
            node = side[node]

    def packed(self, bits: int, values: _Values) -> bytes:
        """Return the tree as bytes, records of 24, 28 or 32 bits."""
        base = len(self) + SEPARATOR
        if base + len(values.data) >= 1 << bits:
            raise ValueError(
                f"{len(self)} nodes and {len(values.data)} bytes of data do not fit records of {bits} bits"
            )
        found = {_EMPTY: len(self)} | {-2 - i: base + offset for i, offset in enumerate(values.offsets)}
        left, right = (_big_endian(found.get(r, r) for r in side) for side in (self.left, self.right))
        out = bytearray(len(self) * bits // 4)
        width = bits // 4
        low = 4 - bits // 8  # first of a number's four bytes that is stored whole
        for at in range(low, 4):
            out[at - low :: width] = left[at::4]
            out[width - 4 + at :: width] = right[at::4]
        if bits == 28:
            out[3::7] = bytes(a << 4 | b for a, b in zip(left[0::4], right[0::4], strict=True))
        return bytes(out)


def _big_endian(numbers: Iterable[int]) -> bytes:
    packed = array("I", numbers)
    if struct.pack("=I", 1) == struct.pack("<I", 1):
        packed.byteswap()
    return packed.tobytes()


def _smallest(nodes: int, data: int) -> int:
    fitting = (bits for bits in RECORD_BITS if nodes + SEPARATOR + data < 1 << bits)
    return next(fitting, RECORD_BITS[-1])


def _metadata(about: Metadata, tree: _Tree, bits: int) -> bytes:
    fields = {
        "binary_format_major_version": _uint(2, 5),
        "binary_format_minor_version": _uint(0, 5),
        "build_epoch": _uint(about.build_epoch, 9),
        "database_type": encode(about.database_type),
        "description": encode({"en": about.description}),
        "ip_version": _uint(about.ip_version, 5),
        "languages": encode(list(about.languages)),
        "node_count": _uint(len(tree), 6),
        "record_size": _uint(bits, 5),
    }
    return _control(7, len(fields)) + b"".join(encode(name) + value for name, value in fields.items())


def encode(value: Data) -> bytes:
    """Return a value in the format's data types; integers take the smallest unsigned type, negative ones int32."""
    if isinstance(value, str):
        return _sized(2, value.encode())
    if isinstance(value, bytes):
        return _sized(4, value)
    if isinstance(value, bool):
        return _control(14, int(value))
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _sized(3, struct.pack(">d", value))
    if isinstance(value, list):
        return _control(11, len(value)) + b"".join(map(encode, value))
    return _control(7, len(value)) + _entries(value)


def _entries(value: Mapping[str, Data]) -> bytes:
    return b"".join(encode(key) + encode(item) for key, item in value.items())


def _integer(value: int) -> bytes:
    if value < 0:
        return _sized(8, struct.pack(">i", value))
    for kind, bits in ((5, 16), (6, 32), (9, 64), (10, 128)):
        if value < 1 << bits:
            return _uint(value, kind)
    raise ValueError(f"{value} is larger than 128 bits")


def _uint(value: int, kind: int) -> bytes:
    return _sized(kind, value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _sized(kind: int, payload: bytes) -> bytes:
    return _control(kind, len(payload)) + payload


def _control(kind: int, size: int) -> bytes:
    """Return the control byte, the extended type where the type is above 7, and the size."""
    if size < 29:
        short, long = size, b""
    elif size < 285:
        short, long = 29, (size - 29).to_bytes(1, "big")
    elif size < 65_821:
        short, long = 30, (size - 285).to_bytes(2, "big")
    else:
        short, long = 31, (size - 65_821).to_bytes(3, "big")
    return (bytes((kind << 5 | short,)) if kind < 8 else bytes((short, kind - 7))) + long
