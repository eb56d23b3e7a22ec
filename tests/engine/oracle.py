"""Runs the same frames through the native and the portable engine and tells every difference, to the last column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from crossborder.engine import EngineConfig, open_engine
from crossborder.errors import CrossborderError
from crossborder.model import REPORT_SCHEMA

if TYPE_CHECKING:
    from crossborder.engine import EngineName
    from crossborder.model import Books


class Run(NamedTuple):
    """What an engine made of its files: all batches one after the other."""

    reports: pl.DataFrame
    ticks: list[int]
    books: list[tuple[Books, ...]]
    active: list[int]
    error: str


def run(engine: EngineName, config: EngineConfig) -> Run:
    """Run an engine to its end; its books must balance at each tick and no reader may fail."""
    reports, ticks, books, active, error = [pl.DataFrame(schema=REPORT_SCHEMA)], [], [], [], ""
    try:
        for batch in open_engine(engine, config):
            assert all(book.balanced for book in batch.books), (engine, batch.books)
            assert batch.reader_failures == 0, engine
            assert batch.reports.schema == REPORT_SCHEMA
            reports.append(batch.reports)
            ticks.append(batch.tick_ns)
            books.append(batch.books)
            active.append(batch.flows_active)
    except CrossborderError as problem:
        error = str(problem)
    return Run(pl.concat(reports), ticks, books, active, error)


def differences(portable: Run, native: Run) -> dict[str, Any]:
    """Return what differs: a column or part of the books → the first differences, both sides."""
    found: dict[str, Any] = {}
    for part in ("error", "ticks", "active", "books"):
        one, other = getattr(portable, part), getattr(native, part)
        if one != other:
            found[part] = (one, other)
    if portable.reports.equals(native.reports):
        return found
    keys = ["flow_id", "report", "last_ns", "total_packets_out", "total_packets_in"]
    rows = portable.reports.select(keys), native.reports.select(keys)
    if not rows[0].equals(rows[1]):
        found["rows"] = tuple(
            one.join(other, on=keys, how="anti").join(source.reports, on=keys).to_dicts()[:3]
            for one, other, source in ((*rows, portable), (*rows[::-1], native))
        )
        if not any(found["rows"]):
            found["rows"] = "the same rows in another order"
        return found
    for column in REPORT_SCHEMA:
        one, other = portable.reports[column], native.reports[column]
        unlike = (
            one.ne_missing(other)
            if one.dtype != pl.List
            else pl.Series([a != b for a, b in zip(one.to_list(), other.to_list(), strict=True)], dtype=pl.Boolean)
        )
        if unlike.any():
            found[column] = list(zip(one.filter(unlike).to_list(), other.filter(unlike).to_list(), strict=True))[:3]
    return found
