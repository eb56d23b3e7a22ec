"""Puts the pieces of packets together that were cut into fragments, within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from crossborder.engine.portable.fragments import LIFETIME_NS

if TYPE_CHECKING:
    from crossborder.engine.portable.fragments import FragmentKey
    from crossborder.engine.portable.ip import Fragment

PACKET_LIMIT: Final = 65_535  # bytes of one packet: what IPv4 and IPv6 can say at most
PIECES_LIMIT: Final = 256  # of one packet
HELD_LIMIT: Final = 4 << 20  # bytes of all packets that wait, with what they cost; the oldest packet gives way

_PACKET_COST, _PIECE_COST = 256, 64  # of holding them, beside the bytes; as the native engine reckons


class Joined(NamedTuple):
    """A packet whose pieces have all come, and what it begins with."""

    data: bytes
    following: int


class _Waiting:
    """A packet of which some pieces have come. The first copy of a byte counts."""

    __slots__ = ("_bytes", "_following", "_length", "_pieces", "begun_ns")

    def __init__(self, begun_ns: int) -> None:
        self.begun_ns = begun_ns
        self._pieces: list[tuple[int, bytes]] = []  # in order, without overlap
        self._bytes = 0
        self._following: int | None = None
        self._length: int | None = None

    @property
    def cost(self) -> int:
        return _PACKET_COST + len(self._pieces) * _PIECE_COST + self._bytes

    def take(self, fragment: Fragment, data: bytes) -> None:
        start, end = fragment.offset, fragment.offset + len(data)
        if start == 0 and self._following is None:
            self._following = fragment.following
        if not fragment.more and self._length is None:
            self._length = end
        gaps = self._gaps(start, end)[: PIECES_LIMIT - len(self._pieces)]
        self._pieces += [(at, data[at - start : until - start]) for at, until in gaps]
        self._bytes += sum(until - at for at, until in gaps)
        self._pieces.sort()

    def _gaps(self, at: int, end: int) -> list[tuple[int, int]]:
        """Return the parts between two places that have not come yet."""
        gaps = []
        for start, piece in self._pieces:
            if at < start and at < end:
                gaps.append((at, min(end, start)))
            at = max(at, start + len(piece))
        if at < end:
            gaps.append((at, end))
        return gaps

    def joined(self) -> Joined | None:
        """Return the packet when nothing is missing and nothing is beyond its end."""
        if self._following is None or not self._pieces or self._bytes != self._length:
            return None
        start, last = self._pieces[-1]
        if start + len(last) != self._length:
            return None
        return Joined(b"".join(piece for _, piece in self._pieces), self._following)


class Pieces:
    """Packets of which some pieces have come, the oldest first."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._packets: dict[FragmentKey, _Waiting] = {}
        self.held = 0

    def add(self, key: FragmentKey, fragment: Fragment, data: bytes, ts_ns: int) -> Joined | None:
        """Take a piece that is captured whole; return the packet when it was the last one wanted.

        Pieces that are too many, or of no possible packet, are left out: that packet is not put together.
        """
        if fragment.offset + len(data) > PACKET_LIMIT or (fragment.more and len(data) % 8):
            return None
        waiting = self._packets.get(key)
        if waiting is not None and abs(ts_ns - waiting.begun_ns) > LIFETIME_NS:
            self._forget(key)
            waiting = None
        if waiting is None:
            waiting = self._packets[key] = _Waiting(ts_ns)
        else:
            self.held -= waiting.cost
        waiting.take(fragment, data)
        self.held += waiting.cost
        joined = waiting.joined()
        if joined is not None:
            self._forget(key)
        while self.held > HELD_LIMIT:
            self._forget(next(iter(self._packets)))
        return joined

    def _forget(self, key: FragmentKey) -> None:
        self.held -= self._packets.pop(key).cost
