"""Counts distinct persons that leave, by who sends them, what is told of them and where to, as the law counts them.

Cumulative since 1 July 2025 (Decree 165/2025/NĐ-CP, Article 12(10)); the bands are the catalog's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from crossborder.match.persons.marks import KINDS, opened_with
from crossborder.match.persons.tally import Entered, Place, Tally
from crossborder.model import PERSON_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from crossborder.match.persons.marks import Balance, Mark
    from crossborder.statefile import StateFile

SINCE_NS = 1_751_302_800_000_000_000
"""1 July 2025, 00:00 in Viet Nam: what left before is not counted."""
MAX_RECIPIENT = 128  # characters kept of a recipient's name

_BLANK = [pl.lit(None, column.dtype).alias(column.name) for column in PERSON_COLUMNS]


class Persons:
    """The step between crossings and rules: adds what each row made the count of its unit."""

    def __init__(
        self, tally: Tally | None = None, marks: Iterable[Mark] = (), balances: Iterable[Balance] = ()
    ) -> None:
        """Take the counts to go on with, the marks of the catalog's bands and the opening balances."""
        self.tally = tally or Tally()
        self.replace(marks, balances)

    def replace(self, marks: Iterable[Mark], balances: Iterable[Balance]) -> None:
        """Use other marks and balances from the next batch on; the counts stay."""
        self.marks = tuple(marks)
        self.balances = tuple(balances)
        self.opened = opened_with(self.balances)

    def __call__(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Count the persons of crossings and add PERSON_COLUMNS: null where a row carried none.

        `row` numbers the rows, which are in the order of reports. What has the columns already is left as it is.
        """
        if PERSON_COLUMNS[0].name in rows.columns:
            return rows
        seen = _seen(rows)
        if seen.is_empty():
            return rows.with_columns(_BLANK)
        counted = pl.concat([self._count(unit, kind, part) for (unit, kind), part in _by(seen, "unit", "kind")])
        return _beside(rows, counted, self._passed(counted))

    @property
    def changed(self) -> bool:
        """Tell whether something was counted that is not written yet."""
        return self.tally.changed

    def write(self, state: StateFile) -> None:
        """Write what changed; called inside a tick."""
        self.tally.write(state)

    def written(self) -> None:
        """Forget what was to be written: it is."""
        self.tally.written()

    def total(self, unit: str, kind: str) -> int:
        """Return the count of a unit and kind, its opening balance included."""
        return round(self.tally.persons(Place(unit, kind))) + self.opened.get((unit, kind), 0)

    def _count(self, unit: str, kind: str, seen: pl.DataFrame) -> pl.DataFrame:
        """Add to the counts of a unit and kind, and return what its own was after each row."""
        for (country, recipient), part in _by(seen, "country", "recipient"):
            abroad = Place(unit, kind, country), Place(unit, kind, country, recipient)
            self.tally.add(abroad, part["hashes"].explode().to_list(), _times(part))
        grown = pl.Series("persons", self.tally.follow(Place(unit, kind), seen["hashes"].to_list(), _times(seen)))
        told = seen.select("row", "at", unit=pl.lit(unit), kind=pl.lit(kind), persons=grown.round().cast(pl.UInt64))
        return told.group_by("row", maintain_order=True).agg(
            pl.col("at", "unit", "kind").last(), pl.col("persons").last() + self.opened.get((unit, kind), 0)
        )

    def _passed(self, counted: pl.DataFrame) -> pl.DataFrame:
        """Return the rows at which marks were passed for the first time ever, with the marks' names."""
        rows, names = [], []
        for (unit, kind), part in _by(counted, "unit", "kind"):
            for mark in self.marks:
                entered = Entered(unit, kind, mark.name)
                if mark.kind != kind or entered in self.tally.entered or part["persons"].tail(1).item() < mark.persons:
                    continue
                first = part.filter(pl.col("persons") >= mark.persons).row(0, named=True)
                self.tally.enter(entered, first["at"])
                rows.append(first["row"])
                names.append(mark.name)
        return pl.DataFrame({"row": rows, "bands": names}, schema={"row": counted.schema["row"], "bands": pl.String})


def _seen(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one line for each kind of persons a row carried since the law counts, in the order of rows."""
    carried = rows.filter(pl.col("persons").list.len() > 0, pl.col("last_ns") >= SINCE_NS)
    recipient = pl.coalesce("as_org", "server_name", pl.lit("unknown")).str.slice(0, MAX_RECIPIENT)
    lines = carried.select(
        "row", "country", "persons", recipient=recipient, at="last_ns", unit=pl.col("unit").fill_null("")
    )
    by_kind = lines.explode("persons").unnest("persons").with_columns(pl.col("hashes").list.drop_nulls())
    return by_kind.filter(pl.col("kind").is_in(KINDS), pl.col("hashes").list.len() > 0)


def _beside(rows: pl.DataFrame, counted: pl.DataFrame, passed: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with their counts by kind and the marks they passed."""
    for kind in KINDS:
        own = counted.filter(pl.col("kind") == kind).select("row", pl.col("persons").alias(f"persons_{kind}"))
        rows = rows.join(own, on="row", how="left", maintain_order="left")
    named = passed.group_by("row", maintain_order=True).agg("bands")
    return rows.join(named, on="row", how="left", maintain_order="left")


def _by(frame: pl.DataFrame, *names: str) -> Iterator[tuple[tuple[str, ...], pl.DataFrame]]:
    """Yield the parts of a frame that agree in some columns of text."""
    parts = frame.partition_by(names, as_dict=True, include_key=False, maintain_order=True)
    return ((tuple(map(str, key)), part) for key, part in parts.items())


def _times(seen: pl.DataFrame) -> tuple[int, int]:
    """Return when the first and the last were seen."""
    first, last = seen.select(first=pl.col("at").min(), last=pl.col("at").max()).row(0)
    return first, last
