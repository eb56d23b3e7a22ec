"""A rule in words: what it asks, by what law, how well that law is known, and what it does not see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossborder.match.conditions import ORDER_OPS, And, Not, Op, Test

if TYPE_CHECKING:
    from crossborder.match.conditions import Node
    from crossborder.match.ruleset import Correlation, Legal, Rule

EVIDENCE = {
    "verbatim": "the legal text was read",
    "ocr": "the legal text was read through a machine's eyes (OCR)",
    "secondary": "the legal text is known from what others wrote about it",
    "unverified": "the legal text was not verified: the rule is not evaluated",
}
_OPPOSITE = {
    Op.IS: "is not",
    Op.CONTAINS: "does not contain",
    Op.STARTS: "does not start with",
    Op.ENDS: "does not end with",
    Op.LIKE: "is not like",
    Op.RE: "does not match",
    Op.DOMAIN: "is not and lies not below",
    Op.CIDR: "does not lie in",
    Op.GT: "is not more than",
    Op.GTE: "is not at least",
    Op.LT: "is not less than",
    Op.LTE: "is not at most",
    Op.SAME: "is not the same as",
    Op.EXISTS: "is not known",
    Op.MISSING: "is known",
}
_SUMMED = {"event_count": "the flows", "value_count": "the different values of {}", "value_sum": "the sum of {}"}
_AMOUNT = {
    "gt": "more than",
    "gte": "at least",
    "lt": "less than",
    "lte": "at most",
    "eq": "exactly",
    "neq": "anything but",
}


@dataclass(frozen=True, slots=True)
class Description:
    """What `rules show` tells of a rule, ready to print."""

    name: str
    title: str
    description: str
    level: str
    status: str
    enabled: bool
    shadow: bool  # counted, and nothing else
    legal: str
    evidence: str  # empty where nothing is cited
    conditions: str
    counting: str  # of a correlation; empty without
    misses: str
    falsepositives: tuple[str, ...]
    references: tuple[str, ...]
    uuid: str
    place: str  # path:line
    sha256: str


def describe(rule: Rule) -> Description:
    """Return a rule in words."""
    return Description(
        name=rule.name,
        title=rule.title,
        description=rule.description.strip(),
        level=rule.level,
        status=rule.status,
        enabled=rule.enabled,
        shadow=rule.shadow,
        legal=cited(rule.legal),
        evidence=f"{rule.evidence}: {EVIDENCE[rule.evidence]}" if rule.evidence else "",
        conditions=sentence(rule.tree),
        counting=counting(rule.correlation) if rule.correlation else "",
        misses=rule.misses.strip(),
        falsepositives=rule.falsepositives,
        references=rule.references,
        uuid=rule.uuid,
        place=f"{rule.path}:{rule.line}",
        sha256=rule.sha256,
    )


def sentence(node: Node, *, wanted: bool = True) -> str:
    """Return a tree in words, `not` drawn inward to the tests."""
    if isinstance(node, Test):
        return _asked(node, wanted=wanted)
    if isinstance(node, Not):
        return sentence(node.part, wanted=not wanted)
    joint = " and " if isinstance(node, And) is wanted else " or "
    return joint.join(_bracketed(part, wanted=wanted) for part in node.parts)


def _bracketed(node: Node, *, wanted: bool) -> str:
    inner = node
    while isinstance(inner, Not):
        inner = inner.part
    said = sentence(node, wanted=wanted)
    return said if isinstance(inner, Test) else f"({said})"


def _asked(test: Test, *, wanted: bool) -> str:
    verb = str(test.op) if wanted else _OPPOSITE[test.op]
    if not test.values:
        return f"{test.field} {verb}"
    several = len(test.values) > 1 and test.op not in ORDER_OPS
    many = f" ({len(test.values)})" if test.shown.startswith("%") else ""
    return f"{test.field} {verb} {'any of ' if several else ''}{test.shown}{many}"


def cited(legal: Legal) -> str:
    """Return what a rule cites, in a line."""
    if legal.category == "none":
        return "no legal basis: a sign of danger"
    parts = [legal.instrument]
    parts += [f"Article {legal.article}"] if legal.article else []
    parts += [f"item {legal.item}"] if legal.item else []
    parts += [f"category {legal.category}"]
    parts += [f"route {legal.route}"] if legal.route else []
    parts += [f"in force from {legal.in_force_from}"] if legal.in_force_from else []
    return ", ".join(parts)


def counting(correlation: Correlation) -> str:
    """Return what a correlation counts and from when that is a finding."""
    what = _SUMMED[correlation.type].format(correlation.field)
    by = f", for each {' and '.join(correlation.group_by)}" if correlation.group_by else ""
    amount = f"{_AMOUNT[correlation.op]} {correlation.threshold:,}"
    return f"a finding when {what} that match within {correlation.timespan} come to {amount}{by}"
