"""How people and programs write labels and names: what stands for them in the patterns of detectors."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LABEL = "{label}"
"""In a pattern: any of the labels, with or without diacritics, in small or capital letters, as names or fields are."""
WORD = "{word}"
"""In a pattern: any of the words, as a name is written: with or without diacritics, in capitals or beginning so."""
BESIDE = "{beside}"
"""In a pattern: what stands between a label and its value and says that they belong together."""
_WORDS = r"""[^\n:=<>"0-9.;]{0,40}"""
_BESIDE = (
    r"(?:(?:[ ]\([^()\n0-9]{1,40}\))?[ ]{1,2}"  # CMND 012345678, CMND (if any) 012345678
    rf"""|{_WORDS}(?:["']?\s{{0,3}}(?:[:=]>?|>)\s{{0,3}}["']?(?:<!\[CDATA\[)?"""  # CMND of mine: 012345678
    r"|[ ]l(?:\xc3\xa0|a\xcc\x80|a)[ ]|[ \t]{1,2}[-|][ ]"  # CMND of mine "is" 012345678
    r"|\s{0,4}</[a-zA-Z]{1,8}>\s{0,8}<[a-z]{1,8}[^>\n]{0,40}>\s{0,3})"  # cells of a page
    r"|[ \t]{0,2}[,;|\t][ \t]{0,2}|:?[ \t]{0,2}\r?\n[ \t]{0,4})"  # cells of a table, and the line below
)


def written_out(pattern: str, labels: Sequence[str], words: Sequence[str]) -> str:
    """Return a pattern with what its placeholders stand for."""
    labelled, worded = (_any(tuple(texts), cases) for texts, cases in ((labels, _fields), (words, _names)))
    return pattern.replace(LABEL, labelled).replace(BESIDE, _BESIDE).replace(WORD, worded)


def label_forms(labels: Sequence[str]) -> frozenset[str]:
    """Return all the ways in which labels are written."""
    return _forms(tuple(labels), _fields)


def plain(text: str) -> str:
    """Return a text without the diacritics of Vietnamese."""
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in apart if not "\u0300" <= letter <= "\u036f")


def fold(text: str) -> str:
    """Return a text as labels are compared: small ASCII letters and digits, all else one space."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain(text))
    return " ".join(re.findall(r"[a-z0-9]+", spaced.lower()))


def _fields(text: str) -> set[str]:
    """Return the ways a label is written, by people and as the name of a field."""
    first, *others = text.split()
    joined = {first.lower() + "".join(map(case, others)) for case in (str.capitalize, _capital)}
    return _names(text) | joined | {text.lower(), text.lower().replace(" ", "_"), text.upper().replace(" ", "_")}


def _names(text: str) -> set[str]:
    return {text, text.upper(), text.title(), text.capitalize(), _capital(text)}


def _capital(text: str) -> str:
    """Return a text that begins with a capital and goes on as it is: BHXH stays."""
    return text[:1].upper() + text[1:]


@cache
def _any(texts: tuple[str, ...], cases: Callable[[str], set[str]]) -> str:
    """Return a pattern of all the ways texts are written, longest first: an alternation takes the first that fits."""
    return f"(?:{'|'.join(_spaced(form) for form in sorted(_forms(texts, cases), key=_longest))})"


@cache
def _forms(texts: tuple[str, ...], cases: Callable[[str], set[str]]) -> frozenset[str]:
    forms = frozenset(form for text in texts for written in (text, plain(text)) for form in cases(written))
    return forms | {unicodedata.normalize("NFD", form) for form in forms}


def _spaced(form: str) -> str:
    return r"\s{1,3}".join(map(re.escape, form.split()))


def _longest(form: str) -> tuple[int, str]:
    return -len(form), form
