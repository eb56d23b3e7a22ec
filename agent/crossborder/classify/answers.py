"""What is said of an address: country, on what ground, by whom, for which prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.model import CLASSIFY_COLUMNS, UNKNOWN_COUNTRY, CountryBasis

if TYPE_CHECKING:
    from crossborder.classify.databases import Placement
    from crossborder.classify.mmdbfile import Mmdb
    from crossborder.classify.tables import Entry
    from crossborder.prefixes import Network

_TOLD = ("country", "country_basis", "geo_database", "geo_build", "geo_prefix", "asn", "as_org", "geo_registered")
ANNOTATION = pl.Schema({column.name: column.dtype for column in CLASSIFY_COLUMNS if column.name in _TOLD})
"""The columns of a crossing that tell of its foreign end: the first fields of an Answer."""


class Answer(NamedTuple):
    """Where an address is and who says so."""

    country: str  # ISO 3166 alpha-2, ZZ when unknown
    basis: str  # a CountryBasis
    database: str | None  # name of the database or file of the table that answered
    build: int | None  # its date, seconds since 1970 UTC
    prefix: str | None  # the prefix that matched; of an embedded IPv4 address, where there is one
    asn: int | None
    as_org: str | None
    registered: str | None = None  # country of registration, where a database tells it
    said: str | None = None  # the database's own code where it names no country: EU, ??
    label: str | None = None  # the table's label


UNKNOWN = Answer(UNKNOWN_COUNTRY, CountryBasis.UNKNOWN.value, None, None, None, None, None)


def by_table(network: Network, entry: Entry, basis: CountryBasis) -> Answer:
    """Return what an entry of a table says."""
    return UNKNOWN._replace(
        country=entry.country or UNKNOWN_COUNTRY,
        basis=basis.value,
        database=entry.table,
        build=entry.build,
        prefix=str(network),
        label=entry.label or None,
    )


def by_database(mmdb: Mmdb, placed: Placement) -> Answer:
    """Return what a country database says."""
    if placed.prefix is None:
        return UNKNOWN
    told = UNKNOWN._replace(database=mmdb.name, build=mmdb.build, prefix=placed.prefix, registered=placed.registered)
    if placed.country == UNKNOWN_COUNTRY:
        return told._replace(said=placed.said)
    answer = told._replace(country=placed.country, basis=CountryBasis.GEO.value)
    return as_anycast(answer) if placed.anycast else answer


def as_anycast(answer: Answer) -> Answer:
    """Say that the country is the operator's registration; what is unknown stays unknown."""
    if answer.country == UNKNOWN_COUNTRY:
        return answer
    return answer._replace(country=answer.registered or answer.country, basis=CountryBasis.ANYCAST.value)
