"""Checks values: their check digits and their structure. Sources are the graded facts each detector's file cites.

Check digits come from python-stdnum where it knows them; where it and the facts differ a comment says so.
"""

from __future__ import annotations

from datetime import date
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from stdnum import luhn
from stdnum.vn import mst

from crossborder.engine.portable.search.label import fold

if TYPE_CHECKING:
    from collections.abc import Callable


class Grade(IntEnum):
    """What a check says of a value."""

    WRONG = 0  # it is something else
    POSSIBLE = 1  # nothing speaks against it
    LIKELY = 2  # its structure is right


_PROVINCES: Final = frozenset(
    f"{code:03}"
    for code in (
        *(1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40, 42),
        *(44, 45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75, 77, 79, 80, 82, 83, 84, 86),
        *(87, 89, 91, 92, 93, 94, 95, 96),
    )
)
_MOBILES: Final = frozenset(
    str(code)
    for code in (
        *(32, 33, 34, 35, 36, 37, 38, 39, 86, 96, 97, 98),  # Viettel
        *(81, 82, 83, 84, 85, 88, 91, 94),  # VinaPhone
        *(70, 76, 77, 78, 79, 89, 90, 93),  # MobiFone
        *(52, 56, 58, 92),  # Vietnamobile
        *(59, 99),  # Gmobile
        *(87, 55),  # Itelecom, Wintel: sources differ on 87
    )
)
_NEWEST_YEAR: Final = 40  # of birth, in this century, that is likely: a release is used for years
_MRZ_WORTH: Final = {ord(letter): worth for worth, letter in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {
    60: 0
}
_ASCII_DIGITS: Final = bytes(set(range(256)) - set(b"0123456789"))


def check(validator: str, value: bytes) -> tuple[Grade, bytes]:
    """Grade a value, and return the form in which equal values are equal."""
    if validator in _BY_BYTES:
        return _BY_BYTES[validator](value)
    digits = value.translate(None, _ASCII_DIGITS).decode("ascii")
    return _BY_DIGITS[validator](digits)


def _likely(right: bool) -> Grade:
    return Grade.LIKELY if right else Grade.WRONG


def _same(digits: str) -> bool:
    return len(set(digits)) <= 1


def _personal_id(digits: str) -> tuple[Grade, bytes]:
    """Grade a personal number: prefix, century and year raise the grade; who is born abroad stays possible."""
    if len(digits) != 12 or _same(digits):
        return Grade.WRONG, digits.encode()
    born = digits[3] in "01" or (digits[3] in "23" and int(digits[4:6]) <= _NEWEST_YEAR)
    return Grade.LIKELY if born and digits[:3] in _PROVINCES else Grade.POSSIBLE, digits.encode()


def _tax_code(digits: str) -> tuple[Grade, bytes]:
    """Grade a tax code. stdnum checks the digit as the circular of 2020 does, a remainder of 0 has none.

    It takes a check digit of 10 as "10", which no tenth digit is; the circular of 2026 keeps the form.
    """
    right = len(digits) in {10, 13} and mst.is_valid(digits)
    return _likely(right), digits.encode()


def _national(digits: str) -> str | None:
    """Return the digits behind 0, 84 or +84."""
    for trunk in ("0", "84"):
        if digits.startswith(trunk):
            return digits[len(trunk) :]
    return None


def _mobile(digits: str) -> tuple[Grade, bytes]:
    rest = _national(digits)
    right = rest is not None and len(rest) == 9 and rest[:2] in _MOBILES
    return _likely(right), (digits if rest is None else rest).encode()


def _fixed(digits: str) -> tuple[Grade, bytes]:
    rest = _national(digits)
    right = rest is not None and len(rest) == 10 and rest.startswith("2")
    return _likely(right), (digits if rest is None else rest).encode()


def _luhn(digits: str) -> bool:
    return len(digits) >= 12 and bool(luhn.is_valid(digits))


def _card(digits: str) -> tuple[Grade, bytes]:
    return _likely(_luhn(digits) and not _same(digits)), digits.encode()


def _domestic_card(digits: str) -> tuple[Grade, bytes]:
    return Grade.LIKELY if _luhn(digits) else Grade.POSSIBLE, digits.encode()


def _digits(digits: str) -> tuple[Grade, bytes]:
    return _likely(not _same(digits)), digits.encode()


def _any(value: bytes) -> tuple[Grade, bytes]:
    return Grade.LIKELY, value


def _compact(value: bytes) -> tuple[Grade, bytes]:
    """Take a code however it is grouped: in capitals, without what parts letters and digits."""
    return Grade.LIKELY, value.translate(None, b" .-").upper()


def _name(value: bytes) -> tuple[Grade, bytes]:
    return Grade.LIKELY, fold(value).encode()


def _mrz(
    value: bytes, length: int, fields: tuple[tuple[int, int], ...], names: tuple[tuple[int, int], ...]
) -> tuple[Grade, bytes]:
    """Grade a machine-readable zone (ICAO 9303) by its check digits; its value is the first of `names` of digits."""
    zone = value.translate(None, b"\r\n")
    right = len(zone) == length and all(_mrz_digit(zone[start:end]) == zone[end] for start, end in fields)
    parts = [zone[start:end] for start, end in names]
    name = next((part for part in parts if part and part.isdigit()), parts[-1])
    return _likely(right), name.replace(b"<", b"")


def _mrz_digit(field: bytes) -> int | None:
    worth = [_MRZ_WORTH.get(byte) for byte in field]
    known = [value for value in worth if value is not None]
    if len(known) < len(worth):
        return None
    return ord("0") + sum(value * (7, 3, 1)[at % 3] for at, value in enumerate(known)) % 10


def _mrz_td1(value: bytes) -> tuple[Grade, bytes]:
    return _mrz(value, 90, ((5, 14), (30, 36), (38, 44)), ((15, 27), (5, 14)))


def _mrz_td3(value: bytes) -> tuple[Grade, bytes]:
    return _mrz(value, 88, ((44, 53), (57, 63), (65, 71)), ((44, 53), (44, 53)))


def _vietqr(value: bytes) -> tuple[Grade, bytes]:
    """Grade a QR text by its CRC-16 (polynomial 0x1021, from 0xFFFF; EMV QRCPS 4.7.3)."""
    crc = 0xFFFF
    for byte in value[:-4]:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return _likely(len(value) >= 4 and value[-4:].upper() == b"%04X" % crc), value


def _date(value: bytes) -> tuple[Grade, bytes]:
    """Grade day, month and year, in this order or the other way round, parted by `/`, `-` or `.`."""
    parts = value.replace(b"/", b"-").replace(b".", b"-").split(b"-")
    if len(parts) == 3 and len(parts[0]) == 4:
        parts.reverse()
    sizes = [len(part) for part in parts]
    if len(parts) != 3 or sizes[2] != 4 or not all(1 <= size <= 2 for size in sizes[:2]):
        return Grade.WRONG, value
    day, month, year = map(int, parts)
    try:
        date(year, month, day)
    except ValueError:
        return Grade.WRONG, value
    return _likely(1900 <= year <= 2100), value


_BY_BYTES: Final[dict[str, Callable[[bytes], tuple[Grade, bytes]]]] = {
    "any": _any,
    "mrz-td1": _mrz_td1,
    "mrz-td3": _mrz_td3,
    "vietqr": _vietqr,
    "date": _date,
    "compact": _compact,
    "name": _name,
}
_BY_DIGITS: Final[dict[str, Callable[[str], tuple[Grade, bytes]]]] = {
    "personal-id": _personal_id,
    "tax-code": _tax_code,
    "mobile-phone": _mobile,
    "fixed-phone": _fixed,
    "card": _card,
    "domestic-card": _domestic_card,
    "digits": _digits,
}
