"""`crossborder detectors`: a person lists, tests and tries detectors, and no value is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.engine.searches import shipped
from tests.golden import assert_golden

from crossborder.cli import cli
from crossborder.errors import CrossborderError

GOLDEN = Path(__file__).parent / "golden"
GOOD = """id: mine
title: Numbers of our own
finds: basic
source: our own register
pattern: XY-[0-9]{6}
scores: {bare: 0.9}
mask: [3, 1]
vectors: {match: [XY-123456], miss: [XZ-123456]}
"""
TEXT = """Họ và tên: Nguyễn Văn Mẫu; Ngày sinh: 05/03/1990
Số CCCD: 001090012345; SĐT: 0912.345.678; E-mail: mau@example.com
Mã đơn hàng: 036185001234
"""


def ran(*words: str, given: str | None = None) -> tuple[int, str]:
    """Run a command; return its exit code and what it printed."""
    result = CliRunner().invoke(cli, ["detectors", *words], input=given)
    if isinstance(result.exception, CrossborderError):
        raise result.exception
    return result.exit_code, result.stdout


def test_golden_list() -> None:
    """What is searched for, as people see it."""
    code, said = ran("list")

    assert code == 0
    assert_golden(said, GOLDEN / "detectors-list.txt")


def test_a_list_for_programs() -> None:
    """An object a line, with what rules and reports speak of."""
    _, said = ran("list", "--json")
    told = {row["id"]: row for row in map(json.loads, said.splitlines())}

    assert told.keys() == {detector.id for detector in shipped()}
    assert told["vn-personal-id"]["items"] == ["core:I.26"]
    assert told["vn-personal-id"]["person"] == 10
    assert "vectors" not in told["vn-personal-id"]


def test_the_configuration_says_which(tmp_path: Path) -> None:
    """Those that are disabled are not in use; those of one's own are."""
    (tmp_path / "mine.yaml").write_text(GOOD)
    (tmp_path / "c.yaml").write_text(f"content: {{detectors: [{tmp_path / 'mine.yaml'}], disable: [vn-plate]}}\n")
    _, said = ran("list", "-c", str(tmp_path / "c.yaml"))
    names = [line.split()[0] for line in said.splitlines()]

    assert "mine" in names
    assert "vn-plate" not in names


def test_every_shipped_vector_passes() -> None:
    """Silently, when asked to be quiet."""
    code, said = ran("test", "--quiet")

    assert (code, said) == (0, "")


def test_a_vector_that_fails_is_told(tmp_path: Path) -> None:
    """With exit code 2: one that is not found, one that is."""
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    assert ran("test", str(path)) == (
        0,
        "ok   mine: must be found: 'XY-123456'\nok   mine: must not be found: 'XZ-123456'\n",
    )

    path.write_text(GOOD.replace("match: [XY-123456], miss: [XZ-123456]", "match: [XZ-1], miss: [XY-123456]"))
    assert ran("test", str(path)) == (
        2,
        "FAIL mine: must be found: 'XZ-1'\nFAIL mine: must not be found: 'XY-123456'\n",
    )


def test_golden_try(tmp_path: Path) -> None:
    """What is found in a text, masked; the number of an order is none of it."""
    path = tmp_path / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    code, said = ran("try", str(path))

    assert code == 0
    assert not any(value in said for value in ("001090012345", "0912.345.678", "mau@example.com", "Nguyễn"))
    assert_golden(said, GOLDEN / "detectors-try.txt")


def test_standard_input_and_other_detectors(tmp_path: Path) -> None:
    """One detector of one's own alone; nothing is also an answer."""
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    _, said = ran("try", "-d", str(path), "--json", "-", given="XY-123456 XY-123456 CCCD: 001090012345")
    told = json.loads(said)

    assert [(row["detector"], row["matches"], row["distinct"]) for row in told["detections"]] == [("mine", 2, 1)]
    assert told["detections"][0]["samples"] == ["XY-*****6"]
    assert ran("try", "-", given="không có gì")[1] == "nothing was found\n"


def test_a_fault_is_told_by_its_line(tmp_path: Path) -> None:
    """As everywhere."""
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD.replace("finds: basic", "finds: everything"))

    with pytest.raises(CrossborderError, match=r"mine\.yaml:3"):
        ran("test", str(path))


def test_a_large_text_is_searched_whole() -> None:
    """Beyond what is read at once, across where it is parted."""
    filling = "x" * ((1 << 20) - 4)
    _, said = ran("try", "-", "--json", given=f"{filling} CCCD: 001090012345 {filling} SĐT: 0912345678\n")

    assert {row["detector"] for row in json.loads(said)["detections"]} == {"vn-personal-id", "vn-mobile-phone"}
