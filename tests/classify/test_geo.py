"""Where an address is, and that what nobody knows is told as unknown."""

from __future__ import annotations

import ipaddress
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.classify.world import BUILD, Settings, country

from crossborder.classify import Geography
from crossborder.classify.geo import packed_of
from crossborder.classify.standings import RESERVED
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.classify.world import WriteMmdb

WORLD = {
    "8.0.0.0/8": country("US"),
    "9.0.0.0/8": country("EU"),
    "11.0.0.0/8": country("UK"),
    "12.0.0.0/8": country("XK"),
    "13.0.0.0/8": country("US", registered_country={"iso_code": "FR"}),
    "14.0.0.0/8": country("US", registered_country={"iso_code": "FR"}, traits={"is_anycast": True}),
    "15.0.0.0/8": {"traits": {"is_anycast": True}, "registered_country": {"iso_code": "FR"}},
    "16.0.0.0/8": {"continent": {"code": "AS"}, "registered_country": {"iso_code": "FR"}},
    "17.0.0.0/8": country("??"),
    "18.0.0.0/8": country("no"),
    "2a00::/16": country("SE"),
    # what a careless database says of space that is nobody's
    "0.0.0.0/8": country("US"),
    "10.0.0.0/8": country("US"),
    "100.64.0.0/10": country("US"),
    "127.0.0.0/8": country("US"),
    "169.254.0.0/16": country("US"),
    "172.16.0.0/12": country("US"),
    "192.0.2.0/24": country("US"),
    "192.168.0.0/16": country("US"),
    "198.18.0.0/15": country("US"),
    "224.0.0.0/3": country("US"),
    "2001:db8::/32": country("US"),
    "64:ff9b::/96": country("US"),
    "fc00::/7": country("US"),
    "fe80::/10": country("US"),
    "ff00::/8": country("US"),
}


@pytest.fixture
def world(write_mmdb: WriteMmdb) -> Path:
    """Return a small world's database, without aliases, as other writers make them."""
    return write_mmdb(WORLD, "world", aliases=False)


@pytest.fixture
def geography(world: Path, data: Path) -> Geography:
    """Return the geography of the small world."""
    return Geography.open(Settings(country=world), data)


@pytest.mark.parametrize(
    ("address", "code", "basis"),
    [
        ("8.1.2.3", "US", "geo"),
        ("2a00::1", "SE", "geo"),
        ("11.1.1.1", "GB", "geo"),
        ("12.1.1.1", "XK", "geo"),
        ("18.1.1.1", "NO", "geo"),
        ("13.1.1.1", "US", "geo"),
        ("14.1.1.1", "FR", "anycast"),
        ("9.1.1.1", "ZZ", "unknown"),
        ("15.1.1.1", "ZZ", "unknown"),
        ("16.1.1.1", "ZZ", "unknown"),
        ("17.1.1.1", "ZZ", "unknown"),
        ("99.1.1.1", "ZZ", "unknown"),
        ("2b00::1", "ZZ", "unknown"),
    ],
)
def test_country_and_basis(address: str, code: str, basis: str, geography: Geography) -> None:
    """Countries with their basis; pseudo codes, continents, registrations and misses are unknown (trap 1)."""
    found = geography.lookup(address)

    assert (found.country, found.basis) == (code, basis)


def test_evidence(geography: Geography) -> None:
    """An answer says which database of which date said it, of which prefix; also when it says EU."""
    found, pseudo, missed = (geography.lookup(a) for a in ("13.1.1.1", "9.1.1.1", "99.1.1.1"))

    assert (found.database, found.build, found.prefix, found.registered) == ("world", BUILD, "13.0.0.0/8", "FR")
    assert (pseudo.database, pseudo.prefix, pseudo.said) == ("world", "9.0.0.0/8", "EU")
    assert (missed.database, missed.build, missed.prefix) == (None, None, None)


