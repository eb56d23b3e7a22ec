"""The shipped pack as data: what every rule, test and set must have, whatever the machinery makes of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from tests.golden import assert_golden

from crossborder import yamlfile
from crossborder.match.catalog import Catalog, better
from crossborder.model import COLUMN_OF, LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = Path(__file__).resolve().parents[2] / "rules"
RULE_FILES = sorted(p for p in (RULES / "vn").glob("*.yaml") if not p.name.endswith(".test.yaml"))
SET_FILES = sorted((RULES / "sets").glob("*.yaml"))

CATALOG = Catalog.read(RULES / "catalog" / "decision-20-2025.yaml")

BANDS = {f"{band.category}:{band.kind}": band.evidence for band in CATALOG.bands()} | {":80%": "secondary"}
"""What rules ask of data.bands, and how well the band is known."""

CITED = {
    ("165/2025/NĐ-CP", "12(5)"): "verbatim",
    ("165/2025/NĐ-CP", "12(6)"): "verbatim",
    ("356/2025/NĐ-CP", "42(3)"): "verbatim",
    ("91/2025/QH15", "20(1)-(2)"): "verbatim",
    ("91/2025/QH15", "20(1)(a)"): "verbatim",
    ("91/2025/QH15", "20(1)(b)"): "verbatim",
    ("91/2025/QH15", "20(1)(c)"): "verbatim",
    ("60/2024/QH15", "23(2)(a)"): "secondary",
    ("60/2024/QH15", "23(2)(b)"): "secondary",
    ("60/2024/QH15", "23(2)(c)"): "secondary",
    ("330/2026/NĐ-CP", "56(2)(c)"): "verbatim",
    ("356/2025/NĐ-CP", "7(2)"): "verbatim",
    ("117/2025/QH15", ""): "secondary",  # the law as a whole: its articles were not read
}
"""Articles that rules cite, and how their text was read."""

IN_FORCE = {
    "20/2025/QĐ-TTg": "2025-07-01",
    "60/2024/QH15": "2025-07-01",
    "91/2025/QH15": "2026-01-01",
    "356/2025/NĐ-CP": "2026-01-01",
    "330/2026/NĐ-CP": "2026-08-19",
    "117/2025/QH15": "2026-03-01",
    "165/2025/NĐ-CP": None,  # the day was not read in the text: better none than a likely one
}

COUNTRY = "destination.geo.country_iso_code"
SET_NAME = re.compile(r"%([a-z0-9_]+)%")


def documents(path: Path) -> list[dict[str, Any]]:
    """Return the documents of a rule file."""
    return [document.data for document in yamlfile.read_all(path)]


def main_rule(path: Path) -> dict[str, Any]:
    """Return the document that makes findings, the last."""
    return documents(path)[-1]


def cases_of(path: Path) -> Path:
    """Return the file of a rule's tests."""
    return path.with_suffix(".test.yaml")


