"""Puts the bytes of one direction of a TCP connection in order, within bounds."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

DELIVERED_LIMIT: Final = 1 << 18  # bytes of a direction that are looked at: names stand at the beginning
HELD_LIMIT: Final = 1 << 16  # bytes of a direction held until those before them come
PIECES_LIMIT: Final = 256  # pieces of a direction held: a byte in each must not be cheap
PIECE_COST: Final = 128  # memory that a piece takes beside its bytes
TOTAL_LIMIT: Final = 1 << 26  # memory held of all connections together

_HALF = 1 << 31
_WHOLE = 1 << 32


class Budget:
    """How much memory is held of all connections together."""

    def __init__(self, limit: int = TOTAL_LIMIT) -> None:
        """Allow so many."""
        self._left = limit

    def take(self, count: int) -> bool:
        """Reserve bytes, or return False."""
        if count > self._left:
            return False
        self._left -= count
        return True

    def give_back(self, count: int) -> None:
        """Return bytes that are no longer held."""
        self._left += count


class Direction:
    """The stream of one direction. Of bytes sent twice the first copy counts, as most receivers have it."""

    __slots__ = ("_budget", "_held", "_next_seq", "_offset", "_pieces", "given_up")

    def __init__(self, next_seq: int, budget: Budget) -> None:
        """Begin at a sequence number: the one after the SYN, or that of the first segment seen."""
        self._next_seq = next_seq % _WHOLE
        self._offset = 0  # bytes delivered
        self._pieces: list[tuple[int, bytes]] = []  # (offset in the stream, bytes), in order, disjoint
        self._held = 0
        self._budget = budget
        self.given_up = False

    def push(self, seq: int, data: bytes) -> bytes:
        """Take a segment and return the bytes that are next in order, perhaps none.

        After DELIVERED_LIMIT, or when bytes are missing for so long that a limit of what is held would be passed,
        the direction has `given_up` and returns no more.
        """
        if self.given_up:
            return b""
        ahead = (seq - self._next_seq) % _WHOLE
        if ahead == 0 and not self._pieces:
            return self._deliver(data)
        if ahead >= _HALF:  # sent again, at least in part
            data = data[_WHOLE - ahead :]
            ahead = 0
        if data:
            self._hold(self._offset + ahead, data)
        return self._deliver(b"".join(self._ready()))

    def _deliver(self, data: bytes) -> bytes:
        data = data[: DELIVERED_LIMIT - self._offset]
        self._offset += len(data)
        self._next_seq = (self._next_seq + len(data)) % _WHOLE
        if self._offset >= DELIVERED_LIMIT:
            self.give_up()
        return data

    def _hold(self, start: int, data: bytes) -> None:
        """Keep what of a segment is not held yet."""
        end = start + len(data)
        at = max(bisect_right(self._pieces, start, key=lambda piece: piece[0]) - 1, 0)
        while start < end:
            if at < len(self._pieces):
                held_start, held = self._pieces[at]
                held_end = held_start + len(held)
            else:
                held_start = held_end = end
            if held_end <= start and at < len(self._pieces):
                at += 1
            elif held_start <= start < held_end:
                start = held_end
            else:
                stop = min(held_start, end)
                if not self._reserve(stop - start):
                    return
                self._pieces.insert(at, (start, data[start - end : stop - end or None]))
                start, at = stop, at + 1

    def _reserve(self, count: int) -> bool:
        if not self._budget.take(count + PIECE_COST):
            self.give_up()
            return False
        self._held += count
        return True

    def _ready(self) -> list[bytes]:
        """Take out the pieces that are next in order; give up when what is left is too much to hold."""
        ready, at, offset = [], 0, self._offset
        while at < len(self._pieces) and self._pieces[at][0] == offset:
            ready.append(self._pieces[at][1])
            offset += len(self._pieces[at][1])
            at += 1
        if at:
            del self._pieces[:at]
            self._held -= offset - self._offset
            self._budget.give_back(offset - self._offset + at * PIECE_COST)
        if self._held > HELD_LIMIT or len(self._pieces) > PIECES_LIMIT:
            self.give_up()
        return ready

    def give_up(self) -> None:
        """Let go of what is held; nothing more is delivered."""
        self.given_up = True
        self._budget.give_back(self._held + len(self._pieces) * PIECE_COST)
        self._pieces.clear()
        self._held = 0
