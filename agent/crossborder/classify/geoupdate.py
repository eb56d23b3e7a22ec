"""Fetches a newer country database, only when asked, checks it and puts it in place; a failed update changes nothing.

`debian` takes the package tor-geoipdb from the Debian archive this machine is set up for, with `apt-get download` and
`dpkg-deb`: the file is unpacked into a temporary folder and never installed. Installing it would also install and start
tor, whose circuits are cross-border flows: not what a monitor of such flows should make.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from crossborder.classify.countries import Countries
from crossborder.classify.databases import CountryDatabase
from crossborder.classify.geobuild import as_json, build_country
from crossborder.classify.mmdbfile import MAX_BYTES, Mmdb, read_bytes
from crossborder.classify.shipped import UPDATED, about_file, put
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Sequence

DEBIAN = "debian"
PACKAGE = "tor-geoipdb"
WAIT = 120.0  # seconds for a download to go on, or a program to end
_GZIP, _XZ = b"\x1f\x8b", b"\xfd7"
_CHUNK = 1 << 20


class Updated(NamedTuple):
    """A database that was put in place."""

    path: Path
    name: str
    build: int | None  # seconds since 1970 UTC
    about: dict[str, Any]


def update(source: str, folder: Path, data: Path, *, in_use: int | None = None, force: bool = False) -> Updated:
    """Fetch a country database and put it into a folder, where the next start, or the running agent, finds it.

    `source` is `debian`, an https URL or a file: .mmdb, plain or packed (.gz, .xz), or a tor-geoipdb .deb. `data` is
    the folder of shipped country data, `in_use` the build time of the database in use: an older one is refused unless
    forced. Raises CrossborderError, leaving the old file as it was: nothing fetched, not a database, unknown layout,
    no Viet Nam in it, too old.
    """
    with tempfile.TemporaryDirectory(prefix="crossborder-geoip-") as work:
        fetched = _fetched(source, Path(work))
        database, about = _database_in(fetched, Path(work))
        checked = _checked(database, source, Countries.read(data), in_use, force=force)
        about |= {"source": source, "fetched_sha256": hashlib.sha256(fetched.read_bytes()).hexdigest()}
        about |= {"database": checked.name, "build": checked.build, "forced": force}
        target = folder / UPDATED
        try:
            put(database.read_bytes(), target)
            put(
                as_json(about | {"database": checked.name, "build": checked.build, "forced": force}), about_file(target)
            )
        except OSError as error:
            raise CrossborderError.at(target, f"cannot be written: {error.strerror or error}") from None
    return Updated(target, checked.name, checked.build, about)


def _fetched(source: str, work: Path) -> Path:
    if source == DEBIAN:
        return _from_debian(work)
    scheme = urlsplit(source).scheme
    if scheme == "https":
        return _from_url(source, work)
    if scheme in {"http", "ftp"}:
        raise CrossborderError(f"{source}: only https, so that nobody on the way can put another database in its place")
    path = Path(source.removeprefix("file://"))
    read_bytes(path)  # says what is wrong with it
    return path


def _from_debian(work: Path) -> Path:
    """Download, but do not install, the package."""
    _run(["apt-get", "download", PACKAGE], work, "is this Debian or Ubuntu, and has `apt-get update` been run?")
    found = sorted(work.glob(f"{PACKAGE}_*.deb"))
    if not found:
        raise CrossborderError(f"apt-get download {PACKAGE}: left no package")
    return found[-1]


def _from_url(url: str, work: Path) -> Path:
    target = work / (Path(urlsplit(url).path).name or "download")
    opener = urllib.request.build_opener(_OnlyHttps)
    try:
        with opener.open(url, timeout=WAIT) as answer, target.open("wb") as file:
            while chunk := answer.read(_CHUNK):
                if file.tell() + len(chunk) > MAX_BYTES:
                    raise CrossborderError(f"{url}: is larger than {MAX_BYTES >> 20} MiB")
                file.write(chunk)
    except (OSError, urllib.error.URLError, ValueError) as error:
        raise CrossborderError(f"{url}: cannot be fetched: {error}") from None
    return target


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    """Follows no redirection away from https."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:  # noqa: ANN401 - urllib's own signature
        if urlsplit(newurl).scheme != "https":
            raise urllib.error.URLError(f"redirected to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _database_in(fetched: Path, work: Path) -> tuple[Path, dict[str, Any]]:
    """Return the MMDB in what was fetched, and what is known of its origin."""
    if fetched.suffix == ".deb":
        return _from_package(fetched, work)
    target = work / "database.mmdb"
    raw = fetched.read_bytes()
    if raw[:2] not in {_GZIP, _XZ}:
        target.write_bytes(raw)
        return target, {}
    try:
        with _unpacker(fetched, raw[:2]) as packed, target.open("wb") as file:
            while chunk := packed.read(_CHUNK):
                if file.tell() + len(chunk) > MAX_BYTES:
                    raise CrossborderError.at(fetched, f"unpacks to more than {MAX_BYTES >> 20} MiB")
                file.write(chunk)
    except (EOFError, OSError, lzma.LZMAError) as error:
        raise CrossborderError.at(fetched, f"cannot be unpacked: {error}") from None
    return target, {}


def _unpacker(path: Path, magic: bytes) -> gzip.GzipFile | lzma.LZMAFile:
    return gzip.GzipFile(path) if magic == _GZIP else lzma.LZMAFile(path)


def _from_package(package: Path, work: Path) -> tuple[Path, dict[str, Any]]:
    """Unpack a tor-geoipdb package, without installing it, and build the database from its text files."""
    unpacked = work / "package"
    _run(["dpkg-deb", "-x", str(package), str(unpacked)], work, "dpkg-deb is part of Debian's package dpkg")
    folder = unpacked / "usr" / "share" / "tor"
    if not (folder / "geoip").exists():
        raise CrossborderError.at(package, f"is no {PACKAGE} package: it has no usr/share/tor/geoip")
    version = _run(["dpkg-deb", "-f", str(package), "Version"], work, "").strip()
    origin = {
        "package": PACKAGE,
        "version": version if re.fullmatch(r"[\w.+~:-]+", version) else "unknown",
        "sha256": hashlib.sha256(package.read_bytes()).hexdigest(),
    }
    built = build_country(folder, work / "built.mmdb", origin)
    return built.path, dict(built.about)


def _run(command: Sequence[str], work: Path, hint: str) -> str:
    program = shutil.which(command[0])
    if program is None:
        raise CrossborderError(f"{command[0]} is not installed{f': {hint}' if hint else ''}")
    try:
        done = subprocess.run(  # noqa: S603 - fixed programs, no shell
            [program, *command[1:]], cwd=work, capture_output=True, text=True, timeout=WAIT, check=False
        )
    except subprocess.TimeoutExpired:
        raise CrossborderError(f"{' '.join(command[:2])}: did not end within {WAIT:.0f} seconds") from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        why = said[-1].removeprefix("E: ") if said else f"ended with {done.returncode}"
        raise CrossborderError(f"{' '.join(command[:2])}: {why}{f' ({hint})' if hint else ''}")
    return done.stdout


def _checked(path: Path, source: str, countries: Countries, in_use: int | None, *, force: bool) -> Mmdb:
    """Open the new database and return it if it may be put in place."""
    mmdb = Mmdb(read_bytes(path), Path(source))
    database = CountryDatabase(mmdb, countries)
    if not database.ranges("VN"):
        raise CrossborderError(f"{source}: places no address in VN: not a database of all countries")
    if not force and in_use is not None and (mmdb.build or 0) < in_use:
        raise CrossborderError(f"{source}: is older than the database in use; forcing takes it all the same")
    return mmdb
