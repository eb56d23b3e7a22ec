"""The one door to pySigma: reads rule files, tells every fault at its line, and lowers Sigma to our own small tree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from sigma.conditions import (
    ConditionAND,
    ConditionIdentifier,
    ConditionItem,
    ConditionNOT,
    ConditionSelector,
    SigmaCondition,
)
from sigma.correlations import SigmaCorrelationCondition, SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule
from sigma.rule.detection import EmptySigmaDetections, SigmaDetectionItem
from sigma.types import (
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SpecialChars,
)

from crossborder.errors import CrossborderError
from crossborder.match.assembly import Draft, assemble
from crossborder.match.conditions import Not, Op, Test, all_of, any_of
from crossborder.match.detection import Detection
from crossborder.match.fields import KINDS, Kind
from crossborder.match.files import yaml_files
from crossborder.match.filters import ANY, Filter, digest, is_filter, named_rules, put
from crossborder.match.rulefile import heads, rule_files
from crossborder.match.ruleset import Correlation
from crossborder.match.sets import read_sets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sigma.types import SigmaType

    from crossborder.errors import Fault
    from crossborder.match.catalog import Catalog
    from crossborder.match.conditions import Node, Value
    from crossborder.match.detection import Matching, Named
    from crossborder.match.head import BaseHead
    from crossborder.match.rulefile import RuleFile
    from crossborder.match.ruleset import Comparison, NamedSet, Ruleset, Shadow
    from crossborder.yamlfile import Document

_TRIVIAL = {"any": {"source.port": 1}, "condition": "any"}  # when only the head is to be judged
_QUOTED = 8  # values of a test that people are shown


def read_ruleset(
    paths: Iterable[Path],
    set_paths: Iterable[Path] = (),
    disable: Iterable[str] = (),
    countries: frozenset[str] | None = None,
    home: str = "VN",
    catalog: Catalog | None = None,
    *,
    partial: bool = False,
    shadow: Shadow = "alert",
) -> Ruleset:
    """Read rule files, or folders of them, and the named sets they use.

    `disable` names rules that are read and checked but not evaluated. `countries` holds the codes of ISO 3166 that a
    rule may name; without it any two capitals pass. `home` is the country that HOME in a set stands for. `catalog` is
    what cited items are held to; without it they are not. `partial` says that these are not all rules there are: a
    filter may name another. `shadow` says what becomes of experimental rules.

    Raises CrossborderError with every fault of every file.
    """
    faults: list[Fault] = []
    disabled = frozenset(disable)
    set_files = yaml_files(set_paths, faults)
    sets = read_sets(set_files, countries, home, faults)
    files = rule_files(paths, faults)
    filters = [one for file in files if is_filter(file) for one in _filters(file, sets, countries, faults)]
    drafts: list[Draft] = []
    for file in files:
        if is_filter(file):
            continue
        found = heads(file, disabled, catalog, faults)
        if found is None:
            continue
        faults += (fault for document in file.documents for fault in _head_faults(document))
        bases = file.documents[:-1] if found[-1].correlation else file.documents
        trees = [Detection(document, DOOR, sets, countries, faults).tree() for document in bases]
        drafts.append(Draft(file, found, trees, _correlation(file.main, found, faults)))
    drafts = put(filters, drafts, faults, partial=partial)
    ruleset = assemble(drafts, sets, disabled, faults, shadow)
    if filters:
        paths_of = tuple(dict.fromkeys(one.file.path for one in filters))
        ruleset = replace(ruleset, filters=paths_of, files=(*ruleset.files, *paths_of))
    if faults:
        order = {str(path): at for at, path in enumerate([*set_files, *(file.path for file in files)])}
        raise CrossborderError(*sorted(faults, key=lambda f: (order.get(f.path, -1), f.path, f.line or 0)))
    return ruleset


def _filters(
    file: RuleFile, sets: Mapping[str, NamedSet], countries: frozenset[str] | None, faults: list[Fault]
) -> Iterator[Filter]:
    """Read the filters of a file: their heads and conditions as of rules, the rest as pySigma judges it."""
    for at, document in enumerate(file.documents):
        rules = named_rules(file, at, faults)
        if rules is None:
            continue
        judged = SigmaFilter.from_dict({**document.data, "filter": _TRIVIAL | {"rules": ANY}}, collect_errors=True)
        faults += [document.fault(str(error), _key_of(error)) for error in judged.errors]
        tree = Detection(document, DOOR, sets, countries, faults, "filter").tree()
        yield Filter(file, at, rules, tree, digest(file, at))


def _key_of(error: Exception) -> str:
    key = type(error).__name__.removeprefix("Sigma").removesuffix("Error").lower()
    return {"tag": "tags", "value": "tags"}.get(key, key)


def _head_faults(document: Document) -> list[Fault]:
    """Let pySigma judge what it knows best: tags, relations, the log source."""
    if "correlation" in document.data:
        return []
    judged = SigmaRule.from_dict({**document.data, "detection": _TRIVIAL}, collect_errors=True)
    return [document.fault(str(error), _key_of(error)) for error in judged.errors]


class _Door:
    """How pySigma reads an item and a condition."""

    def item(self, name: str, modifiers: Sequence[str], values: Sequence[object]) -> Node:
        """Return the tests of one field, as Sigma joins them."""
        texts = KINDS[name] is not Kind.NUMBER and "exists" not in modifiers
        given = [str(v) if texts and v is not None else v for v in values]
        item = SigmaDetectionItem.from_mapping(
            "|".join([name, *modifiers]), cast("list[float | str | bool | None]", given)
        )
        tests = [_test(name, modifiers, value, raw) for value, raw in zip(item.value, given, strict=True)]
        if item.value_linking is ConditionAND:
            return all_of(list(tests))
        return any_of(list(_merged(tests)))

    def condition(self, text: str, named: Named, matching: Matching) -> Node:
        """Return the tree of a condition."""
        try:
            parsed = SigmaCondition(text, EmptySigmaDetections()).parse(postprocess=False)
        except SigmaError as error:
            column = getattr(error.__context__, "column", None)
            if column is None:
                raise ValueError("a condition has no pipes: counting is the work of a correlation") from None
            where = f"at {text[column - 1 :]!r}" if column <= len(text) else "at its end"
            raise ValueError(f"condition {text!r} cannot be read {where}") from None
        return _lowered(parsed, named, matching)


DOOR = _Door()
"""How pySigma reads a detection."""


def _lowered(node: object, named: Named, matching: Matching) -> Node:
    if isinstance(node, ConditionIdentifier):
        return named(node.identifier)
    if isinstance(node, ConditionSelector):
        return matching(node.pattern, all_of if node.cond_class is ConditionAND else any_of)
    if not isinstance(node, ConditionItem):
        raise TypeError(f"pySigma gives an unknown condition: {node!r}")
    parts = [_lowered(part, named, matching) for part in node.args]
    if isinstance(node, ConditionNOT):
        return Not(parts[0])
    return all_of(parts) if isinstance(node, ConditionAND) else any_of(parts)


def _test(name: str, modifiers: Sequence[str], value: SigmaType, raw: object) -> Test:
    op, values = _asked(name, value, raw)
    flags = "".join(m for m in modifiers if m in {"i", "m", "s"})
    cased = isinstance(value, SigmaCasedString)
    shown = "null" if op is Op.MISSING and not modifiers else str(raw).lower() if "exists" in modifiers else str(raw)
    return Test(name, op, values, cased, flags, "|".join(modifiers), shown)


def _asked(name: str, value: SigmaType, raw: object) -> tuple[Op, tuple[Value, ...]]:
    """Return how a value is compared, and the value as our tests hold it.

    Numbers are taken as they were read: pySigma makes a float of those beyond 2^53.
    """
    if isinstance(value, SigmaNull):
        return Op.MISSING, ()
    if isinstance(value, SigmaExists):
        return (Op.EXISTS if value.exists else Op.MISSING), ()
    if isinstance(value, SigmaCompareExpression):
        return Op[value.op.name], (cast("Value", raw),)
    if isinstance(value, SigmaNumber):
        return Op.IS, (cast("Value", raw),)
    if isinstance(value, SigmaCIDRExpression):
        return Op.CIDR, (str(value.network),)
    if isinstance(value, SigmaFieldReference):
        return Op.SAME, (value.field,)
    if isinstance(value, SigmaRegularExpression):
        return Op.RE, (str(raw),)
    if not isinstance(value, SigmaString):
        raise TypeError(f"pySigma gives an unknown value: {value!r}")
    if KINDS[name] is Kind.ADDRESS:
        return Op.CIDR, (str(raw),)
    return _text(name, value)


def _text(name: str, value: SigmaString) -> tuple[Op, tuple[Value, ...]]:
    star = SpecialChars.WILDCARD_MULTI
    match value.s:
        case []:
            return Op.IS, ("",)
        case [str(text)]:
            return Op.IS, (text.lower() if KINDS[name] is Kind.CHOICE else text,)
        case [only] if only == star:
            return Op.EXISTS, ()
        case [first, str(text), last] if first == star == last:
            return Op.CONTAINS, (text,)
        case [str(text), last] if last == star:
            return Op.STARTS, (text,)
        case [first, str(text)] if first == star:
            return Op.ENDS, (text,)
    return Op.LIKE, ("".join(_pattern(part) for part in value.s),)


def _pattern(part: object) -> str:
    """Return a piece of a wildcard pattern as `conditions.like_parts` reads it."""
    if isinstance(part, str):
        return "".join(f"\\{char}" if char in "*?\\" else char for char in part)
    return "*" if part == SpecialChars.WILDCARD_MULTI else "?"


def _merged(tests: Sequence[Test]) -> list[Test]:
    """Join alternatives that compare alike into one test of many values."""
    groups: dict[tuple[Op, bool, str], list[Test]] = {}
    for test in tests:
        alike = (test.op, test.cased, test.flags) if test.values else (test.op, False, str(len(groups)))
        groups.setdefault(alike, []).append(test)
    return [_one(group) for group in groups.values()]


def _one(group: list[Test]) -> Test:
    first = group[0]
    shown = ", ".join(test.shown for test in group[:_QUOTED])
    if len(group) > _QUOTED:
        shown += f" and {len(group) - _QUOTED} more"
    values = tuple(value for test in group for value in test.values)
    return Test(first.field, first.op, values, first.cased, first.flags, first.modifiers, shown)


def _correlation(document: Document, found: Sequence[BaseHead], faults: list[Fault]) -> Correlation | None:
    """Read a correlation; its time span and threshold as pySigma understands them."""
    block = found[-1].correlation
    if block is None:
        return None
    wrong = block.wrong([name for head in found[:-1] for name in (head.name, head.id)])
    if wrong:
        faults += [document.fault(message, "correlation", *place) for message, place in wrong]
        return None
    try:
        rule = SigmaCorrelationRule.from_dict(document.data)
    except SigmaError as error:
        faults.append(document.fault(str(error), "correlation"))
        return None
    condition = cast("SigmaCorrelationCondition", rule.condition)
    return Correlation(
        type=block.type,
        bases=tuple(head.name for head in found[:-1] if {head.name, head.id} & set(block.rules)),
        group_by=block.group_by,
        timespan=block.timespan,
        span_ns=rule.timespan.seconds * 1_000_000_000,
        op=cast("Comparison", condition.op.name.lower()),
        threshold=condition.count,
        field=block.condition.field,
    )
