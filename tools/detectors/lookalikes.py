"""Texts that hold nothing and look as if: numbers of goods and orders, times, keys, laws and news about data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tools.detectors.corpus import Example
from tools.detectors.lookalike import code, numbers, prose, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from tools.detectors.corpus import Sizes

SINGLE: Final[dict[str, Callable[[Random], str | bytes]]] = {**numbers.KINDS, **prose.KINDS, **code.KINDS}


def examples(rng: Random, sizes: Sizes) -> Iterator[Example]:
    """Make so many of each kind."""
    for about, make in SINGLE.items():
        for _ in range(sizes.negative):
            text = make(rng)
            yield Example(text if isinstance(text, bytes) else text.encode(), about=about)
    for about, make_table in tables.KINDS.items():
        for _ in range(sizes.bulk_negative):
            count = rng.randrange(60, 200)
            yield Example(make_table(rng, count).encode(), records=count, about=about)
