"""What points at the matches of a pattern, so that not every byte need be asked: words its labels cannot do without."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from heapq import heapify, heapreplace
from itertools import accumulate, chain, compress, pairwise
from typing import TYPE_CHECKING, NamedTuple

from crossborder.engine.written import LABEL, label_forms, written_out

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMON = frozenset({b"the", b"han", b"ten", b"nam", b"ame", b"and", b"inh", b"anh", b"ong", b"so", b"ho"})
"""Pieces that stand in words of every kind: looked for only where nothing else will do."""
_VEIL = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]])*\]")
_NO_WIDTH = re.compile(r"\\b|\(\?m:\^\)")
_PERHAPS = re.compile(r"[?*]|\{0")
_SIZES = (3, 4, 5, 6)  # bytes of a piece
_LEAST = min(_SIZES)
_MARGIN = 64  # bytes that may stand before a label in a pattern, where it is not plain how many do


class Branch(NamedTuple):
    """One alternative of a pattern."""

    pattern: str
    hints: list[bytes]  # every match holds one of these; none: nothing is known
    lead: int  # bytes, at most, from the beginning of a match to the end of what a hint stands in


def branches(pattern: str, labels: Sequence[str], words: Sequence[str]) -> list[Branch]:
    """Return the alternatives of a pattern, with what must stand in each."""
    return [_branch(part, labels, words) for part in _parted(pattern)]


def _branch(part: str, labels: Sequence[str], words: Sequence[str]) -> Branch:
    before, found, after = part.partition(LABEL)
    veiled = _VEIL.sub("", before)
    needed = found and veiled.count("(") == veiled.count(")") and not _PERHAPS.match(after)
    if not needed:
        return Branch(written_out(part, labels, words), [], 0)
    longest = max(len(form.encode()) + 2 * form.count(" ") for form in label_forms(labels))
    lead = longest + (_MARGIN if _NO_WIDTH.sub("", before) else 0)
    return Branch(written_out(part, labels, words), list(_hints(tuple(labels))), lead)


def _parted(pattern: str) -> list[str]:
    """Return the alternatives as they are written."""
    veiled = _VEIL.sub(lambda found: "." * len(found[0]), pattern)
    depths = accumulate((letter == "(") - (letter == ")") for letter in veiled)
    cuts = [at for at, (letter, depth) in enumerate(zip(veiled, depths, strict=True)) if letter == "|" and depth == 0]
    return [pattern[start + 1 : end] for start, end in pairwise([-1, *cuts, len(pattern)])] if pattern else []


@cache
def _hints(labels: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return few pieces of words of which every way of writing the labels holds one."""
    left = [_form(form) for form in label_forms(labels)]
    counts = Counter(chain.from_iterable(parts for _, parts in left))
    parts = sorted(counts, reverse=True)  # of equals the last
    ranks = [_rarity(part) for part in parts]
    heap = [(-counts[part] * rank, at) for at, (part, rank) in enumerate(zip(parts, ranks, strict=True))]
    heapify(heap)
    hints: list[bytes] = []
    while left:
        worth, at = heap[0]
        best = parts[at]
        if worth != -counts[best] * ranks[at]:  # forms that it stood in are out
            heapreplace(heap, (-counts[best] * ranks[at], at))
            continue
        hints.append(best)
        held = [_stands_in(best, *form) for form in left]
        counts.subtract(chain.from_iterable(parts for _, parts in compress(left, held)))
        left = [form for form, out in zip(left, held, strict=True) if not out]
    return tuple(hints)


def _form(form: str) -> tuple[list[bytes], frozenset[bytes]]:
    """Return the words of a way of writing a label, and all their pieces."""
    words = [word.encode() for word in form.replace("_", " ").split()]
    return words, frozenset().union(*map(_parts, words))


def _stands_in(part: bytes, words: list[bytes], parts: frozenset[bytes]) -> bool:
    return part in parts or (len(part) < _LEAST and any(part in word for word in words))


def _rarity(part: bytes) -> float:
    """Return how much better a piece is to look for than another: long ones are seldom found in vain."""
    if part.lower() in _COMMON:
        return 0.01
    return len(part) ** 3 * (1 if part.isascii() else 4)


@cache
def _parts(word: bytes) -> frozenset[bytes]:
    """Return the pieces of a word of three to six bytes, or the whole of a shorter one."""
    if len(word) < _LEAST:
        return frozenset((word,))
    return frozenset(word[at : at + size] for size in _SIZES for at in range(len(word) - size + 1))
