"""Finds rule files, reads their documents and checks what stands at their head."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossborder import yamlfile
from crossborder.errors import CrossborderError, Fault
from crossborder.match.files import OTHER_FOLDERS, yaml_files
from crossborder.match.head import BaseHead, Head
from crossborder.match.ruleset import EVALUATED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

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


def heads(file: RuleFile, disable: frozenset[str], faults: list[Fault]) -> list[BaseHead] | None:
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
        faults += _shape(file, found, disable)
    return found if len(faults) == before else None


def _generates(file: RuleFile) -> bool:
    """Tell whether the base rules make findings of their own."""
    block = file.main.data.get("correlation")
    return isinstance(block, dict) and block.get("generate") is True


def _shape(file: RuleFile, found: list[BaseHead], disable: frozenset[str]) -> list[Fault]:
    main, bases = found[-1], found[:-1]
    faults = []
    if main.name != file.path.stem:
        faults.append(file.main.fault(f"name {main.name!r} differs from the file's, {file.path.stem!r}", "name"))
    if main.evidence == "unverified" and main.status in EVALUATED and main.name not in disable:
        message = "evidence unverified never ships enabled: verify the legal text, or set status: unsupported"
        faults.append(file.main.fault(message, "evidence"))
    faults += [fault for document, head in zip(file.documents, found, strict=True) for fault in _graded(document, head)]
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


def _graded(document: Document, head: BaseHead) -> list[Fault]:
    """Check that evidence stands where a text is cited, and only there: it grades the citation, not the finding."""
    if head.legal is None:
        return []
    cites = head.legal.category != "none"
    if cites and head.evidence is None:
        return [document.fault("evidence is missing: how well the cited text is known", "legal")]
    if not cites and head.evidence is not None:
        return [document.fault("evidence grades a cited text, and category none cites nothing", "evidence")]
    return []
