"""A frame as Wireshark dissected it: its layers in order, each with its fields in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

Pairs = list[tuple[str, Any]]
"""A JSON object as tshark writes it: keys may repeat, and their order is that of the wire."""

SEGMENT_LIMIT: Final = 1 << 16  # bytes of one segment or datagram that are searched
MAX_DEPTH: Final = 64  # of nested subtrees that are read


class Layer:
    """One protocol's part of a frame. Values are text, as tshark prints them, subtrees flattened in order."""

    __slots__ = ("_fields", "_first", "_tree", "name")

    def __init__(self, name: str, tree: Pairs) -> None:
        """Take a subtree; it is flattened when it is first asked, as most layers are not."""
        self.name = name
        self._tree = tree
        self._fields: list[tuple[str, str]] | None = None
        self._first: dict[str, str] | None = None

    @property
    def fields(self) -> list[tuple[str, str]]:
        """Every field with its value, in order."""
        if self._fields is None:
            self._fields = list(_flat(self._tree, 0))
        return self._fields

    def get(self, field: str) -> str | None:
        """Return a field's first value, or None."""
        if self._first is None:
            self._first = dict(reversed(self.fields))
        return self._first.get(field)

    def __contains__(self, field: str) -> bool:
        """Tell whether the layer has a field; Wireshark's expert marks are fields too."""
        return self.get(field) is not None

    def number(self, field: str) -> int | None:
        """Return a field's first value as a number, or None when it has none."""
        return as_number(self.get(field))

    def all(self, field: str) -> list[str]:
        """Return every value of a field, in order."""
        return [value for name, value in self.fields if name == field]

    def pieces(self, field: str) -> Iterator[dict[str, list[str]]]:
        """Cut the layer wherever a field stands; yield, for each piece that begins with it, its fields' values."""
        piece: dict[str, list[str]] | None = None
        for name, value in self.fields:
            if name == field:
                if piece is not None:
                    yield piece
                piece = {}
            if piece is not None:
                piece.setdefault(name, []).append(value)
        if piece is not None:
            yield piece


def as_number(text: str | None) -> int | None:
    """Return what tshark prints for a number, decimal or hexadecimal, as a number; None for what is none."""
    try:
        return None if text is None else int(text, 16 if text.startswith("0x") else 10)
    except ValueError:
        return None


def as_bytes(text: str | None, limit: int) -> bytes:
    """Return what tshark prints for bytes (`16:03:01`), up to a limit; empty for what is none."""
    try:
        return bytes.fromhex((text or "")[: 3 * limit].rstrip(":").replace(":", ""))
    except ValueError:
        return b""


class Tree:
    """One frame."""

    __slots__ = ("frame", "layers")

    def __init__(self, packet: Pairs) -> None:
        """Take one element of tshark's JSON array."""
        layers: Pairs = dict(dict(packet)["_source"])["layers"]
        self.frame = Layer("frame", dict(layers)["frame"])
        self.layers = [
            Layer(name, tree if isinstance(tree, list) else [(name, tree)]) for name, tree in layers if name != "frame"
        ]


def _flat(tree: Pairs, depth: int) -> Iterator[tuple[str, str]]:
    for name, value in tree:
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, list) and depth < MAX_DEPTH and all(isinstance(pair, tuple) for pair in value):
            yield from _flat(value, depth + 1)
