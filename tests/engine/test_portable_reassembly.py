"""However a TCP stream is cut up and shuffled, its bytes come out in order, once, within bounds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossborder.engine.portable.reassembly import (
    DELIVERED_LIMIT,
    HELD_LIMIT,
    PIECE_COST,
    PIECES_LIMIT,
    Budget,
    Direction,
)

Segment = tuple[int, bytes]


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[bytes, int, list[Segment]]:
    """Draw a stream, its first sequence number, and segments that cover it: overlapping, repeated, in any order."""
    data = draw(st.binary(min_size=1, max_size=400))
    base = draw(st.one_of(st.integers(0, (1 << 32) - 1), st.integers((1 << 32) - 400, (1 << 32) - 1)))
    cuts = sorted({0, len(data), *draw(st.lists(st.integers(0, len(data)), max_size=20))})
    segments = [(start, data[start:end]) for start, end in pairwise(cuts)]
    more = draw(st.lists(st.tuples(st.integers(0, len(data)), st.integers(0, len(data))), max_size=6))
    segments += [(min(pair), data[min(pair) : max(pair)]) for pair in more]
    order: list[Segment] = draw(st.permutations(segments))
    return data, base, [((base + start) % (1 << 32), piece) for start, piece in order]


@given(shuffled())
def test_any_segments_in_any_order_give_the_stream(case: tuple[bytes, int, list[Segment]]) -> None:
    """Overlaps, repeats, and the wrap of the sequence number included; nothing is held in the end."""
    data, base, segments = case
    budget = Budget(1 << 20)
    direction = Direction(base, budget)

    got = b"".join(direction.push(seq, piece) for seq, piece in segments)

    assert got == data
    assert budget.take(1 << 20)
    assert not direction.given_up


def test_the_first_copy_of_a_byte_counts() -> None:
    """A receiver keeps what it had; so must we, or an evasion shows us other bytes."""
    direction = Direction(0, Budget())

    assert direction.push(4, b"EFGH") == b""
    assert direction.push(2, b"cdefghij") == b""
    assert direction.push(0, b"AB") == b"ABcdEFGHij"
    assert direction.push(3, b"xxxx") == b""
    assert direction.push(8, b"xxK") == b"K"


def test_what_came_before_the_beginning_is_left_out() -> None:
    """Met in mid-stream, the first segment seen is where the stream begins."""
    direction = Direction(1000, Budget())

    assert direction.push(1000, b"abc") == b"abc"
    assert direction.push(900, b"older") == b""
    assert direction.push(1002, b"cde") == b"de"


def test_only_the_beginning_is_looked_at() -> None:
    """Names stand at the beginning; a long download does not cost memory or time."""
    direction = Direction(0, Budget())
    got = sum(len(direction.push(n * 1000, bytes(1000))) for n in range(1000))

    assert got == DELIVERED_LIMIT
    assert direction.given_up
    assert direction.push(0, b"x") == b""


@pytest.mark.parametrize("size", [1, 1400])
def test_missing_bytes_are_not_waited_for_for_ever(size: int) -> None:
    """Held bytes and held pieces are bounded; then the direction gives up and lets go."""
    budget = Budget()
    direction = Direction(0, budget)
    pushes = 0
    while not direction.given_up:
        assert direction.push(10 + pushes * (size + 1), bytes(size)) == b""
        pushes += 1

    assert pushes <= min(HELD_LIMIT // size, PIECES_LIMIT) + 1
    assert budget._left == Budget()._left
    assert direction.push(0, b"x" * 10) == b""


@pytest.mark.parametrize("size", [1, 1000])
def test_all_connections_together_are_bounded(size: int) -> None:
    """Many connections that each hold a little must not fill memory, in small pieces either; some give up."""
    budget = Budget(10 * (size + PIECE_COST))
    directions = [Direction(0, budget) for _ in range(20)]
    for direction in directions:
        direction.push(1, bytes(size))
    assert [direction.given_up for direction in directions] == [False] * 10 + [True] * 10

    directions[0].give_up()
    assert directions[1].push(0, b"x") == b"x" + bytes(size)
    assert budget._left == 2 * (size + PIECE_COST)
    for direction in directions:
        direction.give_up()
    assert budget._left == 10 * (size + PIECE_COST)
