"""The catalog of Decision 20/2025: what is known, how well, and what is not; every fault at its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crossborder.config import data_folder
from crossborder.errors import CrossborderError
from crossborder.match.catalog import Catalog, better
from crossborder.match.files import CATALOG

if TYPE_CHECKING:
    from pathlib import Path

SMALL = """\
instrument: 20/2025/QĐ-TTg
vi: Danh mục
en: List
in_force_from: 2025-07-01
counted_since: 2025-07-01
excludes: state secrets
official_text: https://example.org
core:
  - {number: I.1, vi: Một, en: One, holder: state, threshold: none, evidence: secondary, sources: [A]}
  - {number: I.2-I.4, vi: null, en: null, holder: null, threshold: unknown, evidence: unverified, sources: [A]}
important:
  - {slug: transport, vi: Hai, en: Two, holder: null, threshold: unknown, evidence: secondary, sources: [A]}
sources: {A: a newspaper}
"""

BAND = "{kind: bank, citizens: 5, evidence: ocr}"


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    """Return the shipped catalog."""
    return Catalog.read(data_folder("rules") / CATALOG)


def test_every_number_of_section_one_is_there(shipped: Catalog) -> None:
    """26 core items, twelve of them one entry without wording; seven of section II, the rest said to be missing."""
    numbers = [number for item in shipped.items if item.category == "core" for number in item.numbers]

    assert numbers == [f"I.{n}" for n in range(1, 27)]
    assert [i.name for i in shipped.items if i.category == "important"] == [
        "II.1",
        "II.10",
        "inspection",
        "internal-affairs",
        "transport",
        "science-technology",
        "citizens-lower-bands",
    ]
    assert [(m.category, m.at_least, m.of) for m in shipped.missing] == [("important", 11, 17)]


def test_grades(shipped: Catalog) -> None:
    """Nothing was read verbatim; what was read by OCR is four entries; the range is unverified and has no wording."""
    of = {grade: [i.id for i in shipped.items if i.evidence == grade] for grade in ("verbatim", "ocr", "unverified")}

    assert of["verbatim"] == []
    assert of["ocr"] == ["core:I.25", "core:I.26", "important:II.1", "important:II.10"]
    assert of["unverified"] == ["core:I.13-I.24"]
    unknown = shipped.find("core:I.13-I.24")
    assert unknown
    assert (unknown.vi, unknown.en, unknown.threshold, len(unknown.topics)) == (None, None, "unknown", 9)


def test_reconstructed_headings_say_so(shipped: Catalog) -> None:
    """The Vietnamese of items 1 to 12 is translated back from another language."""
    assert [i.name for i in shipped.items if i.reconstructed] == [f"I.{n}" for n in range(1, 13)]


def test_bands(shipped: Catalog) -> None:
    """The bounds of facts, each with its own grade; the bound for bank data is nobody's knowledge and is no band."""
    found = {(b.category, b.kind): (b.citizens, b.item, b.evidence) for b in shipped.bands()}

    assert found == {
        ("core", "basic"): (1_000_000, "core:I.26", "secondary"),
        ("core", "sensitive"): (100_000, "core:I.26", "ocr"),
        ("important", "basic"): (100_000, "important:citizens-lower-bands", "secondary"),
        ("important", "sensitive"): (10_000, "important:citizens-lower-bands", "secondary"),
    }
    assert {i.id: i.unknown_bands for i in shipped.items if i.unknown_bands} == {
        "core:I.26": ("bank",),
        "important:citizens-lower-bands": ("bank",),
    }


def test_a_number_within_a_range_is_found(shipped: Catalog) -> None:
    """Who has read the official text may tag I.17; the catalog answers with what it knows of it, which is nothing."""
    found = shipped.find("I.17")

    assert found
    assert found is shipped.find("core:I.17") is shipped.find("core:I.13-I.24")
    assert found.evidence == "unverified"
    assert shipped.find("core:I.27") is None
    assert "core:I.17" in shipped.ids


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        ("number: I.1,", "number: II.1,", ["9: II.1 is not of section I"]),
        ("number: I.1,", "number: I.3,", ["10: item I.3 is given twice, first on line 9"]),
        ("number: I.1,", "", ["9: core.0: an item has a number, or a slug where the number is not known"]),
        (
            "slug: transport, vi: Hai",
            "slug: transport, vi: null",
            ["12: important.0: an item whose wording is not known"],
        ),
        (
            "threshold: none",
            "threshold: bands",
            ["9: core.0: bands stand where the threshold is bands, and only there"],
        ),
        ("sources: [A]", "sources: [B]", [f"{n}: source 'B' is not among the sources" for n in (9, 10, 12)]),
        ("evidence: secondary", "evidence: hearsay", ["9: core.0.evidence:", "12: important.0.evidence:"]),
        ("holder: state", "owner: state", ["9: core.0.holder is missing", "9: unknown key 'owner'"]),
        (
            "threshold: none",
            "threshold: bands, bands: [{kind: bank, citizens: null, evidence: ocr}]",
            ["9: core.0.bands.0: a bound that is not known is unverified"],
        ),
        (
            "threshold: none",
            f"threshold: bands, bands: [{BAND}, {BAND}]",
            ["9: a kind has one band"],
        ),
    ],
)
def test_faults_have_their_line(tmp_path: Path, old: str, new: str, faults: list[str]) -> None:
    """Each fault of the file is told at its line, all of them."""
    path = tmp_path / "catalog.yaml"
    assert old in SMALL
    path.write_text(SMALL.replace(old, new), encoding="utf-8")

    with pytest.raises(CrossborderError) as error:
        Catalog.read(path)

    told = [str(fault).removeprefix(f"{path}:") for fault in error.value.faults]
    assert len(told) == len(faults)
    assert all(said.startswith(fault) for said, fault in zip(told, faults, strict=True)), told


def test_better() -> None:
    """Verbatim claims more than OCR, OCR more than a newspaper; a grade is not better than itself."""
    assert better("verbatim", "ocr")
    assert better("ocr", "secondary")
    assert not better("secondary", "secondary")
    assert not better("unverified", "secondary")
