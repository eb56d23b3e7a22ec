"""What rules may ask of a flow: the kind of every field, its column, and the nearest name to a mistyped one."""

from __future__ import annotations

import re
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

from crossborder.model import (
    ADDRESS_KEYS,
    CLASSIFY_COLUMNS,
    COLUMN_OF,
    COUNTED_SCHEMA,
    REPORT_COLUMNS,
    UNKNOWN_COUNTRY,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


class Kind(StrEnum):
    """What a field holds, as a person is told it."""

    TEXT = "text"
    LIST = "a list of texts"
    NUMBER = "a number"
    ADDRESS = "an address"
    COUNTRY = "a country"
    CHOICE = "one of a few words"


def _kind(column: str) -> Kind:
    dtype = COUNTED_SCHEMA[column]
    if column in ADDRESS_KEYS:
        return Kind.ADDRESS
    if column == "country":
        return Kind.COUNTRY
    if isinstance(dtype, pl.Enum):
        return Kind.CHOICE
    if isinstance(dtype, pl.List):
        return Kind.LIST
    return Kind.NUMBER if dtype.is_integer() else Kind.TEXT


KINDS: dict[str, Kind] = {ecs: _kind(column) for ecs, column in COLUMN_OF.items()}
"""ECS name → kind."""

KEYWORD_FIELDS = tuple(
    {COLUMN_OF[ecs]: ecs for ecs, kind in reversed(KINDS.items()) if kind in {Kind.TEXT, Kind.LIST}}.values()
)[::-1]
"""One field per column of text: where a keyword is looked for."""

NAME_COLUMNS = frozenset({"server_name", "http_host", "dns_query", "mail_domains", "tls_san"})
"""Columns that hold domain names, which sets of domains apply to."""

_TOTALS = frozenset(c.name for c in (*REPORT_COLUMNS, *CLASSIFY_COLUMNS) if c.kind == "total")
SUMMABLE = frozenset(ecs for ecs, column in COLUMN_OF.items() if column in _TOTALS)
"""Fields that grow over a flow's life: what a correlation can sum."""

SPOKEN = ("tls", "quic")
"""Where a server name must come from to be `tls.client.server_name`."""


def choices(field: str) -> tuple[str, ...]:
    """Return the words a CHOICE field can hold."""
    dtype = COUNTED_SCHEMA[COLUMN_OF[field]]
    return tuple(dtype.categories) if isinstance(dtype, pl.Enum) else ()


def largest(field: str) -> int:
    """Return the largest number a NUMBER field can hold."""
    return int(pl.select(pl.lit(None, COUNTED_SCHEMA[COLUMN_OF[field]]).upper_bound()).item())


def nearest(name: str, names: Iterable[str]) -> str:
    """Return a hint to add to a sentence: the name nearest to a mistyped one, or nothing."""
    close = get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""


def wrong_country(value: str, countries: frozenset[str] | None) -> str | None:
    """Tell what is wrong with a country code, or None."""
    if not re.fullmatch(r"[A-Z]{2}", value):
        return f"{value!r} is not an ISO 3166 alpha-2 code in capitals, as VN"
    if countries is not None and value != UNKNOWN_COUNTRY and value not in countries:
        return f"{value!r} is not a country of ISO 3166{nearest(value, countries)}"
    return None
