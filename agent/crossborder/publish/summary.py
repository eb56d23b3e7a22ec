"""What the end of a replay tells, gathered batch by batch: bounded by countries and rules, never by flows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from crossborder.model import LEVELS, Decision
from crossborder.publish.columns import CROSSES, FIRST, OPENED, TRANSITS, country, named
from crossborder.publish.series import OTHER

if TYPE_CHECKING:
    from crossborder.model import Batch, Books
    from crossborder.publish.ecs import EventMaker

MAX_RULES = 2_000
MAX_DATABASES = 100
_RULE = [named("rule"), named("rule_title"), named("severity")]


@dataclass(slots=True)
class Destination:
    """What went to one country and came from it."""

    bytes_out: int = 0
    bytes_in: int = 0
    flows: int = 0
    bases: set[str] = field(default_factory=set)

    def add(self, basis: str, bytes_out: int, bytes_in: int, flows: int) -> None:
        """Add what is told on one ground."""
        self.bases.add(basis)
        self.bytes_out += bytes_out
        self.bytes_in += bytes_in
        self.flows += flows


@dataclass(slots=True)
class Broken:
    """What is known of one rule's findings."""

    title: str
    severity: str
    findings: int = 0
    permitted: int = 0
    matched_bytes: int = 0
    countries: set[str] = field(default_factory=set)


class Summary:
    """A sink that adds up what the tables at the end show, and keeps the first few events."""

    name = "summary"

    def __init__(self, maker: EventMaker | None = None, first: int = 0) -> None:
        """Take who makes events and how many of the first to keep."""
        self._maker = maker
        self._first = first
        self.events: list[dict[str, Any]] = []
        self.destinations: dict[str, Destination] = {}
        self.rules: dict[str, Broken] = {}
        self.inspected: dict[str, int] = {}  # inspection → outward bytes
        self.databases: dict[str, int | None] = {}  # database → build time, seconds
        self.books: tuple[Books, ...] = ()
        self.transit_flows = 0
        self.transit_bytes = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None

    @property
    def worst(self) -> str | None:
        """Return the gravest severity of any violation (permitted transfers are none), or None."""
        found = {rule.severity for rule in self.rules.values() if rule.findings > rule.permitted}
        return max(found, key=LEVELS.index, default=None)

    @property
    def bytes_out(self) -> int:
        """Return all outward bytes."""
        return sum(d.bytes_out for d in self.destinations.values())

    def __call__(self, batch: Batch, crossings: pl.DataFrame, findings: pl.DataFrame) -> None:
        """Add one batch."""
        self.books = batch.books
        if not crossings.is_empty():
            self._add_span(crossings)
            self._add_crossing(crossings)
            self._add_transit(crossings)
        if not findings.is_empty():
            self._add_rules(findings)
            self._keep_first(findings)

    def close(self) -> None:
        """Do nothing: the summary is shown when all is closed."""

    def _add_span(self, crossings: pl.DataFrame) -> None:
        first, last = crossings.select(pl.col("first_ns").min(), pl.col("last_ns").max()).row(0)
        self.first_ns = first if self.first_ns is None else min(first, self.first_ns)
        self.last_ns = last if self.last_ns is None else max(last, self.last_ns)

    def _add_crossing(self, crossings: pl.DataFrame) -> None:
        labels = ["country", "country_basis", "inspection", "geo_database"]
        sums = [
            pl.col("bytes_out").sum(),
            pl.col("bytes_in").sum(),
            FIRST.sum().alias("flows"),
            pl.col("geo_build").max(),
        ]
        found = crossings.lazy().filter(CROSSES).group_by(labels).agg(sums).sort("geo_build")
        shown = found.collect().with_columns(country(), named("country_basis"), named("inspection"))
        for code, basis, inspection, database, bytes_out, bytes_in, flows, build in shown.iter_rows():
            self.destinations.setdefault(code, Destination()).add(basis, bytes_out, bytes_in, flows)
            self.inspected[inspection] = self.inspected.get(inspection, 0) + bytes_out
            if database is not None and (database in self.databases or len(self.databases) < MAX_DATABASES):
                self.databases[database] = build

    def _add_transit(self, crossings: pl.DataFrame) -> None:
        both = (pl.col("bytes_out") + pl.col("bytes_in")).sum()
        flows, size = crossings.lazy().filter(TRANSITS).select(FIRST.sum(), both).collect().row(0)
        self.transit_flows += flows
        self.transit_bytes += size

    def _add_rules(self, findings: pl.DataFrame) -> None:
        permitted = OPENED & (pl.col("decision") == Decision.PERMITTED.value)
        sums = [OPENED.sum().alias("findings"), permitted.sum().alias("permitted"), pl.col("matched_bytes").sum()]
        groups = findings.group_by(_RULE).agg(*sums, country().unique().alias("countries"))
        for rule, title, severity, count, allowed, size, countries in groups.sort("rule").iter_rows():
            key = rule if rule in self.rules or len(self.rules) < MAX_RULES else OTHER
            found = self.rules.setdefault(key, Broken(title if key == rule else OTHER, severity))
            found.findings += count
            found.permitted += allowed
            found.matched_bytes += size
            found.countries.update(countries)

    def _keep_first(self, findings: pl.DataFrame) -> None:
        room = self._first - len(self.events)
        if self._maker and room > 0:
            self.events += self._maker.events(findings.filter(OPENED).head(room))
