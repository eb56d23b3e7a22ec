"""Prefixes as text, a column at a time: octets and groups are taken from tables of all there are."""

from __future__ import annotations

from functools import cache
from socket import AF_INET6, inet_ntop

import polars as pl

from crossborder.prefixes import IPV4_FIRST, IPV6_AGAIN

_PAIRS = 1 << 16  # values of two octets: a group of IPv6, a half of IPv4
_TRAILING_ZEROS = "(?:^0)?(?::0)*$"


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
