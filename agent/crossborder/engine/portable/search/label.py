"""Words beside a value that say what it is: with diacritics or without, composed or not, joined as programs do."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

CONTEXT: Final = 64  # bytes before a value in which its label may stand
_GAP: Final = 32  # characters between a label and its value, folded
_OTHER_VALUE: Final = re.compile(r"(?:[0-9][^0-9]*){4}")  # however they are grouped
_CUT: Final = re.compile(rb"[\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_OTHERS: Final = re.compile(r"[^a-z0-9]+")
_TONES: Final = "\u0300\u0301\u0303\u0309\u0323"


def _letters() -> dict[int, str]:
    """Return the letters of Vietnamese, each with the letter it is without diacritics."""
    bases = {"a": "aăâ", "e": "eê", "i": "i", "o": "oôơ", "u": "uư", "y": "y"}
    forms = {
        unicodedata.normalize("NFC", letter + tone): base
        for base, letters in bases.items()
        for letter in letters
        for tone in ("", *_TONES)
    }
    small = {form: base for form, base in forms.items() if not form.isascii()} | {"đ": "d"}
    return {ord(case): base for form, base in small.items() for case in (form, form.upper())}


_PLAIN: Final = _letters() | dict.fromkeys(range(0x300, 0x370), "")


def fold(data: bytes) -> str:
    """Return text as labels are compared: small ASCII letters and digits, all else one space; `soCccd` is two words."""
    text = data.decode("utf-8", "replace")
    spaced = _CAMEL.sub(" ", text).translate(_PLAIN)
    return _OTHERS.sub(" ", _small(spaced)).strip()


def _small(text: str) -> str:
    """Return a text with the capitals of ASCII made small; `lower` makes ASCII of others too, as of the Kelvin sign."""
    return text.translate(_CAPITALS)


_CAPITALS: Final = {ord("A") + at: chr(ord("a") + at) for at in range(26)}


def is_labelled(data: bytes, start: int, labels: Sequence[str]) -> bool:
    """Tell whether one of the labels (folded) stands before a value, with no other value in between."""
    if not labels:
        return False
    begin = max(start - CONTEXT, 0)
    context = data[begin:start]
    if begin:
        cut = _CUT.search(context)
        context = context[cut.start() :] if cut else b""
    folded = fold(context)
    return any(_stands_in(folded, label) for label in labels)


def _stands_in(folded: str, label: str) -> bool:
    at = f" {folded} ".rfind(f" {label} ")
    if at < 0:
        return False
    gap = folded[at + len(label) :]
    return len(gap) <= _GAP and not _OTHER_VALUE.search(gap)
