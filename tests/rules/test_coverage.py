"""`rules coverage`: what is there for each item of the catalog, worked out of the rules, and honest about the rest."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from tests.golden import assert_golden

from crossborder.cli import main
from crossborder.config import data_folder
from crossborder.errors import CrossborderError
from crossborder.match.catalog import Catalog
from crossborder.match.coverage import Traffic, coverage, detector_items, traffic_of
from crossborder.match.files import CATALOG
from crossborder.match.reader import read_ruleset

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossborder.match.ruleset import Ruleset

    Run = Callable[..., tuple[int, str, str]]

GOLDEN = Path(__file__).with_name("golden")
ASSETS = """\
systems:
  - {name: registry, categories: [core:I.26, personal], networks: [10.20.10.0/24]}
  - {name: maps, categories: [core:I.17], networks: [10.20.20.0/24]}
  - {name: fund, categories: [important:II.10], networks: [10.20.30.0/24]}
  - {name: vault, categories: [core], networks: [10.20.40.0/24]}
"""
RULE = """\
title: {name}
id: 00000000-0000-4000-8000-{number:012d}
name: {name}
status: test
logsource: {{product: crossborder, category: network_flow}}
detection:
{detection}
level: high
legal: {legal}
{evidence}
misses: Much.
"""
DECREE = "{instrument: 165/2025/NĐ-CP, article: 12(5), category: %s}"
RULES = {
    "any_core": ("tag: {data.categories|startswith: core}\ncondition: tag", DECREE % "core"),
    "not_personal": (
        "tag: {data.categories|startswith: core}\np: {data.categories: personal}\ncondition: tag and not p",
        DECREE % "core",
    ),
    "only_citizens": (
        "tag: {data.categories: core:I.26}\np: {data.categories: personal}\ncondition: tag and p",
        DECREE % "core",
    ),
    "anyone": ("port: {destination.port: 22}\ncondition: port", DECREE % "core"),
    "not_tagged": ("tag: {data.categories|exists: true}\ncondition: not tag", DECREE % "core"),
    "sign": ("tag: {data.categories|startswith: core}\ncondition: tag", "{category: none}"),
    "personal_way": ("tag: {data.categories|startswith: core}\ncondition: tag", DECREE % "personal"),
    "counted": (
        "port: {destination.port: 22}\ncondition: port",
        "{instrument: 20/2025/QĐ-TTg, item: important:citizens-lower-bands, category: important}",
    ),
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """Return the shipped catalog."""
    return Catalog.read(data_folder("rules") / CATALOG)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Write a small pack."""
    folder = tmp_path / "rules"
    folder.mkdir()
    for number, (name, (detection, legal)) in enumerate(RULES.items(), 1):
        evidence = "" if legal == "{category: none}" else "evidence: secondary"
        words = {"name": name, "number": number, "legal": legal, "evidence": evidence}
        text = RULE.format(detection=textwrap.indent(detection, "  "), **words)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def run(pack: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return a function that runs `rules coverage` over the small pack, 80 columns wide."""
    (tmp_path / "assets.yaml").write_text(ASSETS, encoding="utf-8")
    settings = f"assets: assets.yaml\nrules: {{shipped: false, paths: [{pack.name}]}}\n"
    (tmp_path / "c.yaml").write_text(settings, encoding="utf-8")
    monkeypatch.setenv("COLUMNS", "80")

    def ran(*words: object) -> tuple[int, str, str]:
        told = ["crossborder", "rules", "coverage", "-c", str(tmp_path / "c.yaml"), *map(str, words)]
        monkeypatch.setattr(sys, "argv", told)
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return ran


def flows_file(path: Path) -> Path:
    """Write recorded flows: of a tagged registry, of a tag within the range, of nobody, and one that stayed at home."""
    rows = [
        (["core:I.26", "personal"], 1000, "crossing"),
        (["core:I.26", "personal"], 234, "crossing"),
        (["core:I.17"], 50, "crossing"),
        (None, 7, "crossing"),
        (["core:I.26"], 10**9, "domestic"),
    ]
    frame = pl.DataFrame(
        rows, schema={"categories": pl.List(pl.String), "bytes_out": pl.UInt64, "scope": pl.String}, orient="row"
    )
    frame.write_parquet(path) if path.suffix == ".parquet" else frame.write_ndjson(path)
    return path


def rules_of(catalog: Catalog, ruleset: Ruleset) -> dict[str, tuple[str, ...]]:
    """Return the rules of each item."""
    return {line.item.id: line.rules for line in coverage(catalog, ruleset, {}, {}).lines}


def test_a_rule_covers_what_it_can_find_by_the_tag(catalog: Catalog, pack: Path) -> None:
    """Class rules cover each item of the class; one that asks for a tag covers that; one that asks for none, none."""
    found = rules_of(catalog, read_ruleset([pack], catalog=catalog))

    assert found["core:I.4"] == ("any_core", "not_personal")
    assert found["core:I.26"] == ("any_core", "not_personal", "only_citizens")
    assert found["important:II.10"] == ()
    assert found["important:citizens-lower-bands"] == ("counted",)


def test_all_core_data_are_important_data(catalog: Catalog, pack: Path) -> None:
    """II.1 takes in section I, and with it what covers it."""
    assert rules_of(catalog, read_ruleset([pack], catalog=catalog))["important:II.1"] == (
        "any_core",
        "not_personal",
        "only_citizens",
    )


def test_nothing_is_claimed_for_what_nobody_has_read(catalog: Catalog, pack: Path) -> None:
    """A class rule finds the tag, and still no rule stands for an item without wording."""
    assert rules_of(catalog, read_ruleset([pack], catalog=catalog))["core:I.13-I.24"] == ()


def test_a_rule_that_is_off_covers_nothing(catalog: Catalog, pack: Path) -> None:
    """Disabled rules are not counted."""
    ruleset = read_ruleset([pack], disable=["any_core", "not_personal"], catalog=catalog)

    assert rules_of(catalog, ruleset)["core:I.4"] == ()


def test_the_shipped_pack_covers_every_item_that_is_known(catalog: Catalog) -> None:
    """Each entry with evidence better than unverified has at least one rule; the range has none."""
    rules = data_folder("rules")
    found = coverage(catalog, read_ruleset([rules / "vn"], [rules / "sets"], catalog=catalog), {}, {})

    assert [line.item.id for line in found.uncovered] == ["core:I.13-I.24"]


def test_detectors_name_their_items(catalog: Catalog, tmp_path: Path) -> None:
    """Whatever else stands in a detector's file; without `items` it is no item's; an unknown item is a fault."""
    (tmp_path / "a.yaml").write_text("id: number\nitems: [core:I.26, important:II.10]\nfuture: {x: 1}\n")
    (tmp_path / "b.yaml").write_text("id: key\npattern: x\n")

    assert detector_items([tmp_path], catalog) == {"number": ("core:I.26", "important:II.10")}
    (tmp_path / "b.yaml").write_text("id: key\nitems:\n  - core:I.26\n  - core:I.62\n")
    with pytest.raises(CrossborderError, match=r"b\.yaml:4: item 'core:I\.62' is not in the catalog"):
        detector_items([tmp_path], catalog)


@pytest.mark.parametrize("name", ["flows.parquet", "flows.jsonl"])
def test_traffic_by_item(catalog: Catalog, tmp_path: Path, name: str) -> None:
    """Flows that crossed, once each per item; a number within the range is the range's; all core data are II.1's."""
    assert traffic_of(flows_file(tmp_path / name), catalog) == {
        "core:I.26": Traffic(2, 1234),
        "core:I.13-I.24": Traffic(1, 50),
        "important:II.1": Traffic(3, 1284),
    }


def test_traffic_of_events(catalog: Catalog, tmp_path: Path) -> None:
    """A flow that several rules found, opened and closed, is one flow, with the bytes it came to."""
    path = tmp_path / "events.jsonl"
    own = {"categories": ["important:II.10"], "flow_id": "7", "scope": "crossing"}
    events: list[dict[str, Any]] = [
        {"crossborder": own, "source": {"bytes": size, "ip": "10.0.0.1"}, "rule": {"name": name}}
        for name, size in (("one", 100), ("two", 100), ("one", 300))
    ]
    path.write_text("".join(json.dumps(event) + "\n" for event in events))

    assert traffic_of(path, catalog) == {"important:II.10": Traffic(1, 300)}


def test_another_file_is_told(catalog: Catalog, tmp_path: Path) -> None:
    """A file that is none of them ends in a sentence."""
    for name, content in (("gone.parquet", None), ("x.parquet", b"PAR"), ("y.jsonl", b"\xff{")):
        if content is not None:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(CrossborderError, match=name):
            traffic_of(tmp_path / name, catalog)


@pytest.mark.parametrize("lang", ["en", "vi"])
def test_golden_table(run: Run, tmp_path: Path, lang: str) -> None:
    """Item by item at 80 columns, and what no rule covers at the end."""
    code, out, _ = run("--flows", flows_file(tmp_path / "f.parquet"), "--lang", lang)

    assert code == 0
    assert_golden("\n".join(line.rstrip() for line in out.splitlines()) + "\n", GOLDEN / f"coverage-{lang}.txt")


def test_golden_json(run: Run, tmp_path: Path) -> None:
    """The same for programs; what is not known is null and says so."""
    code, out, _ = run("--json", "--flows", flows_file(tmp_path / "f.jsonl"))

    assert code == 0
    assert_golden(out, GOLDEN / "coverage.json")


def test_without_recorded_traffic_none_is_claimed(run: Run) -> None:
    """Null, not nought."""
    _, out, _ = run("--json")

    assert {(line["flows"], line["bytes"]) for line in json.loads(out)["items"]} == {(None, None)}
    assert json.loads(out)["systems_without_item"] == ["vault"]


def test_one_record_at_a_time(run: Run) -> None:
    """Flows and events would be counted twice."""
    code, _, err = run("--flows", "a.jsonl", "--events", "b.jsonl")

    assert code == 2
    assert "exclude each other" in err
