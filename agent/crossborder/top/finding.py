"""A finding as the event file tells it: a line of JSON that is taken for what it is, or not at all."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crossborder.model import LEVELS
from crossborder.publish.terminal import card

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Group

_OF_THE_LOG = re.compile(rb'"event":\{"action":"(?:log-\w+|events-lost)"')


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: what a row shows, and the whole of it as a card."""

    id: str
    time: datetime
    level: str
    rule: str
    system: str
    country: str
    decision: str
    server: str
    bytes_out: int
    card: Group


def findings_in(lines: Iterable[bytes]) -> tuple[list[Finding], int]:
    """Return the findings of lines in their order, and how many lines are no events of an agent.

    What the log tells of itself is neither.
    """
    found = [_finding(line) for line in lines if not _OF_THE_LOG.search(line)]
    good = [finding for finding in found if finding]
    return good, len(found) - len(good)


def _finding(line: bytes) -> Finding | None:
    try:
        return _read(json.loads(line))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError):
        return None


def _read(event: Any) -> Finding:  # noqa: ANN401 - whatever stands in the file
    own, target = event["crossborder"], event["destination"]
    ident, level, rule = map(_word, (event["event"]["id"], own["severity"], event["rule"]["name"]))
    system, country = map(_word, (own.get("system", ""), target["geo"]["country_iso_code"]))
    decision, server = map(_word, (own["decision"], target.get("domain", "")))
    time = datetime.fromisoformat(event["@timestamp"]).astimezone(UTC)
    level = LEVELS[LEVELS.index(level)]
    size = int(event["source"]["bytes"])
    return Finding(ident, time, level, rule, system, country, decision, server, size, card(event))


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
