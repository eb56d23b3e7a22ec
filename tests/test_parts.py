"""The parts of a running agent: a catalog that is at fault is told once, and one that changes is read anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crossborder import config, parts
from crossborder.config import data_folder
from crossborder.errors import CrossborderError
from crossborder.match.files import CATALOG

if TYPE_CHECKING:
    from pathlib import Path

ASSETS = "systems:\n  - {name: registry, categories: [core:I.26], networks: [10.20.10.0/24]}\n"


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a copy of the shipped catalog in its place, and assets beside it that need it."""
    path = tmp_path / "catalog.yaml"
    path.write_text((data_folder("rules") / CATALOG).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "assets.yaml").write_text(ASSETS, encoding="utf-8")
    (tmp_path / "c.yaml").write_text("assets: assets.yaml\n", encoding="utf-8")
    monkeypatch.setattr(parts, "catalog_path", lambda: path)
    return path


def test_a_faulty_catalog_is_told_once(catalog: Path) -> None:
    """Rules and assets both need it; every fault of it stands once, at its line."""
    text = catalog.read_text(encoding="utf-8")
    text = text.replace("number: I.2,", "number: II.2,").replace("slug: transport", "slug: inspection")
    catalog.write_text(text, encoding="utf-8")

    with pytest.raises(CrossborderError) as told:
        parts.build_parts(config.read(catalog.with_name("c.yaml")))

    faults = [str(fault).removeprefix(f"{catalog}:").partition(": ")[2] for fault in told.value.faults]
    assert faults[0] == "II.2 is not of section I"
    assert faults[1].startswith("item inspection is given twice, first on line ")
    assert len(faults) == 2


def test_a_changed_catalog_is_seen(catalog: Path) -> None:
    """Who completes the catalog need not restart the agent."""
    built = parts.build_parts(config.read(catalog.with_name("c.yaml")))
    assert not built.changed(None)

    catalog.write_text(catalog.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert built.changed(None)
