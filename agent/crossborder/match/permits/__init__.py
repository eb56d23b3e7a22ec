"""Permits: the transfers that were approved, and what that makes of findings. A permit covers; it never hides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from typing import TYPE_CHECKING

from crossborder import yamlfile
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date
    from pathlib import Path

    from crossborder.errors import Fault
    from crossborder.match.permits.permit import Permit
    from crossborder.yamlfile import Document

VIETNAM = timezone(timedelta(hours=7))
"""Where the days of a permit begin and end."""

SIGNS = "none"
"""The category of findings that cite no law; a permit covers them only where it says so."""
UNTAGGED = "untagged"
"""Systems of which nobody has said what data they hold; a permit covers them only where it says so."""


@dataclass(frozen=True, slots=True, eq=False)
class Permits:
    """The permits in force, in the order of their file. Immutable."""

    permits: tuple[Permit, ...] = ()
    document: Document | None = None  # where they were read

    @classmethod
    def read(cls, path: Path, countries: Collection[str], items: Collection[str] | None = None) -> Permits:
        """Read the operator's file; `countries` are ISO codes, `items` the catalog's, None: not checked.

        Raises CrossborderError with every fault at its line: unknown keys, dates the wrong way round, ids given
        twice, permits that nobody could tell apart, categories and countries that are not, a route that does not fit.
        """
        from crossborder.match.permits.faults import faults  # and with it the models, for who has permits
        from crossborder.match.permits.permit import PermitsFile

        document = yamlfile.read(path)
        permits = yamlfile.fill(document, PermitsFile).permits
        found = [*faults(document, permits, countries, items)]
        if found:
            raise CrossborderError(*sorted(found))
        return cls(permits, document)

    def warnings(self, today: date, home: str) -> list[Fault]:
        """Return what may be meant and often is not, at its line: no ceiling, any recipient, an end that is near."""
        from crossborder.match.permits.lint import warnings

        return list(warnings(self.document, self.permits, today, home)) if self.document else []
