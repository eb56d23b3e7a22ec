"""What a person did wrong, said in one sentence with its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong and where: ``path:line: message`` as compilers print it."""

    path: str
    line: int | None
    message: str

    def __str__(self) -> str:
        """Return ``path:line: message``, leaving out what is not known."""
        place = f"{self.path}:{self.line}" if self.path and self.line else self.path
        return f"{place}: {self.message}" if place else self.message


class CrossborderError(Exception):
    """A person's mistake: configuration, rule, file, permission. Printed without traceback, exit 2.

    Never raised for what arrives on the wire: that is a counted drop (`model.DropReason`).
    All faults found are collected and told at once, in the order of the files.
    """

    def __init__(self, *faults: Fault | str) -> None:
        """Take faults with their place, or bare sentences."""
        self.faults = [f if isinstance(f, Fault) else Fault("", None, f) for f in faults]
        super().__init__("\n".join(str(f) for f in self.faults))

    @classmethod
    def at(cls, path: Path | str, message: str, line: int | None = None) -> CrossborderError:
        """Make the error of one fault in one file."""
        return cls(Fault(str(path), line, message))

    @classmethod
    def joined(cls, errors: Iterable[CrossborderError]) -> CrossborderError:
        """Join several errors into one that tells every fault, once: a file that several need is read by each."""
        return cls(*dict.fromkeys(fault for error in errors for fault in error.faults))


class Attempts:
    """Collects what goes wrong with several things, so that all of it is told at once."""

    def __init__(self) -> None:
        """Begin with nothing wrong."""
        self.errors: list[CrossborderError] = []

    def attempt(self, make: Callable[[], T]) -> T | None:
        """Return what is made, or None when it raised CrossborderError, which is kept."""
        try:
            return make()
        except CrossborderError as error:
            self.errors.append(error)
            return None
