"""What a report is made of: the figures, the register, counts of persons, and what all of it is judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import polars as pl

    from crossborder.match.catalog import Catalog
    from crossborder.match.coverage import Coverage
    from crossborder.match.persons.standing import Standing
    from crossborder.match.ruleset import Ruleset
    from crossborder.review.report.survey import Survey


class Sources(NamedTuple):
    """Everything a report tells of."""

    survey: Survey
    transfers: pl.DataFrame  # TRANSFER_SCHEMA
    standings: tuple[Standing, ...] | None  # None: no count is kept
    coverage: Coverage
    ruleset: Ruleset
    unit: str
    version: str

    @property
    def catalog(self) -> Catalog:
        """Return the catalog that was covered."""
        return self.coverage.catalog