@pytest.mark.parametrize(
    "address",
    [
        *("10.1.1.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "169.254.1.1", "0.1.2.3"),
        *("224.0.0.251", "239.255.255.250", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1"),
        *(
            "198.18.0.1",
            "::",
            "::1",
            "::8.8.8.8",
            "fe80::1",
            "ff02::1",
            "fc00::1",
            "fd12:3456::1",
            "2001:db8::1",
            "100::1",
        ),
        *("64:ff9b::10.1.1.1", "::ffff:192.168.1.1", "2002:a01:101::1", "2001:0:808:808:0:0:f5fe:fefe"),
    ],
)
def test_never_looked_up(address: str, geography: Geography) -> None:
    """Space that is nobody's has no country, whatever the database says of it (trap 2), also inside IPv6."""
    found = geography.lookup(address)

    assert (found.country, found.basis, found.database) == ("ZZ", "unknown", None)
    assert not geography.counts


@pytest.mark.parametrize(
    "address",
    ["::ffff:8.1.2.3", "64:ff9b::8.1.2.3", "2002:801:203::5", "2001:0:1:2:0:0:f7fe:fdfc", "2a00:64::8.1.2.3"],
)
def test_embedded_ipv4(address: str, world: Path, data: Path) -> None:
    """Mapped, NAT64, 6to4, Teredo (client, inverted) and the operator's NAT64 go by the address inside."""
    settings = Settings(country=world, nat64=(ipaddress.ip_network("2a00:64::/96"),))

    found = Geography.open(settings, data).lookup(address)

    assert (found.country, found.prefix) == ("US", "8.0.0.0/8")


@pytest.mark.parametrize("network", ["2a00:64::/64", "192.0.2.0/24"])
def test_nat64_must_be_96(network: str, world: Path, data: Path) -> None:
    """Only /96 prefixes are understood; anything else is told."""
    settings = Settings(country=world, nat64=(ipaddress.ip_network(network),))

    with pytest.raises(CrossborderError, match="is not an IPv6 /96"):
        Geography.open(settings, data)


def test_ipv4_only_file(write_mmdb: WriteMmdb, data: Path) -> None:
    """In a file of IPv4 only every IPv6 address is unknown, a miss and not an error."""
    path = write_mmdb({"8.0.0.0/8": country("US")}, "four", ip_version=4)
    geography = Geography.open(Settings(country=path), data)

    assert geography.lookup("2a00::1").country == "ZZ"
    assert geography.lookup("64:ff9b::8.1.1.1").country == "US"
    assert geography.counts == {("four", "miss"): 1, ("four", "hit"): 1}


def test_overlay_stands_over_everything(world: Path, data: Path, tmp_path: Path) -> None:
    """The operator's word wins over private space, anycast and database; longest prefix, then later file."""
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text(
        "# date: 2026-01-31\nprefix,country,label\n8.0.0.0/9,VN,leased\n8.1.0.0/16,SG\n10.9.0.0/16,LA\n1.1.1.1/32,VN\n"
        "2a00:1::/32,ZZ,nobody knows\n2002:801:203::/48,KH\n"
    )
    two.write_text("8.1.0.0/16,MY,later\n")
    geography = Geography.open(Settings(country=world, overlays=(one, two)), data)
    found = {a: geography.lookup(a) for a in ("8.0.0.1", "8.1.1.1", "8.200.0.1", "10.9.0.1", "10.8.0.1", "1.1.1.1")}

    assert [answer.country for answer in found.values()] == ["VN", "MY", "US", "LA", "ZZ", "VN"]
    assert [answer.basis for answer in found.values()] == [
        "override",
        "override",
        "geo",
        "override",
        "unknown",
        "override",
    ]
    assert found["8.0.0.1"][2:5] == ("one.csv", 1769817600, "8.0.0.0/9")
    assert found["8.1.1.1"].label == "later"
    assert geography.lookup("2a00:1::1")[:2] == ("ZZ", "override")
    assert geography.lookup("2002:801:203::1").country == "KH"
    assert geography.lookup("::ffff:8.0.0.1").country == "VN"


def test_clouds_stand_over_the_database(world: Path, data: Path, tmp_path: Path) -> None:
    """A cloud's own range counts before the database and is a `geo` answer of its own table, with its date."""
    (tmp_path / "geoip").mkdir()
    (tmp_path / "geoip" / "clouds.csv").write_text("# date: 2026-08-01\n8.5.0.0/16,ID,aws:ap-southeast-3\n")
    geography = Geography.open(Settings(country=world), data, tmp_path)

    found = geography.lookup("8.5.1.1")

    assert found[:5] == ("ID", "geo", "clouds.csv", 1785542400, "8.5.0.0/16")
    assert found.label == "aws:ap-southeast-3"


def test_anycast_list_marks_the_basis(default: Geography) -> None:
    """1.1.1.1 and 8.8.8.8 are answered in many places: the country is the registration and the basis says so."""
    for address in ("1.1.1.1", "8.8.8.8", "9.9.9.9", "104.16.0.1", "151.101.1.1", "2606:4700:4700::1111"):
        found = default.lookup(address)
        assert found.basis == "anycast", address
        assert found.country != "ZZ"
        assert found.label


def test_registry_tells_registration_apart(world: Path, write_mmdb: WriteMmdb, data: Path) -> None:
    """The registry's country is a label of its own, and never the country."""
    registry = write_mmdb({"8.0.0.0/8": country("SG"), "99.0.0.0/8": country("SG"), "2a00::/16": country("EU")}, "rir")
    geography = Geography.open(Settings(country=world, registry=registry), data)

    assert geography.lookup("8.1.1.1")[:2] == ("US", "geo")
    assert geography.lookup("8.1.1.1").registered == "SG"
    assert geography.lookup("99.1.1.1").country == "ZZ"
    assert geography.lookup("2a00::1").registered is None


def test_damaged_record_is_unknown_and_counted(write_mmdb: WriteMmdb, data: Path, tmp_path: Path) -> None:
    """A record that cannot be read is unknown and counted as an error; others go on being answered."""
    whole = write_mmdb({"8.0.0.0/8": country("US"), "9.0.0.0/8": country("DE")}, "db").read_bytes()
    at = whole.index(b"BDE")  # a string of two bytes: type 2, size 2
    spoilt = tmp_path / "spoilt.mmdb"
    spoilt.write_bytes(whole[:at] + b"BD\xff" + whole[at + 3 :])
    geography = Geography.open(Settings(country=spoilt), data)

    assert geography.lookup("9.1.1.1")[:2] == ("ZZ", "unknown")
    assert geography.lookup("8.1.1.1").country == "US"
    assert geography.counts == {("db", "error"): 1, ("db", "hit"): 1}


@given(st.text(max_size=60))
def test_hostile_text_never_raises(text: str) -> None:
    """Whatever stands where an address should: it is one, or it is not."""
    found = packed_of(text)

    assert found is None or len(found) in {4, 16}


def test_lookup_of_no_address_is_told(geography: Geography) -> None:
    """A person's slip gets a sentence."""
    with pytest.raises(CrossborderError, match=r"'8\.8\.8' is not an IPv4 or IPv6 address"):
        geography.lookup("8.8.8")


def test_reload(write_mmdb: WriteMmdb, data: Path, tmp_path: Path) -> None:
    """A replaced file is noticed, a new Geography sees it, the old one goes on with the old (trap 4)."""
    path = write_mmdb({"8.0.0.0/8": country("US")}, "db")
    overlay = tmp_path / "o.csv"
    overlay.write_text("9.0.0.0/8,SG\n")
    settings = Settings(country=path, overlays=(overlay,))
    old = Geography.open(settings, data)
    assert not old.changed()
    fresh = tmp_path / "fresh"
    fresh.write_bytes(write_mmdb({"8.0.0.0/8": country("JP")}, "new").read_bytes())
    fresh.rename(path)

    assert old.changed()
    new = Geography.open(settings, data)
    assert (old.lookup("8.1.1.1").country, new.lookup("8.1.1.1").country) == ("US", "JP")
    assert not new.changed()
    overlay.unlink()
    assert new.changed()


def test_appearing_update_is_noticed(data: Path, tmp_path: Path, default: Geography) -> None:
    """A database or table that an update puts into the cache folder changes what the default is."""
    assert not default.changed()
    geography = Geography.open(Settings(), data, tmp_path)
    (tmp_path / "geoip").mkdir()
    assert not geography.changed()
    (tmp_path / "geoip" / "clouds.csv").write_text("8.0.0.0/8,SG\n")
    assert geography.changed()


@pytest.mark.parametrize("role", ["country", "asn", "registry"])
def test_missing_file_stops_the_start(role: str, world: Path, data: Path, tmp_path: Path) -> None:
    """A wrong path is told with the path (trap 3), never a green dashboard without countries."""
    files: dict[str, Any] = {"country": world, role: tmp_path / "none.mmdb"}

    with pytest.raises(CrossborderError, match=r"none\.mmdb: cannot be read: No such file"):
        Geography.open(Settings(**files), data)


def test_all_faults_at_once(data: Path, tmp_path: Path) -> None:
    """Every file's faults are told together, each with its place."""
    overlay = tmp_path / "bad.csv"
    overlay.write_text("8.0.0.0/8,XX\nnonsense\n")
    settings = Settings(
        country=tmp_path / "none.mmdb",
        asn=tmp_path / "no.mmdb",
        overlays=(overlay,),
        nat64=(ipaddress.ip_network("::/1"),),
    )

    with pytest.raises(CrossborderError) as told:
        Geography.open(settings, data)

    assert [(fault.path.rsplit("/", 1)[-1], fault.line) for fault in told.value.faults] == [
        ("none.mmdb", None),
        ("no.mmdb", None),
        ("bad.csv", 1),
        ("bad.csv", 2),
        ("", None),
    ]


def test_reserved_agrees_with_python(default: Geography) -> None:
    """What Python calls global is looked up, and what is not looked up Python does not call global."""
    chance = random.Random(11)  # noqa: S311 - the same dice every time
    for _ in range(20_000):
        address = ipaddress.IPv4Address(chance.randrange(1 << 32))
        if address.packed in RESERVED:
            assert not address.is_global or address.is_multicast, address
        else:
            assert address.is_global or str(address).startswith("192.88.99."), address
    assert default.lookup("14.160.0.1").country == "VN"
