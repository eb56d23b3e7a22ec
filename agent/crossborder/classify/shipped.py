"""The default country database: the packaged one, unpacked once, or a newer one that `geoip update` put beside it."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import tempfile
from pathlib import Path
from typing import Any

from crossborder.classify.mmdbfile import Mmdb, read_bytes
from crossborder.errors import CrossborderError, Fault

PACKED = "ipfire-country.mmdb.xz"
ABOUT = "ipfire-country.json"  # where it comes from, its licence and its sha256
UPDATED = "country.mmdb"
CLOUDS = "clouds.csv"


def updates_folder(cache: Path) -> Path:
    """Return the folder where updates are put and looked for."""
    return cache / "geoip"


def open_default(data: Path, cache: Path | None) -> Mmdb:
    """Open the default database: the newer of the packaged one and the updated one in the cache folder.

    An update that was forced counts whatever its age. Raises CrossborderError: the package lacks it, an updated file
    is damaged.
    """
    packaged = _packaged(data, cache)
    path = updates_folder(cache) / UPDATED if cache else None
    if path is None or not path.exists():
        return packaged
    try:
        updated = Mmdb.read(path, cache)
    except CrossborderError as error:
        faults = [Fault(f.path, f.line, f"{f.message}; remove it to go back to the packaged one") for f in error.faults]
        raise CrossborderError(*faults) from None
    newer = (updated.build or 0) >= (packaged.build or 0)
    return updated if newer or read_about(about_file(path)).get("forced") is True else packaged


def clouds_file(data: Path, cache: Path | None) -> Path | None:
    """Return the table of the clouds' ranges: one that was built here, else a shipped one, else None."""
    places = [updates_folder(cache) / CLOUDS] if cache else []
    return next((path for path in [*places, data / CLOUDS] if path.exists()), None)


def watched(data: Path, cache: Path | None) -> tuple[Path, ...]:
    """Return the files whose appearance or change changes the default database or the clouds' table."""
    folders = [data, updates_folder(cache)] if cache else [data]
    names = (PACKED, UPDATED, about_file(Path(UPDATED)).name, CLOUDS)
    return tuple(folder / name for folder in folders for name in names)


def about_default(data: Path) -> dict[str, Any]:
    """Return where the packaged database comes from; raises CrossborderError."""
    path = data / ABOUT
    about = read_about(path)
    if not isinstance(about.get("sha256"), str):
        raise CrossborderError.at(path, "does not say where the packaged database comes from: install again")
    return about


def about_file(database: Path) -> Path:
    """Return the JSON file beside a database that says where it comes from."""
    return database.with_name(database.name.removesuffix(".xz").removesuffix(".mmdb") + ".json")


def read_about(path: Path) -> dict[str, Any]:
    """Return what such a file says; nothing where there is none or it cannot be read."""
    try:
        about = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def _packaged(data: Path, cache: Path | None) -> Mmdb:
    """Open the packaged database, from the cache folder where it is there and whole."""
    sha256 = str(about_default(data)["sha256"])
    kept = cache / f"ipfire-country-{sha256[:16]}.mmdb" if cache else None
    if kept and kept.exists():
        raw = kept.read_bytes()
        if hashlib.sha256(raw).hexdigest() == sha256:
            return Mmdb(raw, kept, cache, bytes.fromhex(sha256))
    raw = _unpacked(data / PACKED, sha256)
    if kept:
        _keep(raw, kept)
    return Mmdb(raw, kept or data / PACKED, cache, bytes.fromhex(sha256))


def _unpacked(path: Path, sha256: str) -> bytes:
    try:
        raw = lzma.decompress(read_bytes(path))
    except lzma.LZMAError as error:
        raise CrossborderError.at(path, f"is damaged, install the package again: {error}") from None
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise CrossborderError.at(path, f"is not the database that {ABOUT} tells of: install the package again")
    return raw


def _keep(raw: bytes, path: Path) -> None:
    """Write the unpacked database for the next start. A full or read-only cache only makes that start slower."""
    try:
        put(raw, path)
    except OSError:
        return


def put(raw: bytes, path: Path) -> None:
    """Put a file in place at once: written beside, flushed to disk, renamed. Raises OSError, leaving the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
            os.fchmod(file.fileno(), 0o644)
        os.replace(name, path)  # noqa: PTH105 - a name, not a Path, is what mkstemp gives
    except BaseException:
        os.unlink(name)  # noqa: PTH108 - the same
        raise
