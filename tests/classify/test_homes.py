"""Who is at home, held address by address against what geography answers."""

from __future__ import annotations

import ipaddress
import random
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.classify.world import Settings, country

from crossborder.classify import Geography, home_networks, homes
from crossborder.classify.standings import RESERVED
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.classify.world import WriteMmdb

    from crossborder.prefixes import Network, PrefixSet


@dataclass(frozen=True)
class Home:
    """Who is at home, as the configuration's section says it."""

    country: str = "VN"
    private: bool = True
    database: bool = True
    networks: tuple[Network, ...] = ()
    strict: bool = False


def at_home(networks: PrefixSet, *addresses: str) -> list[bool]:
    """Tell of each address whether it is in the networks."""
    return [socket.inet_pton(socket.AF_INET6 if ":" in a else socket.AF_INET, a) in networks for a in addresses]


@pytest.fixture
def world(write_mmdb: WriteMmdb, data: Path, tmp_path: Path) -> Geography:
    """Return a world with home, leased space, careless entries, an overlay, a cloud and a registry."""
    path = write_mmdb(
        {
            "14.0.0.0/8": country("VN"),
            "14.5.0.0/16": country("SG"),
            "2405::/16": country("VN"),
            "8.0.0.0/8": country("US"),
            "10.0.0.0/8": country("VN"),
            "224.0.0.0/4": country("VN"),
            "2002::/16": country("VN"),
            "64:ff9b::/96": country("VN"),
            "255.0.0.0/8": country("VN"),
            "::1:0:0/96": country("VN"),
        },
        "world",
        aliases=False,
    )
    registry = write_mmdb(
        {"14.0.0.0/9": country("VN"), "14.128.0.0/9": country("SG"), "2405::/17": country("VN")}, "rir"
    )
    overlay = tmp_path / "o.csv"
    overlay.write_text(
        "14.6.0.0/16,SG\n14.6.6.0/24,VN\n8.8.0.0/16,VN\n2405:1::/32,ZZ\n14.200.0.0/16,VN\n10.7.0.0/16,LA\n"
    )
    (tmp_path / "geoip").mkdir()
    (tmp_path / "geoip" / "clouds.csv").write_text("14.7.0.0/16,SG\n14.6.1.0/24,VN\n8.9.0.0/16,VN\n")
    settings = Settings(country=path, registry=registry, overlays=(overlay,))
    return Geography.open(settings, data, tmp_path)


def test_database_with_tables_on_top(world: Geography) -> None:
    """What a table places at home is, and elsewhere is not; the operator's stands over the clouds'."""
    home = home_networks(Home(), world)

    assert (
        at_home(home, "14.1.1.1", "14.255.255.255", "2405::1", "8.8.1.1", "8.9.1.1", "14.6.6.6", "10.1.1.1")
        == [True] * 7
    )
    assert at_home(home, "14.5.1.1", "14.6.1.1", "14.7.1.1", "8.1.1.1", "2405:1::1", "2404::1") == [False] * 6


def test_home_agrees_with_the_answers(world: Geography) -> None:
    """An address that geography places in the home country is at home and no other, all over the world."""
    home = home_networks(Home(private=False), world)
    chance = random.Random(3)  # noqa: S311 - the same dice every time
    probes = [ipaddress.IPv4Address(chance.choice((8, 10, 14)) << 24 | chance.getrandbits(24)) for _ in range(5_000)]
    six = [ipaddress.IPv6Address(0x2405 << 112 | chance.getrandbits(50) << 62) for _ in range(2_000)]
    for packed in (*(address.packed for address in probes), *(address.packed for address in six)):
        assert (packed in home) == (world.answer(packed).country == "VN"), packed


def test_nothing_is_home_because_a_database_says_so(world: Geography) -> None:
    """Private space, multicast, the end of IPv4 and IPv6 that embeds IPv4 are not the database's to give."""
    home = home_networks(Home(private=False), world)

    probes = ["10.1.1.1", "224.0.0.1", "2002:808:808::1", "64:ff9b::808:808", "255.255.255.255", "::ffff:8.1.1.1"]
    assert at_home(home, *probes) == [False] * 6


