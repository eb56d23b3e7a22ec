"""classify: adds to every flow report what is known of both ends: country, operator, system, owner, data."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.classify.assets import Assets
from crossborder.classify.contents import Contents, Meaning
from crossborder.classify.geo import Geography
from crossborder.classify.homes import home_networks
from crossborder.model import CROSSING_SCHEMA

if TYPE_CHECKING:
    from collections import Counter

    from crossborder.model import Batch

__all__ = ["Assets", "Classifier", "Contents", "Geography", "Meaning", "home_networks"]


class _Known(NamedTuple):
    geography: Geography
    assets: Assets
    unit: str | None
    contents: Contents


class Classifier:
    """Batch → crossings. What it knows is one immutable object behind one reference."""

    def __init__(self, geography: Geography, assets: Assets, unit: str = "", contents: Contents | None = None) -> None:
        """Take what is known; `unit` is the gateway's own, for systems that name none."""
        self._known = _Known(geography, assets, unit or None, contents or Contents())
        self._before: Counter[tuple[str, str]] = type(geography.counts)()

    @property
    def geography(self) -> Geography:
        """The geography in use."""
        return self._known.geography

    @property
    def assets(self) -> Assets:
        """The assets in use."""
        return self._known.assets

    def lookups(self) -> Counter[tuple[str, str]]:
        """Return (database, result) → lookups since the start; they go on growing when geography is replaced."""
        return self._before + self._known.geography.counts

    def replace(
        self, geography: Geography | None = None, assets: Assets | None = None, contents: Contents | None = None
    ) -> None:
        """Use what is new of these from the next batch on; old databases close when nobody reads them.

        Detectors that are gone keep their meaning: a text that has begun is searched by them to its end.
        """
        old = self._known
        if geography is not None:
            self._before = self._before + old.geography.counts
        self._known = old._replace(
            geography=geography or old.geography,
            assets=assets or old.assets,
            contents=old.contents.updated(contents) if contents else old.contents,
        )

    def __call__(self, batch: Batch) -> pl.DataFrame:
        """Return the batch's reports with what is known of both ends: schema CROSSING_SCHEMA, same rows and order.

        Where reports carry persons, that column goes on as the last.
        """
        known, reports = self._known, batch.reports
        remote = known.geography.annotate(reports["remote_key"])
        local = known.assets.annotate(reports["local_key"], known.unit)
        content = known.contents.annotate(reports["detections"])
        return pl.concat([reports, remote, local, content], how="horizontal").select(CROSSING_SCHEMA.names())
