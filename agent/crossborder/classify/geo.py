"""Where an address is: the operator's word, then the clouds' own ranges, then the database; unknown is an answer."""

from __future__ import annotations

import socket
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from crossborder.classify.annotator import Annotator
from crossborder.classify.answers import UNKNOWN, Answer, as_anycast, by_database, by_table
from crossborder.classify.lookups import Lookup, differing, look_up
from crossborder.classify.sources import open_sources
from crossborder.classify.standings import standings
from crossborder.errors import CrossborderError
from crossborder.model import UNKNOWN_COUNTRY, CountryBasis
from crossborder.prefixes import address_of, embedded_ipv4, key_of

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.classify.sources import GeoipSettings, Sources
    from crossborder.classify.standings import Standing


class Database(NamedTuple):
    """One database in use."""

    role: str  # country, asn, registry
    name: str  # what the file calls itself
    path: Path
    build: int | None  # seconds since 1970 UTC
    layout: str


class Geography:
    """Answers where addresses are. Immutable but for counts and for answers remembered."""

    def __init__(self, sources: Sources) -> None:
        """Take open databases and tables."""
        self.sources = sources
        self.standings = standings(sources)
        self.counts: Counter[Lookup] = Counter()
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

    @cached_property
    def annotate(self) -> Annotator:
        """Return the function that answers for whole columns of keys: ANNOTATION, one row a key.

        Made when first asked for, which takes a fraction of a second; raises CrossborderError: a search tree is broken.
        """
        return Annotator(self)

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
        standing = self.standings.at(key)
        if standing.embeds and (inner := embedded_ipv4(packed, self.nat64)):
            return self.answer(inner)
        answer, counted = self.placed(standing, packed)
        self._count(counted)
        return self._with_operator(answer, packed) if self._more and not standing.reserved else answer

    def placed(self, standing: Standing, packed: bytes) -> tuple[Answer, Lookup | None]:
        """Answer by tables and country database only, for an address that embeds none; and tell what was looked up."""
        if standing.overlay:
            return by_table(*standing.overlay, CountryBasis.OVERRIDE), (standing.overlay[1].table, "hit")
        if standing.reserved:
            return UNKNOWN, None
        if standing.cloud:
            answer, counted = by_table(*standing.cloud, CountryBasis.GEO), (standing.cloud[1].table, "hit")
        else:
            placement, counted = look_up(self.sources.country, packed)
            answer = by_database(self.sources.country.mmdb, placement)
        if standing.anycast:
            answer = as_anycast(answer)._replace(label=standing.anycast[1].label)
        return answer, counted

    def operator(self, packed: bytes) -> tuple[int | None, str | None, Lookup | None]:
        """Return AS number and operator of an address, and what was looked up."""
        database = self.sources.asn
        if database is None:
            return None, None, None
        try:
            asn, org = database.find(packed)
        except LookupError:
            return None, None, (database.mmdb.name, "error")
        return asn, org, (database.mmdb.name, "hit" if asn is not None else "miss")

    def registration(self, packed: bytes) -> tuple[str | None, Lookup | None]:
        """Return the country in which the registries have an address, and what was looked up."""
        if self.sources.registry is None:
            return None, None
        told, counted = look_up(self.sources.registry, packed)
        return told.country if told.country != UNKNOWN_COUNTRY else None, counted

    def _with_operator(self, placed: Answer, packed: bytes) -> Answer:
        """Add the autonomous system, and the country of registration where it is not told yet."""
        asn, org, counted = self.operator(packed)
        self._count(counted)
        registered, second = self.registration(packed)
        differs = registered is not None and placed.basis == CountryBasis.GEO and placed.country != registered
        self._count(differing(second) if second and differs else second)
        return placed._replace(asn=asn, as_org=org, registered=placed.registered or registered)

    def _count(self, counted: Lookup | None) -> None:
        if counted:
            self.counts[counted] += 1


def packed_of(text: str) -> bytes | None:
    """Return an address as 4 or 16 bytes; None when the text is none."""
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):  # ValueError: a zero byte or what is not ASCII
        return None
