"""Reading the history: damage is named and left out, older versions are brought up, newer ones are not guessed at."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from crossborder.model import CROSSING_SCHEMA
from crossborder.publish.history import History, Limits, read, reading
from crossborder.publish.history.files import VERSION_KEY
from crossborder.publish.history.places import file_name, gateway_folder, hour_folder
from crossborder.publish.history.rows import HISTORY_SCHEMA, HOUR_NS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.publish.conftest import Batches, Frames

NOTHING = pl.DataFrame()
NOON = 1_767_268_800 * 10**9  # 2026-01-01 12:00:00 UTC


@pytest.fixture
def history(tmp_path: Path, batch: Batches, crossings: Frames) -> Path:
    """Return a history of three hours with a row each."""
    writer = History(tmp_path, "gw", Limits(reserve=0))
    for n in range(3):
        at = NOON + n * HOUR_NS
        writer(batch(tick_ns=at), crossings({"flow_id": n, "first_ns": at, "last_ns": at}), NOTHING)
    writer.close()
    return tmp_path


def first_file(history: Path) -> Path:
    """Return the file of the first hour."""
    return min(history.rglob("*.parquet"))


def put(history: Path, rows: pl.DataFrame, hour: int = 0, version: int = 1) -> Path:
    """Write a file of another version into an hour, counted from noon."""
    file = io.BytesIO()
    rows.write_parquet(file, metadata={VERSION_KEY: str(version)})
    place = hour_folder(gateway_folder(history, "gw"), NOON // HOUR_NS + hour)
    place.mkdir(parents=True, exist_ok=True)
    path = place / file_name(99, 99, file.getvalue())
    path.write_bytes(file.getvalue())
    return path


DAMAGES: dict[str, Any] = {
    "empty": lambda _: b"",
    "cut": lambda data: data[:-20],
    "half": lambda data: data[: len(data) // 2],
    "noise": lambda data: b"\0" * len(data),
    "a short end": lambda _: b"PAR1",
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_a_damaged_file_is_named_and_left_out(history: Path, damage: str) -> None:
    """The other hours are there."""
    path = first_file(history)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))

    found = read(history)

    assert [left.path for left in found.left_out] == [path]
    assert found.left_out[0].why
    assert sorted(found.rows.collect()["flow_id"]) == [1, 2]


def test_a_bit_that_flips_is_found_by_reading_all(history: Path) -> None:
    """A file's name is made of its bytes."""
    path = first_file(history)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)

    (left,) = read(history, thorough=True).left_out

    assert left == (path, "its bytes are not those that were written")
    assert read(history).left_out == ()


def test_what_is_not_ours_is_left_alone(history: Path) -> None:
    """Other people's files, folders and drafts are neither read nor named, nor removed."""
    place = first_file(history).parent
    strangers = [place / "notes.parquet", place / ".x.draft", place.parent / "hour=99" / "x", history / "gateway=x"]
    for path in strangers:
        path.parent.mkdir(exist_ok=True)
        path.write_text("x", encoding="utf-8")

    found = read(history)
    History(history, "other", Limits(reserve=0)).close()

    assert (len(found.files), found.left_out) == (3, ())
    assert all(path.exists() for path in strangers)


def test_nothing_was_recorded(tmp_path: Path) -> None:
    """No files are no rows, of the schema."""
    found = read(tmp_path / "none")

    assert found.rows.collect().height == 0
    assert found.rows.collect_schema() == HISTORY_SCHEMA


def test_an_older_version_is_brought_up(history: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A version 0, made up, that called a column otherwise and had no other columns: rows stand beside ours."""
    monkeypatch.setitem(reading.MIGRATIONS, 0, lambda rows: rows.rename({"name": "server_name", "out": "bytes_out"}))
    older = pl.DataFrame(
        {"flow_id": [7], "name": ["old.example"], "out": [5], "last_ns": [NOON]},
        schema={"flow_id": pl.UInt64, "name": pl.String, "out": pl.UInt64, "last_ns": pl.Int64},
    )
    put(history, older, 5, version=0)

    found = read(history)
    rows = found.rows.collect()

    assert found.left_out == ()
    assert rows.schema == HISTORY_SCHEMA
    assert rows.filter(flow_id=7).select("server_name", "bytes_out", "country").row(0) == ("old.example", 5, None)
    assert rows.height == 4


def test_a_version_nobody_reads_and_a_newer_one_are_left_out(history: Path) -> None:
    """Named with what is wrong; nothing is guessed."""
    rows = pl.DataFrame({"flow_id": [7]})
    put(history, rows, 5, version=0)
    put(history, rows, 6, version=2)

    old, new = (left.why for left in read(history).left_out)

    assert old == "is of history version 0, which nothing reads any more"
    assert new == "was written by a newer Crossborder (history version 2)"


def test_a_file_that_lacks_a_column(history: Path) -> None:
    """A column that came later is null in files from before, and needs no migration."""
    rows = pl.read_parquet(first_file(history), hive_partitioning=False)
    put(history, rows.drop("asn", "persons"), 5)

    found = read(history).rows.collect()

    assert found.height == 4
    assert found.select(CROSSING_SCHEMA.names()).schema == CROSSING_SCHEMA
