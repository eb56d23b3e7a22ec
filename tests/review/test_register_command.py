"""`crossborder register transfers`: what people see, what spreadsheets and programs get, and what is said first."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from tests.golden import assert_golden
from tests.review.rows import PERMIT, TODAY, persons, row, written

from crossborder.cli import cli
from crossborder.review.transfers import TRANSFER_SCHEMA

GOLDEN = Path(__file__).parent / "golden"
ROWS = (
    row("2026-03-01 09:50", flow_id=1, inspection="opaque", persons=persons(basic=range(1, 1_501), bank=[7])),
    row("2026-03-01 11:10", flow_id=1, first_ns=row("2026-03-01 09:50")["first_ns"], before=6_000, gateway="gw-2"),
    row("2026-03-02 10:10", flow_id=2, remote_ip="2001:db8::7", country="ZZ", as_org="Network of a very long name"),
    row("2026-03-02 10:20", flow_id=3, system="labor", categories=["core:I.25", "important:II.10", "personal"]),
    row("2026-03-02 10:30", flow_id=4, system=None, unit=None, categories=None, server_name="api.openai.com",
        detected_items=["core:I.26"], detected_kinds=["basic"], as_org=None, persons=persons(sensitive=[1])),
    row("2026-03-20 10:20", flow_id=5, bytes_out=123_456_789, payload_out=120_000_000),
    row("2026-03-20 10:20", flow_id=6, system="leave", categories=["personal"]),
)  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a configuration with a history and permits; the day is one of March 2026."""
    monkeypatch.setattr("crossborder.commands.transfers.today", lambda: TODAY)
    written(tmp_path / "history", *ROWS)
    (tmp_path / "permits.yaml").write_text(PERMIT, encoding="utf-8")
    path = tmp_path / "c.yaml"
    path.write_text("history: {directory: history}\npermits: permits.yaml\n", encoding="utf-8")
    return path


def run(*words: object) -> Any:
    """Run a command of ours in this process."""
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_the_table(settings: Path, lang: str) -> None:
    """It fits a terminal of 100 columns."""
    shown = run("register", "transfers", "-c", settings, "--lang", lang, "--from", "2026-03-01", "--to", "2026-03-20")

    assert shown.exit_code == 0
    assert max(map(len, shown.stdout.splitlines())) <= 100
    assert_golden(shown.stdout, GOLDEN / f"transfers-{lang}.txt")


def test_csv_and_json(settings: Path) -> None:
    """Every column, times with their zone; the same rows in both."""
    words = ("register", "transfers", "-c", settings, "--all")
    rows = list(csv.DictReader(io.StringIO(run(*words, "--format", "csv").stdout)))
    told = json.loads(run(*words, "--format", "json").stdout)

    assert list(rows[0]) == list(told["transfers"][0]) == TRANSFER_SCHEMA.names()
    assert [one["flows"] for one in rows] == [str(one["flows"]) for one in told["transfers"]]
    assert rows[0]["first_seen"] == told["transfers"][0]["first_seen"] == "2026-03-02T03:30:00.000000Z"
    assert_golden(run(*words, "--format", "csv").stdout, GOLDEN / "transfers.csv")


def test_parquet_is_the_register(settings: Path, tmp_path: Path) -> None:
    """With its types, and what was left out beside it."""
    out = tmp_path / "t.parquet"
    run("register", "transfers", "-c", settings, "--format", "parquet", "-o", out)

    assert pl.read_parquet(out).schema == TRANSFER_SCHEMA
    assert json.loads(pl.read_parquet_metadata(out)["crossborder.about"])["left_out"] == []


def test_clocks_run_from_before_the_time_asked(settings: Path) -> None:
    """The record before --from is looked at for when a transfer began."""
    told = json.loads(run("register", "transfers", "-c", settings, "--from", "2026-03-20", "--format", "json").stdout)

    assert [one["known_since"][:10] for one in told["transfers"]] == ["2026-03-01"]


def test_what_cannot_be_read_is_said_first(settings: Path, tmp_path: Path) -> None:
    """On standard error before anything else, and in JSON before the rows."""
    path = min((tmp_path / "history").rglob("*.parquet"))
    path.write_bytes(b"PAR1")
    table = run("register", "transfers", "-c", settings)
    told = json.loads(run("register", "transfers", "-c", settings, "--format", "json").stdout)

    assert table.stderr.startswith(f"{path}: left out: ")
    assert next(iter(told)) == "left_out"
    assert told["left_out"][0]["path"] == str(path)


@pytest.mark.parametrize("words", [("transfers",), ("changes", "--from", "2026-03-02")])
def test_damage_within_a_file_is_said_too(settings: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Which shows only when rows are read: its end is as it was."""
    path = min((tmp_path / "history").rglob("*.parquet"))
    data = bytearray(path.read_bytes())
    data[4 : len(data) // 2] = b"\xff" * (len(data) // 2 - 4)
    path.write_bytes(bytes(data))

    told = run("register", *words, "-c", settings)

    assert told.exit_code == 0
    assert told.stderr.startswith(f"{path}: left out: its bytes are not those that were written")


def test_hours_without_rows_are_said(settings: Path) -> None:
    """No row, and nothing says that an agent recorded."""
    words = ("register", "transfers", "-c", settings, "--from", "2026-03-01T09:00", "--to", "2026-03-01T12:00")
    told = json.loads(run(*words, "--format", "json").stdout)

    assert "gw-1: no rows from 2026-03-01 03h to 2026-03-01 05h UTC, and nothing says" in run(*words).stderr
    assert [tuple(gap.values()) for gap in told["gaps"]] == [
        ("gw-1", "2026-03-01T03:00:00Z", "2026-03-01T05:00:00Z"),
        ("gw-2", "2026-03-01T02:00:00Z", "2026-03-01T04:00:00Z"),
    ]


NASTY = {
    "=cmd|'/C calc'!A0": "'=",
    "+1": "'+1",
    "-1": "'-1",
    "@SUM(A1)": "'@SUM(A1)",
    "a\x1b[31mb\u202e": "a\\u001b[31mb\\u202e",
}


@pytest.mark.parametrize(("name", "shown"), NASTY.items())
def test_names_from_the_wire_do_nothing(tmp_path: Path, name: str, shown: str) -> None:
    """A spreadsheet does not calculate them, a terminal is not moved by them."""
    folder = written(tmp_path / "history", row(as_org=None, server_name=name))

    texts = [run("register", "transfers", folder, "--format", form).stdout for form in ("csv", "table", "json")]

    assert next(csv.DictReader(io.StringIO(texts[0])))["recipient"].startswith(shown)
    assert not any(control in text for text in texts for control in "\x1b\u202e")


def test_times_the_wrong_way_round(settings: Path) -> None:
    """Are a mistake."""
    words = ("register", "transfers", "-c", settings, "--from", "2026-03-02", "--to", "2026-03-01")

    assert "--from must be before --to" in CliRunner().invoke(cli, [*map(str, words)]).output


def test_the_group_tells_its_two_kinds_apart() -> None:
    """Transfers, and people."""
    shown = run("register", "--help").stdout

    assert "Transfers (transfers, changes)" in shown
    assert "People (build, show)" in shown
