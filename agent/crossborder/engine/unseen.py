"""Bytes of a TCP connection that the other end acknowledged and that never came by here: lost, or on another way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crossborder.engine.packet import ACK, FIN, RST, SYN

if TYPE_CHECKING:
    from crossborder.engine.packet import Packet

HOLES_LIMIT: Final = 32  # holes of a direction kept; beyond it the oldest is settled
WINDOW: Final = 1 << 30  # the largest window there is (RFC 7323 2.2): numbers further apart are not of one connection

_MASK: Final = (1 << 32) - 1
_HALF: Final = 1 << 31


class Unseen:
    """Both directions of one TCP flow."""

    __slots__ = ("inward", "outward")

    def __init__(self) -> None:
        """Begin knowing no number."""
        self.outward = Way()
        self.inward = Way()

    def follow(self, packet: Packet, outward: bool, anew: bool) -> None:
        """Take the numbers of a packet; `anew`: its SYN is another than the last of this direction.

        A reset is left out: its numbers are often made up. A packet without flags is a later fragment: where its bytes
        belong is not known, so the direction begins again behind it.
        """
        flags = packet.tcp_flags
        if flags & RST:
            return
        sent, other = (self.outward, self.inward) if outward else (self.inward, self.outward)
        if not flags:
            sent.restart(None)
            return
        length = packet.payload_bytes + bool(flags & SYN) + bool(flags & FIN)  # either takes a number (RFC 9293 3.4)
        sent.see(packet.tcp_seq, length, bool(flags & SYN) and anew)
        if flags & ACK:
            other.acknowledge(packet.tcp_ack)

    def successor(self) -> Unseen:
        """Settle, and return what goes on in the flow that follows this one: places, nothing counted."""
        heir = Unseen()
        for mine, theirs in ((self.outward, heir.outward), (self.inward, heir.inward)):
            mine.settle()
            theirs.top, theirs.acked, theirs.holes = mine.top, mine.acked, mine.holes
            mine.holes = []
        return heir


class Way:
    """One direction: how far it was seen or acknowledged, and the holes below that which may still be filled.

    What is acknowledged counts when it is reported: until then data that the capture brought late fill their hole.
    """

    __slots__ = ("acked", "counted", "holes", "told", "top")

    def __init__(self) -> None:
        """Begin knowing no number."""
        self.top: int | None = None
        self.acked = 0  # the highest number acknowledged; kept while there are holes
        self.holes: list[tuple[int, int]] = []  # in order, disjoint, below `top`
        self.counted = 0
        self.told = 0

    def see(self, start: int, length: int, anew: bool) -> None:
        """Take a segment; `anew`: it begins another connection."""
        top, end = self.top, (start + length) & _MASK
        if top is None or anew:
            self.restart(end)
            return
        ahead = _ahead(start, top)
        if abs(ahead) > WINDOW or length > WINDOW:
            self.restart(None)  # forged, perhaps: what comes next is believed
        elif ahead > 0:
            self._raise(end)
            if not self.holes:
                self.acked = top
            self._open(top, start)
        else:
            if self.holes and length:
                self._fill(-ahead, max(-ahead - length, 0))
            if ahead + length > 0:
                self._raise(end)

    def acknowledge(self, ack: int) -> None:
        """Take an acknowledgement: what is below it has arrived at the other end."""
        top = self.top
        if top is None:
            self.top = ack
            return
        ahead = _ahead(ack, top)
        if abs(ahead) > WINDOW:
            self.restart(None)
        elif ahead > 0:
            self._raise(ack)
            self.acked = ack
            self._open(top, ack)
        elif self.holes and _ahead(ack, self.acked) > 0:
            self.acked = ack

    def restart(self, top: int | None) -> None:
        """Begin again at a number; what was acknowledged before counts, what waits to be is forgotten."""
        self.settle()
        self.holes = []
        self.top = top

    def settle(self) -> None:
        """Count what is acknowledged; it is no longer waited for."""
        if not self.holes:
            return
        left = []
        for start, end in self.holes:
            part = self._acknowledged(start, end)
            self.counted += part
            if part < (end - start) & _MASK:
                left.append(((start + part) & _MASK, end))
        self.holes = left

    def report(self) -> int:
        """Settle, and return the bytes counted since the last report."""
        self.settle()
        told, self.told = self.told, self.counted
        return self.counted - told

    def _raise(self, top: int) -> None:
        """Move on; holes that numbers of 32 bits could confuse with what is ahead are settled."""
        self.top = top
        while self.holes and self._below(self.holes[0][0]) > WINDOW:
            self._settle_oldest()
        if self._below(self.acked) > WINDOW:
            self.acked = (top - WINDOW) & _MASK

    def _open(self, start: int, end: int) -> None:
        """Add a hole above all others."""
        if self.holes and self.holes[-1][1] == start and (end - self.holes[-1][0]) & _MASK <= WINDOW:
            self.holes[-1] = (self.holes[-1][0], end)
            return
        self.holes.append((start, end))
        if len(self.holes) > HOLES_LIMIT:
            self._settle_oldest()

    def _fill(self, start: int, end: int) -> None:
        """Take a segment out of the holes; `start` and `end` count downwards from the top."""
        holes, self.holes = self.holes, []
        for hole in holes:
            first, last = self._below(hole[0]), self._below(hole[1])
            if first <= end or last >= start:
                self.holes.append(hole)
                continue
            if first > start:
                self.holes.append((hole[0], self._at(start)))
            if last < end:
                self.holes.append((self._at(end), hole[1]))
        while len(self.holes) > HOLES_LIMIT:
            self._settle_oldest()

    def _settle_oldest(self) -> None:
        self.counted += self._acknowledged(*self.holes.pop(0))

    def _acknowledged(self, start: int, end: int) -> int:
        return max(self._below(start) - max(self._below(end), self._below(self.acked)), 0)

    def _below(self, number: int) -> int:
        """Return how far a number is below the top."""
        return ((self.top or 0) - number) & _MASK

    def _at(self, below: int) -> int:
        return ((self.top or 0) - below) & _MASK


def _ahead(number: int, top: int) -> int:
    """Return how far a number is ahead of another, which may be behind (RFC 9293 3.4)."""
    return ((number - top + _HALF) & _MASK) - _HALF
