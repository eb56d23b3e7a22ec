"""Where an address is: the operator's word, then the clouds' own ranges, then the database; unknown is an answer."""

from __future__ import annotations

import ipaddress
import socket
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.classify.databases import NOWHERE
from crossborder.classify.recent import Recent
from crossborder.classify.sources import open_sources
from crossborder.errors import CrossborderError
from crossborder.model import CLASSIFY_COLUMNS, UNKNOWN_COUNTRY, CountryBasis
from crossborder.prefixes import BOGONS, NEVER_CROSSES, PRIVATE, PrefixSet, address_of, embedded_ipv4, key_of

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.classify.databases import CountryDatabase, Placement
    from crossborder.classify.sources import GeoipSettings, Sources
    from crossborder.classify.tables import Entry
    from crossborder.prefixes import Network

CACHED = 131_072  # answers remembered, and as many older ones

# Databases keep IPv4 in ::/96; an address there (IPv4-compatible, RFC 4291 2.5.5.1) is deprecated and nobody's.
RESERVED = PrefixSet(
    [*PRIVATE, *NEVER_CROSSES.networks, *BOGONS.networks, ipaddress.ip_network("::/96")],
)
"""Never looked up in a database: private, multicast, link-local, documentation space and the like."""

_COLUMNS = {c.name: c.dtype for c in CLASSIFY_COLUMNS}
_TOLD = ("country", "country_basis", "geo_database", "geo_build", "geo_prefix", "asn", "as_org")
ANNOTATION = pl.Schema({"remote_key": pl.Binary} | {name: _COLUMNS[name] for name in _TOLD})


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


_GEO, _UNKNOWN = CountryBasis.GEO.value, CountryBasis.UNKNOWN.value
_IN_FRAME = len(_TOLD)  # fields of an answer that are columns of the frame

UNKNOWN = Answer(UNKNOWN_COUNTRY, _UNKNOWN, None, None, None, None, None)


class Database(NamedTuple):
    """One database in use."""

    role: str  # country, asn, registry
    name: str  # what the file calls itself
    path: Path
    build: int | None  # seconds since 1970 UTC
    layout: str


