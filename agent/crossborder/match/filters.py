"""Sigma filters: what of some rules' matches is excepted, in files of their own beside the rules they name."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from crossborder import yamlfile
from crossborder.errors import CrossborderError
from crossborder.match.conditions import all_of
from crossborder.match.fields import nearest
from crossborder.match.head import Day, Text, uuid_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossborder.errors import Fault
    from crossborder.match.assembly import Draft
    from crossborder.match.conditions import Node
    from crossborder.match.rulefile import RuleFile

BLANK = "FILL IN"
"""Begins a text that a person still has to write: whatever holds one is refused."""

ANY = "any"


def filled(value: str) -> str:
    """Refuse a text that is still to be written."""
    if value.lstrip().startswith(BLANK):
        message = f"is still to be filled in by a person: {value.strip()!r}"
        raise ValueError(message)
    return value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class FilterHead(BaseModel):
    """A filter document: for whom nobody answers and nobody says why is none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Annotated[str, Field(min_length=1, max_length=256), AfterValidator(filled)]
    id: Annotated[str, AfterValidator(uuid_text)]
    name: str | None = None
    status: str | None = None
    description: Annotated[Text, AfterValidator(filled)]
    references: tuple[str, ...] = ()
    author: Annotated[Text, AfterValidator(filled)]
    date: Day | None = None
    modified: Day | None = None
    license: str | None = None
    tags: tuple[str, ...] = ()
    logsource: dict[str, Any]
    filter: dict[str, Any]


class Filter(NamedTuple):
    """A filter: which rules it is put to, by name or id, and what must hold besides."""

    file: RuleFile
    at: int  # its document in the file
    rules: tuple[str, ...]  # empty: any
    tree: Node
    sha256: str


def is_filter(file: RuleFile) -> bool:
    """Tell whether a file holds filters."""
    return any("filter" in document.data for document in file.documents)


def named_rules(file: RuleFile, at: int, faults: list[Fault]) -> tuple[str, ...] | None:
    """Check the head of a filter and return the rules it names; None where anything is at fault."""
    document = file.documents[at]
    if "filter" not in document.data:
        faults.append(document.fault("filters stand in a file of their own, without rules"))
        return None
    try:
        head = yamlfile.fill(document, FilterHead)
    except CrossborderError as error:
        faults += error.faults
        return None
    rules = _as_list(head.filter.get("rules"))
    if not isinstance(rules, list) or not rules or not all(isinstance(name, str) for name in rules):
        faults.append(document.fault("filter.rules names the rules it is put to, or says any", "filter"))
        return None
    return () if [name.lower() for name in rules] == [ANY] else tuple(rules)


def digest(file: RuleFile, at: int) -> str:
    """Return what tells a filter from its earlier text."""
    return hashlib.sha256(f"{file.sha256} {at}".encode()).hexdigest()


def put(filters: Sequence[Filter], drafts: Sequence[Draft], faults: list[Fault], *, partial: bool) -> list[Draft]:
    """Return the drafts with the filters put to them: a rule holds where its own tree and each filter's do.

    As in Sigma a filter is put to rules, not to correlations: it names the rules they count. A name that no rule has is
    a fault, unless only a part of the rules was read.
    """
    known = {name for draft in drafts for head in draft.heads for name in (head.name, head.id)}
    counting = {
        name: [head.name for head in draft.heads[:-1]]
        for draft in drafts
        if draft.correlation
        for name in (draft.heads[-1].name, draft.heads[-1].id)
    }
    for one in filters:
        for name in one.rules:
            if name in counting:
                bases = ", ".join(counting[name])
                faults.append(_fault(one, f"{name!r} is a correlation: name what it counts, {bases}"))
            elif name not in known and not partial:
                faults.append(_fault(one, f"{name!r} is no rule{nearest(name, sorted(known))}"))
    return [_filtered(draft, filters) for draft in drafts]


def _fault(one: Filter, message: str) -> Fault:
    return one.file.documents[one.at].fault(f"filter.rules: {message}", "filter", "rules")


def _filtered(draft: Draft, filters: Sequence[Filter]) -> Draft:
    trees, met = [], []
    for tree, head in zip(draft.trees, draft.heads, strict=False):
        its = [one for one in filters if not one.rules or {head.name, head.id}.intersection(one.rules)]
        trees.append(all_of([tree, *(one.tree for one in its)]))
        met += its
    return draft._replace(trees=trees, filters=tuple(dict.fromkeys(one.sha256 for one in met)))
