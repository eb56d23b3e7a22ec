"""Correlations as a file of Prometheus rules: alerts on what all gateways counted together."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from crossborder import yamlfile
from crossborder.match.describe import EVIDENCE, cited, counting
from crossborder.match.export import LeftOut
from crossborder.match.export.promql import FORM, condition, every, recorded, seconds, span, sums
from crossborder.match.fleet import LABELS, not_additive

if TYPE_CHECKING:
    from crossborder.match.ruleset import Correlation, Level, Rule, Ruleset

SEVERITY: dict[Level, str] = {
    "critical": "critical",
    "high": "warning",
    "medium": "warning",
    "low": "info",
    "informational": "info",
}
HEAD = "Alerts over all gateways, made by `crossborder rules export prometheus`: change the rules, then export again."
RETENTION = 15 * 86_400
OFTEN = 300
"""Seconds: what Prometheus keeps if not told otherwise, and what it looks back for a sample."""


def rule_file(ruleset: Ruleset) -> tuple[str, list[str], list[LeftOut]]:
    """Return the text of the rule file, the names of the correlations in it, and those in force that are not."""
    correlations = [(rule, rule.correlation) for rule in ruleset.enabled if rule.correlation]
    left_out = [LeftOut(rule.name, why) for rule, counts in correlations if (why := not_additive(counts))]
    taken = [(rule, counts) for rule, counts in correlations if not not_additive(counts)]
    spans = dict.fromkeys(span(counts) for _, counts in taken)
    groups = [_of_span([(rule, counts) for rule, counts in taken if span(counts) == name]) for name in spans]
    text = _comment(left_out) + yamlfile.text_of({"groups": groups})
    return text, [rule.name for rule, _ in taken], left_out


def _comment(left_out: list[LeftOut]) -> str:
    lines = [HEAD, "", *FORM.splitlines()]
    if left_out:
        lines += ["", "Not here, since sums over gateways do not answer them:"]
        lines += [
            line for name, why in left_out for line in textwrap.wrap(f"- {name}: {why}", 116, subsequent_indent="  ")
        ]
    return "".join(f"# {line}".rstrip() + "\n" for line in lines)


def _of_span(taken: list[tuple[Rule, Correlation]]) -> dict[str, Any]:
    """Return the group of correlations of one time span: the sums of all of them, then their alerts."""
    correlation = taken[0][1]
    record = {"record": recorded(correlation), "expr": sums([rule.name for rule, _ in taken], correlation)}
    rules = [record, *(_alert(rule, counts) for rule, counts in taken)]
    pace = every(correlation)
    return {"name": f"crossborder-fleet-{span(correlation)}", **({"interval": pace} if pace else {}), "rules": rules}


def _alert(rule: Rule, correlation: Correlation) -> dict[str, Any]:
    return {
        "alert": alert_name(rule.name),
        "expr": condition(rule, correlation),
        "for": "0m",
        "labels": {"severity": SEVERITY[rule.level], "rule": rule.name, "category": rule.category},
        "annotations": _annotations(rule, correlation),
    }


def alert_name(rule: str) -> str:
    """Return the alert's name: CrossborderFleetBulkDayTagged of bulk_day_tagged."""
    words = rule.replace("-", "_").split("_")
    return "CrossborderFleet" + "".join(word[:1].upper() + word[1:] for word in words)


def _annotations(rule: Rule, correlation: Correlation) -> dict[str, str]:
    said = [f"Over all gateways together: {counting(correlation)}.", rule.description.strip(), *inexact(correlation)]
    texts = {
        "summary": f"{_literal(rule.title)}: {_amount(correlation)} over all gateways{_group(correlation)}",
        "description": _literal(" ".join(part for part in said if part)),
        "misses": _literal(rule.misses.strip()),
        "legal": _literal(cited(rule.legal)),
    }
    return texts | ({"evidence": f"{rule.evidence}: {EVIDENCE[rule.evidence]}"} if rule.evidence else {})


def inexact(correlation: Correlation) -> list[str]:
    """Return the sentences that say where sums over gateways are more, or less, than what one gateway would count."""
    found = ["What a permit covers counts too."]
    if correlation.type != "value_count":
        found.append("What two gateways see of one flow counts twice.")
    if "local.system" in (*correlation.group_by, correlation.field):
        found.append("Systems of one name on several gateways count as one.")
    if correlation.op in {"lt", "lte"}:
        found.append("While a gateway cannot be reached the sum is too low, and this may fire for no other reason.")
    if correlation.op in {"eq", "neq"}:
        found.append("A sum that passes the number between two evaluations is not seen to have had it.")
    if seconds(correlation) > RETENTION:
        found.append(f"Prometheus must keep {correlation.timespan}, which is more than it does if not told.")
    if seconds(correlation) < OFTEN:
        found.append(f"Prometheus must scrape several times within {correlation.timespan}.")
    return found


def _amount(correlation: Correlation) -> str:
    value = "{{ $value | humanize }}"
    if correlation.type == "event_count":
        return f"{value} flows"
    if correlation.type == "value_count":
        return f"{value} different values of {correlation.field}"
    unit = "B of" if str(correlation.field).endswith("bytes") else " of"
    return f"{value}{unit} {correlation.field}"


def _group(correlation: Correlation) -> str:
    """Return which group it is, as Prometheus fills it in."""
    labels = [LABELS[name] for name in correlation.group_by]
    return "".join(f', {label} {{{{ or $labels.{label} "none" }}}}' for label in labels)


def _literal(text: str) -> str:
    """Return a text that Prometheus, which takes annotations for templates, shows as it is."""
    return text.replace("{{", '{{ "{{" }}')
