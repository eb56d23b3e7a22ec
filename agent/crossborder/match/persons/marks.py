"""The marks a count can pass: the catalog's bands, and 80 % of each; and what was counted before the agent did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crossborder.kept import kept

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from crossborder.match.catalog import Band

KINDS = ("basic", "sensitive", "bank")
NEAR = 80  # percent of a band at which it is told that it comes


class Mark(NamedTuple):
    """A number of persons that is told once it is reached."""

    kind: str
    name: str  # important:basic, or important:basic:80%
    persons: int

    @property
    def category(self) -> str:
        """Return the class of the band: important or core."""
        return self.name.partition(":")[0]

    @property
    def is_band(self) -> bool:
        """Tell a band from the 80 % of one."""
        return self.name.count(":") == 1


class Balance(NamedTuple):
    """What the operator knows was transferred before the agent counted, or past it."""

    unit: str
    kind: str
    persons: int
    as_of: dt.date
    evidence: str
    note: str = ""


def marks_of(bands: Iterable[Band]) -> tuple[Mark, ...]:
    """Return the marks of the bands, from few persons to many."""
    marks = [
        mark
        for band in bands
        for name in [f"{band.category}:{band.kind}"]
        for mark in (
            Mark(band.kind, f"{name}:{NEAR}%", -(-band.citizens * NEAR // 100)),
            Mark(band.kind, name, band.citizens),
        )
    ]
    return tuple(sorted(marks, key=lambda mark: (mark.kind, mark.persons)))


def marks_in(catalog: Path, cache: Path | None) -> tuple[Mark, ...]:
    """Return the marks of the catalog in a file; `cache` is a folder to keep them in, for its reader loads long.

    Raises CrossborderError with every fault of the file.
    """

    def read() -> bytes:
        from crossborder.match.catalog import Catalog

        return json.dumps(marks_of(Catalog.read(catalog).bands())).encode()

    here = Path(__file__)
    try:
        of = b"\0".join(path.read_bytes() for path in (catalog, here, here.parents[1] / "catalog.py"))
    except OSError:
        return _loaded(read())  # which tells what cannot be read
    return _loaded(kept(cache, "marks", of, read))


def _loaded(text: bytes) -> tuple[Mark, ...]:
    return tuple(Mark(*mark) for mark in json.loads(text))


def opened_with(balances: Iterable[Balance]) -> Mapping[tuple[str, str], int]:
    """Return what each unit and kind begins with."""
    sums: dict[tuple[str, str], int] = {}
    for balance in balances:
        at = balance.unit, balance.kind
        sums[at] = sums.get(at, 0) + balance.persons
    return sums
