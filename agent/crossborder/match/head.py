"""The head of a rule document: every key Sigma knows and our own, checked at its line."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from crossborder.match.fields import KINDS, SUMMABLE, Kind, nearest
from crossborder.match.ruleset import Category, CorrelationType, Evidence, Legal, Level, Route, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    Wrong = list[tuple[str, tuple[str, ...]]]  # sentences with their places

MAX_DISTINCT = 10_000
"""Most different values a correlation can ask for: it keeps that many per group."""

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{2,69}")


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        message = f"{value!r} is not 3 to 70 small letters, digits, _ or -"
        raise ValueError(message)
    return value


def uuid_text(value: str) -> str:
    """Return a UUID as it is always written; raises ValueError for any other text."""
    try:
        return str(UUID(value))
    except ValueError:
        message = f"{value!r} is not a UUID, as 8f2c7d1e-5b0a-4c39-9c57-0d4f6a1b2e3c"
        raise ValueError(message) from None


def some(value: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse an empty list; unlike a least length it says nothing more where an item is at fault."""
    if not value:
        message = "at least one is expected"
        raise ValueError(message)
    return value


def _date(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        message = f"{value!r} is not a date, as 2025-07-01"
        raise ValueError(message) from None


def _number_as_text(value: object) -> object:
    """Take an article or item that is a number as the text it is written as."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Name = Annotated[str, AfterValidator(_name)]
Text = Annotated[str, Field(min_length=1)]
Reference = Annotated[Text, BeforeValidator(_number_as_text)]
Day = Annotated[date, BeforeValidator(_date)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LegalBlock(_Part):
    """The `legal` block. Category none cites nothing: a security sign without legal basis."""

    instrument: Text | None = None
    item: Reference | None = None
    article: Reference | None = None
    category: Category
    route: Route | None = None
    in_force_from: Day | None = None

    @model_validator(mode="after")
    def _cites(self) -> Self:
        if self.category != "none" and self.instrument is None:
            raise ValueError("instrument is missing: the law that is cited, or category: none")
        if self.category == "none" and self.model_fields_set != {"category"}:
            raise ValueError("category none cites nothing")
        return self

    def noun(self) -> Legal:
        """Return the block as the ruleset keeps it."""
        return Legal(self.instrument or "", self.item, self.article, self.category, self.route, self.in_force_from)


class BaseHead(_Part):
    """A document whose matches a correlation counts: what the correlation says of the law it need not repeat."""

    title: Annotated[str, Field(min_length=1, max_length=256)]
    id: Annotated[str, AfterValidator(uuid_text)]
    name: Name
    status: Status | None = None
    level: Level | None = None
    legal: LegalBlock | None = None
    evidence: Evidence | None = None
    misses: Text | None = None
    description: str = ""
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    author: str | None = None
    date: Day | None = None
    modified: Day | None = None
    license: str | None = None
    taxonomy: str | None = None
    tags: tuple[str, ...] = ()
    related: Any = None  # pySigma checks it
    fields: tuple[str, ...] = ()
    scope: tuple[str, ...] = ()
    logsource: dict[str, Any] | None = None
    detection: dict[str, Any] | None = None
    correlation: CorrelationBlock | None = None


class Head(BaseHead):
    """A document that makes findings: it must say how bad, by what law, how well the law is known, what it misses."""

    status: Status
    level: Level
    legal: LegalBlock
    misses: Text


READ_TYPES = ("event_count", "value_count", "value_sum")
COMPARISONS = ("gt", "gte", "lt", "lte", "eq", "neq")


def _type(value: object) -> object:
    if value not in READ_TYPES:
        message = f"{value!r} is not read: {', '.join(READ_TYPES[:-1])} or {READ_TYPES[-1]}"
        raise ValueError(message)
    return value


def _timespan(value: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]*[smhdwMy]", value):
        message = f"{value!r} is not a time span, as 30s, 10m, 1h or 7d"
        raise ValueError(message)
    return value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Condition(_Part):
    """The threshold of a correlation: one comparison, and the field whose values are counted or summed."""

    field: str | None = None
    gt: float | None = None
    gte: float | None = None
    lt: float | None = None
    lte: float | None = None
    eq: float | None = None
    neq: float | None = None


class CorrelationBlock(_Part):
    """The `correlation` block. Aliases are not read: every rule here uses the same field names."""

    type: Annotated[CorrelationType, BeforeValidator(_type)]
    rules: Annotated[tuple[str, ...], BeforeValidator(_as_list), AfterValidator(some)]
    group_by: Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(alias="group-by")] = ()
    timespan: Annotated[str, AfterValidator(_timespan)]
    condition: Condition
    generate: bool = False

    def wrong(self, known: Sequence[str]) -> Wrong:
        """Tell what is wrong beyond the shape, each with its place; `known` are names and ids of the file's rules."""
        found: Wrong = [
            (f"rule {name!r} is not in this file{nearest(name, known)}", ("rules",))
            for name in self.rules
            if name not in known
        ]
        asked = [(name, "group-by") for name in self.group_by] + [(self.condition.field or "", "condition")]
        found += [
            (f"field {name!r} is not known{nearest(name, KINDS)}", (place,))
            for name, place in asked
            if name and name not in KINDS
        ]
        return found or [*self._wrong_grouping(), *self._wrong_counting()]

    def _wrong_grouping(self) -> Wrong:
        lists = [name for name in self.group_by if KINDS[name] is Kind.LIST]
        return [(f"{name} is a list: a group has one value of each field", ("group-by",)) for name in lists]

    def _wrong_counting(self) -> Wrong:
        field, place = self.condition.field, ("condition",)
        if sum(getattr(self.condition, name) is not None for name in COMPARISONS) != 1:
            return [(f"a condition has one of {', '.join(COMPARISONS)}", place)]
        if (field is None) != (self.type == "event_count"):
            return [(f"{self.type} takes {'no field' if field else 'a field'} in its condition", place)]
        if self.type == "value_sum" and field not in SUMMABLE:
            return [(f"{field} cannot be summed: {', '.join(sorted(SUMMABLE))} can", place)]
        most = max(getattr(self.condition, name) or 0 for name in COMPARISONS)
        if self.type == "value_count" and most > MAX_DISTINCT:
            return [(f"more than {MAX_DISTINCT} different values are not counted", place)]
        return []


BaseHead.model_rebuild()
Head.model_rebuild()