class Geography:
    """Answers where addresses are. Immutable but for a bounded memory of answers and for counts."""

    def __init__(self, sources: Sources) -> None:
        """Take open databases and tables."""
        self.sources = sources
        self.counts: Counter[tuple[str, str]] = Counter()
        """(database or table, hit | miss | pseudo | error) → lookups; what was remembered is ("cache", "hit").

        `pseudo` is an answer that is no country: EU, AP, ??.
        """
        self._rows: Recent[bytes, tuple[object, ...]] = Recent(CACHED)
        self._overlay = sources.overlays.match if sources.overlays.entries else _nothing
        self._cloud = sources.clouds.match if sources.clouds.entries else _nothing
        self._anycast = sources.anycast.match
        self._more = sources.asn is not None or sources.registry is not None

    @classmethod
    def open(cls, settings: GeoipSettings, data: Path, cache: Path | None = None) -> Geography:
        """Open the files the settings name.

        `data` is the folder of shipped country data, `cache` a folder to unpack the default database into and to find
        its updates in. Raises CrossborderError with every fault: missing, damaged, of unknown layout, broken lines.
        """
        return cls(open_sources(settings, data, cache))

    @property
    def nat64(self) -> tuple[bytes, ...]:
        """The operator's NAT64 prefixes, 12 bytes each."""
        return self.sources.nat64

    @property
    def databases(self) -> tuple[Database, ...]:
        """The databases in use, the country database first."""
        open_ones = (("country", self.sources.country), ("asn", self.sources.asn), ("registry", self.sources.registry))
        return tuple(
            Database(role, one.mmdb.name, one.mmdb.path, one.mmdb.build, one.layout.name)
            for role, one in open_ones
            if one is not None
        )

    def changed(self) -> bool:
        """Tell whether a file was replaced, rewritten, removed or has appeared since this was opened.

        Open a new Geography then and swap it in; this one goes on answering from memory.
        """
        return self.sources.changed()

    def annotate(self, keys: pl.Series) -> pl.DataFrame:
        """Return one row per distinct key (16 bytes): schema ANNOTATION, `country` and `country_basis` never null.

        Where there is no key the country is unknown.
        """
        rows = [self._row(key) for key in keys.unique(maintain_order=True)]
        columns = zip(*rows, strict=True) if rows else ([] for _ in ANNOTATION)
        return pl.DataFrame(
            [pl.Series(name, values, dtype) for (name, dtype), values in zip(ANNOTATION.items(), columns, strict=True)]
        )

    def lookup(self, text: str) -> Answer:
        """Answer for one address; raises CrossborderError when the text is none."""
        packed = packed_of(text)
        if packed is None:
            raise CrossborderError(f"{text!r} is not an IPv4 or IPv6 address")
        return self.answer(packed)

    def answer(self, packed: bytes) -> Answer:
        """Answer for an address of 4 or 16 bytes; one that embeds an IPv4 address by what it embeds."""
        key = key_of(packed)  # what prefixes compare by
        packed = address_of(key)
        told = self._overlay(key)
        if told:
            placed = self._by_table(*told, CountryBasis.OVERRIDE)
            return placed if key in RESERVED else self._with_operator(placed, packed)
        inner = embedded_ipv4(packed, self.nat64)
        if inner is not None:
            return self.answer(inner)
        if key in RESERVED:
            return UNKNOWN
        cloud = self._cloud(key)
        placed = self._by_table(*cloud, CountryBasis.GEO) if cloud else self._by_database(packed)
        caster = self._anycast(key)
        if caster:
            placed = _as_anycast(placed)._replace(label=caster[1].label)
        return self._with_operator(placed, packed) if self._more else placed

    def _by_table(self, network: Network, entry: Entry, basis: CountryBasis) -> Answer:
        self.counts[entry.table, "hit"] += 1
        return UNKNOWN._replace(
            country=entry.country or UNKNOWN_COUNTRY,
            basis=basis.value,
            database=entry.table,
            build=entry.build,
            prefix=str(network),
            label=entry.label or None,
        )

    def _by_database(self, packed: bytes) -> Answer:
        mmdb = self.sources.country.mmdb
        country, said, registered, anycast, prefix = self._find(self.sources.country, packed)
        if prefix is None:
            return UNKNOWN
        if country == UNKNOWN_COUNTRY:
            return Answer(country, _UNKNOWN, mmdb.name, mmdb.build, prefix, None, None, registered, said)
        answer = Answer(country, _GEO, mmdb.name, mmdb.build, prefix, None, None, registered)
        return _as_anycast(answer) if anycast else answer

    def _find(self, database: CountryDatabase, packed: bytes) -> Placement:
        try:
            found = database.find(packed)
        except LookupError:
            self.counts[database.mmdb.name, "error"] += 1
            return NOWHERE
        result = "hit" if found.country != UNKNOWN_COUNTRY else "pseudo" if found.said else "miss"
        self.counts[database.mmdb.name, result] += 1
        return found

    def _with_operator(self, placed: Answer, packed: bytes) -> Answer:
        """Add the autonomous system, and the country of registration where it is not told yet."""
        asn, org = self._operator(packed)
        registered = placed.registered
        if self.sources.registry and not registered:
            told = self._find(self.sources.registry, packed).country
            registered = told if told != UNKNOWN_COUNTRY else None
        return placed._replace(asn=asn, as_org=org, registered=registered)

    def _operator(self, packed: bytes) -> tuple[int | None, str | None]:
        database = self.sources.asn
        if database is None:
            return None, None
        try:
            asn, org = database.find(packed)
        except LookupError:
            self.counts[database.mmdb.name, "error"] += 1
            return None, None
        self.counts[database.mmdb.name, "hit" if asn is not None else "miss"] += 1
        return asn, org

    def _row(self, key: bytes | None) -> tuple[object, ...]:
        """Return one row of ANNOTATION."""
        if key is None:
            return (None, *UNKNOWN[:_IN_FRAME])
        row = self._rows.get(key)
        if row is not None:
            self.counts["cache", "hit"] += 1
            return row
        row = (key, *self.answer(key)[:_IN_FRAME])
        self._rows.put(key, row)
        return row


def _nothing(_: bytes) -> None:
    """Answer for an empty table."""


def packed_of(text: str) -> bytes | None:
    """Return an address as 4 or 16 bytes; None when the text is none."""
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):  # ValueError: a zero byte or what is not ASCII
        return None


def _as_anycast(answer: Answer) -> Answer:
    """Say that the country is the operator's registration; what is unknown stays unknown."""
    if answer.country == UNKNOWN_COUNTRY:
        return answer
    return answer._replace(country=answer.registered or answer.country, basis=CountryBasis.ANYCAST.value)
