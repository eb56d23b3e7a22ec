"""The catalog: Decision 20/2025/QĐ-TTg as data, every item with how well it is known, read from one file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from crossborder import yamlfile
from crossborder.errors import CrossborderError
from crossborder.match.head import Day, Text, some
from crossborder.match.ruleset import EVIDENCE, Evidence

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from pathlib import Path

    from crossborder.errors import Fault
    from crossborder.yamlfile import Document

Class = Literal["core", "important"]
PersonKind = Literal["basic", "sensitive", "bank"]
Holder = Literal["state", "party", "any"]
Threshold = Literal["none", "unknown", "bands"]

SECTIONS: dict[Class, str] = {"core": "I", "important": "II"}
"""Class of data → section of the annex that lists it."""


@dataclass(frozen=True, slots=True)
class Band:
    """From how many Vietnamese citizens on, cumulative, data of a kind belong to a class."""

    kind: PersonKind
    category: Class
    citizens: int
    item: str  # id of its item, as core:I.26
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the annex. What is not known is None."""

    category: Class
    name: str  # its number (I.26, or the range I.13-I.24), else our own name for it (inspection)
    numbers: tuple[str, ...]  # every number it stands for; none where the number is not known
    vi: str | None
    en: str | None
    reconstructed: bool  # the Vietnamese is translated back, not the official wording
    holder: Holder | None
    threshold: Threshold
    bands: tuple[Band, ...]  # those whose bound is known, from few citizens to many
    unknown_bands: tuple[PersonKind, ...]  # kinds that have a band nobody knows the bound of: never counted
    evidence: Evidence
    topics: tuple[str, ...]
    note: str
    includes: Class | None  # the class all of whose items it takes in: II.1 takes in the core data
    line: int

    @property
    def id(self) -> str:
        """Return what assets, rules and detectors call it: core:I.26, important:inspection."""
        return f"{self.category}:{self.name}"

    @property
    def ids(self) -> frozenset[str]:
        """Return every name it answers to: that of a range, and of each number within."""
        return frozenset({self.id, *(f"{self.category}:{number}" for number in self.numbers)})


@dataclass(frozen=True, slots=True)
class Missing:
    """Entries of a section of which not even the topic is known."""

    category: Class
    at_least: int
    of: int
    note: str


