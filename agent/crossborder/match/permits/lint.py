"""What may be meant and often is not: warnings about permits, each at its line."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from crossborder.match.permits import SIGNS, UNTAGGED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from crossborder.errors import Fault
    from crossborder.match.permits.faults import Wrong
    from crossborder.match.permits.permit import Permit
    from crossborder.yamlfile import Document

SOON = timedelta(days=30)
NOTICE = timedelta(days=15)  # Decree 165/2025, Article 12(6)


def warnings(document: Document, permits: tuple[Permit, ...], today: date, home: str) -> Iterator[Fault]:
    """Yield every warning, in the order of the file; `today` in Viet Nam."""
    for at, permit in enumerate(permits):
        for message, place in (*_of_time(permit, today), *_of_width(permit, home), *_of_paper(permit)):
            yield document.fault(f"permit {permit.id!r} {message}", "permits", at, *place)


def _of_time(permit: Permit, today: date) -> Iterator[Wrong]:
    if permit.until < today:
        yield f"ended on {permit.until}", ("until",)
    elif permit.until < today + SOON:
        yield f"ends on {permit.until}, in {(permit.until - today).days} days", ("until",)


def _of_width(permit: Permit, home: str) -> Iterator[Wrong]:
    if all(ceiling is None for ceiling in permit.ceilings.model_dump().values()):
        yield "has no ceiling", ()
    if not permit.recipients:
        yield "covers any recipient in its countries", ()
    for place, recipient in enumerate(permit.recipients):
        if not (recipient.networks or recipient.asns or recipient.operators):
            yield "knows a recipient by name only, and any client can claim a name", ("recipients", place)
    for place, country in enumerate(permit.countries):
        if country == home:
            yield f"names {home}, which is home: nothing that stays there is a transfer", ("countries", place)
    if permit.covers_unknown:
        yield "covers ZZ: transfers to where nobody knows", ("countries", permit.countries.index("ZZ"))
    for name, what in ((SIGNS, "findings that cite no law"), (UNTAGGED, "systems without categories")):
        if name in permit.categories:
            yield f"covers {what}", ("categories", permit.categories.index(name))


def _of_paper(permit: Permit) -> Iterator[Wrong]:
    if not permit.dossier:
        yield "names no dossier", ()
    elif permit.route == "nd165-important" and not permit.exception:
        if permit.filed is None:
            yield "does not say when its dossier was filed", ()
        elif permit.first - permit.filed < NOTICE:
            yield f"was filed on {permit.filed}, less than 15 days before it begins", ("filed",)
