"""Tells who of a text is in a register; the native engine's `search::register` says the same in Rust."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from crossborder.engine.portable.search.bulk import Crowd
from crossborder.engine.portable.search.validate import Grade
from crossborder.engine.register import FEW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from crossborder.engine.register import Register


class Asked(NamedTuple):
    """An identifier of which is asked whose it is."""

    detector: int
    hash: int
    row: int
    at: int  # where it stands in the text
    sample: str  # masked


class Roll:
    """What was asked of registers, by register and detector."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self._crowds: dict[tuple[int, int], Crowd] = {}

    def end_text(self, size: int) -> None:
        """Learn that a text of so many bytes ends."""
        for crowd in self._crowds.values():
            crowd.end_text(size)

    def call(
        self, registers: Sequence[Register], asked: Asked, is_labelled: Callable[[], bool]
    ) -> Iterator[tuple[Register, int, int, str]]:
        """Yield who is known now: register, hash, row and sample.

        A register that takes strangers for its own waits for a label, or for more of its own.
        """
        for which, register in enumerate(registers):
            crowd = self._crowds.setdefault((which, asked.detector), Crowd(FEW))
            is_in = register.holds(asked.hash)
            crowd.see(Grade.LIKELY if is_in else Grade.POSSIBLE)
            if not is_in:
                continue
            if register.is_exact or crowd.is_export or is_labelled():
                yield register, asked.hash, asked.row, asked.sample
                continue
            for held in crowd.hold(asked.hash, asked.row, asked.at, asked.sample):
                yield register, held.hash, held.row, held.sample
