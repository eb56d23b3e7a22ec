"""Exported packs, converted by the real sigma-cli: every rule of the shipped pack, and what an operator may write."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.golden import assert_golden
from tests.match.conftest import rule_head
from tests.siem import convert

from crossborder import yamlfile
from crossborder.cli import cli
from crossborder.match.reader import read_ruleset
from crossborder.match.ruletests import run_tests

if TYPE_CHECKING:
    from click.testing import Result

ROOT = Path(__file__).resolve().parents[3]
NOT_RECORDED = {
    "band_core_basic",
    "band_core_sensitive",
    "band_important_basic",
    "band_important_sensitive",
    "band_near",
}


def export(folder: Path, *arguments: str | Path) -> Result:
    """Export to a folder."""
    return CliRunner().invoke(cli, ["rules", "export", "sigma", *map(str, arguments), "--output", str(folder)])


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """Return the exported pack of the shipped rules."""
    done = export(tmp_path / "pack")
    assert done.exit_code == 0, done.output
    return tmp_path / "pack"


def rules_in(folder: Path) -> set[str]:
    """Return the names of the rule files of a pack."""
    return {path.stem for path in folder.rglob("*.yml")}


def own(folder: Path, detection: str, name: str = "mine", number: int = 1) -> Path:
    """Write a rule of one's own."""
    path = folder / f"{name}.yaml"
    path.write_text(f"{rule_head(number, name)}detection:\n  it: {{{detection}}}\n  condition: it\n", encoding="utf-8")
    return path


def exported(folder: Path, rule: Path, sets: Path) -> Path:
    """Return the pack of a rule of one's own and one's own sets."""
    config = folder / "crossborder.yaml"
    config.write_text(f"rules: {{shipped: false, paths: [{rule}], sets: [{sets}]}}\n", encoding="utf-8")
    done = export(folder / "pack", "-c", config)
    assert done.exit_code == 0, done.output
    return folder / "pack"


def test_every_shipped_rule_is_there_or_told(shipped: Path) -> None:
    """All that are in force, but those that ask what only the agent counts."""
    every = {path.stem for path in (ROOT / "rules" / "vn").glob("*.yaml") if not path.stem.endswith(".test")}

    assert rules_in(shipped) == every - NOT_RECORDED
    page = (shipped / "README.md").read_text(encoding="utf-8")
    assert all(f"- `{name}`: it asks data.bands, which no flow record holds" in page for name in NOT_RECORDED)
    assert all(f"| `{name}` |" in page for name in every - NOT_RECORDED)


def test_every_shipped_rule_is_converted(shipped: Path, tmp_path: Path) -> None:
    """By the real sigma-cli, the whole folder at once: Loki takes all, Lucene those that look at one flow."""
    convert("loki", "-p", "flows.yaml", "--output-dir", tmp_path / "loki", ".", folder=shipped)
    convert("lucene", "--output-dir", tmp_path / "lucene", "rules", folder=shipped)

    assert {path.stem for path in (tmp_path / "loki").rglob("*.txt")} == rules_in(shipped)
    assert {path.stem for path in (tmp_path / "lucene").rglob("*.txt")} == rules_in(shipped / "rules")
    assert all(path.stat().st_size > 40 for path in (*tmp_path.glob("loki/*.txt"), *tmp_path.glob("lucene/*.txt")))


def test_what_queries_ask(shipped: Path) -> None:
    """Fields keep our names, or have those of the flows file; sets are written out; thresholds and spans are there."""
    core = convert("lucene", "rules/core_data_abroad.yml", folder=shipped)
    nameless = convert("lucene", "rules/tls_nameless_upload.yml", folder=shipped)
    names = convert("esql", "value_count", folder=shipped)
    drip = convert("loki", "-p", "flows.yaml", "value_sum/core_data_drip.yml", folder=shipped)

    assert "data.categories:core*" in core
    assert "data.payload_bytes:>=4096" in core
    assert core.rstrip().endswith("(NOT destination.geo.country_iso_code:VN)")
    assert "(NOT _exists_:tls.client.server_name)" in nameless
    assert (
        "stats value_count=count_distinct(dns.question.name) by timebucket, source.ip\n| where value_count >= 150"
        in names
    )
    assert drip.startswith("sum by (system, country) (sum_over_time(")
    assert drip.rstrip().endswith("| unwrap total_payload_out [1d])) >= 262144")


