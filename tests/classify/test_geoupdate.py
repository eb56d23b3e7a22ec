"""Updates of the country database: checked before they are put in place, and a failed one changes nothing."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.classify.world import BUILD, TEXT_IPV4, TEXT_IPV6, Settings, country

from crossborder.classify import Geography
from crossborder.classify.geostatus import lookup, status
from crossborder.classify.geoupdate import update
from crossborder.classify.shipped import updates_folder
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.classify.world import WriteMmdb

GOOD = {"14.0.0.0/8": country("VN"), "8.0.0.0/8": country("US")}
LATER = 1_900_000_000


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a real .deb that looks like tor-geoipdb and would leave a trace if it were installed."""
    if not shutil.which("dpkg-deb"):
        pytest.skip("no dpkg-deb")
    root = tmp_path / "root"
    (root / "usr" / "share" / "tor").mkdir(parents=True)
    (root / "DEBIAN").mkdir()
    (root / "usr" / "share" / "tor" / "geoip").write_text(TEXT_IPV4)
    (root / "usr" / "share" / "tor" / "geoip6").write_text(TEXT_IPV6)
    (root / "DEBIAN" / "control").write_text(
        "Package: tor-geoipdb\nVersion: 9.9-1\nArchitecture: all\nMaintainer: x <x@example.net>\nDescription: x\n"
    )
    script = root / "DEBIAN" / "postinst"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/installed\n")
    script.chmod(0o755)
    path = tmp_path / "tor-geoipdb_9.9-1_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", str(root), str(path)], check=True, capture_output=True)
    return path


@pytest.mark.parametrize("packing", ["plain", "gz", "xz"])
def test_from_a_file(packing: str, write_mmdb: WriteMmdb, data: Path, tmp_path: Path) -> None:
    """A database comes from a file, plain or packed, and the next start uses it because it is newer."""
    raw = write_mmdb(GOOD, "mine", build_epoch=LATER).read_bytes()
    given = tmp_path / f"given.{packing}"
    given.write_bytes({"plain": raw, "gz": gzip.compress(raw), "xz": lzma.compress(raw)}[packing])

    done = update(str(given), updates_folder(tmp_path), data)

    assert done.path.read_bytes() == raw
    assert (done.name, done.build) == ("mine", LATER)
    assert stat.S_IMODE(done.path.stat().st_mode) == 0o644
    assert sorted(p.name for p in done.path.parent.iterdir()) == ["country.json", "country.mmdb"]
    about = json.loads((done.path.parent / "country.json").read_text())
    assert about["source"] == str(given)
    assert len(about["fetched_sha256"]) == 64
    assert Geography.open(Settings(), data, tmp_path).databases[0].name == "mine"


def test_older_update_is_not_used(write_mmdb: WriteMmdb, data: Path, tmp_path: Path) -> None:
    """After an upgrade of the package brought a newer database, the update of old no longer counts."""
    update(str(write_mmdb(GOOD, "old", build_epoch=1)), updates_folder(tmp_path), data)

    assert Geography.open(Settings(), data, tmp_path).databases[0].name == "IPFire-Country"


def test_forced_update_is_used(write_mmdb: WriteMmdb, data: Path, tmp_path: Path) -> None:
    """Who forces an older database gets it."""
    update(str(write_mmdb(GOOD, "old", build_epoch=1)), updates_folder(tmp_path), data, force=True)

    assert Geography.open(Settings(), data, tmp_path).databases[0].name == "old"


def test_from_a_package(package: Path, data: Path, tmp_path: Path) -> None:
    """A tor-geoipdb package is unpacked and built from, never installed."""
    done = update(str(package), tmp_path / "to", data)

    assert (done.name, done.build) == ("IPFire-Country", 1782362039)
    assert done.about["origin"]["version"] == "9.9-1"
    assert done.about["licence"].startswith("CC BY-SA")
    assert not (tmp_path / "installed").exists()


