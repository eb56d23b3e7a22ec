"""The default country database: the packaged one, unpacked once, or a newer one that `geoip update` put beside it."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
import tempfile
from typing import TYPE_CHECKING, Any

from crossborder.classify.mmdbfile import Mmdb, read_bytes
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from pathlib import Path

PACKED = "ipfire-country.mmdb.xz"
ABOUT = "ipfire-country.json"  # where it comes from, its licence and its sha256
UPDATED = "country.mmdb"
CLOUDS = "clouds.csv"


def updates_folder(cache: Path) -> Path:
    """Return the folder where updates are put and looked for."""
    return cache / "geoip"


def open_default(data: Path, cache: Path | None) -> Mmdb:
    """Open the default database: the newer of the packaged one and the updated one in the cache folder.

    Raises CrossborderError: the package lacks it, an updated file is damaged.
    """
    packaged = _packaged(data, cache)
    updated = updates_folder(cache) / UPDATED if cache else None
    if updated is None or not updated.exists():
        return packaged
    newer = Mmdb.read(updated)
    return newer if (newer.build or 0) >= (packaged.build or 0) else packaged


def clouds_file(data: Path, cache: Path | None) -> Path | None:
    """Return the table of the clouds' ranges: one that was built here, else a shipped one, else None."""
    places = [updates_folder(cache) / CLOUDS] if cache else []
    return next((path for path in [*places, data / CLOUDS] if path.exists()), None)


def watched(data: Path, cache: Path | None) -> tuple[Path, ...]:
    """Return the files whose appearance or change changes the default database or the clouds' table."""
    folders = [data, updates_folder(cache)] if cache else [data]
    return tuple(folder / name for folder in folders for name in (PACKED, UPDATED, CLOUDS))


def about_default(data: Path) -> dict[str, Any]:
    """Return where the packaged database comes from; raises CrossborderError."""
    path = data / ABOUT
    try:
        about = json.loads(read_bytes(path))
    except ValueError:
        about = None
    if not isinstance(about, dict) or not isinstance(about.get("sha256"), str):
        raise CrossborderError.at(path, "does not say where the packaged database comes from: install again")
    return about


def _packaged(data: Path, cache: Path | None) -> Mmdb:
    """Open the packaged database, from the cache folder where it is there and whole."""
    sha256 = str(about_default(data)["sha256"])
    kept = cache / f"ipfire-country-{sha256[:16]}.mmdb" if cache else None
    if kept and kept.exists():
        raw = kept.read_bytes()
        if hashlib.sha256(raw).hexdigest() == sha256:
            return Mmdb(raw, kept)
    raw = _unpacked(data / PACKED, sha256)
    if kept:
        _keep(raw, kept)
    return Mmdb(raw, kept or data / PACKED)


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
