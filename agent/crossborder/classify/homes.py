"""Which networks are at home: private space, the configured ones, and those the databases place in the home country."""

from __future__ import annotations

import hashlib
import ipaddress
import struct
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from crossborder.classify.ranges import IPV4_END, flatten, inside, key_ranges, merged, outside, over
from crossborder.classify.standings import RESERVED
from crossborder.errors import CrossborderError
from crossborder.kept import kept, makers
from crossborder.prefixes import PRIVATE, PrefixSet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from crossborder.classify.geo import Geography
    from crossborder.classify.sources import Sources
    from crossborder.classify.tables import Table
    from crossborder.prefixes import Network

# IPv6 that stands for IPv4: such an address is at home where the IPv4 address in it is, whatever a database says.
_EMBEDDING = tuple(map(ipaddress.ip_network, ("::ffff:0:0/96", "64:ff9b::/96", "2002::/16", "2001::/32")))


class HomeSettings(Protocol):
    """The part of the configuration that says who is at home; see `config.HomeSection`."""

    @property
    def country(self) -> str:
        """Home country."""

    @property
    def private(self) -> bool:
        """Private space is home."""

    @property
    def database(self) -> bool:
        """What the databases place in the home country is home."""

    @property
    def networks(self) -> tuple[Network, ...]:
        """More home networks."""

    @property
    def strict(self) -> bool:
        """Only where the registry database agrees."""


def home_networks(settings: HomeSettings, geography: Geography, cache: Path | None = None) -> PrefixSet:
    """Return the networks at home; `cache` is a folder to keep those of databases and tables in.

    The operator's overlays stand over the database: what they place in the home country is home, what they place
    elsewhere (or nowhere: ZZ) is not. With `strict` a prefix of the database or of the clouds' table is home only
    where the registry database places it in the home country, too. Private and reserved space is never home because a
    database says so. Raises CrossborderError: strict without a registry database, a country that is none.
    """
    sources = geography.sources
    if settings.country not in sources.countries:
        raise CrossborderError(f"home.country: {settings.country!r} is not an ISO 3166 alpha-2 code")
    found = list(settings.networks)
    if settings.private:
        found += PRIVATE
    return PrefixSet(found, _keys_at_home(settings, sources, cache) if settings.database else ())


def _keys_at_home(settings: HomeSettings, sources: Sources, cache: Path | None) -> Iterator[tuple[bytes, bytes]]:
    """Return first and last keys of the networks that databases and tables place in the home country."""
    of = b"".join(_ingredients(settings, sources)) if cache else b""
    made = kept(cache, "home", of, lambda: b"".join(chain(*key_ranges(_placed_at_home(settings, sources)))))
    return struct.iter_unpack("16s16s", made)


def _ingredients(settings: HomeSettings, sources: Sources) -> Iterator[bytes]:
    """Yield all that decides who is at home because of databases and tables, our own code that says it among them."""
    yield repr((settings.country, settings.strict, sorted(sources.countries.codes), sources.nat64)).encode()
    for database in (sources.country, sources.registry):
        yield database.mmdb.sha256 if database else b"none"
    for table in (sources.clouds, sources.overlays):
        said = "\n".join(f"{network} {entry.country}" for network, entry in table.entries)
        yield hashlib.sha256(said.encode()).digest()
    for path in makers(__file__):
        yield hashlib.sha256(path.read_bytes()).digest()


def _placed_at_home(settings: HomeSettings, sources: Sources) -> list[tuple[int, int, None]]:
    """Return the ranges that databases and tables place in the home country."""
    country = settings.country
    ranges = _laid_over(sources.country.ranges(country), sources.clouds, country)
    if settings.strict:
        ranges = inside(ranges, _registered(sources, country))
    ranges = outside(_split_at_ipv4(ranges), _never_by_database(sources))
    return _laid_over(ranges, sources.overlays, country)


def _registered(sources: Sources, country: str) -> list[tuple[int, int, None]]:
    if sources.registry is None:
        raise CrossborderError("home.strict needs a database of the registries' countries in geoip.registry")
    return sources.registry.ranges(country)


def _laid_over(ranges: list[tuple[int, int, None]], table: Table, country: str) -> list[tuple[int, int, None]]:
    """Add to ranges what a table places in the country and take away what it places elsewhere."""
    said = flatten((network, entry.country) for network, entry in table.entries)
    here: Sequence[tuple[int, int, None]] = [(low, high, None) for low, high, value in said if value == country]
    return merged(over(list(here), outside(ranges, said)))


def _never_by_database(sources: Sources) -> list[tuple[int, int, bool]]:
    nat64 = (ipaddress.ip_network((head + bytes(4), 96)) for head in sources.nat64)
    return flatten((network, True) for network in (*RESERVED.networks, *_EMBEDDING, *nat64) if _beyond_ipv4(network))


def _beyond_ipv4(network: Network) -> bool:
    """Tell whether a network is not ::/96 or within it: as numbers those are IPv4."""
    return network.version == 4 or int(network.broadcast_address) >= IPV4_END


def _split_at_ipv4(ranges: list[tuple[int, int, None]]) -> list[tuple[int, int, None]]:
    """Cut ranges where IPv4 ends, so that neither side is taken for the other."""
    return [
        (low, high, None)
        for first, last, _ in ranges
        for low, high in ((first, min(last, IPV4_END - 1)), (max(first, IPV4_END), last))
        if low <= high
    ]
