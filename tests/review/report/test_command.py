"""`crossborder report`, as it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.review.rows import row, written

from crossborder.commands.report import report
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

TIME = ["--from", "2026-03-01", "--to", "2026-03-31"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a history of two systems."""
    return written(tmp_path / "history", row(flow_id=1), row(flow_id=2, system="../tax office"))


def test_page_pdf_and_diagrams_are_written(folder: Path, tmp_path: Path) -> None:
    """All that is asked for, and nothing else."""
    out = tmp_path / "out"
    out.mkdir()
    asked = ["-o", str(out / "r.html"), "--pdf", str(out / "r.pdf"), "--diagrams", str(out / "flows")]

    done = CliRunner().invoke(report, [str(folder), *TIME, "--lang", "en", *asked], catch_exceptions=False)

    assert done.exit_code == 0
    assert sorted(str(path.relative_to(out)) for path in out.rglob("*.*")) == [
        "flows/0001-tax-office.svg",
        "flows/0002-registry.svg",
        "r.html",
        "r.pdf",
    ]
    assert (out / "r.pdf").read_bytes().startswith(b"%PDF")
    assert '<html lang="en">' in (out / "r.html").read_text(encoding="utf-8")


def test_the_report_is_vietnamese_and_stands_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without a word about it: report.html, in Vietnamese."""
    monkeypatch.chdir(tmp_path)

    CliRunner().invoke(report, [str(folder), *TIME], catch_exceptions=False)

    assert '<html lang="vi">' in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_what_is_left_out_is_said(folder: Path, tmp_path: Path) -> None:
    """A damaged file is named on standard error too."""
    broken = next(folder.rglob("*.parquet"))
    broken.write_bytes(b"PAR1")

    done = CliRunner().invoke(report, [str(folder), *TIME, "-o", str(tmp_path / "r.html")], catch_exceptions=False)

    assert f"{broken}: left out" in done.stderr


def test_a_file_damaged_within_is_left_out(folder: Path, tmp_path: Path) -> None:
    """Its end is whole and its pages are not: that shows when rows are read."""
    broken = next(folder.rglob("*.parquet"))
    data = bytearray(broken.read_bytes())
    data[4:400] = bytes(396)
    broken.write_bytes(bytes(data))

    done = CliRunner().invoke(report, [str(folder), *TIME, "-o", str(tmp_path / "r.html")], catch_exceptions=False)

    assert f"{broken}: left out" in done.stderr


def test_mistakes_are_said_in_a_sentence(folder: Path, tmp_path: Path) -> None:
    """A time that ends before it begins; a place where nothing can be written."""
    turned = CliRunner().invoke(report, [str(folder), "--from", "2026-04-01", "--to", "2026-03-01"])

    assert "--from must be before --to" in turned.stderr
    with pytest.raises(CrossborderError, match="cannot be written"):
        CliRunner().invoke(report, [str(folder), *TIME, "-o", str(tmp_path / "no" / "r.html")], catch_exceptions=False)