def items(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield every field with its modifiers and its value, of all selections of all documents."""
    for document in documents(path):
        for name, selection in document.get("detection", {}).items():
            if name != "condition":
                yield from selection.items()


def flows(path: Path, kind: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the flows of each case of one kind."""
    for case in yamlfile.read(cases_of(path)).data[kind]:
        yield [case["flow"]] if "flow" in case else case["flows"]


def band_of(path: Path) -> str | None:
    """Return the band a rule asks for: whoever passes it does so wherever the flow goes, and is told of it once."""
    return next((value for field, value in items(path) if field.startswith("data.bands")), None)


by_rule = pytest.mark.parametrize("path", RULE_FILES, ids=lambda p: p.stem)
by_set = pytest.mark.parametrize("path", SET_FILES, ids=lambda p: p.stem)


def test_the_pack_is_there() -> None:
    """The tests below would all pass over an empty folder."""
    assert len(RULE_FILES) >= 35
    assert len(SET_FILES) >= 15


def test_ids_are_random_and_unique() -> None:
    """Every document has a UUID of version 4 of its own, by which findings name it for ever."""
    ids = [document["id"] for path in RULE_FILES for document in documents(path)]

    assert all(UUID(one).version == 4 for one in ids)
    assert len(set(ids)) == len(ids)


@by_rule
def test_head(path: Path) -> None:
    """A rule is named after its file, says who, when, how bad, when it is wrong and what it misses."""
    rule = main_rule(path)

    assert rule["name"] == path.stem
    assert re.fullmatch(r"[a-z0-9_]{5,40}", path.stem)
    assert rule["author"] == "Crossborder"
    assert rule["date"] == "2026-11-21"
    assert rule["status"] == "test", "nothing starts stable, and an experimental rule would alert nobody"
    assert rule["level"] in LEVELS
    assert all(line.strip() for line in rule["falsepositives"])
    assert rule["misses"].endswith(".")
    assert len(rule["description"]) > 100


@by_rule
def test_bases_belong_to_their_correlation(path: Path) -> None:
    """Documents before the last are what the correlation counts, and bear its name."""
    *bases, rule = documents(path)

    assert bool(bases) == ("correlation" in rule)
    if bases:
        assert rule["correlation"]["rules"] == [f"{path.stem}_flow"] == [base["name"] for base in bases]


@by_rule
def test_law(path: Path) -> None:
    """A rule cites only what was read, graded as it was read; what has no legal basis says so and cites nothing."""
    rule = main_rule(path)
    legal = rule["legal"]
    if legal["category"] == "none":
        assert legal == {"category": "none"}
        assert "security sign" in rule["description"] or "no legal basis" in rule["description"].lower()
        return

    if band := band_of(path):
        assert rule["evidence"] == BANDS[band]
        assert legal["in_force_from"] == "2025-07-01"  # the day from which persons count
        assert legal["route"] == "pdpl"
        return
    if "item" in legal:
        item = CATALOG.find(legal["item"])
        assert item
        assert item.evidence != "unverified"
        assert not better(rule["evidence"], item.evidence)
    else:
        assert rule["evidence"] == CITED[legal["instrument"], legal.get("article", "")]
    assert legal.get("in_force_from") == IN_FORCE[legal["instrument"]]
    assert rule["references"]


@by_rule
def test_route(path: Path) -> None:
    """Core and important data that are personal data go the personal-data way, the others do not."""
    rule = main_rule(path)
    route = rule["legal"].get("route")
    if route is None:
        return

    conditions = " ".join(document["detection"]["condition"] for document in documents(path) if "detection" in document)
    tagged = re.search(r"\b(core|important|citizens)\b(?!_)", conditions)
    if route == "pdpl" and tagged:
        assert re.search(r"(?<!not )\bpersonal\b", conditions)
    elif route != "pdpl":
        assert "not personal" in conditions or "not core_or_personal" in conditions


@by_rule
def test_fields(path: Path) -> None:
    """Every field is one of the model's."""
    assert {field.partition("|")[0] for field, _ in items(path)} <= COLUMN_OF.keys()


@by_rule
def test_no_country_by_name(path: Path) -> None:
    """Countries come from sets only, and every rule asks for them, as what is allowed or as what is unknown."""
    asked = [(field, value) for field, value in items(path) if field.startswith(COUNTRY)]

    assert bool(asked) != bool(band_of(path))
    for field, value in asked:
        assert field == f"{COUNTRY}|expand"
        assert SET_NAME.fullmatch(value)


@by_rule
def test_allow_list(path: Path) -> None:
    """Countries are always what is allowed and negated, so that a country nobody thought of is found."""
    for document in documents(path):
        detection = document.get("detection", {})
        for name, selection in detection.items():
            if name == "condition" or f"{COUNTRY}|expand" not in selection:
                continue
            if selection[f"{COUNTRY}|expand"] == "%unknown%":
                continue
            assert len(selection) == 1
            assert detection["condition"].endswith(f"and not {name}")


@by_rule
def test_sets_exist(path: Path) -> None:
    """Every set a rule names is shipped."""
    names = {found[1] for _, value in items(path) if isinstance(value, str) and (found := SET_NAME.fullmatch(value))}

    assert names <= {p.stem for p in SET_FILES}


@by_rule
def test_tests_are_hard(path: Path) -> None:
    """Each rule has two cases of each kind and says why; among them IPv6, Norway or an unknown place, and home."""
    data = yamlfile.read(cases_of(path)).data
    assert set(data) == {"must_match", "must_not_match"}
    for kind in data:
        assert len(data[kind]) >= 2
        assert all(case["why"].endswith((".", "?")) for case in data[kind])

    matching = [flow for case in flows(path, "must_match") for flow in case]
    missing = [flow for case in flows(path, "must_not_match") for flow in case]
    for flow in [*matching, *missing]:
        assert flow.keys() - {"at"} <= COLUMN_OF.keys()
        assert COUNTRY in flow
    assert any(":" in flow["destination.ip"] for flow in matching)
    assert any(flow[COUNTRY] in {"NO", "ZZ"} for flow in matching)
    if "%unknown%" not in [value for _, value in items(path)] and not band_of(path):
        assert any(flow[COUNTRY] == "VN" for flow in missing)


@by_rule
def test_addresses_are_documentation(path: Path) -> None:
    """Addresses in tests are private, unique local or documentation space."""
    private = re.compile(r"(10\.20\.|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|fd20:|2001:db8:)")
    for kind in ("must_match", "must_not_match"):
        for case in flows(path, kind):
            for flow in case:
                assert private.match(flow["source.ip"])
                assert private.match(flow["destination.ip"])


def test_every_test_has_its_rule() -> None:
    """No test file is left behind when a rule goes, and no rule comes without one."""
    assert {cases_of(p) for p in RULE_FILES} == set((RULES / "vn").glob("*.test.yaml"))


@by_set
def test_set(path: Path) -> None:
    """A set is named after its file and says what, from where and when."""
    data = yamlfile.read(path).data

    assert set(data) == {"name", "title", "source", "date", "kind", "values"}
    assert data["name"] == path.stem
    assert data["title"]
    assert data["source"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", data["date"])
    assert data["kind"] in {"countries", "networks", "domains", "strings"}
    assert len(set(data["values"])) == len(data["values"]) > 0
    assert all(isinstance(value, str) for value in data["values"])


@by_set
def test_values_of_sets(path: Path) -> None:
    """Countries are codes of two capitals; domains are plain names, none of which lies below another of the set."""
    data = yamlfile.read(path).data
    if data["kind"] == "countries":
        assert all(re.fullmatch(r"[A-Z]{2}|HOME", value) for value in data["values"])
    if data["kind"] == "domains":
        names = set(data["values"])
        for name in names:
            assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", name)
            labels = name.split(".")
            assert not names.intersection(".".join(labels[n:]) for n in range(1, len(labels))), name


def test_allowed_sets_hold_home_only() -> None:
    """As shipped, nothing abroad is allowed; and unknown never is."""
    home = yamlfile.read(RULES / "sets" / "home.yaml").data["values"]
    for name in ("allowed_core", "allowed_important", "allowed_personal"):
        assert yamlfile.read(RULES / "sets" / f"{name}.yaml").data["values"] == home == ["HOME"]


def overview() -> str:
    """Return the table of the pack as rules/README.md shows it."""
    rows = ["| rule | level | what it finds | law |", "|---|---|---|---|"]
    for path in sorted(RULE_FILES, key=lambda p: (-LEVELS.index(main_rule(p)["level"]), p.stem)):
        rule = main_rule(path)
        legal = rule["legal"]
        place = legal.get("article") or legal.get("item")
        law = f"{legal['instrument']} {place} ({rule['evidence']})" if place else ""
        rows.append(f"| [{path.stem}](vn/{path.name}) | {rule['level']} | {rule['title']} | {law} |")
    return "\n".join(rows)


def test_readme_shows_the_pack_golden() -> None:
    """The table at the end of rules/README.md is that of the files."""
    readme = RULES / "README.md"
    head, marker, _ = readme.read_text(encoding="utf-8").partition("| rule | level |")

    assert marker
    assert_golden(f"{head}{overview()}\n", readme)


def test_norway_is_in_the_eea() -> None:
    """NO is read as text."""
    assert "NO" in yamlfile.read(RULES / "sets" / "eea.yaml").data["values"]


def test_sets_are_used_or_say_why_not() -> None:
    """A set that no rule uses tells its reader so."""
    used = {
        found[1]
        for path in RULE_FILES
        for _, value in items(path)
        if isinstance(value, str) and (found := SET_NAME.fullmatch(value))
    }
    for path in SET_FILES:
        assert (path.stem in used) != ("No shipped rule uses this group" in path.read_text(encoding="utf-8")), path.stem
