"""Which permits fit which findings in all but time and ceilings: sender and data by face, recipients by column."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.match.permits import SIGNS, UNTAGGED
from crossborder.match.permits.recipients import MARKS, Recipients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossborder.match.permits.permit import Permit

MAX_FACES = 10_000
"""Most senders remembered: systems times what rules say; more begin anew."""

JOINED = "\x1f"
GROUP, FLOW = 0, 1
"""What a finding is about: flows of one sender to one country, to whomever they go; or one flow."""

SENDER = ("unit", "system", "categories", "category", "route", "about")


class Face(NamedTuple):
    """What of a finding tells which permits could be meant: who sends what, and by which route it should go."""

    unit: str | None
    system: str | None
    categories: str  # of the system, joined
    category: str  # of the rule
    route: str | None  # of the rule
    about: int  # FLOW or GROUP


class Fitting:
    """The permits in force, laid out so that a batch is asked at once."""

    def __init__(self, permits: tuple[Permit, ...]) -> None:
        """Take permits; numbers in answers are their places."""
        self.permits = permits
        self._by_sender: dict[tuple[str, str], list[int]] = defaultdict(list)
        for at, permit in enumerate(permits):
            for kind, names in (("system", permit.sender.systems), ("unit", permit.sender.units)):
                for name in names:
                    self._by_sender[kind, name].append(at)
        self._known: dict[Face, tuple[int, ...]] = {}

    @cached_property
    def _recipients(self) -> Recipients:
        return Recipients(self.permits)

    @cached_property
    def _countries(self) -> pl.DataFrame:
        rows = [(country, at) for at, permit in enumerate(self.permits) for country in set(permit.countries)]
        return pl.DataFrame(rows, schema={"country": pl.String, "permit": pl.UInt32}, orient="row")

    @cached_property
    def _anybody(self) -> pl.DataFrame:
        rows = [at for at, permit in enumerate(self.permits) if not permit.recipients]
        return pl.DataFrame({"permit": rows}, schema={"permit": pl.UInt32})

    def faces(self, found: pl.DataFrame) -> pl.DataFrame:
        """Return the faces of findings, one row each: the columns of SENDER, and `at`, the findings that have it."""
        joined = pl.col("categories").list.join(JOINED).fill_null("")
        return found.with_columns(joined).group_by(SENDER, maintain_order=True).agg("at").with_row_index("face")

    def fits(self, faces: pl.DataFrame) -> pl.DataFrame:
        """Return every pair of face and permit of which sender, data and route fit."""
        fits = [self._of(Face(*row)) for row in faces.select(SENDER).iter_rows()]
        numbers = pl.Series("permit", fits, pl.List(pl.UInt32))
        return faces.select("face", numbers).explode("permit").drop_nulls()

    def pairs(self, found: pl.DataFrame, fits: pl.DataFrame) -> pl.DataFrame:
        """Return the pairs of finding and permit, `at` and `permit`, that also fit in recipient and country.

        `found` has `at`, `face`, `country` and MARKS; `fits` is what `fits` said of the faces.
        """
        marks = found.unique(MARKS, maintain_order=True).select(MARKS).with_row_index("mark")
        known = self._recipients.of(marks.rename({"mark": "face"})).rename({"face": "mark"})
        marked = found.join(marks, on=MARKS, nulls_equal=True).join(known, on="mark")
        told = marked.join(fits, on=["face", "permit"], how="semi").select("at", "country", "permit")
        anybody = found.join(fits.join(self._anybody, on="permit", how="semi"), on="face")
        both = pl.concat([told, anybody.select("at", "country", "permit")])
        return both.join(self._countries, on=["country", "permit"], how="semi").select("at", "permit")

    def near(self, places: pl.DataFrame, fits: pl.DataFrame) -> pl.DataFrame:
        """Add to faces and countries, `face` and `country`, the permits that fit the face; `there`: the country too."""
        listed = self._countries.with_columns(there=pl.lit(value=True))
        joined = places.join(fits, on="face").join(listed, on=["country", "permit"], how="left")
        return joined.with_columns(pl.col("there").fill_null(value=False))

    def _of(self, face: Face) -> tuple[int, ...]:
        if face not in self._known:
            if len(self._known) >= MAX_FACES:
                self._known.clear()
            self._known[face] = tuple(self._fitting(face))
        return self._known[face]

    def _fitting(self, face: Face) -> Iterator[int]:
        named = (("system", face.system), ("unit", face.unit))
        places = {at for kind, name in named if name is not None for at in self._by_sender.get((kind, name), ())}
        for at in sorted(places):
            if _fits(self.permits[at], face):
                yield at


def _fits(permit: Permit, face: Face) -> bool:
    sender = permit.sender
    if (sender.units and face.unit not in sender.units) or (sender.systems and face.system not in sender.systems):
        return False
    if face.about < FLOW and permit.recipients:
        return False
    if face.route is not None and face.route != permit.route:
        return False
    return all(map(permit.names, carried(face)))


def carried(face: Face) -> Iterator[str]:
    """Yield what a permit must name to cover a finding.

    A sign that cites no law asks for `none`. Else what of the rule's class the system holds, every item of it: which
    one left nobody can tell. Where the system is not tagged with that class, the content was: the class itself. A
    system without any categories asks for `untagged` besides.
    """
    held = face.categories.split(JOINED) if face.categories else []
    if face.category == SIGNS:
        yield SIGNS
    else:
        yield from [category for category in held if category.partition(":")[0] == face.category] or [face.category]
    if not held:
        yield UNTAGGED
