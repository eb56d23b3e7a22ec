"""Remembers which flow the first fragment of a packet belongs to, for the fragments that carry no ports."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from crossborder.engine.packet import Packet
    from crossborder.engine.portable.ip import Fragment, Header

LIMIT: Final = 8_192  # packets in pieces remembered; the oldest gives way
LIFETIME_NS: Final = 30_000_000_000  # Linux waits as long for the pieces (net.ipv4.ipfrag_time)

FragmentKey = tuple[str, bytes, bytes, int, int]


def key_of(interface: str, header: Header, fragment: Fragment) -> FragmentKey:
    """Return what the fragments of one packet share."""
    return interface, header.src, header.dst, fragment.scope, fragment.ident


class Fragments:
    """A bounded map from (interface, src, dst, id) to the packet its first fragment was counted as."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._first: OrderedDict[FragmentKey, Packet] = OrderedDict()

    def remember(self, header: Header, fragment: Fragment, counted: Packet) -> None:
        """Keep as what the first fragment was counted."""
        key = key_of(counted.interface, header, fragment)
        self._first[key] = counted._replace(payload=b"")
        self._first.move_to_end(key)
        if len(self._first) > LIMIT:
            self._first.popitem(last=False)

    def find(self, header: Header, fragment: Fragment, interface: str, ts_ns: int) -> Packet | None:
        """Return what the first fragment of this packet was counted as, if it is known and not too old."""
        first = self._first.get(key_of(interface, header, fragment))
        if first is None or abs(ts_ns - first.ts_ns) > LIFETIME_NS:
            return None
        return first
