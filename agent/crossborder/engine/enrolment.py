"""Reads a unit's own list of identifiers and keeps their keyed hashes alone, of each form in which they are seen."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from crossborder.engine.portable.search.validate import Grade, check

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossborder.keyfile import Key

TOLD_LIMIT: Final = 20
"""Lines that are told of; what is wrong further on is counted."""
_SEPARATORS: Final = b" .-()+"
_EMAIL: Final = re.compile(rb"[^@\s]+@[^@\s]+\.[^@\s.]+")
_CODE: Final = re.compile(rb"[A-Z0-9]{6,20}")
_HAS_DIGIT: Final = re.compile(rb"[0-9]")
_DIGITS: Final = range(6, 21)
_PHONES: Final = ("mobile-phone", "fixed-phone")


def forms(value: bytes) -> set[bytes]:
    """Return the normal forms in which detectors may see an identifier; none when it is no identifier of a person.

    Digits are digits; where they make a telephone number, what follows the trunk stands for it too. Letters and digits
    count in capitals and without separators, and as they stand; an address of mail in small letters, and as it stands.
    """
    bare = value.translate(None, _SEPARATORS)
    if bare.isdigit():
        found = [check(name, value) for name in _PHONES] if _may_be_phone(bare) else []
        if len(bare) in _DIGITS:
            found.append(check("digits", value))
        return {normal for grade, normal in found if grade is not Grade.WRONG}
    if b"@" in value:
        return {value, value.lower()} if _EMAIL.fullmatch(value) else set()
    code = check("compact", value)[1]
    return {code, value} if _CODE.fullmatch(code) and _HAS_DIGIT.search(code) else set()


def _may_be_phone(digits: bytes) -> bool:
    """Tell quickly what is none: most lists are of personal numbers, by the million."""
    return len(digits) in {10, 11} if digits.startswith(b"0") else len(digits) in {11, 12} and digits.startswith(b"84")


class Enrolment:
    """Keyed hashes of a list of identifiers, and the lines that hold none."""

    def __init__(self, key: Key) -> None:
        """Begin with nobody."""
        self.hashes = bytearray()  # 8 bytes each, some perhaps twice
        self.identifiers = 0
        self.wrong = 0
        self.faults: list[tuple[int, str]] = []  # the first of them: line and why, never what stands there
        self._key = key.secret
        self._line = 0
        self._may_be_head = True

    def take(self, lines: Iterable[bytes]) -> None:
        """Take the next lines of a CSV of one column, with or without a head."""
        hashes, key = self.hashes, self._key
        for line in lines:
            self._line += 1
            value = line.strip(b"\xef\xbb\xbf \t\r\n").removeprefix(b'"').removesuffix(b'"').strip()
            if not value:
                continue
            found = forms(value)
            for form in found:
                hashes += hashlib.blake2b(form, digest_size=8, key=key).digest()
            if found:
                self.identifiers += 1
            elif not (self._may_be_head and not _HAS_DIGIT.search(value)):
                self._fault(value)
            self._may_be_head = False

    def _fault(self, value: bytes) -> None:
        self.wrong += 1
        if len(self.faults) < TOLD_LIMIT:
            several = any(mark in value for mark in (b",", b";", b"\t"))
            why = (
                "more than one column" if several else "no identifier: 6 to 20 digits or letters, or an e-mail address"
            )
            self.faults.append((self._line, why))
