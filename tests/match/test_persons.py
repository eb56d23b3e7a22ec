"""Persons that leave are counted once, by who sends them and where to; bands are told once, at the row that enters."""

from __future__ import annotations

import datetime as dt
import math
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossborder.errors import CrossborderError
from crossborder.match.catalog import Band
from crossborder.match.persons import SINCE_NS, Persons
from crossborder.match.persons.marks import Balance, marks_in, marks_of
from crossborder.match.persons.sketch import Sketch
from crossborder.match.persons.tally import ALL, OTHER, PERSONS_PART, Place, Tally
from crossborder.model import COUNTED_SCHEMA, PERSON_COLUMNS, PERSONS
from crossborder.statefile import StateFile

BANDS = (
    Band("basic", "important", 1_000, "important:citizens-lower-bands", "secondary"),
    Band("basic", "core", 10_000, "core:I.26", "secondary"),
    Band("sensitive", "core", 100, "core:I.26", "ocr"),
)
MARKS = marks_of(BANDS)
UNIT = "Example Ministry"
ROOT = Path(__file__).resolve().parents[2]
SCHEMA = {name: COUNTED_SCHEMA[name] for name in ("unit", "country", "as_org", "server_name", "last_ns")}
TODAY = SINCE_NS + 10**16
TODAY_DATE = dt.date(2026, 1, 1)


def hashes(*numbers: int) -> list[int]:
    """Return well mixed hashes of numbers, as a keyed hash gives of identifiers."""
    return pl.Series(numbers, dtype=pl.UInt64).hash(seed=7).to_list()


def row(persons: list[int] | None, kind: str = "basic", **said: Any) -> dict[str, Any]:
    """Return a crossing that carries persons, described by their numbers."""
    carried = None if persons is None else [{"kind": kind, "hashes": hashes(*persons)}]
    usual = {"unit": UNIT, "country": "SG", "as_org": "Example Cloud", "server_name": None, "last_ns": TODAY}
    return usual | {"persons": carried} | said


def rows(*those: dict[str, Any]) -> pl.DataFrame:
    """Return crossings as the matcher has them."""
    return pl.DataFrame(those, schema=SCHEMA | {"persons": PERSONS}, orient="row").with_row_index("row")


def told(counted: pl.DataFrame) -> list[tuple[int | None, list[str] | None]]:
    """Return the basic count and the bands of each row."""
    return counted.select("persons_basic", "bands").rows()


def test_a_person_counts_once() -> None:
    """In several rows, to several countries, in several batches: once for the unit, once for each recipient."""
    count = Persons()

    first = count(rows(row([1, 2, 3]), row([2, 3, 4], country="US"), row(None)))
    second = count(rows(row([1, 2, 3, 4, 5])))

    assert told(first) == [(3, None), (4, None), (None, None)]
    assert told(second) == [(5, None)]
    places = {place: round(c.sketch.persons) for place, c in count.tally.counts.items()}
    assert places == {
        Place(UNIT, "basic", ALL, ALL): 5,
        Place(UNIT, "basic", "SG", ALL): 5,
        Place(UNIT, "basic", "SG", "Example Cloud"): 5,
        Place(UNIT, "basic", "US", ALL): 3,
        Place(UNIT, "basic", "US", "Example Cloud"): 3,
    }


def test_kinds_and_units_are_apart() -> None:
    """One row may carry several kinds; another unit has its own count; unknown kinds are passed over."""
    both = row([1, 2]) | {"persons": [{"kind": k, "hashes": hashes(1, 2)} for k in ("basic", "bank", "basic", "shoes")]}
    counted = Persons()(rows(both, row([1], unit="Other Ministry"), row([7], "sensitive", unit=None)))

    found = counted.select(c.name for c in PERSON_COLUMNS).rows()
    assert found == [(2, None, 2, None), (1, None, None, None), (None, 1, None, None)]


def test_frames_without_persons() -> None:
    """What carried none has no counts; what has counts already keeps them."""
    plain = rows(row([1])).with_columns(persons=pl.lit(None, PERSONS))
    count = Persons()

    assert told(count(plain)) == [(None, None)]
    given_ones = count(plain).with_columns(persons_basic=pl.lit(9, pl.UInt64))
    assert told(count(given_ones)) == [(9, None)]
    assert count(plain).schema["bands"] == COUNTED_SCHEMA["bands"]


