"""docs/RULES.md says of fields, sets and values what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from tests.golden import assert_golden

from crossborder.match.fields import KINDS
from crossborder.match.modifiers import KNOWN
from crossborder.match.reader import read_ruleset
from crossborder.match.ruletests import run_tests
from crossborder.model import CLASSIFY_COLUMNS, FIELDS, PERSON_COLUMNS, REPORT_COLUMNS

ROOT = Path(__file__).resolve().parents[2]
DOC = ROOT / "docs" / "RULES.md"
OWN_SETS = {"backup_operator": ("domains", "backup.example.org"), "backup_countries": ("countries", "DE")}


def field_table() -> str:
    """Return the table of fields as the page shows it."""
    meanings = {column.name: column.meaning for column in REPORT_COLUMNS + CLASSIFY_COLUMNS + PERSON_COLUMNS}
    rows = [f"| `{f.ecs}` | {KINDS[f.ecs].value} | {f.meaning or meanings[f.column]} |" for f in FIELDS]
    return "\n".join(["| field | holds | meaning |", "|---|---|---|", *rows])


def test_fields_are_the_models_golden() -> None:
    """The table of docs/RULES.md lists every field of the model."""
    head, begin, rest = DOC.read_text(encoding="utf-8").partition("<!-- fields: begin -->\n")
    _, end, tail = rest.partition("\n<!-- fields: end -->")

    assert begin
    assert end
    assert_golden(f"{head}{begin}{field_table()}{end}{tail}", DOC)


def test_modifiers_are_the_readers() -> None:
    """Every modifier the reader knows is on the page."""
    page = DOC.read_text(encoding="utf-8")

    assert {modifier for modifier in KNOWN if f"`{modifier}`" not in page} == set()


def own_set(folder: Path, name: str, kind: str, value: str) -> None:
    """Write a set as an operator does."""
    text = f"name: {name}\ntitle: Ours\nsource: contract\ndate: 2026-11-21\nkind: {kind}\nvalues: [{value}]\n"
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_the_first_rule_of_the_readme_works(tmp_path: Path) -> None:
    """Whoever copies the rule, the sets and the tests of rules/README.md has a rule whose cases hold."""
    blocks = re.findall(
        r"   ```yaml\n(.*?)   ```", (ROOT / "rules" / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    for text, name in zip(blocks, ("archive_only_backup.yaml", "archive_only_backup.test.yaml"), strict=False):
        (tmp_path / name).write_text(text, encoding="utf-8")
    sets = tmp_path / "sets"
    sets.mkdir()
    for name, (kind, value) in OWN_SETS.items():
        own_set(sets, name, kind, value)

    results = run_tests(read_ruleset([tmp_path], [ROOT / "rules" / "sets", sets]))

    assert len(results) == 4
    assert [result for result in results if not result.ok] == []


def test_an_operators_set_replaces_the_shipped_one(tmp_path: Path) -> None:
    """Norway becomes an allowed country by a set of the same name, the shipped file untouched."""
    own_set(tmp_path, "allowed_core", "countries", "VN, NO")

    ruleset = read_ruleset([ROOT / "rules" / "vn"], [ROOT / "rules" / "sets", tmp_path])

    assert ruleset.sets["allowed_core"].values == ("VN", "NO")
