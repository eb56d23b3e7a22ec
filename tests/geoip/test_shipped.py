"""The shipped country data: whole, what they say they are, and right about addresses everybody knows."""

from __future__ import annotations

import hashlib
import json
import lzma
from typing import TYPE_CHECKING

import pytest

from crossborder.classify import Geography, shipped
from crossborder.classify.countries import Countries
from crossborder.config import GeoipSection, data_folder
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of shipped country data."""
    return data_folder("geoip")


@pytest.fixture(scope="session")
def geography(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Geography:
    """Return the geography of an empty configuration."""
    return Geography.open(GeoipSection(), data, tmp_path_factory.mktemp("cache"))


def test_database_is_what_it_says(data: Path) -> None:
    """The packed database has the sum, the size and the date that stand beside it, and its licence is named."""
    about = json.loads((data / shipped.ABOUT).read_text())
    raw = lzma.decompress((data / shipped.PACKED).read_bytes())

    assert hashlib.sha256(raw).hexdigest() == about["sha256"]
    assert len(raw) == about["size"]
    assert about["licence"].startswith("CC BY-SA 4.0")
    assert about["date"].startswith("2026-06-25")


def test_notice_and_sources(data: Path) -> None:
    """What CC BY-SA asks for stands beside the data: whose, which licence, what was changed."""
    notice, sources = (data / "NOTICE").read_text(), (data / "SOURCES.md").read_text()
    about = json.loads((data / shipped.ABOUT).read_text())

    for phrase in ("IPFire Location Database", "https://location.ipfire.org/", "CC BY-SA 4.0", "no country"):
        assert phrase in notice
    assert about["sha256"] in sources
    assert about["origin"]["sha256"] in sources
    assert "Never `apt-get install" in sources


def test_countries(data: Path) -> None:
    """The table holds ISO 3166 with XK, and knows pseudo codes for what they are."""
    countries = Countries.read(data)

    assert len(countries) == 250
    assert all(code in countries for code in ("VN", "NO", "XK", "GB", "TW", "AQ"))
    assert countries.name("VN") == "Vietnam"
    assert [countries.settle(c) for c in ("UK", "EU", "AP", "ZZ", "??", "A1", "T1", "CS", "AN", None)] == [
        "GB",
        *["ZZ"] * 9,
    ]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("14.160.0.1", "VN"),
        ("113.160.0.1", "VN"),
        ("203.162.4.191", "VN"),
        ("210.245.0.11", "VN"),
        ("2405:4800::1", "VN"),
        ("2001:ee0::1", "VN"),
        ("2402:800::1", "VN"),
        ("133.1.1.1", "JP"),
        ("141.30.1.1", "DE"),
        ("193.10.0.1", "SE"),
        ("2001:6b0::1", "SE"),
        ("8.8.8.8", "US"),
        ("64:ff9b::203.162.4.191", "VN"),
        ("2002:cba2:4bf::1", "VN"),
        ("::ffff:203.162.4.191", "VN"),
        ("10.0.0.1", "ZZ"),
        ("100.64.0.1", "ZZ"),
        ("224.0.0.251", "ZZ"),
        ("ff02::1", "ZZ"),
        ("fd00::1", "ZZ"),
        ("2001:db8::1", "ZZ"),
        ("2.16.0.1", "ZZ"),
    ],
)
def test_known_addresses(address: str, code: str, geography: Geography) -> None:
    """National networks, Viet Nam's above all, are where they are; nobody's space is nowhere."""
    assert geography.lookup(address).country == code


def test_unpacked_once(data: Path, tmp_path: Path) -> None:
    """The first start unpacks into the cache folder; the next reads that file; a spoilt one is unpacked anew."""
    Geography.open(GeoipSection(), data, tmp_path)
    (kept,) = tmp_path.glob("ipfire-country-*.mmdb")
    first = kept.stat()
    Geography.open(GeoipSection(), data, tmp_path)

    assert kept.stat().st_ino == first.st_ino
    kept.write_bytes(kept.read_bytes()[:-1000])
    assert Geography.open(GeoipSection(), data, tmp_path).lookup("14.160.0.1").country == "VN"
    assert kept.stat().st_size == first.st_size


def test_without_a_cache(data: Path, tmp_path: Path) -> None:
    """No cache folder, or one that cannot be written, makes the start slower and nothing else."""
    blocked = tmp_path / "file"
    blocked.write_text("")

    for cache in (None, blocked / "cache"):
        assert Geography.open(GeoipSection(), data, cache).lookup("14.160.0.1").country == "VN"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (shipped.PACKED, b"not xz"),
        (shipped.PACKED, lzma.compress(b"another database")),
        (shipped.PACKED, None),
        (shipped.ABOUT, b"{}"),
        (shipped.ABOUT, b"not json"),
        (shipped.ABOUT, None),
        ("iso3166.tab", None),
        ("anycast.csv", None),
    ],
)
def test_broken_installation(name: str, content: bytes | None, data: Path, tmp_path: Path) -> None:
    """A package that lost or spoilt its data says which file, and does not start."""
    for path in data.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(CrossborderError, match=name):
        Geography.open(GeoipSection(), tmp_path)


def test_broken_update_stops_the_start(data: Path, tmp_path: Path) -> None:
    """A spoilt update is told, not passed over in silence for older data."""
    folder = shipped.updates_folder(tmp_path)
    folder.mkdir()
    (folder / shipped.UPDATED).write_bytes(b"spoilt")

    with pytest.raises(CrossborderError, match=r"geoip/country\.mmdb: is no MMDB database.*; remove it"):
        Geography.open(GeoipSection(), data, tmp_path)
