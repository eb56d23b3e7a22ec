"""Prefixes as text, a column at a time: octets and groups are taken from tables of all there are."""

from __future__ import annotations

from functools import cache
from socket import AF_INET6, inet_ntop

import polars as pl

from crossborder.prefixes import IPV4_FIRST, IPV6_AGAIN

_PAIRS = 1 << 16  # values of two octets: a group of IPv6, a half of IPv4
_NOT_KEPT = (1 << 32) - 1
_TRAILING_ZEROS = "(?:^0)?(?::0)*$"


class PrefixTexts:
    """The texts of many prefixes, each written when it is first asked for, and kept as long as there is room."""

    def __init__(self, prefixes: pl.DataFrame, limit: int = 1 << 18) -> None:
        """Take all prefixes that may be asked for (`start` and `length`) and how many texts to keep."""
        self._prefixes = prefixes.select("start", "length")
        self._limit = limit
        self._texts, self._kept = self._nothing()

    def __len__(self) -> int:
        """Return the number of texts kept."""
        return len(self._texts)

    def __call__(self, at: pl.Series) -> pl.Series:
        """Return the text of the prefix at each place."""
        kept = self._kept[at]
        fresh = at.filter(kept == _NOT_KEPT)
        if fresh.is_empty():
            return self._texts[kept]
        self._write(fresh.unique(), at)
        return self._texts[self._kept[at]]

    def _write(self, fresh: pl.Series, at: pl.Series) -> None:
        if len(self) + len(fresh) > self._limit:
            self._texts, self._kept = self._nothing()
            fresh = at.unique()
        places = pl.int_range(len(self), len(self) + len(fresh), dtype=pl.UInt32, eager=True)
        self._kept.scatter(fresh, places)
        self._texts = pl.concat([self._texts, prefix_texts(self._prefixes[fresh])], rechunk=True)

    def _nothing(self) -> tuple[pl.Series, pl.Series]:
        """Return no texts, and where the text of each prefix stands among them."""
        nowhere = pl.Series([_NOT_KEPT], dtype=pl.UInt32).new_from_index(0, self._prefixes.height)
        return pl.Series(dtype=pl.String), nowhere


def prefix_texts(prefixes: pl.DataFrame) -> pl.Series:
    """Return prefixes as text (RFC 5952); `start` is the number of the first key, `length` the prefix length."""
    numbered = prefixes.select("start", "length").with_row_index("at")
    if numbered.is_empty():
        return pl.Series([], dtype=pl.String)
    four = pl.col("start").is_between(IPV4_FIRST, IPV6_AGAIN, closed="left")
    long = ~four & (pl.col("length") > 64)
    parts = [
        _ipv4(numbered.filter(four)),
        _ipv6(numbered.filter(~four & ~long)),
        _long_ipv6(numbered.filter(long)),
    ]
    return pl.concat(parts).sort("at")["text"]


def _ipv4(prefixes: pl.DataFrame) -> pl.DataFrame:
    address = prefixes.select((pl.col("start") - IPV4_FIRST).cast(pl.UInt32)).to_series()
    dotted = _dotted()
    return _joined(prefixes, dotted.gather(address // _PAIRS), pl.lit("."), dotted.gather(address % _PAIRS))


def _ipv6(prefixes: pl.DataFrame) -> pl.DataFrame:
    """Return the texts of prefixes up to /64: no run of zeros is longer than the one that ends them."""
    half = prefixes.select((pl.col("start") // (1 << 64)).cast(pl.UInt64)).to_series()
    groups = pl.DataFrame([_hexadecimal().gather(half // (1 << at) % _PAIRS).alias(str(at)) for at in (48, 32, 16, 0)])
    text = groups.select(pl.concat_str(pl.all(), separator=":").str.replace(_TRAILING_ZEROS, ""))
    return _joined(prefixes, text.to_series(), pl.lit("::"))


def _long_ipv6(prefixes: pl.DataFrame) -> pl.DataFrame:
    """Return the texts of prefixes beyond /64, of which databases have few."""
    distinct = prefixes.select("start").unique()
    texts = [inet_ntop(AF_INET6, start.to_bytes(16, "big")) for start in distinct["start"]]
    named = distinct.with_columns(address=pl.Series(texts, dtype=pl.String))
    joined = prefixes.join(named, on="start", how="left", maintain_order="left")
    return _joined(prefixes, joined["address"])


def _joined(prefixes: pl.DataFrame, *address: pl.Series | pl.Expr) -> pl.DataFrame:
    return prefixes.select("at", text=pl.concat_str(*address, pl.lit("/"), pl.col("length")))


@cache
def _dotted() -> pl.Series:
    pair = pl.int_range(_PAIRS)
    return pl.select(pl.format("{}.{}", pair // 256, pair % 256)).to_series()


@cache
def _hexadecimal() -> pl.Series:
    pair, digits = pl.int_range(_PAIRS), pl.lit(pl.Series(list("0123456789abcdef")))
    whole = pl.concat_str(digits.gather(pair // 16**at % 16) for at in (3, 2, 1, 0))
    return pl.select(whole.str.strip_chars_start("0").replace("", "0")).to_series()
