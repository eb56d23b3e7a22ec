"""Databases built from the text files of tor-geoipdb and of the registries."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import lzma
import os
import random
import socket
from bisect import bisect_right
from pathlib import Path

import pytest
from tests.classify.world import TEXT_HEAD as HEAD
from tests.classify.world import TEXT_IPV4 as FOUR
from tests.classify.world import TEXT_IPV6 as SIX

from crossborder.classify.countries import Countries
from crossborder.classify.databases import CountryDatabase
from crossborder.classify.geobuild import build_country, build_registry
from crossborder.classify.mmdbfile import Mmdb
from crossborder.classify.shipped import about_file
from crossborder.errors import CrossborderError


def source(folder: Path, four: str = FOUR, six: str = SIX) -> Path:
    """Write the text files."""
    (folder / "geoip").write_text(four)
    (folder / "geoip6").write_text(six)
    return folder


def country(path: Path, data: Path, address: str) -> tuple[str, str | None]:
    """Return country and the code as the file has it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = CountryDatabase(Mmdb.read(path), Countries.read(data)).find(socket.inet_pton(family, address))
    return found.country, found.said


def test_country(tmp_path: Path, data: Path) -> None:
    """The file answers as its text, takes IPv4 from IPv4 only, and is dated by its data."""
    out = tmp_path / "c.mmdb"
    built = build_country(source(tmp_path), out, {"package": "tor-geoipdb"})

    assert (built.ipv4_ranges, built.ipv6_ranges) == (3, 4)
    assert country(out, data, "8.0.0.1") == ("US", "US")
    assert country(out, data, "8.1.0.1") == ("VN", "VN")
    assert country(out, data, "9.0.0.1") == ("ZZ", "??")
    assert country(out, data, "7.0.0.1") == ("ZZ", None)
    assert country(out, data, "2a00::1") == ("SE", "SE")
    assert country(out, data, "2002:801::1") == ("VN", "VN")  # 6to4 of 8.1.0.0, not JP
    assert Mmdb.read(out).build == 1782362039


def test_about(tmp_path: Path) -> None:
    """Beside the file stands where it comes from, its licence and its own sum; the same input gives the same bytes."""
    built = build_country(source(tmp_path), tmp_path / "one.mmdb", {"package": "tor-geoipdb", "version": "1"})
    again = build_country(tmp_path, tmp_path / "two.mmdb", {"package": "tor-geoipdb", "version": "1"})
    about = json.loads((tmp_path / "one.json").read_text())

    assert about == built.about == again.about
    assert about["licence"].startswith("CC BY-SA 4.0")
    assert about["origin"] == {"package": "tor-geoipdb", "version": "1"}
    assert about["sha256"] == hashlib.sha256((tmp_path / "one.mmdb").read_bytes()).hexdigest()
    assert about["inputs"][0] == {"name": "geoip", "sha256": hashlib.sha256(FOUR.encode()).hexdigest()}
    assert (tmp_path / "one.mmdb").read_bytes() == (tmp_path / "two.mmdb").read_bytes()


def test_packed(tmp_path: Path) -> None:
    """A name that ends in .xz gives a packed file; the sum told is that of the database in it."""
    built = build_country(source(tmp_path), tmp_path / "c.mmdb.xz")
    raw = lzma.decompress(built.path.read_bytes())

    assert hashlib.sha256(raw).hexdigest() == built.about["sha256"]
    assert about_file(built.path) == tmp_path / "c.json"


@pytest.mark.parametrize(
    ("four", "line", "sentence"),
    [
        (HEAD + "1,2,US\n2,3,VN\n", 7, "expected, not '2,3,VN'"),
        (HEAD + "5,2,US\n", 6, "expected, not '5,2,US'"),
        (HEAD + "1,2\n", 6, "expected, not '1,2'"),
        (HEAD + "1,4294967296,US\n", 6, "expected"),
        (HEAD + "1,2,USA\n", 6, "expected"),
        (HEAD + "a,b,US\n", 6, "expected"),
        ("1,2,US\n", None, "has no line `# Generated: <date>`"),
        ("# Generated: once\n1,2,US\n", None, "has no line `# Generated: <date>`"),
    ],
)
def test_faults(four: str, line: int | None, sentence: str, tmp_path: Path) -> None:
    """A broken text is told at its line, and nothing is written."""
    with pytest.raises(CrossborderError) as told:
        build_country(source(tmp_path, four), tmp_path / "c.mmdb")

    assert told.value.faults[0].line == line
    assert sentence in str(told.value)
    assert not (tmp_path / "c.mmdb").exists()


def test_something_else_entirely(tmp_path: Path) -> None:
    """A file that is something else gives some faults, not half a million."""
    with pytest.raises(CrossborderError) as told:
        build_country(source(tmp_path, HEAD + "nonsense\n" * 10_000), tmp_path / "c.mmdb")

    assert len(told.value.faults) == 20


