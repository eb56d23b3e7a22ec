"""The house rules that a machine can hold: who may import whom, one door per library."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "agent" / "crossborder"
FILES = sorted(PACKAGE.rglob("*.py"))
STAGES = ("engine", "classify", "match", "publish")
FREE = {
    "model",
    "errors",
    "yamlfile",
    "prefixes",
    "kept",
    "keyfile",
    "pseudonyms",
    "signingkey",
    "statefile",
    "telemetry",
    "__version__",
}  # may be imported by every stage

DOORS = {
    "textual": {"top/"},
    "prometheus_client": {"publish/exposition.py"},
    "scapy": {"engine/portable/source.py", "demo/"},
    "pyshark": {"engine/tshark/"},
    "brotli": {"engine/portable/search/reading/unpack.py"},
    "re2": {"engine/portable/search/pattern.py"},
    "stdnum": {"engine/portable/search/validate.py"},
    "maxminddb": {"classify/mmdbfile.py"},
    "yaml": {"yamlfile.py"},
    "sigma": {"match/reader.py"},
    "crossborder_native": {"engine/native.py", "pseudonyms.py"},
    "pyrage": {"publish/evidence/sealing.py"},
    "sqlite3": {"statefile.py"},
    "obstore": {"publish/history/store.py"},
    "datasketches": {"match/persons/sketch.py"},
    "confluent_kafka": {"publish/shipping/kafka.py"},
    "click": {"cli.py", "commands/"},
    "vl_convert": {"review/report/charts/drawing.py"},
    "weasyprint": {"review/report/pdf.py"},
    "jinja2": {"review/report/page.py"},
}


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_one_door_per_library(path: Path) -> None:
    """A library is imported in one place only, so that it can be replaced in one place."""
    here = str(path.relative_to(PACKAGE))
    libraries = {name.split(".")[0] for name in _imports(path)}

    trespassed = {lib for lib in libraries & DOORS.keys() if not any(here.startswith(door) for door in DOORS[lib])}

    assert not trespassed


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_stage_imports_no_other_stage(path: Path) -> None:
    """Stages know the nouns, not each other; the nouns know nobody."""
    here = path.relative_to(PACKAGE).parts
    ours = {name.split(".")[1] for name in _imports(path) if name.startswith("crossborder.")}

    if here[0] in STAGES:
        assert ours <= FREE | {here[0]}
    elif here[0] in {"model.py", "errors.py", "prefixes.py"}:
        assert not ours - {"errors"}


def test_reviewing_reads_the_record_and_nobody_waits_for_it() -> None:
    """`review` stands on the stages and is imported by commands alone."""
    importers = {p.relative_to(PACKAGE).parts[0] for p in FILES if any("crossborder.review" in n for n in _imports(p))}
    ours = {
        name.split(".")[1]
        for path in (PACKAGE / "review").rglob("*.py")
        for name in _imports(path)
        if "." in name
        if name.startswith("crossborder.")
    }

    assert importers <= {"review", "commands"}
    assert ours <= FREE | {"review", "engine", "classify", "match", "publish", "parts", "config", "progress"}


def test_what_looks_at_an_agent_is_no_part_of_one() -> None:
    """`top` is imported by its command alone; what two looks mean knows neither files nor sockets nor the screen."""
    importers = {
        str(p.relative_to(PACKAGE)) for p in FILES if any(n.startswith("crossborder.top") for n in _imports(p))
    }
    outside = {"textual", "os", "socket", "http", "pathlib", "time", "threading"}
    pure = ("state", "sample", "finding", "lists", "health", "header", "panes", "details", "table", "layout", "manual")
    impure = {
        name: found
        for name in pure
        if (found := {n.split(".")[0] for n in _imports(PACKAGE / f"top/{name}.py")} & outside)
    }

    assert {name for name in importers if not name.startswith("top/")} == {"commands/top.py"}
    assert not impure


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_is_one_room(path: Path) -> None:
    """A file of over 400 lines is two rooms, unless it is a table."""
    tables = {"model.py", "catalogue.py"}

    lines = len(path.read_text(encoding="utf-8").splitlines())

    assert lines <= 400 or path.name in tables


def test_every_trap_names_a_test_that_exists() -> None:
    """docs/TRAPS.md promises a test for each trap."""
    root = PACKAGE.parents[1]
    promised = re.findall(r"`(tests/\S+?\.py)::(\w+)`", (root / "docs" / "TRAPS.md").read_text(encoding="utf-8"))

    missing = [name for file, name in promised if f"def {name}(" not in (root / file).read_text(encoding="utf-8")]

    assert len(promised) >= 18
    assert not missing