def test_strict(world: Geography) -> None:
    """In strict mode a prefix is home only where the registry agrees; the operator's own word still counts."""
    home = home_networks(Home(strict=True), world)

    assert at_home(home, "14.1.1.1", "2405::1", "14.200.1.1", "8.8.1.1") == [True] * 4
    assert at_home(home, "14.129.1.1", "2405:8000::1", "8.9.1.1") == [False] * 3


def test_strict_needs_a_registry(default: Geography) -> None:
    """Strict mode without a registry database is a person's mistake."""
    with pytest.raises(CrossborderError, match=r"home\.strict needs .* geoip\.registry"):
        home_networks(Home(strict=True), default)


def test_kept_between_starts(world: Geography, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What databases and tables give is taken from the cache folder the second time, whatever else home is made of."""
    first = home_networks(Home(), world, tmp_path)
    monkeypatch.setattr(homes, "key_ranges", pytest.fail)  # is not called
    again = home_networks(Home(), world, tmp_path)
    more = home_networks(Home(private=False, networks=(ipaddress.ip_network("9.9.9.0/24"),)), world, tmp_path)

    assert again.ranges == first.ranges
    assert at_home(more, "9.9.9.9", "14.1.1.1", "10.1.1.1") == [True, True, False]


def test_kept_for_the_same_only(world: Geography, data: Path, tmp_path: Path) -> None:
    """Another country, strictness or a table's other word makes another home."""
    home = home_networks(Home(), world, tmp_path)
    overlay = tmp_path / "o.csv"
    overlay.write_text(overlay.read_text(encoding="utf-8") + "14.1.0.0/16,SG\n", encoding="utf-8")
    settings = Settings(country=world.sources.country.mmdb.path, overlays=(overlay,))
    corrected = home_networks(Home(), Geography.open(settings, data, tmp_path), tmp_path)

    assert at_home(home, "14.1.1.1", "14.129.1.1") == [True, True]
    assert at_home(corrected, "14.1.1.1") == [False]
    assert at_home(home_networks(Home(country="SG"), world, tmp_path), "14.1.1.1", "14.7.1.1") == [False, True]
    assert at_home(home_networks(Home(strict=True), world, tmp_path), "14.129.1.1") == [False]


def test_switches(world: Geography) -> None:
    """Each of the three sources can be switched off; configured networks always count."""
    only = home_networks(Home(private=False, database=False, networks=(ipaddress.ip_network("203.0.113.0/24"),)), world)

    assert at_home(only, "203.0.113.1", "14.1.1.1", "10.1.1.1", "8.8.1.1") == [True, False, False, False]
    assert at_home(home_networks(Home(database=False), world), "10.1.1.1", "100.64.1.1", "fd00::1") == [True] * 3


def test_home_country_must_be_one(world: Geography) -> None:
    """ZZ, EU and names are no home."""
    for code in ("ZZ", "EU", "XX"):
        with pytest.raises(CrossborderError, match=r"home\.country"):
            home_networks(Home(country=code), world)


def test_another_country(default: Geography) -> None:
    """An operator elsewhere changes one line."""
    home = home_networks(Home(country="SE", private=False), default)

    assert at_home(home, "16.16.16.16", "14.160.0.1") == [True, False]


def test_default_home_is_viet_nam_and_fast(default: Geography) -> None:
    """The packaged database gives Viet Nam in well under the time of a start, and agrees with its own answers."""
    before = time.perf_counter()
    home = home_networks(Home(), default)
    took = time.perf_counter() - before
    chance = random.Random(5)  # noqa: S311 - the same dice every time
    for network in home.networks:
        if network.version == 4 and network.network_address.packed in RESERVED:
            continue
        packed = (network.network_address + chance.randrange(network.num_addresses)).packed
        assert packed in RESERVED or default.answer(packed).country == "VN", network

    assert at_home(home, "14.160.0.1", "203.162.4.191", "2405:4800::1", "8.8.8.8", "1.1.1.1") == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert sum(n.num_addresses for n in home.networks if n.version == 4) > 16_000_000
    assert took < 3  # 0.25 s on an idle core
