"""What is asked of the event log: the agent's ECS events in Loki, under job="crossborder"."""

from __future__ import annotations

_PLACES = {
    "gateway": "observer.name",
    "action": "event.action",
    "ended": "event.end",
    "country": "destination.geo.country_iso_code",
    "org": "destination.as.organization.name",
    "server": "destination.domain",
    "rule": "rule.name",
    "category": "rule.category",
    "decision": "crossborder.decision",
    "bytes": "source.bytes",
    "message": "message",
}


def events(*places: str) -> str:
    """Return the events of the chosen gateways and countries, with these places of theirs as labels."""
    taken = ", ".join(f'{name}="{_PLACES[name]}"' for name in ("gateway", "country", *places))
    return f'{{job="crossborder"}} | json {taken} | gateway=~"$gateway" | country=~"$country"'


FINDINGS = events("action", "rule", "category", "decision", "message") + (
    ' | action="finding-opened" | decision!="permitted" | rule=~"$rule" | category=~"$category"'
    ' | line_format "{{.message}}"'
)
"""Violations as they opened, each as its sentence."""


def sent(by: str) -> str:
    """Return the bytes of flows with findings that ended in the range, summed; a flow is counted once a rule."""
    of = f'{events(*by.split(", ")[1:], "ended", "bytes")} | ended!="" | unwrap bytes | __error__=""'
    return f"sum by ({by}) (sum_over_time({of} [$__range]))"
