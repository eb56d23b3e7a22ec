"""Prefix maps laid over each other: what all of them say of an address is one search, and for columns one for all."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import polars as pl

from crossborder.prefixes import IPV4_FIRST, Embedding, numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_IPV4 = 1 << 32


class Bordered(Protocol):
    """What says something of addresses, the same from one of its starts to the next."""

    @property
    def starts(self) -> tuple[bytes, ...]:
        """Keys, sorted."""


class Said(Protocol):
    """What the maps say of a range of addresses."""

    @property
    def embeds(self) -> Embedding | None:
        """Where such an address holds the IPv4 address that it goes by; None: it goes by itself."""


S = TypeVar("S", bound=Said)


class Layers(Generic[S]):
    """An immutable map of all addresses."""

    def __init__(self, maps: Sequence[Bordered], say: Callable[[bytes], S]) -> None:
        """Lay maps over each other; `say` tells what they say of a key, the same from any map's start to the next."""
        self.starts = sorted({bytes(16)}.union(*(layer.starts for layer in maps)))
        ids: dict[S, int] = {}
        self._ids = [ids.setdefault(say(key), len(ids)) for key in self.starts]
        self.all = tuple(ids)
        """What is said somewhere, each once."""
        self._columns = _numbered(pl.Series(self.starts)), pl.Series(self._ids, dtype=pl.UInt32)
        self._embeds = pl.Series([said.embeds for said in self.all], dtype=pl.UInt8)

    def at(self, key: bytes) -> S:
        """Return what is said of the address of a key."""
        return self.all[self._ids[bisect_right(self.starts, key) - 1]]

    def find(self, keys: pl.Series) -> tuple[pl.Series, pl.Series]:
        """Return for each key the number of the address it goes by, and the place in `all` of what is said of that.

        Where there is no key it is that of `::`, which is nobody's.
        """
        addresses = _numbered(keys).fill_null(0)
        said = self._find(addresses)
        embeds = self._embeds.gather(said)
        if embeds.null_count() == len(embeds):
            return addresses, said
        inner = pl.DataFrame({"address": addresses, "embeds": embeds}).select(_INNER).to_series()
        return inner, self._find(inner)

    def _find(self, addresses: pl.Series) -> pl.Series:
        starts, ids = self._columns
        return ids.gather(starts.search_sorted(addresses, side="right") - 1)


def _numbered(keys: pl.Series) -> pl.Series:
    return pl.DataFrame({"key": keys}, schema={"key": pl.Binary}).select(numbers(pl.col("key"))).to_series()


_ADDRESS, _EMBEDS = pl.col("address"), pl.col("embeds")
_LAST = _ADDRESS % _IPV4
_INNER = (
    pl.when(_EMBEDS == Embedding.LAST)
    .then(_LAST + IPV4_FIRST)
    .when(_EMBEDS == Embedding.SIX_TO_FOUR)
    .then(_ADDRESS // (1 << 80) % _IPV4 + IPV4_FIRST)
    .when(_EMBEDS == Embedding.TEREDO)
    .then(pl.lit(IPV4_FIRST + _IPV4 - 1, pl.UInt128) - _LAST)
    .otherwise(_ADDRESS)
)
