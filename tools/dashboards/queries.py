"""Every query of every panel as it stands in the JSON, and with its variables filled in, to be asked for real."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

VALUES: dict[str, str] = {
    **dict.fromkeys(("unit", "gateway", "instance", "category", "country", "rule"), ".*"),
    "__rate_interval": "1m",
    "__interval": "30s",
    "__range": "30m",
    "__range_s": "1800",
    "__range_ms": "1800000",
}
"""Of a dashboard opened at thirty minutes on all gateways, scraped every 15 seconds."""

_VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)|\[\[(\w+)\]\]")


class Query(NamedTuple):
    """A query: file, panel's id and title, kind of data source, letter, text, and whether it asks one moment."""

    file: str
    panel: int
    title: str
    source: str
    letter: str
    text: str
    instant: bool


def queries(folder: Path) -> Iterator[Query]:
    """Yield every query of every panel of the dashboards in a folder, closed rows included."""
    for path in sorted(folder.glob("*.json")):
        page = json.loads(path.read_text(encoding="utf-8"))
        for panel in panels(page):
            for target in panel.get("targets", ()):
                instant = bool(target.get("instant")) or target.get("queryType") == "instant"
                source = target["datasource"]["type"]
                yield Query(path.name, panel["id"], panel["title"], source, target["refId"], target["expr"], instant)


def panels(page: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the panels of a dashboard that are no rows, those within closed rows included."""
    for panel in page["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def asked_for_choices(page: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the variables of a dashboard ask Prometheus for, as `label_values(selector, label)`."""
    for variable in page["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


def filled(query: str, values: Mapping[str, str] = VALUES) -> str:
    """Return a query with values for its variables. A variable without one is an error.

    Raises:
        KeyError: with the name of the variable.
    """
    return _VARIABLE.sub(lambda found: values[next(filter(None, found.groups()))], query)
