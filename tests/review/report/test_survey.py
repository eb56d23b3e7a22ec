"""The figures: those of the demo's day to the byte, and what they are beside a plain re-count."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from tests.golden import assert_golden
from tests.review.report.conftest import MARCH, SINCE, UNTIL, history_of
from tests.review.rows import row, written

from crossborder.review.record import open_record
from crossborder.review.report.survey import class_of, survey

if TYPE_CHECKING:
    from crossborder.config import Config
    from crossborder.review.report.sources import Sources

GOLDEN = Path(__file__).parent / "golden"


def test_golden_figures_of_the_demo_day(day: Sources) -> None:
    """The demo's day has these figures."""
    found = day.survey
    parts = {
        "by class": found.by("class"),
        "by country": found.by("country"),
        "by unit and class": found.by("unit", "class"),
        "by inspection": found.by("inspection"),
        "hours": found.hours.select("gateway", "at", "class", "bytes_out", "flows"),
        "recipients": found.recipients.select("system", "recipient", "country", "bytes_out", "opaque").head(12),
        "databases": found.databases.select("geo_database", "bytes_out"),
        "silent": found.silent,
    }
    told = [f"{name}\n{frame.write_csv()}" for name, frame in parts.items()]

    assert_golden("\n".join(told), GOLDEN / "figures.txt")


def test_sums_are_those_of_the_rows(day: Sources, settings: Config) -> None:
    """Whatever way it is divided, it is all there."""
    rows = open_record(history_of(settings), SINCE, UNTIL).rows.collect()

    assert day.survey.bytes_out == rows["bytes_out"].sum()
    assert day.survey.hours["bytes_out"].sum() == rows["bytes_out"].sum()
    assert day.survey.recipients["bytes_out"].sum() == rows["bytes_out"].sum()
    assert day.survey.ways["flows"].sum() == rows["flow_id"].n_unique()


def test_a_flow_of_two_hours_is_one_flow(tmp_path: Path) -> None:
    """It is counted where it began; a flow that began before the time is none of the time's."""
    record = written(
        tmp_path,
        row("2026-03-01 12:10", flow_id=1),
        row("2026-03-01 13:10", flow_id=1, before=6_000),
    )
    whole = survey(open_record(record, *MARCH), *MARCH)
    late = survey(open_record(record, MARCH[0].replace(month=3, day=1, hour=6), MARCH[1]), *MARCH)

    assert (whole.ways["flows"].sum(), late.ways["flows"].sum()) == (1, 0)
    assert whole.bytes_out == 12_000


def test_the_class_is_the_gravest_of_what_is_declared_and_found() -> None:
    """A detector's find in a system that holds other data makes the flow one of core data; a name is no class."""
    frame = pl.DataFrame(
        {
            "tags": ["", "other", "personal important:II.10", "core:I.26 personal", "hardcore", "other"],
            "items": ["", "core:I.26", "", "", "", "core"],
        }
    )

    told = frame.select(class_of("tags", "items")).to_series().to_list()

    assert told == ["none", "core", "important", "core", "none", "core"]


def test_hours_without_history_are_counted_for_each_gateway(tmp_path: Path) -> None:
    """March has 744 hours; of two gateways one has two of them, one has one."""
    record = written(
        tmp_path,
        row("2026-03-01 12:10", gateway="a", flow_id=1),
        row("2026-03-02 12:10", gateway="a", flow_id=2),
        row("2026-03-02 12:10", gateway="b", flow_id=3),
    )

    found = survey(open_record(record, *MARCH), *MARCH)

    assert found.silent.rows() == [("a", 742, 744), ("b", 743, 744)]
