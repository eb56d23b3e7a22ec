"""Rulesets kept as JSON are the rulesets that were read, as long as nothing they are made of has changed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from crossborder.config import data_folder
from crossborder.errors import CrossborderError
from crossborder.match import Matcher, recall
from crossborder.match.cases import crossings
from crossborder.match.reader import read_ruleset
from crossborder.match.recall import dumps, loads, ruleset_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.match.conftest import Write

    from crossborder.match.ruleset import Ruleset

COUNTRIES = frozenset({"NO", "SE", "FI", "US"})
BODY = """\
detection:
  a:
    destination.geo.country_iso_code|expand: '%north%'
    source.bytes|gte: 1000
  b:
    destination.domain|re|i: '^a.*\\d'
    data.ech: null
  condition: a and not b
"""
COUNTED = """\
detection:
  a: {source.bytes|gt: 0}
  condition: a
"""


def plain(value: Any) -> Any:
    """Return a noun as data, so that two can be compared: rulesets are equal only to themselves."""
    if dataclasses.is_dataclass(value):
        fields = {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return type(value), fields
    if isinstance(value, (tuple, list)):
        return type(value), [plain(part) for part in value]
    return {k: plain(v) for k, v in value.items()} if isinstance(value, dict) else (type(value), value)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by one with every ruleset read from its files."""
    from crossborder.match import reader

    read = reader.read_ruleset
    counted: list[int] = []

    def counting(*args: Any, **options: Any) -> Ruleset:
        counted.append(1)
        return read(*args, **options)

    monkeypatch.setattr(reader, "read_ruleset", counting)
    return counted


def test_the_shipped_rules_come_back_as_they_are() -> None:
    """Every field of every noun, with its type."""
    rules = data_folder("rules")
    ruleset = read_ruleset([rules / "vn"], [rules / "sets"])

    assert plain(loads(dumps(ruleset))) == plain(ruleset)


def test_what_is_kept_matches_as_before(write: Write, sets: Path, tmp_path: Path) -> None:
    """Findings are the same, reasons and all."""
    path = write("asked", BODY)
    flows = crossings((1, at, {"destination.geo.country_iso_code": c}) for at, c in enumerate(("NO", "US", "SE")))

    found = [
        Matcher(ruleset_of([path], [sets], (), COUNTRIES, "VN", cache))(flows) for cache in (None, tmp_path, tmp_path)
    ]

    assert found[0].height == 2
    assert found[0].equals(found[1])
    assert found[0].equals(found[2])


def test_rules_are_read_once(write: Write, sets: Path, tmp_path: Path, reads: list[int]) -> None:
    """The second time nothing is read; other switches, another home or other countries are another ruleset."""
    path = write("asked", BODY)
    for _ in range(2):
        assert ruleset_of([path], [sets], (), COUNTRIES, "VN", tmp_path)["asked"].enabled
    assert len(reads) == 1

    assert not ruleset_of([path], [sets], ("asked",), COUNTRIES, "VN", tmp_path)["asked"].enabled
    ruleset_of([path], [sets], (), COUNTRIES, "SE", tmp_path)
    ruleset_of([path], [sets], (), COUNTRIES | {"DK"}, "VN", tmp_path)
    assert len(reads) == 4


def test_a_change_is_read(write: Write, sets: Path, tmp_path: Path, reads: list[int]) -> None:
    """A rule or a set with another byte, one more file, one file less: each is read anew."""
    path = write("asked", BODY)
    folder = path.parent

    def read() -> int:
        ruleset_of([folder], [sets], (), COUNTRIES, "VN", tmp_path)
        return len(reads)

    assert read() == 1
    path.write_text(path.read_text().replace("1000", "1001"))
    assert read() == 2
    (sets / "north.yaml").write_text((sets / "north.yaml").read_text().replace("[NO, SE, FI]", "[NO, SE]"))
    assert read() == 3
    other = write("counted", COUNTED, number=2)
    assert read() == 4
    other.unlink()
    assert read() == 4  # as it was two steps ago
    path.write_text(path.read_text().replace("1001", "1000"))
    assert read() == 5


def test_our_own_code_is_part_of_it(
    write: Write, sets: Path, tmp_path: Path, reads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new version that reads rules otherwise does not take what the old one has read."""
    path = write("asked", BODY)
    ruleset_of([path], [sets], (), COUNTRIES, "VN", tmp_path)
    elsewhere = tmp_path / "match"
    elsewhere.mkdir()
    (elsewhere / "reader.py").write_text("another reader")
    monkeypatch.setattr(recall, "__file__", str(elsewhere / "recall.py"))
    ruleset_of([path], [sets], (), COUNTRIES, "VN", tmp_path)

    assert len(reads) == 2


def test_faults_are_told_every_time(write: Write, tmp_path: Path) -> None:
    """What is wrong is never kept, and a file that is missing is told as ever."""
    path = write("asked", BODY)
    for _ in range(2):
        with pytest.raises(CrossborderError, match="set 'north' is not known"):
            ruleset_of([path], [], (), COUNTRIES, "VN", tmp_path)
    with pytest.raises(CrossborderError, match=r"gone\.yaml: cannot be read"):
        ruleset_of([tmp_path / "gone.yaml"], [], (), COUNTRIES, "VN", tmp_path)