def test_only_since_the_law_counts() -> None:
    """What left before 1 July 2025 is not counted (Decree 165/2025, Article 12(10))."""
    counted = Persons()(rows(row([1, 2], last_ns=SINCE_NS - 1), row([3], last_ns=SINCE_NS)))

    assert told(counted) == [(None, None), (1, None)]


def test_a_band_is_told_once_at_its_row() -> None:
    """At 80 %, and when it is entered; never again, whatever comes."""
    count = Persons(marks=MARKS)

    first = count(rows(row([*range(700)]), row([*range(700, 900)]), row([*range(900, 1_100)]), row([1])))
    again = count(rows(row([*range(1_200)])))

    assert [bands for _, bands in told(first)] == [None, ["important:basic:80%"], ["important:basic"], None]
    assert [bands for _, bands in told(again)] == [None]


def test_bands_passed_in_one_leap() -> None:
    """One row may pass several; every kind has its own."""
    count = Persons(marks=MARKS)

    counted = count(rows(row([*range(12_000)]), row([*range(150)], "sensitive")))

    assert counted["bands"].to_list() == [
        ["important:basic:80%", "important:basic", "core:basic:80%", "core:basic"],
        ["core:sensitive:80%", "core:sensitive"],
    ]


def test_an_opening_balance_adds() -> None:
    """It is in what rows and bands are told, and apart from what was counted."""
    balances = [Balance(UNIT, "basic", 990, TODAY_DATE, "dossier 1"), Balance("Other", "basic", 5_000, TODAY_DATE, "-")]
    count = Persons(marks=MARKS, balances=balances)

    counted = count(rows(row([1, 2, 3]), row([*range(4, 24)])))

    assert told(counted) == [(993, ["important:basic:80%"]), (1013, ["important:basic"])]
    assert count.total(UNIT, "basic") == 1013
    assert round(count.tally.persons(Place(UNIT, "basic"))) == 23


def test_recipients_are_bounded() -> None:
    """Whoever finds no room is counted under `other`; the country and the unit lose nothing."""
    count = Persons(Tally(max_recipients=3))

    count(rows(*(row([n], as_org=None, server_name=f"host{n}.example") for n in range(10))))
    count(rows(row([77], as_org="host0.example"), row([78], as_org=None)))

    found = {place.recipient: round(c.sketch.persons) for place, c in count.tally.counts.items()}
    assert found == {ALL: 12, "host0.example": 2, "host1.example": 1, "host2.example": 1, OTHER: 8}


def test_kept_and_read_again() -> None:
    """Counts and the bands that were told go on where they were."""
    state = StateFile.memory(PERSONS_PART)
    count = Persons(marks=MARKS)
    count(rows(row([*range(1_100)])))
    state.keep([count])
    count(rows(row([*range(1_100, 1_300)])))
    state.keep([count])

    later = Persons(Tally.read(state), MARKS)
    counted = later(rows(row([*range(1_300)]), row([*range(1_300, 1_400)])))

    assert told(counted)[0][1] is None
    assert counted["persons_basic"].to_list() == pytest.approx([1_300, 1_400], rel=0.02)
    assert {p: c.since_ns for p, c in later.tally.counts.items()} == dict.fromkeys(later.tally.counts, TODAY)


def test_only_what_changed_is_written() -> None:
    """A tick writes the counts it touched; one that failed writes them with the next."""
    state = StateFile.memory(PERSONS_PART)
    count = Persons()
    count(rows(row([1]), row([2], unit="Other")))
    state.keep([count])
    count(rows(row([3])))

    assert {place.unit for place in count.tally._changed} == {UNIT}
    state.keep([count])
    assert not count.tally._changed


@pytest.mark.parametrize("at", [0, 20, -1])
def test_a_damaged_count(at: int) -> None:
    """A flipped bit in a sketch is refused, with what to do."""
    state = StateFile.memory(PERSONS_PART)
    count = Persons()
    count(rows(row([*range(50)])))
    state.keep([count])
    raw = bytearray(state.rows("SELECT sketch FROM persons_sketches WHERE country = '*'")[0][0])
    raw[at] ^= 4
    with state.tick():
        state.write("UPDATE persons_sketches SET sketch = ? WHERE country = '*'", [(bytes(raw),)])

    with pytest.raises(CrossborderError, match=r"the count of basic persons.*put a copy of it back"):
        Tally.read(state)


