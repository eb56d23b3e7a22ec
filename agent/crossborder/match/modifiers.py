"""Which modifiers and values make sense for a field, and the sentence that says why not."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import polars as pl

from crossborder.match.fields import KINDS, Kind, choices, largest, nearest, wrong_country

if TYPE_CHECKING:
    from collections.abc import Sequence

_TEXT = frozenset({"contains", "startswith", "endswith", "re", "i", "m", "s", "cased", "fieldref"})
_LIST = _TEXT - {"fieldref"}
_EVERY = frozenset({"all", "exists", "neq", "expand"})
_ORDER = frozenset({"gt", "gte", "lt", "lte"})

ALLOWED: dict[Kind, frozenset[str]] = {
    Kind.TEXT: _EVERY | _TEXT,
    Kind.LIST: _EVERY | _LIST,
    Kind.NUMBER: _EVERY - {"all", "expand"} | _ORDER | {"fieldref"},
    Kind.ADDRESS: _EVERY - {"all"} | {"cidr", "fieldref"},
    Kind.COUNTRY: _EVERY - {"all"} | {"fieldref"},
    Kind.CHOICE: _EVERY - {"all", "expand"} | {"fieldref"},
}

KNOWN = frozenset().union(*ALLOWED.values())
FLAGS = {"i": "i", "ignorecase": "i", "m": "m", "multiline": "m", "s": "s", "dotall": "s"}
_LONG_FLAGS = {long: short for long, short in FLAGS.items() if len(long) > 1}

_COMPARING = _ORDER | {"contains", "startswith", "endswith", "re", "cidr", "exists", "fieldref"}
"""Modifiers that each say how to compare: a test has one of them."""

_PAYLOAD = dict.fromkeys(
    ("base64", "base64offset", "wide", "utf16", "utf16le", "utf16be", "windash"),
    "speaks of encoded command lines: a flow has names and numbers, never an encoded payload",
)
_TIMES = dict.fromkeys(
    ("minute", "hour", "day", "week", "month", "year"), "takes a time apart: no field of a flow is a time"
)
MEANINGLESS = {**_PAYLOAD, **_TIMES}


def short(modifier: str) -> str:
    """Return a modifier by its short name: ignorecase as i."""
    return _LONG_FLAGS.get(modifier, modifier)


def wrong_modifiers(field: str, modifiers: Sequence[str]) -> str | None:
    """Tell what is wrong with the modifiers of a field, or None."""
    kind = KINDS[field]
    for modifier in modifiers:
        if modifier in MEANINGLESS:
            return f"modifier {modifier!r} {MEANINGLESS[modifier]}"
        if modifier not in KNOWN:
            return f"modifier {modifier!r} is not known{nearest(modifier, KNOWN)}"
        if modifier not in ALLOWED[kind]:
            can = ", ".join(sorted(ALLOWED[kind]))
            return f"modifier {modifier!r} does not suit {field}, which is {kind}; it takes {can}"
    return _clash(modifiers)


def _clash(modifiers: Sequence[str]) -> str | None:
    comparing = [m for m in modifiers if m in _COMPARING]
    if len(set(modifiers)) < len(modifiers):
        return "a modifier is given twice"
    if len(comparing) > 1:
        return f"modifiers {comparing[0]!r} and {comparing[1]!r} cannot both say how to compare"
    if {"i", "m", "s"}.intersection(modifiers) and "re" not in modifiers:
        return "flags i, m and s belong to a regular expression: put re before them"
    if "cased" in modifiers and {"re", "exists", "fieldref"}.intersection(modifiers):
        return "modifier 'cased' is for texts; a regular expression minds capitals unless flag i is set"
    if "expand" in modifiers and {"all", "re", "exists", "fieldref", "cased"}.intersection(modifiers):
        return "modifier 'expand' goes with contains, startswith, endswith, cidr or neq, or alone"
    return None


def wrong_value(field: str, modifiers: Sequence[str], value: object, countries: frozenset[str] | None) -> str | None:
    """Tell what is wrong with one value of a test, or None."""
    if isinstance(value, (dict, list)):
        return "a value is a text, a number or null"
    if "exists" in modifiers:
        return None if isinstance(value, bool) else f"exists is true or false, not {value!r}"
    if isinstance(value, bool):
        return f"no field is true or false; a text is written {str(value).lower()!r}"
    if "fieldref" in modifiers:
        return _wrong_reference(field, value)
    if value is None:
        plain = not _COMPARING.intersection(modifiers)
        return None if plain else f"null stands alone: {field}: null"
    if KINDS[field] is Kind.NUMBER:
        return _wrong_number(field, modifiers, value)
    return _wrong_text(field, modifiers, value, countries)


def _wrong_reference(field: str, value: object) -> str | None:
    if not isinstance(value, str) or value not in KINDS:
        return f"fieldref names a field, and {value!r} is none{nearest(str(value), KINDS)}"
    texts = {Kind.TEXT, Kind.COUNTRY, Kind.CHOICE}
    same = KINDS[field] is KINDS[value] or {KINDS[field], KINDS[value]} <= texts
    if not same or KINDS[value] is Kind.LIST:
        return f"{field} is {KINDS[field]} and {value} is {KINDS[value]}: they cannot be compared"
    return None


def _wrong_number(field: str, modifiers: Sequence[str], value: object) -> str | None:
    if not isinstance(value, (int, float)):
        return f"{field} is a number, and {value!r} is a text"
    if _ORDER.intersection(modifiers):
        return None
    if not isinstance(value, int) or not 0 <= value <= largest(field):
        return f"{field} is a whole number from 0 to {largest(field)}, never {value}"
    return None


def _wrong_text(field: str, modifiers: Sequence[str], value: object, countries: frozenset[str] | None) -> str | None:
    if isinstance(value, float):
        return f"{field} is {KINDS[field]}: put {value} in quotes"
    text = str(value)
    if KINDS[field] is Kind.COUNTRY:
        return wrong_country(text, countries)
    if KINDS[field] is Kind.CHOICE and text.lower() not in choices(field):
        return f"{field} is never {text!r}: {', '.join(choices(field))}"
    if KINDS[field] is Kind.ADDRESS:
        return _wrong_address(text, modifiers)
    if "re" in modifiers:
        return _wrong_regex(text)
    if not text and {"contains", "startswith", "endswith"}.intersection(modifiers):
        return "an empty text is in every text"
    return None


def _wrong_address(text: str, modifiers: Sequence[str]) -> str | None:
    try:
        if "cidr" in modifiers:
            ipaddress.ip_network(text)
        else:
            ipaddress.ip_address(text)
    except ValueError as error:
        return (
            f"not a network: {error}" if "cidr" in modifiers else f"{text!r} is not an address; for a network use cidr"
        )
    return None


def _wrong_regex(pattern: str) -> str | None:
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.ComputeError as error:
        reasons = [line[7:] for line in str(error).splitlines() if line.startswith("error: ")]
        return f"regular expression {pattern!r} does not compile: {reasons[0] if reasons else 'too large'}"
    return None
