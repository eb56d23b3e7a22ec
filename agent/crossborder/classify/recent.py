"""Remembers the answers of late in bounded memory."""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Holds `size` answers and up to as many older ones; what is not asked for again goes with the older ones.

    Cheaper than keeping an exact order of use, and a scan of the world cannot fill memory.
    """

    def __init__(self, size: int) -> None:
        """Take the number of answers after which the older ones are let go."""
        self._size = size
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def __len__(self) -> int:
        """Return the number of answers held."""
        return len(self._young) + len(self._old)

    def get(self, key: K) -> V | None:
        """Return the answer to a key, or None."""
        found = self._young.get(key)
        if found is None and (found := self._old.pop(key, None)) is not None:
            self.put(key, found)
        return found

    def put(self, key: K, value: V) -> None:
        """Remember an answer."""
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[key] = value