def test_exported_rules_mean_what_ours_do(shipped: Path) -> None:
    """Read by our own reader, without any set, they pass every case of the pack's own tests."""
    for path in sorted(shipped.rglob("*.yml")):
        shutil.copy(ROOT / "rules" / "vn" / f"{path.stem}.test.yaml", path.with_suffix(".test.yml"))

    folders = [shipped / name for name in ("rules", "value_count", "value_sum")]
    results = run_tests(read_ruleset(folders))

    assert len(results) > 300
    assert [result for result in results if not result.ok] == []


def test_law_stays_with_the_rule(shipped: Path) -> None:
    """Legal basis, evidence and what is missed are in the file; nothing names a set."""
    rule = yamlfile.read(shipped / "rules" / "core_data_abroad.yml").data

    assert rule["legal"]["instrument"] == "165/2025/NĐ-CP"
    assert rule["evidence"] == "verbatim"
    assert rule["misses"]
    assert not [path for path in shipped.rglob("*.yml") if "|expand" in path.read_text(encoding="utf-8")]


def test_golden_page(tmp_path: Path) -> None:
    """What people read, of a small pack."""
    own(tmp_path, "data.persons.basic|gte: 5", "persons", 3)
    text = own(tmp_path, "destination.domain|re: a$, data.categories|startswith: core", "mine", 4)
    config = tmp_path / "crossborder.yaml"
    config.write_text(f"rules: {{shipped: false, paths: [{tmp_path / 'persons.yaml'}, {text}]}}\n", encoding="utf-8")

    done = export(tmp_path / "pack", "-c", config)

    assert done.exit_code == 0, done.output
    page = (tmp_path / "pack" / "README.md").read_text(encoding="utf-8")
    assert_golden(page, Path(__file__).parent / "golden" / "README.md")


@pytest.mark.parametrize(
    ("detection", "query"),
    [
        ("destination.geo.country_iso_code|expand: '%north%'", "destination.geo.country_iso_code:(NO OR SE OR FI)"),
        ("destination.ip|cidr|expand: ['%offices%', 203.0.113.0/24]", "destination.ip:203.0.113.0\\/24"),
        ("destination.domain|expand: '%storage%'", "destination.domain:(drive.example OR *.drive.example OR"),
        ("destination.domain|endswith|expand: ['%storage%', .test]", "OR *.box.example.com OR *.test)"),
        ("destination.domain|expand|neq: '%storage%'", "NOT"),
        ("network.protocol|contains|expand: '%tools%'", r"network.protocol:(*rclone* OR *a\*b*)"),
        ("destination.domain|exists: false", "NOT _exists_:destination.domain"),
        ("destination.domain|exists: true", "_exists_:destination.domain"),
    ],
)
def test_sets_of_ones_own(detection: str, query: str, sets: Path, tmp_path: Path) -> None:
    """Each kind of set, with values beside it and modifiers around it."""
    pack = exported(tmp_path, own(tmp_path, detection), sets)

    assert query in convert("lucene", "rules", folder=pack)


def test_a_correlation_of_ones_own(sets: Path, tmp_path: Path) -> None:
    """An event_count over two bases stands with them in its folder and is converted."""
    bases = "".join(
        f"{rule_head(n, name)}detection: {{it: {{network.protocol: {name}}}, condition: it}}\n---\n"
        for n, name in ((1, "ftp"), (2, "smtp"))
    )
    counting = (
        "correlation: {type: event_count, rules: [ftp, smtp], group-by: source.ip, timespan: 10m, condition: {gte: 3}}"
    )
    path = tmp_path / "both.yaml"
    path.write_text(f"{bases}{rule_head(3, 'both')}{counting}\n", encoding="utf-8")

    query = convert("esql", "event_count", folder=exported(tmp_path, path, sets))

    assert 'network.protocol=="ftp"' in query
    assert 'network.protocol=="smtp"' in query
    assert "event_count=count() by timebucket, source.ip" in query


