"""The rows of the lists: countries, systems, findings and counts of them, sorted and filtered."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from crossborder.model import LEVELS, Inspection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crossborder.top.finding import Finding
    from crossborder.top.state import State

EGRESS, SYSTEMS, FOUND = "egress_bytes_total", "system_egress_bytes_total", "violations_total"
ORDERS = ("rate", "total", "name")


@dataclass(frozen=True, slots=True)
class Sent:
    """What went to a country, or out of a system; shares are None where nothing went."""

    name: str
    rate: float | None  # bytes a second; None while one tick only has been seen
    total: float
    share: float | None  # of all that left
    opaque: float | None  # the part that nobody can read
    flows: float = 0.0  # to a country
    category: str = ""  # of a system
    top: str = ""  # country that got most of a system
    places: tuple[str, ...] = ()  # all countries of a system


@dataclass(frozen=True, slots=True)
class Count:
    """How often a rule found something, by the metrics alone."""

    rule: str
    level: str
    category: str
    violations: float
    permitted: float
    countries: tuple[str, ...]  # most first


Row = TypeVar("Row", Sent, Count, "Finding")


def countries(state: State, order: str = "total") -> list[Sent]:
    """Return what went to each country since the agent's start, and what goes now."""
    flows = state.now.sums("egress_flows_total", "country") if state.now else {}
    rows = _sent(state, EGRESS, "country", lambda name: {"flows": flows.get((name,), 0.0)})
    return _ordered(rows, order)


def systems(state: State, order: str = "total") -> list[Sent]:
    """Return what left each system of the assets file since the agent's start, and what leaves now."""
    found = state.now.sums(SYSTEMS, "system", "category", "country") if state.now else {}
    about: dict[str, list[tuple[float, str, str]]] = {}
    for (system, category, country), value in found.items():
        about.setdefault(system, []).append((value, category, country))

    def more(name: str) -> dict[str, object]:
        most = sorted(about[name], reverse=True)
        places = tuple(dict.fromkeys(country for _, _, country in most))
        return {"category": most[0][1], "top": places[0], "places": places}

    return _ordered(_sent(state, SYSTEMS, "system", more), order)


def _sent(state: State, name: str, by: str, more: Callable[[str], dict[str, object]]) -> list[Sent]:
    if state.now is None:
        return []
    totals = state.now.sums(name, by)
    opaque = state.now.sums(name, by, inspection=Inspection.OPAQUE.value)
    rates, whole = state.rates(name, by), sum(totals.values())
    return [
        Sent(
            key[0],
            None if rates is None else rates.get(key, 0.0),
            total,
            total / whole if whole else None,
            opaque.get(key, 0.0) / total if total else None,
            **more(key[0]),  # type: ignore[arg-type]
        )
        for key, total in totals.items()
        if total > 0
    ]


def _ordered(rows: list[Sent], order: str) -> list[Sent]:
    by_name = sorted(rows, key=attrgetter("name"))
    if order == "name":
        return by_name
    keys = ("rate", "total") if order == "rate" else ("total",)
    return sorted(by_name, key=lambda row: tuple(-(getattr(row, key) or 0.0) for key in keys))


def findings(state: State) -> list[Finding]:
    """Return the findings of the event file, the newest first."""
    return list(state.findings.values())[::-1]


def counts(state: State) -> list[Count]:
    """Return how often each rule found something, the gravest first."""
    if state.now is None:
        return []
    by_country: dict[tuple[str, ...], dict[str, float]] = {}
    permitted: dict[tuple[str, ...], float] = {}
    for (*key, country, decision), value in state.now.sums(
        FOUND, "rule", "severity", "category", "country", "decision"
    ).items():
        places = by_country.setdefault(tuple(key), {})
        places[country] = places.get(country, 0.0) + value
        permitted[tuple(key)] = permitted.get(tuple(key), 0.0) + (value if decision == "permitted" else 0.0)
    rows = [_count(key, places, permitted[key]) for key, places in by_country.items()]
    return sorted((r for r in rows if r.violations + r.permitted), key=lambda r: (-_rank(r.level), -r.violations))


def _count(key: tuple[str, ...], places: dict[str, float], permitted: float) -> Count:
    met = sorted((place for place, value in places.items() if value), key=lambda place: (-places[place], place))
    rule, level, category = key
    return Count(rule, level, category, sum(places.values()) - permitted, permitted, tuple(met))


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else -1


def matching(rows: Iterable[Row], wanted: str) -> list[Row]:
    """Return the rows of which some word contains what is wanted, whatever its case."""
    return [row for row in rows if wanted.casefold() in words(row).casefold()]


def words(row: Row) -> str:
    """Return what a filter looks at: names, countries, rules, levels, decisions."""
    if isinstance(row, Sent):
        return " ".join((row.name, row.category, *row.places))
    if isinstance(row, Count):
        return " ".join((row.rule, row.level, row.category, *row.countries))
    return f"{row.rule} {row.level} {row.system} {row.country} {row.decision} {row.server}"
