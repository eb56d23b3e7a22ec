"""What is asked of the event log stands where the agent writes it."""

from __future__ import annotations

from tools.dashboards import eventlog

from crossborder.publish import ecs


def test_places_are_those_of_events() -> None:
    """Of names that no event has, Loki would say nothing and show nothing."""
    written = {place for place, _ in (*ecs.PLACES, *ecs._UNASKED)} | set(ecs._MADE) | {"observer.name"}

    assert set(eventlog._PLACES.values()) <= written


def test_a_sum_takes_labels_that_were_parsed() -> None:
    """Each label it sums by is one of the places of its query."""
    query = eventlog.sent("country, org, server")

    assert query.startswith("sum by (country, org, server) (sum_over_time(")
    assert all(
        f'{label}="{eventlog._PLACES[label]}"' in query for label in ("country", "org", "server", "bytes", "ended")
    )
    assert "{{.message}}" in eventlog.FINDINGS
