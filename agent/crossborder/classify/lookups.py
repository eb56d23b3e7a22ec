"""One lookup in a country database, and what it counts as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossborder.classify.databases import NOWHERE
from crossborder.model import UNKNOWN_COUNTRY

if TYPE_CHECKING:
    from crossborder.classify.databases import CountryDatabase, Placement

Lookup = tuple[str, str]
"""Database or table, and hit, miss, pseudo, disagree or error. `pseudo` is an answer that is no country: EU, AP, ??;
`disagree` is a country of registration that is not the country that was taken."""


def look_up(database: CountryDatabase, packed: bytes) -> tuple[Placement, Lookup]:
    """Return where a database places an address, and what that counts as."""
    try:
        found = database.find(packed)
    except LookupError:
        return NOWHERE, (database.mmdb.name, "error")
    result = "hit" if found.country != UNKNOWN_COUNTRY else "pseudo" if found.said else "miss"
    return found, (database.mmdb.name, result)


def differing(counted: Lookup) -> Lookup:
    """Return what a lookup counts as whose country is not the one that was taken."""
    return counted[0], "disagree"
