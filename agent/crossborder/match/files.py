"""Which files a folder of rules or of named sets means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SUFFIXES = (".yaml", ".yml")
CATALOG = "catalog/decision-20-2025.yaml"
"""Where the shipped catalog lies in the folder of rules."""

OTHER_FOLDERS = frozenset({"sets", "catalog", "detectors"})
"""Folders of a rule pack that hold data of another kind."""


def yaml_files(paths: Iterable[Path], faults: list[Fault], skip: frozenset[str] = frozenset()) -> list[Path]:
    """Return the YAML files of files and folders, sorted within a folder; tests (`x.test.yaml`) are left out."""
    found: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            found.setdefault(path)
            continue
        inside = [p for p in sorted(path.rglob("*")) if _is_rule(p, p.relative_to(path), skip)]
        if not inside:
            faults.append(Fault(str(path), None, "holds no YAML file"))
        found.update(dict.fromkeys(inside))
    return list(found)


def _is_rule(path: Path, inside: Path, skip: frozenset[str]) -> bool:
    return (
        path.suffix in SUFFIXES
        and not path.stem.endswith(".test")
        and not skip.intersection(inside.parts[:-1])
        and path.is_file()
    )
