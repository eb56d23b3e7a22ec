"""Invented people whose identifiers validate: personal numbers, tax codes, cards, phones, insurance cards.

Nobody stands behind them: every digit comes from the seed. Formats: Decree 137/2015/ND-CP Article 13 (personal
number), Circular 105/2020/TT-BTC annex 1 (tax code and its check digit), ISO/IEC 7812-1 (card check digit),
Decision 1351/QD-BHXH (insurance card).
"""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

FOUND_BY = ("identifiers_cleartext_abroad", "sensitive_data_cleartext_abroad")
"""Rules that find what these people's records hold, wherever they are read."""


def _table(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PROVINCES = _table(
    "001 002 004 006 008 010 011 012 014 015 017 019 020 022 024 025 026 027 030 031 033 034 035 036 037 038 040 042 "
    "044 045 046 048 049 051 052 054 056 058 060 062 064 066 067 068 070 072 074 075 077 079 080 082 083 084 086 087 "
    "089 091 092 093 094 095 096"
)
"""Codes of the province of birth registration that personal numbers begin with."""

MOBILES = _table(
    "032 033 034 035 036 037 038 039 070 076 077 078 079 081 082 083 084 085 086 088 090 091 093 094 096 098"
)
BANKS = _table("970436 970415 970418 970405 970407 970422 970416 970403")
INSURANCE_GROUPS = _table("DN HC CH HT TE HS GD")

_FAMILY = _table("Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý")
_MIDDLE = {False: _table("Văn Hữu Đức Quang Minh Xuân"), True: _table("Thị Ngọc Thu Thanh Mai Bích")}
_GIVEN = {
    False: _table("An Bình Cường Dũng Hải Hùng Khoa Long Nam Phong Quân Sơn Tuấn Việt"),
    True: _table("Anh Châu Dung Hà Hạnh Hoa Hương Lan Linh Nga Nhung Oanh Thảo Yến"),
}
_STREETS = ("Hoa Sữa", "Bằng Lăng", "Phượng Vĩ", "Tre Xanh", "Sông Quê", "Đồng Lúa")
_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person, keyed as the columns of a register would be."""

    ho_ten: str
    ngay_sinh: str  # dd/mm/yyyy
    so_cccd: str  # 12 digits
    dien_thoai: str
    ma_so_thue: str
    ma_the_bhyt: str  # 15 characters
    so_the: str  # bank card, 16 digits
    email: str
    dia_chi: str

    @property
    def fields(self) -> dict[str, str]:
        """Return the fields by their names."""
        return asdict(self)


COLUMNS = tuple(Person.__dataclass_fields__)


def person(rng: random.Random) -> Person:
    """Invent one person."""
    woman = rng.random() < 0.5
    year = rng.randint(1950, 2007)
    names = (rng.choice(_FAMILY), rng.choice(_MIDDLE[woman]), rng.choice(_GIVEN[woman]))
    return Person(
        ho_ten=" ".join(names),
        ngay_sinh=f"{rng.randint(1, 28):02}/{rng.randint(1, 12):02}/{year}",
        so_cccd=personal_number(rng, year, woman=woman),
        dien_thoai=rng.choice(MOBILES) + _digits(rng, 7),
        ma_so_thue=tax_code(rng),
        ma_the_bhyt=f"{rng.choice(INSURANCE_GROUPS)}{rng.randint(1, 5)}{rng.choice(PROVINCES)[1:]}{_digits(rng, 10)}",
        so_the=card_number(rng),
        email=f"{_ascii(names[2])}.{_ascii(names[0])}{rng.randint(1, 999)}@mail.example",
        dia_chi=f"Số {rng.randint(1, 400)} đường {rng.choice(_STREETS)}",
    )


def people(rng: random.Random, count: int) -> list[Person]:
    """Invent several people."""
    return [person(rng) for _ in range(count)]


def csv(register: Iterable[Person]) -> bytes:
    """Return people as a CSV file in UTF-8 with a header line."""
    rows = (",".join(one.fields.values()) for one in register)
    return "\r\n".join([",".join(COLUMNS), *rows, ""]).encode()


def personal_number(rng: random.Random, year: int, *, woman: bool) -> str:
    """Return province, century and sex, two digits of the birth year, six random digits: there is no check digit."""
    return f"{rng.choice(PROVINCES)}{(year // 100 - 19) * 2 + woman}{year % 100:02}{_digits(rng, 6)}"


def tax_code(rng: random.Random) -> str:
    """Return ten digits, the last of them the check digit; of some stems there is no code, those are passed over."""
    while True:
        stem = f"{rng.randint(1, 60):02}{rng.randint(1, 9_999_999):07}"
        remainder = sum(int(digit) * weight for digit, weight in zip(stem, _TAX_WEIGHTS, strict=True)) % 11
        if remainder:
            return f"{stem}{10 - remainder}"


def card_number(rng: random.Random) -> str:
    """Return a 16-digit number of a domestic card range whose last digit is the Luhn check digit."""
    stem = rng.choice(BANKS) + _digits(rng, 9)
    doubled = (int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(stem))
    return f"{stem}{-sum(n // 10 + n % 10 for n in doubled) % 10}"


def _digits(rng: random.Random, count: int) -> str:
    return f"{rng.randrange(10**count):0{count}}"


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
    return "".join(letter for letter in plain if letter.isascii())
