"""Digits at random, and check digits computed by hand from their standards: nothing here is the agent's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


def some(rng: Random, count: int) -> str:
    """Return so many digits."""
    return "".join(rng.choices("0123456789", k=count))


def number(rng: Random, count: int) -> str:
    """Return so many digits, the first not 0."""
    return rng.choice("123456789") + some(rng, count - 1)


def luhn_digit(body: str) -> str:
    """Return the check digit of ISO/IEC 7812."""
    doubled = (int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(body)))
    return str(-sum(value - 9 * (value > 9) for value in doubled) % 10)


def tax_digit(nine: str) -> str | None:
    """Return the check digit of a tax code; None: there is no such code."""
    rest = sum(int(digit) * weight for digit, weight in zip(nine, (31, 29, 23, 19, 17, 13, 7, 5, 3), strict=True)) % 11
    return None if rest == 0 else str(10 - rest)


def mrz_digit(field: str) -> str:
    """Return the check digit of ICAO 9303."""
    worths = (0 if sign == "<" else int(sign, 36) for sign in field)
    return str(sum(worth * (7, 3, 1)[at % 3] for at, worth in enumerate(worths)) % 10)


def crc16(text: str) -> str:
    """Return the CRC-16 with polynomial 0x1021, begun at 0xFFFF, bit by bit."""
    rest = 0xFFFF
    for bit in (byte >> place & 1 for byte in text.encode() for place in range(7, -1, -1)):
        rest = (rest << 1 & 0xFFFF) ^ (0x1021 if (rest >> 15) ^ bit else 0)
    return f"{rest:04X}"


def ean13(rng: Random, prefix: str) -> str:
    """Return an article or book number with its check digit."""
    body = prefix + some(rng, 12 - len(prefix))
    return body + str(-sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(body)) % 10)
