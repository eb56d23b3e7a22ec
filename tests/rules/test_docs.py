"""docs/RULES.md says of fields, sets and values what the code says."""

from __future__ import annotations

from pathlib import Path

from tests.golden import assert_golden

from crossborder.match.fields import KINDS
from crossborder.match.modifiers import KNOWN
from crossborder.model import CLASSIFY_COLUMNS, FIELDS, REPORT_COLUMNS

DOC = Path(__file__).resolve().parents[2] / "docs" / "RULES.md"


def field_table() -> str:
    """Return the table of fields as the page shows it."""
    meanings = {column.name: column.meaning for column in REPORT_COLUMNS + CLASSIFY_COLUMNS}
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
