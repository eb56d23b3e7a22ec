"""Turns a rule's tree into Polars expressions, compiled once and run over whole batches.

A test of a null is false, never null: `not` of it is true, so that nothing unknown slips through an allow-list.
"""

from __future__ import annotations

import ipaddress
import operator
from functools import reduce
from typing import TYPE_CHECKING, Protocol

import polars as pl

from crossborder.match.conditions import And, Not, Op, Test, like_parts
from crossborder.match.fields import KINDS, SPOKEN, Kind
from crossborder.model import ADDRESS_KEYS, COLUMN_OF, COUNTED_SCHEMA
from crossborder.prefixes import key_range, numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crossborder.match.conditions import Node

    Predicate = Callable[[pl.Expr], pl.Expr]

ALTERNATIVES = 4000
"""Most alternatives in one regular expression: beyond, the automaton outgrows its cache and Polars its size limit."""

FEW = 8
"""So many texts are compared with one by one: Polars keeps a few dozen regular expressions and makes others anew."""

_COMPARE = {Op.GT: operator.gt, Op.GTE: operator.ge, Op.LT: operator.lt, Op.LTE: operator.le}
_MAPPED = bytes(10) + b"\xff\xff" + bytes(4), bytes(10) + b"\xff" * 6  # where the keys of IPv4 lie


class Values(Protocol):
    """Where a test finds the values of a field: an expression over a frame."""

    def __call__(self, field: str, *, lower: bool) -> pl.Expr:
        """Return the values of a field as tests compare them, texts in lower case if asked."""


def column_values(field: str, *, lower: bool) -> pl.Expr:
    """Return the values of a field over a frame of crossings: addresses as numbers, words of closed sets as enums."""
    if KINDS[field] is Kind.ADDRESS:
        return numbers(pl.col(ADDRESS_KEYS[COLUMN_OF[field]]))
    if KINDS[field] is Kind.CHOICE and not lower:
        return pl.col(COLUMN_OF[field])
    values = shown_values(field)
    if not lower:
        return values
    if KINDS[field] is Kind.LIST:
        return values.list.eval(pl.element().str.to_lowercase())
    return values.str.to_lowercase()


def shown_values(field: str) -> pl.Expr:
    """Return the values of a field over a frame of crossings, as people are shown them."""
    values = pl.col(COLUMN_OF[field])
    if KINDS[field] is Kind.CHOICE:
        values = values.cast(pl.String)
    if field == "tls.client.server_name":
        values = pl.when(pl.col("server_name_source").is_in(SPOKEN)).then(values)
    return values


def truth(node: Node, values: Values = column_values) -> pl.Expr:
    """Return the boolean expression of a tree, never null, over a frame of crossings."""
    if isinstance(node, Test):
        return _test(node, values)
    if isinstance(node, Not):
        return ~truth(node.part, values)
    join = operator.and_ if isinstance(node, And) else operator.or_
    return reduce(join, (truth(part, values) for part in node.parts))


def truth_of_elements(test: Test, values: Values) -> pl.Expr:
    """Return the boolean expression of a test of a list over a frame with a row for each of its texts."""
    lower = not test.cased and test.op is not Op.RE
    return _predicate(test, Kind.TEXT, lower=lower)(values(test.field, lower=lower)).fill_null(value=False)


def _test(test: Test, values: Values) -> pl.Expr:
    kind = KINDS[test.field]
    if test.op in {Op.EXISTS, Op.MISSING}:
        known = _known(values(test.field, lower=False), kind)
        return known if test.op is Op.EXISTS else ~known
    if test.op is Op.SAME:
        lower = kind not in {Kind.NUMBER, Kind.ADDRESS}
        other = values(str(test.values[0]), lower=lower)
        return (values(test.field, lower=lower) == other).fill_null(value=False)
    lower = kind in {Kind.TEXT, Kind.LIST} and not test.cased and test.op is not Op.RE
    found = values(test.field, lower=lower)
    holds = _predicate(test, kind, lower=lower)
    if kind is Kind.LIST:
        return found.list.eval(holds(pl.element())).list.any().fill_null(value=False)
    return holds(found).fill_null(value=False)


def _known(values: pl.Expr, kind: Kind) -> pl.Expr:
    known = values.is_not_null()
    return known & (values.list.len() > 0).fill_null(value=False) if kind is Kind.LIST else known


