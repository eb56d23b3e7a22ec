"""What metrics and events are told of rules, permits and the memory of matching, in their words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossborder.publish.metrics import PermitValues, RuleLabels

if TYPE_CHECKING:
    from crossborder.match import MatchStats
    from crossborder.match.permits.usage import Usage
    from crossborder.match.ruleset import Rule, Ruleset


def labels_of(ruleset: Ruleset) -> list[RuleLabels]:
    """Return what labels say of the rules in force."""
    return [
        RuleLabels(r.name, r.title, r.category, r.level, r.legal.instrument, r.legal.item or "")
        for r in ruleset.enabled
    ]


def measured(usage: Usage) -> PermitValues:
    """Return how a permit stands as the metrics show it."""
    ratios = {what: share.ratio for what, share in usage.shares.items()}
    return PermitValues(usage.use.bytes, ratios, usage.permit.expiry.timestamp() if usage.permit else None)


def evicted(stats: MatchStats) -> dict[str, int]:
    """Return what matching gave up for want of room, by kind, as the metrics name it."""
    return {"fired": stats.pairs_forgotten, "correlation": sum(stats.groups_evicted.values())}


def legal_of(rule: Rule) -> dict[str, Any]:
    """Return a rule's legal block as an event carries it, with the grade of its evidence."""
    legal = {name: getattr(rule.legal, name) for name in ("instrument", "item", "article", "route")}
    return {name: value for name, value in (legal | {"evidence": rule.evidence}).items() if value}
