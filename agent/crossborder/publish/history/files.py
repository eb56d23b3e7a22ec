"""Writes and reads single files of the history: Parquet, zstd, its schema's version and its hour in the metadata."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.publish.history.places import (
    DRAFT,
    digest_of,
    file_name,
    hour_folder,
    make_folder,
    moment,
    write_whole,
)
from crossborder.publish.history.rows import VERSION, ordered
from crossborder.statefile import flush

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from crossborder.publish.history.ahead import Move
    from crossborder.publish.history.places import File

VERSION_KEY = "crossborder.history.version"
PSEUDONYMS_KEY = "crossborder.history.pseudonyms"
"""Fingerprints of the keys under which addresses at home are pseudonyms, separated by spaces; not there: of none."""
_GATEWAY_KEY, _HOUR_KEY = "crossborder.history.gateway", "crossborder.history.hour"
LEVEL, FINAL_LEVEL = 3, 9  # of zstd: in a tick, and when nobody waits
GROUP_ROWS = 262_144


class Draft(NamedTuple):
    """A file that is whole, on disk and seen by nobody until it is moved."""

    move: Move
    rows: int


def draft(folder: Path, gateway: str, hour: int, numbers: tuple[int, int], rows: pl.DataFrame, level: int) -> Draft:
    """Write rows of one hour (PENDING_SCHEMA) beside their place; raises OSError, and then nothing is left."""
    file = io.BytesIO()
    metadata = {
        VERSION_KEY: str(VERSION),
        _GATEWAY_KEY: gateway,
        _HOUR_KEY: moment(hour).isoformat(),
    }
    if keys := rows["pseudonyms"].drop_nulls().unique().sort().to_list():
        metadata[PSEUDONYMS_KEY] = " ".join(keys)
    ordered(rows).write_parquet(
        file, compression="zstd", compression_level=level, row_group_size=GROUP_ROWS, metadata=metadata
    )
    data = file.getvalue()
    place = hour_folder(folder, hour)
    make_folder(place)
    name = file_name(*numbers, data)
    write_whole(place / f".{name}{DRAFT}", data)
    at = place.relative_to(folder)
    return Draft((str(at / f".{name}{DRAFT}"), str(at / name)), rows.height)


def put(folder: Path, moves: Iterable[Move]) -> None:
    """Put drafts in their places; what is there already was moved before. Raises OSError, and may be asked again."""
    places = set()
    for before, after in moves:
        if (folder / before).exists():
            (folder / before).rename(folder / after)
            places.add((folder / after).parent)
    for place in places:
        flush(place)


def discard(folder: Path, drafts: Iterable[Draft]) -> None:
    """Remove drafts that are not wanted any more."""
    for one in drafts:
        (folder / one.move[0]).unlink(missing_ok=True)


def discard_all(folder: Path) -> None:
    """Remove every draft of a gateway: those of writings that never were."""
    for path in folder.glob(f"date=*/hour=*/.*{DRAFT}"):
        path.unlink(missing_ok=True)


def bytes_of(file: File) -> bytes:
    """Return the bytes of a file that is no store's. Raises OSError."""
    return file.path.read_bytes()


def fault_of(file: File, fetch: Callable[[File], bytes] = bytes_of) -> str:
    """Say what is wrong with a file, reading all of it; empty when its bytes are those its name was made of.

    `fetch` brings the bytes, where they are in a store.
    """
    try:
        data = fetch(file)
    except OSError as error:
        return error.strerror or str(error)
    return "" if digest_of(data) == file.digest else "its bytes are not those that were written"


def height_of(file: File) -> int | None:
    """Return how many rows a file says it has; None when it cannot be read."""
    try:
        return int(scanned([file]).select(pl.len()).collect().item())
    except (OSError, pl.exceptions.PolarsError):
        return None


def scanned(files: Iterable[File], hive: Mapping[str, pl.DataType] | None = None) -> pl.LazyFrame:
    """Return the rows of files, of one store or of none; with the columns that folders are, by `hive`.

    A store is asked with the credentials of the environment and no others.
    """
    places = [_source(file) for file in files]
    return pl.scan_parquet(places, hive_partitioning=hive is not None, hive_schema=hive, credential_provider=None)


def version_of(file: File) -> int:
    """Return the version of a file by its end; raises ValueError or OSError with what is wrong with it."""
    return told_of(file)[0]


def told_of(file: File) -> tuple[int, frozenset[str]]:
    """Return the version of a file and the keys of its pseudonyms; raises as `version_of`."""
    try:
        metadata = pl.read_parquet_metadata(_source(file), credential_provider=None)
    except pl.exceptions.PolarsError as error:
        raise ValueError(str(error).split("\n", 1)[0]) from None
    said = metadata.get(VERSION_KEY)
    if said is None or not said.isdigit():
        raise ValueError("is no file of the flow history")
    return int(said), frozenset(metadata.get(PSEUDONYMS_KEY, "").split())


def _source(file: File) -> str:
    """Return where Polars finds a file; one of a mounted folder by its path: it reads those addresses in two ways."""
    return str(file.place).removeprefix("file://")
