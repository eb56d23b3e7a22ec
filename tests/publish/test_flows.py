"""The flows file: one row a flow whatever its reports, in three formats, and what was read before something broke."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from crossborder.errors import CrossborderError
from crossborder.model import CROSSING_SCHEMA
from crossborder.publish import flows as module
from crossborder.publish.flows import FLOW_SCHEMA, FlowsFile, sum_reports

if TYPE_CHECKING:
    from pathlib import Path

    from tests.publish.conftest import Batches, Frames

NOTHING = pl.DataFrame()
# One flow in three reports: what is counted adds up, what is known grows.
LIFE: list[dict[str, Any]] = [
    {
        "report": "opened",
        "end_reason": None,
        "bytes_out": 100,
        "bytes_in": 10,
        "missing_out": None,
        "server_name": None,
        "total_bytes_out": 100,
    },
    {"report": "active", "end_reason": None, "bytes_out": 20, "bytes_in": 0, "missing_out": 7, "total_bytes_out": 120},
    {
        "report": "ended",
        "end_reason": "rst",
        "bytes_out": 3,
        "bytes_in": 1,
        "missing_out": None,
        "total_bytes_out": 123,
    },
]


def test_what_was_found_early_stays_found(crossings: Frames) -> None:
    """What detectors found is told of one report: of the flow it is what any of them said, and the most values."""
    found = {"detectors": ["vn-personal-id"], "detected_kinds": ["basic"], "detected_items": ["core:I.26"]}
    later = {"detectors": ["bank-card"], "detected_kinds": ["bank", "basic"], "detected_items": ["core:I.26"]}
    reports = crossings(
        {"report": "opened", "end_reason": None, **found, "detected_values": 60},
        {"report": "active", "end_reason": None, **later, "detected_values": 2},
        {"report": "ended", **dict.fromkeys((*found, "detected_values"))},
        {"flow_id": 2, "report": "ended", **dict.fromkeys((*found, "detected_values"))},
    )

    first, second = sum_reports(reports).select(*found, "detected_values").rows()

    assert first == (["vn-personal-id", "bank-card"], ["basic", "bank"], ["core:I.26"], 60)
    assert second == (None, None, None, None)


def told(flow: dict[str, Any]) -> dict[str, Any]:
    """Return what the tests look at."""
    names = ("flow_id", "end_reason", "bytes_out", "bytes_in", "missing_out", "total_bytes_out", "server_name")
    return {name: flow[name] for name in names}


SUMMED = {
    "flow_id": 1,
    "end_reason": "rst",
    "bytes_out": 123,
    "bytes_in": 11,
    "missing_out": 7,
    "total_bytes_out": 123,
    "server_name": "files.example",
}


def test_reports_of_a_flow_add_up(crossings: Frames) -> None:
    """Keys first, deltas summed, totals and states last; not measured stays not measured."""
    (flow,) = sum_reports(crossings(*LIFE)).iter_rows(named=True)

    assert told(flow) == SUMMED
    assert flow["missing_in"] is None


def test_detections_are_joined_and_none_ran_is_told_from_none_matched(crossings: Frames) -> None:
    """Null: no detector ran; an empty list: they ran and found nothing."""
    one = {"detector": "cccd", "matches": 1, "distinct": [7], "confidence": 0.5, "samples": ["07•"]}
    frame = crossings(
        {"detections": [one]},
        {"detections": None},
        {"detections": [one]},
        {"flow_id": 2, "detections": []},
        {"flow_id": 3},
    )

    found = dict(sum_reports(frame).select("flow_id", "detections").iter_rows())

    assert [len(found[1]), found[2], found[3]] == [2, [], None]


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_one_row_a_flow(tmp_path: Path, batch: Batches, crossings: Frames, suffix: str) -> None:
    """The same flow in one, two or three batches makes the same row; a flow still alive at the end has no end."""
    path = tmp_path / f"out.{suffix}"
    sink = FlowsFile(path)
    sink(batch(), crossings(LIFE[0], {"flow_id": 2, "report": "opened", "end_reason": None}), NOTHING)
    sink(batch(), crossings(LIFE[1]), NOTHING)
    sink(batch(), crossings(), NOTHING)
    sink(batch(), crossings(LIFE[2], {"flow_id": 3, "first_ns": 1}), NOTHING)
    sink.close()

    rows = read(path)
    assert [int(row["flow_id"]) for row in rows] == [3, 1, 2]
    assert {k: str(v) for k, v in told(rows[1]).items()} == {k: str(v) for k, v in SUMMED.items()}
    assert not rows[2]["end_reason"]
    assert list(rows[0]) == FLOW_SCHEMA.names()
    assert list(tmp_path.iterdir()) == [path]


def read(path: Path) -> list[dict[str, Any]]:
    """Read any of the three formats back."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    return pl.read_parquet(path).to_dicts()


