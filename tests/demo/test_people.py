"""The invented identifiers validate by their published rules, judged here by code that did not make them."""

from __future__ import annotations

import random
import re

import pytest

from crossborder.demo import people

PERSONS = people.people(random.Random(7), 400)  # noqa: S311 - inventions to look at, no secrets


def _tax_code_is_valid(code: str) -> bool:
    """Circular 105/2020/TT-BTC, annex 1."""
    weights = (31, 29, 23, 19, 17, 13, 7, 5, 3)
    return len(code) == 10 and 10 - sum(w * int(d) for w, d in zip(weights, code, strict=False)) % 11 == int(code[9])


def _luhn_is_valid(number: str) -> bool:
    """ISO/IEC 7812-1, annex B: every second digit from the right but the last is doubled."""
    digits = [int(digit) for digit in reversed(number)]
    return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0


@pytest.mark.parametrize("code", ["0100233488", "0314409058", "0100047516", "0100109106"])
def test_the_judge_of_tax_codes_knows_real_ones(code: str) -> None:
    """Published codes pass and a made-up one does not: the judge can fail."""
    assert _tax_code_is_valid(code)
    assert not _tax_code_is_valid("0301234567")


def test_the_judge_of_cards_can_fail() -> None:
    """The example of the standard passes, its neighbour does not."""
    assert _luhn_is_valid("79927398713")
    assert not _luhn_is_valid("79927398714")


def test_tax_codes_and_cards_have_their_check_digits() -> None:
    """Each of many, not one that happened to."""
    assert all(_tax_code_is_valid(person.ma_so_thue) for person in PERSONS)
    assert all(len(person.so_the) == 16 and person.so_the.startswith("9704") for person in PERSONS)
    assert all(_luhn_is_valid(person.so_the) for person in PERSONS)


def test_personal_numbers_tell_province_sex_and_birth_year() -> None:
    """Decree 137/2015, Article 13: three digits of place, one of century and sex, two of the year, six at random."""
    for person in PERSONS:
        year = int(person.ngay_sinh[-4:])
        number = person.so_cccd

        assert re.fullmatch(r"\d{12}", number)
        assert number[:3] in people.PROVINCES
        assert int(number[3]) // 2 == year // 100 - 19
        assert int(number[4:6]) == year % 100


def test_phones_insurance_cards_and_mail_addresses_have_their_forms() -> None:
    """Mobile numbers have ten digits, insurance cards fifteen characters, mail goes to a reserved domain."""
    for person in PERSONS:
        assert re.fullmatch(r"0[35789]\d{8}", person.dien_thoai)
        assert re.fullmatch(r"[A-Z]{2}[1-5]\d{12}", person.ma_the_bhyt)
        assert re.fullmatch(r"[a-z]+\.[a-z]+\d+@mail\.example", person.email)


def test_both_sexes_occur_and_numbers_differ() -> None:
    """A register of one person copied would teach nothing."""
    assert {int(person.so_cccd[3]) % 2 for person in PERSONS} == {0, 1}
    assert len({person.so_cccd for person in PERSONS}) == len(PERSONS)
