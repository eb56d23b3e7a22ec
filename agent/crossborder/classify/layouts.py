"""Where an MMDB record keeps its country and its operator: one row per layout known, and how a file's is found.

Records are data of other people's making: whatever is not of the expected type counts as absent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Getter = Callable[[dict[str, Any]], str | None]


@dataclass(frozen=True, slots=True)
class CountryLayout:
    """How one family of databases says the country."""

    name: str
    who: str
    country: Getter
    registered: Getter
    anycast: Callable[[dict[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class AsnLayout:
    """How one family of databases says the autonomous system."""

    name: str
    who: str
    number: Callable[[dict[str, Any]], int | None]
    org: Getter


def _code(value: object) -> str | None:
    """Return a two-character code in capitals: letters for countries, also pseudo codes as A1 or ??."""
    return value.upper() if isinstance(value, str) and len(value) == 2 and value.isascii() else None


def _map(record: dict[str, Any], key: str) -> dict[str, Any]:
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def _iso_code(key: str) -> Getter:
    return lambda record: _code(_map(record, key).get("iso_code"))


def _plain_code(key: str) -> Getter:
    return lambda record: _code(record.get(key))


def _traits_anycast(record: dict[str, Any]) -> bool:
    return _map(record, "traits").get("is_anycast") is True


def _plain_anycast(record: dict[str, Any]) -> bool:
    return record.get("is_anycast") in (True, "true")


def _nothing(_: dict[str, Any]) -> None:
    return None


COUNTRY_LAYOUTS = (
    CountryLayout(
        "country.iso_code",
        "GeoLite2, GeoIP2, DB-IP, IP2Location, geoacumen, IPFire as shipped",
        _iso_code("country"),
        _iso_code("registered_country"),
        _traits_anycast,
    ),
    CountryLayout(
        "country_code",
        "ip-location-db, IPLocate, IPinfo Lite, where `country` is the country's name",
        _plain_code("country_code"),
        _nothing,
        _plain_anycast,
    ),
    CountryLayout("country", "IPinfo country and country_asn", _plain_code("country"), _nothing, _plain_anycast),
)


def _number(value: object) -> int | None:
    """Return an AS number from 15169, "15169" or "AS15169"; None when it is none (RFC 6793: 32 bits)."""
    if isinstance(value, str):
        digits = value.upper().removeprefix("AS")
        value = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 32 else None


def _text(*keys: str) -> Getter:
    def get(record: dict[str, Any]) -> str | None:
        found = (record.get(key) for key in keys)
        return next((value for value in found if isinstance(value, str) and value), None)

    return get


_MAXMIND_ORG = _text("autonomous_system_organization")

ASN_LAYOUTS = (
    AsnLayout(
        "autonomous_system_number",
        "GeoLite2-ASN, GeoIP2-ISP, ip-location-db",
        lambda record: _number(record.get("autonomous_system_number")),
        _MAXMIND_ORG,
    ),
    AsnLayout(
        "traits.autonomous_system_number",
        "GeoIP2-Enterprise",
        lambda record: _number(_map(record, "traits").get("autonomous_system_number")),
        lambda record: _MAXMIND_ORG(_map(record, "traits")),
    ),
    AsnLayout(
        "asn",
        "IPinfo, IPLocate",
        lambda record: _number(record.get("asn")),
        _text("as_name", "name", "org"),
    ),
)


def country_layout(records: Iterable[object]) -> CountryLayout | None:
    """Return the layout in which the sample says a country; None when it says none in any."""
    maps = [record for record in records if isinstance(record, dict)]
    return next((layout for layout in COUNTRY_LAYOUTS if any(map(layout.country, maps))), None)


def asn_layout(records: Iterable[object]) -> AsnLayout | None:
    """Return the layout in which the sample says an AS number; None when it says none in any."""
    maps = [record for record in records if isinstance(record, dict)]
    return next((layout for layout in ASN_LAYOUTS if any(map(layout.number, maps))), None)


def described(records: Iterable[object]) -> str:
    """Describe the records of a layout nobody knows: their keys, most frequent first."""
    sample = list(records)
    keys = Counter(key for record in sample if isinstance(record, dict) for key in record)
    if keys:
        return "keys " + ", ".join(str(key)[:40] for key, _ in keys.most_common(8))
    kinds = sorted({type(record).__name__ for record in sample})
    return f"records of type {', '.join(kinds)}" if kinds else "no record"
