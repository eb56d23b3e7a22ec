"""Asks rules of recorded flows: the compiled rules themselves, hour by hour, with the memory an agent has.

The room for all that wants to know what rules would have found: `Asking` yields what they find, a batch at a time, in
the order of gateways and hours. Only the columns that are asked for are read, a piece of a file at a time and several
pieces at once; what no rule can have found is left out at once, so that memory does not grow with the history.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.engine.communityids import community_ids
from crossborder.match import MAX_PAIRS
from crossborder.match.findings import Findings
from crossborder.match.plan import Plan
from crossborder.publish.history.files import height_of
from crossborder.publish.history.gathering import LeftOut
from crossborder.publish.history.reading import rows_of
from crossborder.publish.history.rows import HISTORY_SCHEMA, HOUR_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from crossborder.match.ruleset import Rule
    from crossborder.publish.history.places import File
    from crossborder.review.record import Record

PIECE_ROWS = 262_144
"""Rows read at once: a row group of the history."""
BATCH_ROWS, MOST_ROWS = 100_000, 500_000
"""Hours are told together until they are so many rows, for each batch has its price; an hour of more is cut."""


class Found(NamedTuple):
    """What rules find in a batch: some hours of a gateway, one after the other."""

    gateway: str
    rows: pl.DataFrame  # flows that were found, or may have been earlier: `row` and the columns asked for
    sightings: pl.DataFrame  # firing.SIGHTING_SCHEMA: which rule matches which row, or matched its flow before
    told: pl.DataFrame  # findings.TOLD: what that amounts to; `rule` is the place in the rules, `row` that in `rows`


class Asking:
    """Rules asked of a record. Iterate once; `read` and `left_out` grow meanwhile."""

    def __init__(
        self, record: Record, rules: tuple[Rule, ...], columns: Iterable[str] = (), max_groups: int = 100_000
    ) -> None:
        """Take the rules and the columns of HISTORY_SCHEMA that are wanted of rows besides those that rules ask for.

        Rules that `askable.refusal` names must not be among them.
        """
        self.read = 0  # rows
        self.left_out: list[LeftOut] = list(record.left_out)
        self._files, self._rules, self._max_groups = record.files, rules, max_groups
        self._own = threading.local()
        self._columns = sorted({"first_ns", "last_ns", *columns, *self._plan().columns, *self._new().columns})
        self._nothing = pl.DataFrame(schema={name: HISTORY_SCHEMA[name] for name in self._columns})

    def __iter__(self) -> Iterator[Found]:
        """Yield what rules find, oldest hour first within a gateway: an agent judges its own flows only."""
        ordered = sorted(self._files, key=lambda file: (file.gateway, file.hour, file.first))
        workers = len(os.sched_getaffinity(0))
        with ThreadPoolExecutor(workers) as pool:
            pieces = _ahead(pool, self._sifted, self._pieces(ordered), 2 * workers)
            for _, of_gateway in groupby(pieces, key=lambda piece: piece.file.gateway):
                yield from self._told(self._new(), of_gateway)

    def _told(self, findings: Findings, pieces: Iterator[_Sifted]) -> Iterator[Found]:
        for batch in _batches(pieces):
            self.read += sum(piece.read for piece in batch)
            rows, hits = _joined(batch)
            sightings = findings.follow(rows, hits)
            yield Found(batch[0].file.gateway, rows, sightings, findings.grown(rows, sightings))

    def _new(self) -> Findings:
        findings = Findings(self._max_groups, MAX_PAIRS)
        findings.use(self._rules)
        return findings

    def _plan(self) -> Plan:
        """Return the rules compiled, for this thread: they remember the words they met."""
        if not hasattr(self._own, "plan"):
            self._own.plan = Plan([rule.tree for rule in self._rules])
        plan: Plan = self._own.plan
        return plan

    def _pieces(self, files: Iterable[File]) -> Iterator[tuple[File, int]]:
        for file in files:
            for begin in range(0, max(1, height_of(file) or 0), PIECE_ROWS):
                yield file, begin

    def _sifted(self, file: File, begin: int) -> _Sifted:
        """Read a piece of a file and keep what matches, and flows that may have been found before."""
        try:
            rows = rows_of(file, community_ids).select(self._columns).slice(begin, PIECE_ROWS).collect()
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            self.left_out.append(LeftOut(file.place, str(error).split("\n", 1)[0]))
            return _Sifted(file, 0, self._nothing, _NO_HITS)
        plan = self._plan()
        hits = plan.hits(plan.tests(rows), rows.height)
        wanted = rows.select(_goes_on(file.hour)).to_series().scatter(hits["row"].unique(), values=True)
        at = wanted.arg_true()
        places = pl.DataFrame([at.alias("row")]).with_row_index("place")
        moved = hits.join(places, on="row", maintain_order="left").select("rule", row="place")
        return _Sifted(file, rows.height, rows[at], moved)


class _Sifted(NamedTuple):
    file: File
    read: int
    rows: pl.DataFrame
    hits: pl.DataFrame  # rule and row of every match


def _goes_on(hour: int) -> pl.Expr:
    """Return which rows are not the first of their flow."""
    return (pl.col("first_ns") < hour * HOUR_NS) | (pl.col("total_bytes_out") != pl.col("bytes_out"))


def _batches(pieces: Iterable[_Sifted]) -> Iterator[list[_Sifted]]:
    """Yield pieces together; those of an hour as far as memory allows: what correlations count is slid within it."""
    batch: list[_Sifted] = []
    height = 0
    for piece in pieces:
        begins = bool(batch) and batch[-1].file.hour != piece.file.hour
        if height >= (BATCH_ROWS if begins else MOST_ROWS):
            yield batch
            batch, height = [], 0
        batch.append(piece)
        height += piece.rows.height
    if batch:
        yield batch


def _joined(batch: list[_Sifted]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of several pieces, numbered, and their matches."""
    height = 0
    hits = [_NO_HITS]
    for piece in batch:
        hits.append(piece.hits.with_columns(pl.col("row") + pl.lit(height, pl.UInt32)))
        height += piece.rows.height
    rows = pl.concat([piece.rows for piece in batch])
    return rows.with_row_index("row"), pl.concat(hits)


_NO_HITS = pl.DataFrame(schema={"rule": pl.UInt32, "row": pl.UInt32})


def _ahead(
    pool: ThreadPoolExecutor, work: Callable[..., _Sifted], items: Iterable[tuple[File, int]], most: int
) -> Iterator[_Sifted]:
    """Yield what is made of items, in their order, with so many in the making at a time."""
    waiting: deque[Future[_Sifted]] = deque()
    for item in items:
        waiting.append(pool.submit(work, *item))
        if len(waiting) >= most:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
