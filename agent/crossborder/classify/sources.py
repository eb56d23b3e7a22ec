"""Opens everything geography is told by: databases, overlays, the shipped tables; all faults at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from crossborder.classify import shipped
from crossborder.classify.countries import Countries
from crossborder.classify.databases import AsnDatabase, CountryDatabase
from crossborder.classify.mmdbfile import Mmdb, fingerprint
from crossborder.classify.tables import Table, read_countries, read_operators
from crossborder.errors import Attempts, CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.classify.mmdbfile import Fingerprint
    from crossborder.prefixes import Network

T = TypeVar("T")
ANYCAST = "anycast.csv"


class GeoipSettings(Protocol):
    """The part of the configuration that says which files to take; see `config.GeoipSection`."""

    @property
    def country(self) -> Path | None:
        """Country database; None: the packaged one."""

    @property
    def asn(self) -> Path | None:
        """ASN database; None: the country database where it tells AS numbers, too."""

    @property
    def registry(self) -> Path | None:
        """Database of the registries' countries."""

    @property
    def overlays(self) -> tuple[Path, ...]:
        """The operator's tables."""

    @property
    def nat64(self) -> tuple[Network, ...]:
        """NAT64 prefixes of this network."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Open databases and tables. Immutable."""

    countries: Countries
    country: CountryDatabase
    asn: AsnDatabase | None
    registry: CountryDatabase | None
    overlays: Table
    clouds: Table
    anycast: Table
    nat64: tuple[bytes, ...]  # 12 bytes each
    seen: tuple[tuple[Path, Fingerprint | None], ...]  # the files as they were when read

    def changed(self) -> bool:
        """Tell whether any file was replaced, rewritten, removed or has appeared since."""
        return any(fingerprint(path) != was for path, was in self.seen)


def open_sources(settings: GeoipSettings, data: Path, cache: Path | None = None) -> Sources:
    """Open what the settings name; `data` is the folder of shipped country data, `cache` a folder to unpack into.

    Raises CrossborderError with every fault of every file.
    """
    seen = tuple((path, fingerprint(path)) for path in _files(settings, data, cache))
    faults = Attempts()
    countries = faults.attempt(lambda: Countries.read(data)) or Countries({})
    country = faults.attempt(lambda: CountryDatabase(_country_file(settings, data, cache), countries))
    asn = faults.attempt(lambda: _asn(settings, country, cache))
    registry = faults.attempt(lambda: _registry(settings, countries, cache))
    overlays = faults.attempt(lambda: read_countries(settings.overlays, countries))
    clouds_file = shipped.clouds_file(data, cache)
    clouds = faults.attempt(lambda: read_countries([clouds_file] if clouds_file else [], countries))
    anycast = faults.attempt(lambda: read_operators(data / ANYCAST))
    nat64 = faults.attempt(lambda: tuple(_nat64_head(network) for network in settings.nat64))
    if faults.errors or country is None or overlays is None or clouds is None or anycast is None or nat64 is None:
        raise CrossborderError.joined(faults.errors)
    return Sources(countries, country, asn, registry, overlays, clouds, anycast, nat64, seen)


def _files(settings: GeoipSettings, data: Path, cache: Path | None) -> tuple[Path, ...]:
    named = (settings.country, settings.asn, settings.registry, *settings.overlays, data / ANYCAST)
    return (*(path for path in named if path), *shipped.watched(data, cache))


def _country_file(settings: GeoipSettings, data: Path, cache: Path | None) -> Mmdb:
    return Mmdb.read(settings.country, cache) if settings.country else shipped.open_default(data, cache)


def _asn(settings: GeoipSettings, country: CountryDatabase | None, cache: Path | None) -> AsnDatabase | None:
    """Open the ASN database; a country database that tells AS numbers, as IPinfo Lite does, serves as one."""
    if settings.asn:
        return AsnDatabase(Mmdb.read(settings.asn, cache))
    try:
        return AsnDatabase(country.mmdb) if country else None
    except CrossborderError:
        return None


def _registry(settings: GeoipSettings, countries: Countries, cache: Path | None) -> CountryDatabase | None:
    return CountryDatabase(Mmdb.read(settings.registry, cache), countries) if settings.registry else None


def _nat64_head(network: Network) -> bytes:
    """Return the first 12 bytes of a NAT64 prefix; RFC 6052 has other lengths, which nobody here reads."""
    if network.version != 6 or network.prefixlen != 96:
        raise CrossborderError(f"geoip.nat64: {network} is not an IPv6 /96 prefix")
    return network.network_address.packed[:12]
