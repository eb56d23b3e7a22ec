"""The rules in force: immutable, each with the law it works for, its tree and the hash of its text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from crossborder.match.compiler import truth

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    import polars as pl

    from crossborder.match.conditions import Node

Level = Literal["informational", "low", "medium", "high", "critical"]
Shadow = Literal["count", "off", "alert"]
"""What becomes of experimental rules: they are counted alone, not evaluated, or as any other."""
Status = Literal["stable", "test", "experimental", "deprecated", "unsupported"]
Category = Literal["core", "important", "personal", "secret", "none"]
Evidence = Literal["verbatim", "ocr", "secondary", "unverified"]
Route = Literal["nd165-core", "nd165-important", "pdpl"]
SetKind = Literal["countries", "networks", "domains", "strings"]
Comparison = Literal["gt", "gte", "lt", "lte", "eq", "neq"]
CorrelationType = Literal["event_count", "value_count", "value_sum"]

EVIDENCE: tuple[Evidence, ...] = ("verbatim", "ocr", "secondary", "unverified")
"""How well a cited text is known, the best first."""

EVALUATED: frozenset[Status] = frozenset({"stable", "test", "experimental"})
"""Statuses of rules that are evaluated; deprecated and unsupported rules stay readable and are not."""


@dataclass(frozen=True, slots=True)
class Legal:
    """The law a rule works for. A rule cites; a person decides."""

    instrument: str  # empty where the category is none
    item: str | None
    article: str | None
    category: Category
    route: Route | None
    in_force_from: date | None  # for the reader: rules are evaluated regardless of it


@dataclass(frozen=True, slots=True)
class NamedSet:
    """A list in data, with source and date, that rules use by name: `%name%`."""

    name: str
    title: str
    source: str
    date: str
    kind: SetKind
    values: tuple[str, ...]
    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class Correlation:
    """How many flows, different values or summed bytes of one group within a time span make a finding."""

    type: CorrelationType
    bases: tuple[str, ...]  # names of the rules whose matches are counted
    group_by: tuple[str, ...]  # ECS names; none: one group
    timespan: str  # as the rule writes it: 10m
    span_ns: int
    op: Comparison
    threshold: int | float
    field: str | None  # ECS name whose values are counted or summed

    @property
    def condition(self) -> str:
        """Return the condition as the rule writes it, on one line."""
        by = f" by {', '.join(self.group_by)}" if self.group_by else ""
        return f"{self.type} {self.op}: {self.threshold} within {self.timespan}{by}"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule. Of a correlation `tree` is the or of its bases: a flow counts once, by whichever base it matches."""

    name: str
    uuid: str
    title: str
    level: Level
    status: Status
    legal: Legal
    evidence: Evidence | None  # none where nothing is cited
    description: str
    misses: str
    falsepositives: tuple[str, ...]
    references: tuple[str, ...]
    path: str
    line: int
    sha256: str  # of the file's bytes, as sha256sum prints it
    tree: Node
    correlation: Correlation | None
    enabled: bool  # by its status and by the configuration
    filters: tuple[str, ...] = ()  # digests of the filters put to it, which are in its tree
    shadow: bool = False  # evaluated and counted, and nothing else comes of it

    @property
    def expression(self) -> pl.Expr:
        """Return the boolean expression of the tree, never null, over a frame of crossings."""
        return truth(self.tree)

    @property
    def category(self) -> Category:
        """Return the legal category."""
        return self.legal.category

    @property
    def identity(self) -> tuple[str, ...]:
        """Return what stays the same as long as the rule means the same: id, text, filters, whether it speaks."""
        return self.uuid, self.sha256, *self.filters, *(("shadow",) if self.shadow else ())


@dataclass(frozen=True, slots=True, eq=False)
class Ruleset:
    """All rules read, in the order of their files, and the sets they use."""

    rules: tuple[Rule, ...]
    sets: Mapping[str, NamedSet] = field(default_factory=dict)
    sha256: str = ""  # over the texts of all rules and sets and the names that are disabled
    files: tuple[Path, ...] = ()  # all that was read: what a change on disk is looked for in
    filters: tuple[Path, ...] = ()  # those of them that hold filters

    @property
    def enabled(self) -> tuple[Rule, ...]:
        """Return the rules in force: those that make findings."""
        return tuple(rule for rule in self.rules if rule.enabled and not rule.shadow)

    @property
    def evaluated(self) -> tuple[Rule, ...]:
        """Return the rules in force and those in shadow."""
        return tuple(rule for rule in self.rules if rule.enabled)

    def __getitem__(self, name: str) -> Rule:
        """Return the rule of that name; raises KeyError."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise KeyError(name)
