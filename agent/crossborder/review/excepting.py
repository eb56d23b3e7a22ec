"""Drafts what excepts a finding from a rule, made from its event: a Sigma filter or a permit, for a person to complete.

What only a person can say is left blank, and a blank is refused wherever the draft is read.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from crossborder import yamlfile
from crossborder.errors import CrossborderError
from crossborder.match.filters import BLANK
from crossborder.match.permits.fitting import FLOW, JOINED, Face, carried
from crossborder.match.permits.rules import asked_of
from crossborder.publish.logreading import raw_lines
from crossborder.telemetry import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from pathlib import Path

    from crossborder.match.ruleset import Rule

_OPENED = "finding-opened"


class Found(NamedTuple):
    """An event and where it stands."""

    event: Mapping[str, Any]
    path: str
    line: int

    def at(self, place: str) -> Any:  # noqa: ANN401 - whatever stands there
        """Return what stands at a dotted place; None: nothing."""
        value: Any = self.event
        for part in place.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value


def files_of(log: Path) -> list[Path]:
    """Return the files of an event log: itself, and beside it those it was rotated into."""
    return sorted({path for path in (log, *log.parent.glob(f"{log.name}[.-]*")) if path.is_file()})


def find(files: Iterable[Path], event_id: str) -> Found:
    """Return the event that opened a finding, the last of that id; raises CrossborderError where there is none."""
    wanted, found, known = event_id.encode(), None, list(files)
    for path in known:
        for raw in raw_lines(path):
            if wanted in raw.text and (one := _event(raw.text, event_id)):
                later = found is None or str(one.get("@timestamp")) >= str(found.event.get("@timestamp"))
                found = Found(one, str(path), raw.number) if later else found
    if found is None:
        said = ", ".join(map(str, known)) or "no file"
        raise CrossborderError(f"no finding {event_id!r} was opened in the event log: looked in {said}")
    return found


def _event(text: bytes, event_id: str) -> dict[str, Any] | None:
    try:
        event = json.loads(text)
        told = event["event"]
        return event if (told["id"], told["action"]) == (event_id, _OPENED) else None
    except (ValueError, KeyError, TypeError):
        return None


def names_of(rule: Rule) -> tuple[str, ...]:
    """Return what a filter must name to be put to a rule: itself, or of a correlation what it counts."""
    return rule.correlation.bases if rule.correlation else (rule.name,)


def filter_draft(found: Found, rule: Rule, today: date) -> str:
    """Return a filter that excepts this sender and this destination from the rule, as YAML with blanks."""
    excepted = _sender(found) | _destination(found)
    mark = str(found.at("event.id"))[:8]
    body = {
        "title": f"Excepted from {rule.name}: {' '.join(map(str, excepted.values()))}"[:256],
        "id": str(uuid.uuid4()),
        "name": f"except_{rule.name}_{mark}"[:70],
        "description": f"{BLANK}: why these transfers are no finding, and until when that holds",
        "author": f"{BLANK}: who decided it",
        "date": today.isoformat(),
        "logsource": {"product": "crossborder", "category": "network_flow"},
        "filter": {"rules": [*names_of(rule)], "excepted": excepted, "condition": "not excepted"},
    }
    where = "Complete it, put it in a folder of rules.paths, then: crossborder check -c FILE"
    return _head(found, rule, where) + yamlfile.text_of(body)


def permit_draft(found: Found, rule: Rule) -> str:
    """Return a permit for this sender, these data and this recipient, as YAML with blanks.

    Raises CrossborderError where no permit can cover what the rule finds.
    """
    asked = asked_of((rule,)).row(0, named=True)
    if asked["beyond"]:
        raise CrossborderError(f"no permit covers what {rule.name} finds: {asked['beyond']}. Draft a filter instead")
    system, unit = found.at("crossborder.system"), found.at("organization.name")
    if not system and not unit:
        raise CrossborderError("the event names neither system nor unit: a permit has a sender. Name it in the assets")
    categories = JOINED.join(found.at("crossborder.categories") or ())
    face = Face(unit, system, categories, rule.category, asked["route"], asked["about"])
    body = {
        "id": f"draft-{found.at('event.id')}",
        "route": rule.legal.route or f"{BLANK}: nd165-core, nd165-important or pdpl",
        "dossier": f"{BLANK}: number of the dossier that was approved",
        "filed": f"{BLANK}: day it was sent, as 2026-02-10",
        "sender": {"systems": [system]} if system else {"units": [unit]},
        "categories": list(carried(face)),
        **({"recipients": [_recipient(found)]} if asked["about"] == FLOW else {}),
        "countries": [found.at("destination.geo.country_iso_code")],
        "from": f"{BLANK}: first day, as 2026-01-01",
        "until": f"{BLANK}: last day",
        "ceilings": {"bytes": f"{BLANK}: most that may leave in all, as 2GiB; or leave ceilings out"},
        "contact": f"{BLANK}: who answers for it, a role or a mailbox",
        "note": f"Drafted from event {found.at('event.id')} of {found.at('@timestamp')}",
    }
    where = "Complete it, put it under `permits` of your permits file, then: crossborder permits check FILE"
    return _head(found, rule, where) + yamlfile.text_of({"permits": [body]})


def _sender(found: Found) -> dict[str, Any]:
    system = found.at("crossborder.system")
    return {"local.system": system} if system else {"source.ip": found.at("source.ip")}


def _destination(found: Found) -> dict[str, Any]:
    domain = found.at("destination.domain")
    whom = {"destination.domain": _plain(domain)} if domain else {"destination.ip": found.at("destination.ip")}
    return whom | {"destination.geo.country_iso_code": found.at("destination.geo.country_iso_code")}


def _plain(text: str) -> str:
    """Return a text of which no character is a wildcard: names come from the wire."""
    return "".join(f"\\{char}" if char in "*?\\" else char for char in text)


def _recipient(found: Found) -> dict[str, Any]:
    domain, name = found.at("destination.domain"), f"{BLANK}: who receives it"
    if domain:
        return {"name": name, "server_names": [domain]}
    return {"name": name, "networks": [found.at("destination.ip")]}


def _head(found: Found, rule: Rule, where: str) -> str:
    lines = (
        f"Drafted from event {found.at('event.id')} of {found.at('@timestamp')}, {found.path}:{found.line}",
        f"{rule.name}: {found.at('message')}",
        f"It is in force only when a person has read it and written what stands as {BLANK}.",
        where,
    )
    return "".join(f"# {printable(str(line))}\n" for line in lines)
