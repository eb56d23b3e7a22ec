"""Remembers which name an address was last given for, so that flows without a name of their own get one."""

from __future__ import annotations

from collections import OrderedDict

DEFAULT_LIMIT = 65_536  # addresses remembered


class DnsNames:
    """A bounded map from address to the name asked for it last. The address unused for longest is forgotten first.

    Time to live is not looked at: clients use an address as long as they please, and a stale name is labelled
    `dns`, the weakest source.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        """Remember at most `limit` addresses."""
        self._limit = limit
        # Not a plain dict: finding the first key of one after many deletions walks over all of them.
        self._names: OrderedDict[bytes, str] = OrderedDict()

    def __len__(self) -> int:
        """Return how many addresses are remembered."""
        return len(self._names)

    def learn(self, address: bytes, name: str) -> None:
        """Remember that `name` (as text, lower case) was answered with `address` (4 or 16 bytes)."""
        self._names.pop(address, None)
        if len(self._names) >= self._limit:
            self._names.popitem(last=False)
        self._names[address] = name

    def name_of(self, address: bytes) -> str | None:
        """Return the name last answered with this address, or None."""
        name = self._names.pop(address, None)
        if name is not None:
            self._names[address] = name
        return name
