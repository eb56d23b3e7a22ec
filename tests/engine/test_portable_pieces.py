"""Packets in pieces are put together in bounds; the first copy of a byte counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crossborder.engine.portable.fragments import LIFETIME_NS
from crossborder.engine.portable.ip import Fragment
from crossborder.engine.portable.pieces import HELD_LIMIT, PACKET_LIMIT, PIECES_LIMIT, Pieces

if TYPE_CHECKING:
    from collections.abc import Iterable

Piece = tuple[int, bytes, bool]
UDP = 17


def joined(pieces: Iterable[Piece], held: Pieces | None = None, ident: int = 7, step_ns: int = 0) -> list[bytes | None]:
    """Return what each piece (offset, bytes, whether more follow) completes."""
    held = held or Pieces()
    made = []
    for number, (offset, data, more) in enumerate(pieces):
        fragment = Fragment(ident, 0, offset, more, 0, UDP)
        whole = held.add(("x", b"src", b"dst", 0, ident), fragment, data, number * step_ns)
        assert whole is None or whole.following == UDP
        made.append(whole and whole.data)
    return made


FIRST, MIDDLE, LAST = (0, b"a" * 16, True), (16, b"b" * 8, True), (24, b"c" * 5, False)
WHOLE = b"a" * 16 + b"b" * 8 + b"c" * 5


@pytest.mark.parametrize(
    ("pieces", "made"),
    [
        ([FIRST, MIDDLE, LAST], [None, None, WHOLE]),
        ([LAST, FIRST, MIDDLE], [None, None, WHOLE]),
        ([FIRST, FIRST, LAST, MIDDLE], [None, None, None, WHOLE]),
        ([FIRST, (8, b"x" * 16, True), LAST], [None, None, b"a" * 16 + b"x" * 8 + b"c" * 5]),
        ([LAST, (0, b"x" * 32, True)], [None, None]),
        ([FIRST, (16, b"odd", True), MIDDLE, LAST], [None, None, None, WHOLE]),
        ([FIRST, (PACKET_LIMIT - 7, b"c" * 8, False), MIDDLE, LAST], [None, None, None, WHOLE]),
        ([FIRST, (24, b"", False), MIDDLE], [None, None, WHOLE[:24]]),
        ([FIRST, MIDDLE, LAST, LAST], [None, None, WHOLE, None]),
    ],
    ids=[
        "in order",
        "last first",
        "twice",
        "overlap",
        "beyond the end",
        "not of eight",
        "too long",
        "nothing at the end",
        "begun anew",
    ],
)
def test_pieces_make_a_packet_once(pieces: list[Piece], made: list[bytes | None]) -> None:
    """When the last one wanted has come, in whatever order; what no packet can hold is left out."""
    held = Pieces()

    assert joined(pieces, held) == made
    assert (held.held == 0) == (made[-1] is not None)


def test_pieces_wait_for_so_long() -> None:
    """Later ones begin a packet of their own."""
    assert joined([FIRST, MIDDLE, LAST], step_ns=LIFETIME_NS // 2)[-1] == WHOLE
    assert joined([FIRST, MIDDLE, LAST], step_ns=LIFETIME_NS // 2 + 1)[-1] is None


def test_pieces_of_a_packet_are_so_many() -> None:
    """One more is left out, and the packet is not put together."""
    for count, whole in ((PIECES_LIMIT, True), (PIECES_LIMIT + 1, False)):
        pieces = [(at * 8, bytes(8), at + 1 < count) for at in range(count)]
        assert (joined(pieces)[-1] is not None) is whole


def test_what_is_held_is_bounded() -> None:
    """The oldest packet gives way; the newest is put together."""
    held, size = Pieces(), 32_768
    for ident in range(2 * HELD_LIMIT // size):
        joined([(0, bytes(size), True)], held, ident)
        assert held.held <= HELD_LIMIT

    assert joined([(size, b"end", False)], held, ident) == [bytes(size) + b"end"]
    assert joined([(size, b"end", False)], held, 0) == [None]
