"""Persons under a permit: distinct ones, over batches and restarts, and the row that breaks a ceiling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from tests.match.permits.conftest import PERMIT, batch, decided, report

from crossborder.match.permits.ledger import PART, Ledger
from crossborder.model import PERSONS
from crossborder.statefile import StateFile

if TYPE_CHECKING:
    from tests.match.permits.conftest import Court

PERSONS_CEILING = PERMIT + "    ceilings: {persons: 100}\n"


def person(number: int) -> int:
    """Return the hash of an invented person: spread as keyed hashes are."""
    return (number * 0x9E3779B97F4A7C15 + 0x1234567) % (1 << 64)


def carried(*rows: dict[str, range] | None) -> pl.DataFrame:
    """Return reports of flows 1, 2, …, each with persons by kind, or without any."""
    persons: list[Any] = [
        None if row is None else [{"kind": kind, "hashes": [*map(person, who)]} for kind, who in row.items()]
        for row in rows
    ]
    frame = batch(*(report(flow) for flow in range(1, len(rows) + 1)))
    return frame.with_columns(pl.Series("persons", persons, PERSONS))


def test_the_row_that_brings_one_person_too_many(court: Court) -> None:
    """Who was sent before counts no more; what comes after the ceiling broke is over it too."""
    ledger = Ledger()
    match = court(PERSONS_CEILING, ledger=ledger)

    told = decided(
        match(
            carried(
                {"basic": range(60)},
                {"sensitive": range(60)},
                {"basic": range(40, 90), "bank": range(90)},
                None,
                {"basic": range(90, 130)},
                None,
            )
        )
    )

    assert [row[1] for row in told] == ["permitted"] * 4 + ["overrun"] * 2
    assert told[-1][3] == f"persons: {ledger.persons('p1')} of 100"
    assert ledger.persons("p1") == pytest.approx(130, rel=0.02)  # a sketch: 0.65 % standard error


def test_persons_are_counted_without_a_ceiling_too(court: Court) -> None:
    """What is used can be shown before anybody sets a ceiling; reports without the column count nobody."""
    ledger = Ledger()
    match = court(PERMIT, ledger=ledger)

    match(carried({"basic": range(7)}, None))
    match(batch(report(3)))

    assert ledger.persons("p1") == 7


def test_persons_outlive_the_agent(court: Court) -> None:
    """Read back from the state, the same persons count no more."""
    state = StateFile.memory(PART)
    ledger = Ledger(state)
    court(PERSONS_CEILING, ledger=ledger)(carried({"basic": range(90)}))
    state.keep([ledger])

    again = court(PERSONS_CEILING, ledger=Ledger(state))

    assert [row[1] for row in decided(again(carried({"basic": range(90)})))] == ["permitted"]
    assert [row[1] for row in decided(again(carried({"basic": range(90, 130)})))] == ["overrun"]
