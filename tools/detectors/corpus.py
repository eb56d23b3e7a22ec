"""What a text of the corpus is, and the whole corpus of a seed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LABELLED: Final = "labelled"
CHECKED: Final = "check digit"
ALONE: Final = "by itself"
BULK: Final = "in bulk"


class Example(NamedTuple):
    """A text, and what is truly in it."""

    data: bytes
    holds: Mapping[str, str] = {}  # detector → the form in which its value is there
    records: int = 1  # distinct values of each that are there
    also: frozenset[str] = frozenset()  # detectors that are right too and not asked for
    about: str = ""  # what kind of text: for those who read what went wrong

    @property
    def is_bulk(self) -> bool:
        """Tell whether this is an export, or looks like one."""
        return self.records > 1


class Sizes(NamedTuple):
    """How much of each is made."""

    single: int  # texts for each detector and form
    bulk: int  # exports for each detector that knows exports
    negative: int  # texts of each kind that hold nothing
    bulk_negative: int  # exports of each kind that hold nothing


FULL: Final = Sizes(700, 120, 8_000, 60)
SAMPLE: Final = Sizes(20, 4, 60, 2)


def corpus(seed: int, sizes: Sizes) -> Iterator[Example]:
    """Make the corpus: the same texts from the same seed."""
    from tools.detectors import exports, files, labelled, lookalikes, unlabelled

    for at, room in enumerate((labelled, unlabelled, files, exports, lookalikes)):
        yield from room.examples(random.Random(f"{seed}/{at}"), sizes)  # noqa: S311 - a corpus, no secret
