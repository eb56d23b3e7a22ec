"""What a rule cites is held to the catalog: the item is there, of that class, and no worse known than the rule says."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest

from crossborder.config import data_folder
from crossborder.errors import CrossborderError
from crossborder.match.catalog import Catalog
from crossborder.match.files import CATALOG
from crossborder.match.reader import read_ruleset
from crossborder.match.recall import ruleset_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.match.conftest import Write

BODY = "detection:\n  it:\n    destination.port: 22\n  condition: it\n"
COUNTRIES = frozenset({"VN"})


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """Return the shipped catalog."""
    return Catalog.read(data_folder("rules") / CATALOG)


def citing(
    write: Write, item: str, *, category: str = "core", evidence: str = "secondary", status: str = "test"
) -> Path:
    """Write a rule that cites an item of Decision 20."""
    path = write("citing", BODY, status=status)
    text = path.read_text(encoding="utf-8").replace("165/2025/NĐ-CP, article: 12(5)", f"20/2025/QĐ-TTg, item: {item}")
    text = text.replace("category: core", f"category: {category}").replace("verbatim", evidence)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("item", "category", "evidence"),
    [
        ("I.4", "core", "secondary"),
        ("core:I.26", "core", "ocr"),
        ("I.25", "core", "secondary"),
        ("II.10", "important", "ocr"),
        ("important:inspection", "important", "secondary"),
        ("inspection", "important", "secondary"),
        ("I.26", "personal", "ocr"),
    ],
)
def test_a_true_citation_is_read(write: Write, catalog: Catalog, item: str, category: str, evidence: str) -> None:
    """With its number or our name for it, with or without its class; a rule may claim less than is known."""
    path = citing(write, item, category=category, evidence=evidence)

    assert read_ruleset([path], catalog=catalog)["citing"].enabled


@pytest.mark.parametrize(
    ("item", "category", "evidence", "fault"),
    [
        ("I.27", "core", "secondary", r"7: item 'I\.27' is not in the catalog \("),
        ("I.4", "core", "ocr", r"8: evidence ocr is better than that of item core:I\.4, secondary"),
        ("I.4", "important", "secondary", r"7: item I\.4 is core data, and the rule's category is important"),
        (
            "I.17",
            "core",
            "secondary",
            r"7: item core:I\.13-I\.24 is unverified in the catalog: a rule that rests on it",
        ),
        ("I.13-I.24", "core", "secondary", r"7: item core:I\.13-I\.24 is unverified in the catalog"),
    ],
)
def test_a_false_citation_is_refused(
    write: Write, catalog: Catalog, item: str, category: str, evidence: str, fault: str
) -> None:
    """At its line, naming the item."""
    path = citing(write, item, category=category, evidence=evidence)

    with pytest.raises(CrossborderError, match=rf"citing\.yaml:{fault}"):
        read_ruleset([path], catalog=catalog)


def test_what_rests_on_nothing_may_stand_switched_off(write: Write, catalog: Catalog) -> None:
    """By its status or by its name in the configuration; it must not claim to know more even then."""
    off = citing(write, "I.17", evidence="unverified", status="unsupported")
    assert not read_ruleset([off], catalog=catalog)["citing"].enabled
    on = citing(write, "I.17", evidence="unverified")
    assert not read_ruleset([on], disable=["citing"], catalog=catalog)["citing"].enabled

    with pytest.raises(CrossborderError, match="evidence secondary is better than that of item"):
        read_ruleset([citing(write, "I.17")], disable=["citing"], catalog=catalog)


def test_decomposed_letters_are_the_same_instrument(write: Write, catalog: Catalog) -> None:
    """Đ is one letter and Ệ may be three code points: an editor's choice does not let a citation by."""
    path = citing(write, "I.27")
    path.write_text(unicodedata.normalize("NFD", path.read_text(encoding="utf-8")), encoding="utf-8")

    with pytest.raises(CrossborderError, match="is not in the catalog"):
        read_ruleset([path], catalog=catalog)


def test_another_instruments_items_are_not_looked_up(write: Write, catalog: Catalog) -> None:
    """The catalog knows one annex."""
    path = citing(write, "I.27")
    path.write_text(path.read_text(encoding="utf-8").replace("20/2025/QĐ-TTg", "1/1999/QĐ-TTg"), encoding="utf-8")

    assert read_ruleset([path], catalog=catalog)["citing"].legal.item == "I.27"


def test_a_ruleset_is_read_anew_when_the_catalog_changes(write: Write, tmp_path: Path) -> None:
    """A kept ruleset does not outlive what was known of the law."""
    path, known = citing(write, "I.4"), tmp_path / "catalog.yaml"
    known.write_text((data_folder("rules") / CATALOG).read_text(encoding="utf-8"), encoding="utf-8")
    for _ in range(2):
        assert ruleset_of([path], [], (), COUNTRIES, "VN", tmp_path, known)["citing"].enabled

    known.write_text(known.read_text(encoding="utf-8").replace("number: I.4,", "slug: four,"), encoding="utf-8")
    with pytest.raises(CrossborderError, match="is not in the catalog"):
        ruleset_of([path], [], (), COUNTRIES, "VN", tmp_path, known)