def sketch_of(numbers: set[int]) -> Sketch:
    """Return the sketch of persons described by their numbers."""
    sketch = Sketch()
    sketch.add(hashes(*sorted(numbers)))
    return sketch


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sets(st.integers(0, 3_000), max_size=400), min_size=1, max_size=4))
def test_a_merge_is_the_union(several: list[set[int]]) -> None:
    """Whoever is in several counts once; the order does not matter."""
    sketches = [sketch_of(numbers) for numbers in several]

    joined, turned = Sketch.joined(sketches), Sketch.joined(sketches[::-1])

    assert joined.persons == pytest.approx(len(set().union(*several)), rel=0.05, abs=0.6)
    assert joined.persons == turned.persons


@settings(deadline=None, max_examples=20)
@given(st.lists(st.sets(st.integers(0, 500), max_size=60), min_size=2, max_size=3))
def test_tallies_merge_as_their_sets(several: list[set[int]]) -> None:
    """Each place becomes the union of its sets; places of one alone stay."""
    tallies = []
    for at, numbers in enumerate(several):
        count = Persons()
        count(rows(row(sorted(numbers)), row([at], unit=f"Unit {at}")))
        tallies.append(count.tally)

    merged = Tally()
    merged.join(tallies)

    union = set().union(*several)
    assert round(merged.persons(Place(UNIT, "basic"))) == pytest.approx(len(union), abs=2)
    assert [round(merged.persons(Place(f"Unit {at}", "basic"))) for at in range(len(several))] == [1] * len(several)


def test_the_standard_error() -> None:
    """Over 40 sets of 20,000 persons the spread is within 1 %, alone and merged; so is one of a million."""
    alone, merged = [], []
    for seed in range(40):
        mixed = pl.int_range(20_000, dtype=pl.UInt64, eager=True).hash(seed=seed)
        one, other = Sketch(), Sketch()
        one.add(mixed)
        other.add(mixed[10_000:])
        alone.append(one.persons / 20_000 - 1)
        merged.append(Sketch.joined([one, other]).persons / 20_000 - 1)
    million = Sketch()
    million.add(pl.int_range(1_000_000, dtype=pl.UInt64, eager=True).hash(seed=1))

    assert math.sqrt(sum(e * e for e in alone) / 40) < 0.01
    assert math.sqrt(sum(e * e for e in merged) / 40) < 0.01
    assert million.persons == pytest.approx(1_000_000, rel=0.02)
    assert million.bounds[0] < 1_000_000 < million.bounds[1]


def test_a_million_in_a_tick() -> None:
    """A million persons in one batch take a part of a second; the limit is wide for slow machines."""
    mixed = pl.int_range(1_000_000, dtype=pl.UInt64, eager=True).hash(seed=3).reshape((1_000, 1_000)).arr.to_list()
    carried = pl.DataFrame({"hashes": mixed, "kind": ["basic"] * 1_000}).select(pl.struct("kind", "hashes").implode())
    frame = rows(*(row(None, country=f"{'ABCDE'[n % 5]}A", as_org=f"Operator {n % 20}") for n in range(1_000)))
    batch = frame.with_columns(persons=carried.to_series().explode().reshape((1_000, 1)).arr.to_list().cast(PERSONS))
    count = Persons(marks=MARKS)

    begin = time.perf_counter()
    count(batch)
    taken = time.perf_counter() - begin

    assert count.total(UNIT, "basic") == pytest.approx(1_000_000, rel=0.02)
    assert taken < 3


def test_marks() -> None:
    """80 % of a band, rounded up, and the band itself."""
    assert [(m.name, m.persons) for m in marks_of([Band("basic", "core", 1_001, "core:I.26", "ocr")])] == [
        ("core:basic:80%", 801),
        ("core:basic", 1_001),
    ]


def test_marks_of_the_shipped_catalog(tmp_path: Path) -> None:
    """The bands of Decision 20 as far as they are known, kept and read again; of bank data none is."""
    marks = marks_in(ROOT / "rules" / "catalog" / "decision-20-2025.yaml", tmp_path)

    assert [mark for mark in marks if not mark.name.endswith("%")] == [
        ("basic", "important:basic", 100_000),
        ("basic", "core:basic", 1_000_000),
        ("sensitive", "important:sensitive", 10_000),
        ("sensitive", "core:sensitive", 100_000),
    ]
    assert marks_in(ROOT / "rules" / "catalog" / "decision-20-2025.yaml", tmp_path) == marks
    with pytest.raises(CrossborderError, match="cannot be read"):
        marks_in(tmp_path / "none.yaml", tmp_path)