@pytest.mark.parametrize(
    ("disable", "documents", "generate", "told"),
    [
        ("[]", ["base", "other", "both"], True, ""),
        (
            "[base]",
            ["base", "other", "both"],
            False,
            "not exported: other: it is counted by both with base, which is off",
        ),
        ("[both]", ["base", "other"], None, ""),
        ("[both, other]", ["base"], None, ""),
    ],
)
def test_counted_rules_that_find_by_themselves(
    disable: str, documents: list[str], generate: bool | None, told: str, tmp_path: Path
) -> None:
    """What is off finds nothing in the SIEM either; of a correlation that is off its bases stay."""
    bases = "".join(
        f"{rule_head(n, name)}detection: {{it: {{destination.port: {n}}}, condition: it}}\n---\n"
        for n, name in ((1, "base"), (2, "other"))
    )
    counting = (
        "correlation: {type: event_count, rules: [base, other], timespan: 10m, condition: {gte: 3}, generate: true}"
    )
    path = tmp_path / "both.yaml"
    path.write_text(f"{bases}{rule_head(3, 'both')}{counting}\n", encoding="utf-8")
    config = tmp_path / "crossborder.yaml"
    config.write_text(f"rules: {{shipped: false, paths: [{path}], disable: {disable}}}\n", encoding="utf-8")

    done = export(tmp_path / "pack", "-c", config)

    (file,) = (tmp_path / "pack").rglob("*.yml")
    found = [document.data for document in yamlfile.read_all(file)]
    assert [document["name"] for document in found] == documents
    assert found[-1].get("correlation", {}).get("generate") == generate
    assert told in done.stderr


def test_what_cannot_be_written_is_told(sets: Path, tmp_path: Path) -> None:
    """Two tests of one field that differ by the set alone cannot stand in one selection; no error."""
    both = "destination.geo.country_iso_code|expand: '%north%', destination.geo.country_iso_code: NO"
    config = tmp_path / "crossborder.yaml"
    config.write_text(f"rules: {{shipped: false, paths: [{own(tmp_path, both)}], sets: [{sets}]}}\n", encoding="utf-8")

    done = export(tmp_path / "pack", "-c", config)

    assert done.exit_code == 0
    assert "not exported: mine: its selection 'it' asks destination.geo.country_iso_code twice" in done.stderr
    assert done.stderr.endswith("0 of 1 rules exported\n")


def digests(folder: Path) -> dict[str, str]:
    """Return every file of a folder with its digest."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_rules_give_the_same_bytes(shipped: Path, tmp_path: Path) -> None:
    """Elsewhere and once more over itself; SHA256SUMS holds every other file."""
    export(tmp_path / "again")
    first = digests(shipped)
    export(shipped)

    lines = (line.split("  ") for line in (shipped / "SHA256SUMS").read_text("utf-8").splitlines())
    assert first == digests(tmp_path / "again") == digests(shipped)
    assert {place: digest for digest, place in lines} == {
        place: digest for place, digest in first.items() if place != "SHA256SUMS"
    }


def test_what_is_no_longer_in_force_goes(shipped: Path, tmp_path: Path) -> None:
    """A rule switched off leaves the folder with the next export."""
    config = tmp_path / "crossborder.yaml"
    config.write_text("rules: {disable: [core_data_abroad, bulk_day_tagged]}\n", encoding="utf-8")

    assert export(shipped, "-c", config).exit_code == 0

    assert not rules_in(shipped) & {"core_data_abroad", "bulk_day_tagged"}
    assert "core_data_drip" in rules_in(shipped)


@pytest.mark.parametrize("place", ["rules/mine.yml", "notes.txt", "rules/core_data_abroad.yml", "SHA256SUMS"])
def test_what_is_not_ours_is_left_alone(place: str, shipped: Path) -> None:
    """A strange file, one of ours that a person changed, a list of digests that is none: refused, nothing written."""
    (shipped / place).write_text("mine\n", encoding="utf-8")
    before = digests(shipped)

    done = export(shipped)

    assert done.exit_code != 0
    assert str(shipped / place) in str(done.exception)
    assert digests(shipped) == before


def test_a_folder_of_others_is_refused(tmp_path: Path) -> None:
    """And so is a file in its place; an export that was broken off goes on."""
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "rule.yml").write_text("title: x\n", encoding="utf-8")
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "README.md").symlink_to(tmp_path / "elsewhere")

    assert export(tmp_path / "theirs").exit_code != 0
    assert export(tmp_path / "link").exit_code != 0
    assert not (tmp_path / "elsewhere").exists()
    export(tmp_path / "pack")
    (tmp_path / "pack" / "SHA256SUMS").unlink()
    assert export(tmp_path / "pack").exit_code == 0