def test_the_columns_are_those_of_a_crossing() -> None:
    """In the order of the schema, without keys that only compare and without `report`."""
    assert FLOW_SCHEMA.names() == [n for n in CROSSING_SCHEMA if n not in {"report", "local_key", "remote_key"}]


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_no_flows(tmp_path: Path, suffix: str) -> None:
    """A capture without flows makes a file without rows that still opens."""
    path = tmp_path / f"out.{suffix}"
    FlowsFile(path).close()

    assert read(path) == []
    assert suffix != "csv" or path.read_text(encoding="utf-8").strip() == ",".join(FLOW_SCHEMA.names())


def test_flows_are_there_as_they_end(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """JSON lines and CSV grow while the replay runs: whatever happens then, they stay."""
    paths = [tmp_path / "out.jsonl", tmp_path / "out.csv"]
    sinks = [FlowsFile(path) for path in paths]
    for sink in sinks:
        sink(batch(), crossings({}, {"flow_id": 2, "report": "opened"}), NOTHING)

    assert [len(read(path)) for path in paths] == [1, 1]
    for sink in sinks:
        sink.close()
    assert [len(read(path)) for path in paths] == [2, 2]


def test_only_living_flows_are_held(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """Memory is for flows that live: ended ones leave with their batch."""
    sink = FlowsFile(tmp_path / "out.jsonl")
    for n in range(50):
        sink(batch(), crossings({"flow_id": n}, {"flow_id": 1_000, "report": "active"}), NOTHING)

    assert sink._living.height == 1
    sink.close()


def test_parquet_in_parts(tmp_path: Path, batch: Batches, crossings: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts written on the way are joined in order, and the file appears at once at the end."""
    monkeypatch.setattr(module, "PART_ROWS", 10)
    path = tmp_path / "out.parquet"
    sink = FlowsFile(path)
    for start in range(0, 36, 6):
        sink(batch(), crossings(*({"flow_id": n} for n in range(start, start + 6))), NOTHING)
    parts = len(list(tmp_path.glob(".out.parquet.*/*.parquet")))
    early = path.exists()
    sink.close()

    assert (parts, early) == (3, False)
    frame = pl.read_parquet(path)
    assert frame["flow_id"].to_list() == list(range(36))
    assert frame.schema == FLOW_SCHEMA


def test_csv_joins_lists_and_disarms_formulas(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """Lists are joined by `;`, a `;` inside is escaped; a name from the wire is no formula in a spreadsheet."""
    path = tmp_path / "out.csv"
    sink = FlowsFile(path)
    row = {
        "dns_query": ["a.example", "b;c.example"],
        "server_name": "=HYPERLINK(1)",
        "file_names": ["@x"],
        "http_path": 'say "hi",\n',
        "detections": [{"detector": "cccd", "matches": 2, "distinct": [1], "confidence": 0.5, "samples": ["x"]}],
        "persons": [{"kind": "basic", "hashes": [1, 2]}],
    }
    sink(batch(), crossings(row), NOTHING)
    sink.close()

    (got,) = read(path)
    assert got["dns_query"] == r"a.example;b\;c.example"
    assert got["server_name"] == "'=HYPERLINK(1)"
    assert got["file_names"] == "'@x"
    assert got["http_path"] == 'say "hi",\n'
    assert got["detections"] == "cccd:2"
    assert got["persons"] == "basic:2"
    assert got["mail_domains"] == ""


@pytest.mark.parametrize("name", ["out.txt", "out", "out.json", "out.csv.gz"])
def test_an_unknown_suffix(tmp_path: Path, name: str) -> None:
    """One sentence names the three that are known."""
    with pytest.raises(CrossborderError) as told_:
        FlowsFile(tmp_path / name)

    assert (
        str(told_.value)
        == f"{tmp_path / name}: flows are written as .jsonl, .csv or .parquet: choose one of these names"
    )


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_a_place_that_cannot_be_written(tmp_path: Path, suffix: str) -> None:
    """A folder that is missing, a folder in the file's place: said at the start."""
    (tmp_path / f"is.{suffix}").mkdir()
    for path in (tmp_path / "missing" / f"out.{suffix}", tmp_path / f"is.{suffix}"):
        with pytest.raises(CrossborderError, match="flows cannot be written"):
            FlowsFile(path)


def test_a_disk_that_fills(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """The batch that does not fit raises, once; the end tells a person; nothing is gathered in between."""
    path = tmp_path / "out.jsonl"
    path.symlink_to("/dev/full")
    sink = FlowsFile(path)
    with pytest.raises(OSError, match="No space left"):
        sink(batch(), crossings({}), NOTHING)
    sink(batch(), crossings({"report": "opened"}), NOTHING)
    held = sink._living.height

    with pytest.raises(CrossborderError) as told_:
        sink.close()

    assert held == 0
    assert str(told_.value) == f"{path}: flows could not all be written: No space left on device"


def test_a_parquet_folder_that_goes_away(tmp_path: Path, batch: Batches, crossings: Frames) -> None:
    """What cannot be put in place at the end is told, and nothing is left lying about."""
    path = tmp_path / "out.parquet"
    sink = FlowsFile(path)
    sink(batch(), crossings({}), NOTHING)
    path.mkdir()

    with pytest.raises(CrossborderError, match="flows could not all be written"):
        sink.close()

    assert list(tmp_path.iterdir()) == [path]
