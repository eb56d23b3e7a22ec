"""Who is at home: tells a packet's scope and which of its ends is ours."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from crossborder.prefixes import NEVER_CROSSES, embedded_ipv4

if TYPE_CHECKING:
    from crossborder.prefixes import PrefixSet

_CACHE_LIMIT = 1 << 17  # addresses remembered; a scan of the world must not fill memory


class Side(IntEnum):
    """Where an address stands as seen from home."""

    HOME = 0
    FOREIGN = 1
    NEVER = 2  # multicast, link-local and the like: a packet with such an end never crosses


class Home:
    """The networks at home. Immutable but for a bounded cache of answers."""

    def __init__(self, networks: PrefixSet, nat64: tuple[bytes, ...] = ()) -> None:
        """Take the home networks and the operator's NAT64 prefixes (12 bytes each)."""
        self.networks = networks
        self.nat64 = nat64
        self._sides: dict[bytes, Side] = {}

    def side(self, address: bytes) -> Side:
        """Tell where an address of 4 or 16 bytes stands; tunnelled IPv6 by the IPv4 address it embeds.

        An address that is neither at home nor never crossing is foreign, known or not: unknown fails closed.
        """
        found = self._sides.get(address)
        if found is None:
            if len(self._sides) >= _CACHE_LIMIT:
                self._sides.clear()
            found = self._sides[address] = self._side(address)
        return found

    def _side(self, address: bytes) -> Side:
        if address in NEVER_CROSSES:
            return Side.NEVER
        if address in self.networks:
            return Side.HOME
        inner = embedded_ipv4(address, self.nat64)
        if inner is None:
            return Side.FOREIGN
        return self._side(inner)
