"""Brings together what a report is made of: the record, and what the configuration judges it by."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crossborder import __version__, config, parts
from crossborder.match.catalog import Catalog
from crossborder.match.coverage import coverage
from crossborder.match.permits import VIETNAM
from crossborder.match.persons import Persons
from crossborder.match.persons.marks import marks_in
from crossborder.match.persons.standing import standings
from crossborder.match.persons.tally import PERSONS_PART, Tally
from crossborder.review.record import made_of_sound, open_record
from crossborder.review.report.sources import Sources
from crossborder.review.report.survey import survey
from crossborder.review.transfers import Standards, register
from crossborder.statefile import FILE_NAME, StateFile

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

    from crossborder.config import Config
    from crossborder.match.coverage import Coverage
    from crossborder.match.persons.standing import Standing
    from crossborder.match.ruleset import Ruleset
    from crossborder.publish.history.gathering import Where
    from crossborder.publish.history.places import Place
    from crossborder.review.report.survey import Survey


def gather(folder: Place | Where, settings: Config, since: datetime, until: datetime) -> Sources:
    """Return what a report of a history tells of; raises CrossborderError with every fault of a file it needs."""
    ruleset = parts.read_rules(settings)
    last = (until - timedelta(microseconds=1)).astimezone(VIETNAM).date()
    standards = Standards(parts.read_permits(settings), ruleset, last)
    hour = since.replace(minute=0, second=0, microsecond=0)  # which the record of the time holds wholly

    def make(thorough: bool) -> tuple[Survey, pl.DataFrame]:
        record = open_record(folder, since, until, thorough=thorough)
        before = open_record(folder, None, hour, thorough=thorough)
        transfers = register(record.rows, standards, earlier=before.rows if before.files else None)
        return survey(record, since, until), transfers

    return Sources(
        *made_of_sound(make),
        _standings(settings),
        _coverage(settings, ruleset),
        ruleset,
        settings.unit,
        __version__,
    )


def _standings(settings: Config) -> tuple[Standing, ...] | None:
    """Return where the counts of persons stand; None where no state is kept, nor was anything counted before."""
    balances = parts.balances_of(settings)
    folder = settings.state.directory
    tally = Tally()
    if folder and (folder / FILE_NAME).exists():
        opened = StateFile.look(folder / FILE_NAME, PERSONS_PART)
        try:
            tally = Tally.read(opened)
        finally:
            opened.close()
    elif not balances:
        return None
    return standings(Persons(tally, marks_in(parts.catalog_path(), config.cache_folder()), balances), recipients=False)


def _coverage(settings: Config, ruleset: Ruleset) -> Coverage:
    detectors = {detector.id: detector.items for detector in parts.used_detectors(settings)}
    systems = {system.name: system.categories for system in parts.read_assets(settings).systems}
    return coverage(Catalog.read(parts.catalog_path()), ruleset, systems, detectors)
