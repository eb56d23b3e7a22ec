"""What is wrong with permits beyond their shape: each fault at its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.match.permits import SIGNS, UNTAGGED
from crossborder.model import UNKNOWN_COUNTRY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from crossborder.errors import Fault
    from crossborder.match.permits.permit import Permit
    from crossborder.yamlfile import Document

_CARRIES = {
    "nd165-core": frozenset({"core"}),
    "nd165-important": frozenset({"important"}),
    "pdpl": frozenset({"core", "important", "personal"}),
}
"""Route → the classes of data that go it."""

_PDPL = "personal data go the personal-data way since 1 January 2026 (Decree 356/2025, Article 42(3)): route pdpl"

Wrong = tuple[str, tuple[str | int, ...]]


def faults(
    document: Document, permits: tuple[Permit, ...], countries: Collection[str], items: Collection[str] | None
) -> Iterator[Fault]:
    """Yield every fault; `items` are the catalog's, as `core:I.26`, None: not checked."""
    for at, permit in enumerate(permits):
        for message, place in _wrong(permit, countries, items):
            yield document.fault(message, "permits", at, *place)
    yield from _doubles(document, permits)
    yield from _twins(document, permits)


def _wrong(permit: Permit, countries: Collection[str], items: Collection[str] | None) -> Iterator[Wrong]:
    if permit.until < permit.first:
        yield f"ends on {permit.until}, before it begins on {permit.first}", ("until",)
    for place, country in enumerate(permit.countries):
        if country not in countries and country != UNKNOWN_COUNTRY:
            yield f"{country!r} is no ISO 3166 country", ("countries", place)
    for place, category in enumerate(permit.categories):
        if items is not None and ":" in category and category not in items:
            yield f"item {category!r} is not in the catalog", ("categories", place)
    yield from _wrong_route(permit)
    yield from _wrong_paper(permit)


def _wrong_route(permit: Permit) -> Iterator[Wrong]:
    for place, category in enumerate(permit.categories):
        known = category.partition(":")[0]
        if known not in {SIGNS, UNTAGGED, *_CARRIES[permit.route]}:
            message = _PDPL if known == "personal" else f"{known} data do not go the route {permit.route}"
            yield message, ("categories", place)
    if permit.route == "pdpl" and "personal" not in permit.classes:
        yield "route pdpl is for personal data: name personal among the categories", ("route",)
    elif not permit.classes & _CARRIES[permit.route]:
        yield f"no category goes the route {permit.route}", ("route",)


def _wrong_paper(permit: Permit) -> Iterator[Wrong]:
    if permit.exception and permit.route == "pdpl":
        yield "exceptions of Decree 165/2025, Article 12(11) are for its own routes, not pdpl", ("exception",)
    if permit.exception and not (permit.contact and permit.note):
        yield "an exception needs a contact who answers for it and a note of its ground", ("exception",)
    if not permit.dossier and not permit.exception and permit.route != "pdpl":
        yield f"dossier is missing: route {permit.route} has one before the transfer (Decree 165/2025, Article 12)", ()


def _doubles(document: Document, permits: tuple[Permit, ...]) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for at, permit in enumerate(permits):
        if seen.setdefault(permit.id, at) != at:
            first = document.line(("permits", seen[permit.id], "id"))
            yield document.fault(f"permit {permit.id!r} is given twice, first on line {first}", "permits", at, "id")


def _twins(document: Document, permits: tuple[Permit, ...]) -> Iterator[Fault]:
    """Find permits that would cover the same transfer at the same time and differ in nothing it could be told by."""
    seen: dict[object, list[int]] = {}
    for at, permit in enumerate(permits):
        others = {other for scope in _scopes(permit) for other in seen.get(scope, ())}
        twin = min((o for o in others if _meet(permit, permits[o])), default=None)
        if twin is not None and permit.id != permits[twin].id:
            line = document.line(("permits", twin))
            message = f"permit {permit.id!r} overlaps {permits[twin].id!r} on line {line}: nobody could tell them apart"
            yield document.fault(message, "permits", at, "id")
        for scope in _scopes(permit):
            seen.setdefault(scope, []).append(at)


def _scopes(permit: Permit) -> Iterator[object]:
    """Yield what a transfer must be for this permit to cover it, one combination each, recipients taken together."""
    recipients = frozenset(recipient.model_copy(update={"name": ""}) for recipient in permit.recipients)
    for country in permit.countries:
        for category in permit.categories:
            for system in permit.sender.systems or ("",):
                for unit in permit.sender.units or ("",):
                    yield permit.route, recipients, country, category, system, unit


def _meet(one: Permit, other: Permit) -> bool:
    return one.first <= other.until and other.first <= one.until
