"""Finds rule files, reads their documents and checks what stands at their head."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossborder import yamlfile
from crossborder.errors import CrossborderError, Fault
from crossborder.match.citation import wrong_citation
from crossborder.match.files import OTHER_FOLDERS, yaml_files
from crossborder.match.head import BaseHead, Head
from crossborder.match.ruleset import EVALUATED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crossborder.match.catalog import Catalog
    from crossborder.yamlfile import Document


@dataclass(frozen=True, slots=True)
class RuleFile:
    """A file of rules: its documents, the last of which is the main one."""

    path: Path
    sha256: str
    documents: tuple[Document, ...]

    @property
    def main(self) -> Document:
        """Return the document the file is named after."""
        return self.documents[-1]


def rule_files(paths: Iterable[Path], faults: list[Fault]) -> list[RuleFile]:
    """Read the rule files of files and folders; what cannot be read is added to `faults`."""
    files = []
    for path in yaml_files(paths, faults, OTHER_FOLDERS):
        try:
            documents = tuple(yamlfile.read_all(path))
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        except CrossborderError as error:
            faults += error.faults
            continue
        strange = [d.fault("a rule is a mapping: title, id, name …") for d in documents if not isinstance(d.data, dict)]
        if not documents:
            strange = [Fault(str(path), 1, "is empty: a rule is expected")]
        faults += strange
        if not strange:
            files.append(RuleFile(path, sha256, documents))
    return files


def heads(
    file: RuleFile, disable: frozenset[str], catalog: Catalog | None, faults: list[Fault]
) -> list[BaseHead] | None:
    """Return the checked heads of a file's documents, or None when any is at fault."""
    found: list[BaseHead] = []
    before = len(faults)
    for document in file.documents:
        full = document is file.main or _generates(file)
        try:
            found.append(yamlfile.fill(document, Head if full else BaseHead))
        except CrossborderError as error:
            faults += error.faults
    if len(faults) == before:
        faults += _shape(file, found)
        faults += _cited(file, found, disable, catalog)
    return found if len(faults) == before else None


def _generates(file: RuleFile) -> bool:
    """Tell whether the base rules make findings of their own."""
    block = file.main.data.get("correlation")
    return isinstance(block, dict) and block.get("generate") is True


def _shape(file: RuleFile, found: list[BaseHead]) -> list[Fault]:
    main, bases = found[-1], found[:-1]
    faults = []
    if main.name != file.path.stem:
        faults.append(file.main.fault(f"name {main.name!r} differs from the file's, {file.path.stem!r}", "name"))
    used = set(main.correlation.rules) if main.correlation else set()
    for document, base in zip(file.documents, bases, strict=False):
        if not used & {base.name, base.id}:
            message = f"rule {base.name!r} is not counted by the correlation at the end: one rule a file"
            faults.append(document.fault(message, "name"))
        if base.correlation:
            faults.append(document.fault("a correlation stands at the end of its file, alone", "correlation"))
    for document, head in zip(file.documents, found, strict=True):
        if (head.detection is None) == (head.correlation is None):
            faults.append(document.fault("a rule has either detection or correlation"))
    return faults


def _cited(file: RuleFile, found: list[BaseHead], disable: frozenset[str], catalog: Catalog | None) -> list[Fault]:
    faults = []
    for document, head in zip(file.documents, found, strict=True):
        finds = document is file.main or _generates(file)
        in_force = finds and head.status in EVALUATED and head.name not in disable
        faults += wrong_citation(document, head, catalog, in_force=in_force)
    return faults