def test_missing_text(tmp_path: Path) -> None:
    """A folder without the files is told with the file's name."""
    with pytest.raises(CrossborderError, match=r"geoip: cannot be read: No such file"):
        build_country(tmp_path, tmp_path / "c.mmdb")


def test_probes_against_the_package(tmp_path: Path) -> None:
    """A hundred thousand addresses of the real text files are answered as the text says.

    CROSSBORDER_TOR_GEOIPDB names the folder of an unpacked tor-geoipdb package.
    """
    folder = os.environ.get("CROSSBORDER_TOR_GEOIPDB")
    if not folder:
        pytest.skip("CROSSBORDER_TOR_GEOIPDB is not set")
    mmdb = Mmdb.read(build_country(Path(folder), tmp_path / "c.mmdb").path)
    chance = random.Random(1)  # noqa: S311 - the same dice every time
    for name, width in (("geoip", 4), ("geoip6", 16)):
        text = [row.split(",") for row in (Path(folder) / name).read_text().splitlines() if row and row[0] != "#"]
        number = int if width == 4 else lambda t: int(ipaddress.IPv6Address(t))
        lows, highs = [number(row[0]) for row in text], [number(row[1]) for row in text]
        probes = [chance.choice(lows) + chance.randrange(-2, 1 << (8 if width == 4 else 90)) for _ in range(45_000)]
        probes += [edge for at in chance.sample(range(len(text)), 2_500) for edge in (lows[at], highs[at])]
        for probe in probes:
            if not (1 << 32 if width == 16 else 0) <= probe < 1 << (8 * width) or probe >> 112 in (0x2001, 0x2002):
                continue
            at = bisect_right(lows, probe) - 1
            wanted = text[at][2] if at >= 0 and highs[at] >= probe else None
            record, _ = mmdb.find(probe.to_bytes(width, "big"))
            assert (record and record["country"]["iso_code"]) == wanted, probe


APNIC = """\
2|apnic|20260801|5|19830613|20260801|+1000
apnic|*|asn|*|1|summary
apnic|*|ipv4|*|3|summary
apnic|VN|asn|131072|1|20070115|allocated|A1
apnic|VN|ipv4|14.160.0.0|768|20100101|allocated|A2
apnic|AP|ipv4|14.170.0.0|256|20100101|assigned|A3
apnic||ipv4|14.180.0.0|256||available|
apnic|ZZ|ipv4|14.181.0.0|256||reserved|
apnic|vn|ipv6|2405:4800::|32|20080101|allocated|A2
"""
RIPE = """\
2|ripencc|1754000000|3|19830705|20260715|+0200
ripencc|RO|ipv4|14.160.2.0|512|20200101|allocated|B1|e-stats
ripencc|SE|ipv6|2a00::|29|20200101|allocated|B2|e-stats
"""


def test_registry(tmp_path: Path, data: Path) -> None:
    """Counts that are no power of two, free blocks, pseudo codes, and what two registries claim: unknown."""
    (tmp_path / "a").write_text(APNIC)
    (tmp_path / "r").write_text(RIPE)
    out = tmp_path / "rir.mmdb"

    built = build_registry([tmp_path / "a", tmp_path / "r"], out)

    found = [
        country(out, data, f"14.{a}.1")[0] for a in ("160.0", "160.1", "160.2", "160.3", "170.0", "180.0", "181.0")
    ]
    assert found == ["VN", "VN", "ZZ", "RO", "ZZ", "ZZ", "ZZ"]
    assert country(out, data, "14.170.0.1") == ("ZZ", "AP")
    assert country(out, data, "2405:4800:1::1")[0] == "VN"
    assert country(out, data, "2a07:ffff::1")[0] == "ZZ"
    assert country(out, data, "2a00:7::1")[0] == "SE"
    assert built.left_out == 1
    assert Mmdb.read(out).build == 1784073600  # 15 July 2026: the oldest of the files


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (APNIC.replace("|768|", "|0|"), 5),
        (APNIC.replace("|768|", "|many|"), 5),
        (APNIC.replace("14.160.0.0", "14.160.0"), 5),
        (APNIC.replace("apnic|VN|ipv4|14.160.0.0|768|20100101|allocated|A2", "apnic|VN|ipv4"), 5),
        (APNIC.replace("20260801|+1000", "someday|+1000"), 1),
        ("nothing of the kind\n", 1),
        ("", None),
    ],
)
def test_registry_faults(text: str, line: int | None, tmp_path: Path) -> None:
    """A broken registry file is told at its line."""
    (tmp_path / "a").write_text(text or "\n")

    with pytest.raises(CrossborderError) as told:
        build_registry([tmp_path / "a"], tmp_path / "rir.mmdb")
    assert told.value.faults[0].line == line