def test_from_debian(package: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`debian` runs `apt-get download tor-geoipdb` and nothing else of apt."""
    programs = tmp_path / "bin"
    programs.mkdir()
    fake = programs / "apt-get"  # the archive is not to be reached from a test; the package it gives is real
    fake.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\ncp {package} .\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")

    done = update("debian", tmp_path / "to", data)

    assert (tmp_path / "calls").read_text() == "download tor-geoipdb\n"
    assert done.about["source"] == "debian"
    assert not (tmp_path / "installed").exists()


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("echo 'E: Unable to locate package tor-geoipdb' >&2; exit 100", "Unable to locate package.*apt-get update"),
        ("exit 0", "left no package"),
        ("exit 7", "ended with 7"),
    ],
)
def test_debian_fails(script: str, sentence: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What apt-get says is passed on with advice."""
    (tmp_path / "apt-get").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    with pytest.raises(CrossborderError, match=sentence):
        update("debian", tmp_path / "to", data)


def test_no_apt(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a system without apt the sentence says so."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CrossborderError, match="apt-get is not installed: is this Debian or Ubuntu"):
        update("debian", tmp_path / "to", data)


@pytest.mark.parametrize(
    "what", ["missing", "not a database", "layout", "no Viet Nam", "older", "cut gzip", "no package"]
)
def test_failed_update_keeps_the_old(what: str, write_mmdb: WriteMmdb, data: Path, tmp_path: Path) -> None:
    """Whatever is wrong with the new file, the old one stays as it was, with what stands beside it."""
    folder = tmp_path / "to"
    old = update(str(write_mmdb(GOOD, "old")), folder, data)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    given = tmp_path / "given.mmdb"
    if what == "not a database":
        given.write_bytes(b"<html>404</html>")
    elif what == "layout":
        given = write_mmdb({"14.0.0.0/8": {"isp": "x"}}, "new")
    elif what == "no Viet Nam":
        given = write_mmdb({"8.0.0.0/8": country("US")}, "new")
    elif what == "older":
        given = write_mmdb(GOOD, "new", build_epoch=BUILD - 1)
    elif what == "cut gzip":
        given.write_bytes(gzip.compress(write_mmdb(GOOD, "new").read_bytes())[:-20])
    elif what == "no package":
        given = tmp_path / "x.deb"
        given.write_bytes(b"!<arch>\n")

    with pytest.raises(CrossborderError) as told:
        update(str(given), folder, data, in_use=old.build)

    assert str(told.value).count("\n") == 0
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_force_takes_an_older_one(write_mmdb: WriteMmdb, data: Path, tmp_path: Path) -> None:
    """Who insists may go back."""
    done = update(str(write_mmdb(GOOD, build_epoch=5)), tmp_path / "to", data, in_use=BUILD, force=True)

    assert done.build == 5


@pytest.mark.parametrize("url", ["http://example.net/x.mmdb", "ftp://example.net/x.mmdb"])
def test_only_https(url: str, data: Path, tmp_path: Path) -> None:
    """A database that anybody on the way could exchange is not fetched."""
    with pytest.raises(CrossborderError, match="only https"):
        update(url, tmp_path, data)


def test_unreachable(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer is one sentence."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(CrossborderError, match=r"https://127\.0\.0\.1:9/x\.mmdb: cannot be fetched"):
        update("https://127.0.0.1:9/x.mmdb", tmp_path, data)


def test_full_folder(write_mmdb: WriteMmdb, data: Path, tmp_path: Path) -> None:
    """A folder that cannot be written is told, and no half file stays."""
    (tmp_path / "to").write_text("a file where the folder should be")

    with pytest.raises(CrossborderError, match="cannot be written"):
        update(str(write_mmdb(GOOD)), tmp_path / "to", data)


def test_status(default: Geography, data: Path, write_mmdb: WriteMmdb, tmp_path: Path) -> None:
    """Status tells of each database in use what it is, how old, and by whose licence."""
    (row,) = status(default, data)

    assert (row["role"], row["name"], row["layout"], row["fast"]) == (
        "country",
        "IPFire-Country",
        "country.iso_code",
        True,
    )
    assert row["build"] == "2026-06-25T04:33:59+00:00"
    assert row["licence"].startswith("CC BY-SA 4.0")
    own = Geography.open(Settings(country=write_mmdb(GOOD, "own")), data)
    assert status(own, data)[0]["licence"] is None
    update(str(write_mmdb(GOOD, "given", build_epoch=LATER)), updates_folder(tmp_path), data)
    assert status(Geography.open(Settings(), data, tmp_path), data)[0]["source"].endswith("given.mmdb")


def test_lookup(default: Geography) -> None:
    """One mapping per line, whatever the line is; it goes into JSON as it is."""
    found = list(lookup(default, ["14.160.0.1", "10.0.0.1", "nonsense"]))

    assert found[0]["ip"] == "14.160.0.1"
    assert (found[0]["country"], found[0]["basis"], found[0]["prefix"]) == ("VN", "geo", "14.160.0.0/11")
    assert found[0]["build"] == "2026-06-25T04:33:59+00:00"
    assert (found[1]["country"], found[1]["database"]) == ("ZZ", None)
    assert found[2] == {"ip": "nonsense", "error": "'nonsense' is not an IPv4 or IPv6 address"}
    assert json.loads(json.dumps(found)) == found