@dataclass(frozen=True, slots=True, eq=False)
class Catalog:
    """The annex of one instrument. Immutable."""

    instrument: str
    in_force_from: dt.date
    counted_since: dt.date
    official_text: str
    items: tuple[Item, ...]
    missing: tuple[Missing, ...]
    path: str
    _by_id: dict[str, Item] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the items by every name."""
        object.__setattr__(self, "_by_id", {name: item for item in self.items for name in item.ids})

    @classmethod
    def read(cls, path: Path) -> Catalog:
        """Read a catalog; raises CrossborderError with every fault at its line."""
        document = yamlfile.read(path)
        file = yamlfile.fill(document, _File)
        faults = sorted(_wrong(document, file))
        if faults:
            raise CrossborderError(*faults)
        items = tuple(_item(document, section, at, entry) for section, at, entry in file.entries())
        missing = tuple(Missing(m.category, m.at_least, m.of, m.note) for m in file.missing)
        return cls(
            file.instrument, file.in_force_from, file.counted_since, file.official_text, items, missing, document.path
        )

    @property
    def ids(self) -> frozenset[str]:
        """Return every name an item answers to, as core:I.26."""
        return frozenset(self._by_id)

    def find(self, name: str) -> Item | None:
        """Return the item of a name as core:I.26 or, without its class, I.26; None when there is none."""
        return self._by_id.get(name) or next((i for c in SECTIONS if (i := self._by_id.get(f"{c}:{name}"))), None)

    def reach(self, item: Item) -> frozenset[str]:
        """Return every name of an item and of the items it takes in: II.1 reaches all of section I."""
        inside = (other.ids for other in self.items if other.category == item.includes)
        return item.ids.union(*inside)

    def classes(self, item: Item) -> frozenset[Class]:
        """Return the classes an item belongs to: its own, and those with an item that takes it in."""
        return frozenset({item.category, *(other.category for other in self.items if other.includes == item.category)})

    def bands(self) -> tuple[Band, ...]:
        """Return every band whose bound is known; a bound nobody knows is in `Item.unknown_bands` and never counts."""
        return tuple(band for item in self.items for band in item.bands)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Band(_Part):
    kind: PersonKind
    citizens: Annotated[int, Field(gt=0)] | None
    point: Text | None = None
    evidence: Evidence
    sources: tuple[Text, ...] = ()
    note: str = ""

    @model_validator(mode="after")
    def _known(self) -> Self:
        if (self.citizens is None) != (self.evidence == "unverified"):
            raise ValueError("a bound that is not known is unverified, and an unverified bound is left null")
        return self


_NUMBER = r"(?:II|I)\.[1-9][0-9]?"


class _Entry(_Part):
    number: Annotated[str, Field(pattern=rf"^{_NUMBER}(?:-{_NUMBER})?$")] | None = None
    slug: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$")] | None = None
    vi: Text | None
    en: Text | None
    reconstructed: bool = False
    holder: Holder | None
    threshold: Threshold
    bands: tuple[_Band, ...] = ()
    evidence: Evidence
    sources: Annotated[tuple[Text, ...], AfterValidator(some)]
    topics: tuple[Text, ...] = ()
    note: str = ""
    includes: Class | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.number is None) == (self.slug is None):
            raise ValueError("an item has a number, or a slug where the number is not known")
        if (self.threshold == "bands") != bool(self.bands):
            raise ValueError("bands stand where the threshold is bands, and only there")
        if self.vi is None and self.evidence != "unverified":
            raise ValueError("an item whose wording is not known is unverified")
        return self

    def numbers(self) -> tuple[str, ...]:
        """Return every number of a range, or the one, or none."""
        first, _, last = (self.number or "").partition("-")
        if not last:
            return (first,) if first else ()
        section, begin, end = first.partition(".")[0], int(first.partition(".")[2]), int(last.partition(".")[2])
        return tuple(f"{section}.{n}" for n in range(begin, end + 1))


class _Missing(_Part):
    category: Class
    at_least: Annotated[int, Field(gt=0)]
    of: Annotated[int, Field(gt=0)]
    note: str = ""


class _File(_Part):
    instrument: Text
    vi: Text
    en: Text
    in_force_from: Day
    counted_since: Day
    excludes: Text
    official_text: Text
    core: Annotated[tuple[_Entry, ...], AfterValidator(some)]
    important: Annotated[tuple[_Entry, ...], AfterValidator(some)]
    missing: tuple[_Missing, ...] = ()
    sources: dict[str, Text]

    def entries(self) -> Iterator[tuple[Class, int, _Entry]]:
        """Yield every entry with its section and place."""
        for section in SECTIONS:
            for at, entry in enumerate(getattr(self, section)):
                yield section, at, entry


def _item(document: Document, section: Class, at: int, entry: _Entry) -> Item:
    name = entry.number or entry.slug or ""
    known = [
        Band(band.kind, section, band.citizens, f"{section}:{name}", band.evidence)
        for band in entry.bands
        if band.citizens is not None
    ]
    return Item(
        category=section,
        name=name,
        numbers=entry.numbers(),
        vi=entry.vi,
        en=entry.en,
        reconstructed=entry.reconstructed,
        holder=entry.holder,
        threshold=entry.threshold,
        bands=tuple(sorted(known, key=lambda band: band.citizens)),
        unknown_bands=tuple(band.kind for band in entry.bands if band.citizens is None),
        evidence=entry.evidence,
        topics=entry.topics,
        note=entry.note,
        includes=entry.includes,
        line=document.line((section, at)) or 1,
    )


def _wrong(document: Document, file: _File) -> Iterator[Fault]:
    """Find what only shows when entries are seen together: numbers of another section, doubles, unnamed sources."""
    taken: dict[str, int | None] = {}
    for section, at, entry in file.entries():
        for number in entry.numbers() or (entry.slug or "",):
            line = document.line((section, at))
            if entry.number and not re.match(rf"{SECTIONS[section]}\.", number):
                yield document.fault(f"{number} is not of section {SECTIONS[section]}", section, at, "number")
            first = taken.setdefault(f"{section}:{number}", line)
            if first != line:
                yield document.fault(f"item {number} is given twice, first on line {first}", section, at)
        kinds = [band.kind for band in entry.bands]
        if len(set(kinds)) < len(kinds):
            yield document.fault("a kind has one band", section, at, "bands")
        for source in (*entry.sources, *(source for band in entry.bands for source in band.sources)):
            if source not in file.sources:
                yield document.fault(f"source {source!r} is not among the sources", section, at, "sources")


def better(one: Evidence, other: Evidence) -> bool:
    """Tell whether a grade claims more than another."""
    return EVIDENCE.index(one) < EVIDENCE.index(other)