def _predicate(test: Test, kind: Kind, *, lower: bool) -> Predicate:
    """Return the test as a function from values to booleans; nulls stay null."""
    if test.op in _COMPARE:
        return lambda values: _COMPARE[test.op](values, test.values[0])
    if test.op is Op.CIDR:
        return _in_networks([str(v) for v in test.values])
    if kind in {Kind.NUMBER, Kind.CHOICE}:
        wanted = pl.Series(test.values, dtype=COUNTED_SCHEMA[COLUMN_OF[test.field]])
        return lambda values: values.is_in(pl.lit(wanted).implode())
    texts = [str(v).lower() if lower else str(v) for v in test.values]
    return _TEXT_PREDICATES[test.op](texts) if test.op is not Op.RE else _matches(texts, test.flags)


def _is(texts: list[str]) -> Predicate:
    if len(texts) == 1:
        return lambda values: values == texts[0]
    return lambda values: values.is_in(texts)


def _contains(texts: list[str]) -> Predicate:
    if len(texts) == 1:
        return lambda values: values.str.contains(texts[0], literal=True)
    return lambda values: values.str.contains_any(texts)


def _starts(texts: list[str]) -> Predicate:
    if len(texts) <= FEW:
        return lambda values: reduce(operator.or_, (values.str.starts_with(text) for text in texts))
    return any_of_texts("^(?:", map(pl.escape_regex, texts), ")")


def _ends(texts: list[str]) -> Predicate:
    if len(texts) <= FEW:
        return lambda values: reduce(operator.or_, (values.str.ends_with(text) for text in texts))
    return any_of_texts("(?:", map(pl.escape_regex, texts), ")$")


def _lies_below(texts: list[str]) -> Predicate:
    return any_of_texts(r"(?:^|\.)(?:", map(pl.escape_regex, texts), ")$")


def _like(texts: list[str]) -> Predicate:
    return any_of_texts("(?s)^(?:", map(like_regex, texts), ")$")


def like_regex(pattern: str) -> str:
    """Return the regular expression, without anchors, of a wildcard pattern."""
    return "".join(
        ".*" if part is None else "." if part == "" else pl.escape_regex(part) for part in like_parts(pattern)
    )


_TEXT_PREDICATES: dict[Op, Callable[[list[str]], Predicate]] = {
    Op.IS: _is,
    Op.CONTAINS: _contains,
    Op.STARTS: _starts,
    Op.ENDS: _ends,
    Op.LIKE: _like,
    Op.DOMAIN: _lies_below,
}


def any_of_patterns(patterns: Iterable[str]) -> Predicate | None:
    """Return a predicate that matches any of many regular expressions at once; None: together they are too large."""
    joined = "|".join(patterns)
    try:
        pl.Series([""]).str.contains(joined)
    except pl.exceptions.ComputeError:
        return None
    return lambda values: values.str.contains(joined)


def _matches(texts: list[str], flags: str) -> Predicate:
    prefix = f"(?{flags})" if flags else ""
    return lambda values: reduce(operator.or_, (values.str.contains(prefix + text) for text in texts))


def any_of_texts(before: str, texts: Iterable[str], after: str) -> Predicate:
    """Return a predicate that matches any of many texts by as few regular expressions as their size allows."""
    items = list(texts)
    patterns = [
        f"{before}{'|'.join(items[at : at + ALTERNATIVES])}{after}" for at in range(0, len(items), ALTERNATIVES)
    ]
    return lambda values: reduce(operator.or_, (values.str.contains(pattern) for pattern in patterns))


def _in_networks(networks: list[str]) -> Predicate:
    """Return a predicate on numbers: one search among the sorted borders of the networks, whatever their number."""
    borders = pl.Series(network_borders(networks), dtype=pl.UInt128)
    return lambda addresses: pl.lit(borders).search_sorted(addresses, side="right") % 2 == 1


def network_borders(networks: Iterable[str]) -> list[int]:
    """Return where membership begins and ends, alternating; an open end at the last key has no border.

    An IPv4 address mapped into IPv6 (::ffff:0:0/96) is that IPv4 address. A network of IPv6 that spans them all, as
    `::/0` does, holds none of them.
    """
    ranges = sorted(r for network in networks for r in _ranges(network))
    merged: list[list[int]] = []
    for low, high in ranges:
        if merged and low <= merged[-1][1] + 1:
            merged[-1][1] = max(merged[-1][1], high)
        else:
            merged.append([low, high])
    borders = [border for low, high in merged for border in (low, high + 1)]
    return [border for border in borders if border < 1 << 128]


def _ranges(network: str) -> list[tuple[int, int]]:
    low, high = (int.from_bytes(key, "big") for key in key_range(ipaddress.ip_network(network)))
    first, last = (int.from_bytes(key, "big") for key in _MAPPED)
    if low <= first and high >= last and (low, high) != (first, last):
        return [(a, b) for a, b in ((low, first - 1), (last + 1, high)) if a <= b]
    return [(low, high)]
