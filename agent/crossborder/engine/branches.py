"""The alternatives of a pattern, and the labels that each of them cannot do without."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

from crossborder.engine.written import LABEL, label_forms, written_out

if TYPE_CHECKING:
    from collections.abc import Sequence

_VEIL = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]")
_PERHAPS = re.compile(r"[?*]|\{0")


class Branch(NamedTuple):
    """One alternative of a pattern."""

    pattern: str
    before: str  # the part of it before the label that every match holds
    labels: list[bytes]  # the forms of that label, a space for any white space; none: it needs no label


def branches(pattern: str, labels: Sequence[str], words: Sequence[str]) -> list[Branch]:
    """Return the alternatives of a pattern, with the labels that must stand in each."""
    forms = sorted({" ".join(form.split()).encode() for form in label_forms(labels)})
    return [_branch(part, written_out(part, labels, words), forms) for part in _parted(pattern)]


def _branch(part: str, pattern: str, forms: list[bytes]) -> Branch:
    before, found, after = part.partition(LABEL)
    veiled = _VEIL.sub("", before)
    needed = found and veiled.count("(") == veiled.count(")") and not _PERHAPS.match(after)
    return Branch(pattern, before, forms) if needed else Branch(pattern, "", [])


def _parted(pattern: str) -> list[str]:
    """Return the alternatives as they are written."""
    veiled = _VEIL.sub(lambda found: "." * len(found[0]), pattern)
    depths = accumulate((letter == "(") - (letter == ")") for letter in veiled)
    cuts = [at for at, (letter, depth) in enumerate(zip(veiled, depths, strict=True)) if letter == "|" and depth == 0]
    return [pattern[start + 1 : end] for start, end in pairwise([-1, *cuts, len(pattern)])] if pattern else []
