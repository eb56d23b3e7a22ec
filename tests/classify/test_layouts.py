"""Every layout of country and operator databases, through files of that layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.classify.world import Settings

from crossborder.classify import Geography
from crossborder.classify.layouts import asn_layout, country_layout, described
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.classify.world import WriteMmdb

COUNTRY_RECORDS: list[tuple[str, dict[str, Any], str]] = [
    ("GeoLite2", {"country": {"iso_code": "SG", "names": {"en": "Singapore"}}, "continent": {"code": "AS"}}, "SG"),
    ("GeoIP2", {"country": {"iso_code": "SG"}, "registered_country": {"iso_code": "US"}, "traits": {}}, "SG"),
    ("DB-IP", {"country": {"iso_code": "sg"}, "continent": {"code": "AS"}}, "SG"),
    ("ip-location-db", {"country_code": "SG"}, "SG"),
    ("IPLocate", {"country_code": "SG", "country_name": "Singapore", "continent_code": "AS"}, "SG"),
    ("IPinfo Lite", {"country": "Singapore", "country_code": "SG", "asn": "AS64500", "as_name": "Example"}, "SG"),
    ("IPinfo country_asn", {"country": "SG", "country_name": "Singapore", "asn": "AS64500", "name": "Example"}, "SG"),
]


@pytest.mark.parametrize(("who", "record", "code"), COUNTRY_RECORDS, ids=[row[0] for row in COUNTRY_RECORDS])
def test_country(who: str, record: dict[str, Any], code: str, write_mmdb: WriteMmdb, data: Path) -> None:
    """The reader adapts to the layout; the record it comes from is the same for all."""
    path = write_mmdb({"8.0.0.0/8": record, "2a00::/16": record}, who)
    geography = Geography.open(Settings(country=path), data)

    for address in ("8.1.2.3", "2a00::1"):
        found = geography.lookup(address)
        assert (found.country, found.basis, found.database) == (code, "geo", who)


ASN_RECORDS: list[tuple[str, dict[str, Any]]] = [
    ("GeoLite2-ASN", {"autonomous_system_number": 64500, "autonomous_system_organization": "Example"}),
    ("Enterprise", {"traits": {"autonomous_system_number": 64500, "autonomous_system_organization": "Example"}}),
    ("IPinfo", {"asn": "AS64500", "as_name": "Example", "as_domain": "example.net"}),
    ("IPLocate", {"asn": 64500, "name": "Example", "org": "other"}),
]


@pytest.mark.parametrize(("who", "record"), ASN_RECORDS, ids=[row[0] for row in ASN_RECORDS])
def test_operator(who: str, record: dict[str, Any], write_mmdb: WriteMmdb, data: Path) -> None:
    """AS number and operator are found in a file of their own."""
    country = write_mmdb({"8.0.0.0/8": {"country_code": "SG"}}, "country")
    asn = write_mmdb({"8.0.0.0/8": record}, who)

    found = Geography.open(Settings(country=country, asn=asn), data).lookup("8.1.2.3")

    assert (found.asn, found.as_org, found.country) == (64500, "Example", "SG")


def test_one_file_for_both(write_mmdb: WriteMmdb, data: Path) -> None:
    """A country database that tells AS numbers, too, serves for both without being named twice."""
    path = write_mmdb({"8.0.0.0/8": {"country": "Singapore", "country_code": "SG", "asn": "AS64500", "as_name": "E"}})

    geography = Geography.open(Settings(country=path), data)

    assert geography.lookup("8.1.2.3").asn == 64500
    assert [database.role for database in geography.databases] == ["country", "asn"]


def test_asn_file_without_asn_is_refused(write_mmdb: WriteMmdb, data: Path) -> None:
    """A country file given as ASN file is refused with its keys."""
    path = write_mmdb({"8.0.0.0/8": {"country_code": "SG"}})

    with pytest.raises(CrossborderError, match=r"has no AS number .* keys country_code"):
        Geography.open(Settings(country=path, asn=path), data)


@pytest.mark.parametrize(
    "record",
    [
        {"country": {"iso_code": 7}},
        {"country": {"iso_code": "SGP"}},
        {"country": "Singapore"},
        {"country": ["SG"]},
        {"country": {}},
        {"country_code": ""},
        {"country_code": {"iso_code": "SG"}},
        {"registered_country": {"iso_code": "SG"}},
        {"continent": {"code": "AS"}},
    ],
)
def test_no_country(record: dict[str, Any]) -> None:
    """Names, three letters, lists, and the country of registration or the continent are never taken for a country."""
    assert country_layout([record]) is None


@pytest.mark.parametrize("value", ["AS", "ASxyz", "-5", 0, -1, 1 << 32, True, None, [], "9" * 30, "\uff11\uff12"])
def test_no_number(value: object) -> None:
    """What is no AS number of 32 bits is none, whatever its type."""
    assert asn_layout([{"asn": value}]) is None


def test_described() -> None:
    """A layout nobody knows is told by its keys, most frequent first, and not at length."""
    assert described([{"isp": 1, "org": 2}, {"isp": 1}]) == "keys isp, org"
    assert described(["text", 5]) == "records of type int, str"
    assert described([]) == "no record"
    assert len(described([{f"key{n}" * 20: 1 for n in range(99)}])) < 500


def test_empty_database_is_refused(write_mmdb: WriteMmdb, data: Path) -> None:
    """A database without a record is told so."""
    with pytest.raises(CrossborderError, match="it has no record"):
        Geography.open(Settings(country=write_mmdb({})), data)
