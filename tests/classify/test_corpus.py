"""MaxMind's own test databases: the published answers, and files that are broken on purpose."""

from __future__ import annotations

import contextlib
import ipaddress
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.classify.world import Settings

from crossborder.classify.countries import Countries
from crossborder.classify.databases import AsnDatabase, CountryDatabase
from crossborder.classify.mmdbfile import Mmdb
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

COUNTRY_FILES = ["GeoIP2-Country-Test", "GeoLite2-Country-Test", "GeoLite2-City-Test"]


@pytest.fixture(scope="session")
def expected(corpus: Path) -> list[dict[str, Any]]:
    """Return every published expectation about databases."""
    rows = [json.loads(line) for line in (corpus / "expected.jsonl").read_text().splitlines()]
    return [row for row in rows if row["kind"] in {"geo_country", "mmdb_open"}]


def packed(text: str) -> bytes:
    """Return an address as bytes; `::a.b.c.d`, as some of the rows write IPv4, as IPv4."""
    number = int(ipaddress.ip_address(text))
    return number.to_bytes(4 if number < 1 << 32 else 16, "big")


def prefix(network: str) -> str:
    """Return a row's network as we write it."""
    found = ipaddress.ip_network(network, strict=False)
    if found.version == 6 and int(found.broadcast_address) < 1 << 32:
        return f"{ipaddress.IPv4Address(int(found.network_address))}/{found.prefixlen - 96}"
    return str(found)


@pytest.mark.parametrize("name", COUNTRY_FILES)
def test_countries(name: str, corpus: Path, data: Path, expected: list[dict[str, Any]]) -> None:
    """Country, registered country, anycast flag and prefix of every published row; no country is unknown."""
    database = CountryDatabase(Mmdb.read(corpus / "mmdb" / f"{name}.mmdb"), Countries.read(data))
    rows = [r["value"] for r in expected if r["kind"] == "geo_country" and r["file"] == f"mmdb/{name}.mmdb"]
    for row in rows:
        found = database.find(packed(row["ip"]))

        assert found.country == row.get("country", "ZZ"), row
        assert found.registered == row.get("registered_country"), row
        assert found.anycast is row.get("is_anycast", False), row
        assert found.prefix == prefix(row["network"]), row
    assert len(rows) > 200


def test_operators(corpus: Path, expected: list[dict[str, Any]]) -> None:
    """Every published AS number is found."""
    database = AsnDatabase(Mmdb.read(corpus / "mmdb" / "GeoLite2-ASN-Test.mmdb"))
    rows = [r["value"] for r in expected if r["kind"] == "geo_country" and "asn" in r["value"]]
    for row in rows:
        assert database.find(packed(row["ip"]))[0] == row["asn"], row
    assert len(rows) == 720


def test_all_files_open_or_are_refused(corpus: Path, expected: list[dict[str, Any]]) -> None:
    """What must open opens; a broken file is refused or answers, and never crashes, hangs or raises anything else."""
    rows = [r for r in expected if r["kind"] == "mmdb_open"]
    refused = {}
    for row in rows:
        path = corpus / row["file"]
        try:
            mmdb = Mmdb.read(path)
        except CrossborderError as error:
            refused[row["file"]] = (row["value"], str(error))
        else:
            poke(mmdb)

    assert len(rows) > 60
    assert not [name for name, (value, _) in refused.items() if value == "must open"]
    assert not [said for _, said in refused.values() if "\n" in said]


@pytest.mark.timeout(60)
def test_bad_folder(corpus: Path) -> None:
    """The files in `bad/` that no list names are held to the same."""
    paths = sorted((corpus / "mmdb").rglob("*.mmdb"))
    for path in paths:
        try:
            poke(Mmdb.read(path))
        except CrossborderError:
            continue
    assert len(paths) > 60


def poke(mmdb: Mmdb) -> None:
    """Look up addresses all over a database, also where the layout is unknown; only LookupError may come out."""
    countries = Countries({"US": "United States"})
    for leaf in list(mmdb.tree.leaves(2_000))[:200]:
        width = 4 if leaf.low < 1 << 32 and mmdb.ip_version == 4 else 16
        try:
            mmdb.find(leaf.low.to_bytes(width, "big"))
        except LookupError:
            continue
    for kind in (lambda: CountryDatabase(mmdb, countries).ranges("US"), lambda: AsnDatabase(mmdb)):
        with contextlib.suppress(CrossborderError):
            kind()


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("GeoIP2-Connection-Type-Test", "connection_type"),
        ("GeoIP2-Domain-Test", "domain"),
        ("MaxMind-DB-test-ipv4-24", "keys ip"),
        ("MaxMind-DB-string-value-entries", "records of type str"),
        ("GeoLite2-ASN-Test", "autonomous_system_number"),
    ],
)
def test_unknown_layout(name: str, keys: str, corpus: Path, data: Path) -> None:
    """A file that says no country in any known way is refused, and the sentence names what it has."""
    from crossborder.classify import Geography

    settings = Settings(country=corpus / "mmdb" / f"{name}.mmdb")

    with pytest.raises(CrossborderError, match=keys) as told:
        Geography.open(settings, data)
    assert "has no country" in str(told.value)
    assert "country.iso_code (GeoLite2" in str(told.value)
