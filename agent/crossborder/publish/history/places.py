"""Where the files of the history are and what their names say: gateway, hour, order, digest of what is in them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import quote, unquote

from crossborder.statefile import flush

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NAME = re.compile(r"(\d{10})-(\d{10})-([0-9a-f]{16})\.parquet")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EVER = (0, 1 << 40)
"""From the first hour to before one that never is."""
DRAFT = ".draft"
"""How a file ends that is not whole yet; it begins with a dot, and no reader takes it for one."""


class Url(str):
    """An address in an object store; it is put together as a path is."""

    __slots__ = ()

    @classmethod
    def of(cls, address: str | None) -> Url | None:
        """Return the address of a store, without a slash at its end; None where there is none."""
        return cls(address.rstrip("/")) if address else None

    def __truediv__(self, name: str) -> Url:
        """Return the address of something within."""
        return Url(f"{self}/{name}")

    @property
    def name(self) -> str:
        """What stands behind the last slash."""
        return self.rpartition("/")[2]

    @property
    def parent(self) -> Url:
        """What stands before it."""
        return Url(self.rpartition("/")[0])

    @property
    def scheme(self) -> str:
        """What stands before the colon."""
        return self.partition(":")[0]


Place = Path | Url
"""Where something of a history is."""
SomePlace = TypeVar("SomePlace", Path, Url)


class File(NamedTuple):
    """A file of one hour of one gateway. `first` and `last` are the numbers of the writings it holds."""

    path: Path  # in a store: from its address on
    gateway: str
    hour: int  # since 1970 UTC
    first: int
    last: int
    digest: str
    store: Url | None = None

    @property
    def place(self) -> Place:
        """Where its bytes are."""
        return self.store / self.path.as_posix() if self.store else self.path

    def holds(self, other: File) -> bool:
        """Tell whether this is what another file of its hour was made into."""
        return self.first <= other.first and other.last <= self.last and self[3:5] != other[3:5]


def gateway_folder(directory: SomePlace, gateway: str) -> SomePlace:
    """Return the folder of a gateway."""
    return directory / f"gateway={quote(gateway, safe='')}"


def hour_folder(folder: Path, hour: int) -> Path:
    """Return the folder of an hour in that of a gateway."""
    return folder / folder_of(hour)


def folder_of(hour: int) -> str:
    """Return the path of an hour's folder in that of a gateway."""
    return f"{moment(hour):date=%Y-%m-%d/hour=%H}"


def hour_at(path: str) -> int:
    """Return the hour whose folder has this path in that of a gateway; raises ValueError where none has."""
    hour = hour_of(datetime.strptime(f"{path} +0000", "date=%Y-%m-%d/hour=%H %z"))
    if path != folder_of(hour):
        raise ValueError(path)
    return hour


def file_at(folder: Place, gateway: str, path: str) -> File:
    """Return the file with this path in a gateway's folder; raises ValueError where none of ours is called so."""
    place, _, name = path.rpartition("/")
    found = _NAME.fullmatch(name)
    if not found:
        raise ValueError(path)
    store, at = (folder.parent, Path(folder.name, path)) if isinstance(folder, Url) else (None, folder / path)
    return File(at, gateway, hour_at(place), int(found[1]), int(found[2]), found[3], store)


def moment(hour: int) -> datetime:
    """Return when an hour begins."""
    return _EPOCH + timedelta(hours=hour)


def instant(at_ns: int) -> datetime:
    """Return a moment from nanoseconds since 1970 UTC, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=at_ns // 1000)


def hour_of(at: datetime) -> int:
    """Return the hour a moment is in."""
    return (at - _EPOCH) // timedelta(hours=1)


def file_name(first: int, last: int, data: bytes) -> str:
    """Return the name of a file by the writings it holds and by its bytes: it sorts, and never meets another."""
    return f"{first:010d}-{last:010d}-{digest_of(data)}.parquet"


def digest_of(data: bytes) -> str:
    """Return the digest a file's name holds."""
    return hashlib.blake2b(data, digest_size=8).hexdigest()


def gateways(directory: Path) -> Iterator[Path]:
    """Yield the folders of gateways."""
    yield from (path for path in sorted(directory.glob("gateway=*")) if path.is_dir())


def files_of(folder: Path, since: int | None = None, until: int | None = None) -> Iterator[File]:
    """Yield the files of a gateway, oldest hour first, from one hour to before another; nothing but ours.

    Those that were made into another one and are not removed yet are there too: see `standing`.
    """
    gateway = unquote(folder.name.removeprefix("gateway="))
    for hour, place in _hours(folder):
        if (since is None or hour >= since) and (until is None or hour < until):
            for name in sorted(filter(_NAME.fullmatch, _names(place))):
                yield file_at(folder, gateway, f"{folder_of(hour)}/{name}")


def standing(files: Iterable[File]) -> tuple[list[File], list[File]]:
    """Return the files that stand, and those that were made into one of them."""
    hours: dict[tuple[str, int], list[File]] = {}
    for file in files:
        hours.setdefault((file.gateway, file.hour), []).append(file)
    stand: list[File] = []
    gone: list[File] = []
    for group in hours.values():
        for file in group:
            (gone if any(other.holds(file) for other in group) else stand).append(file)
    return stand, gone


def remove(files: Iterable[File]) -> None:
    """Remove files that are no store's, and the folders where nothing else is in them. Raises OSError."""
    for file in files:
        if not file.store:
            file.path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                file.path.parent.rmdir()
                file.path.parent.parent.rmdir()


def _hours(folder: Path) -> Iterator[tuple[int, Path]]:
    for date in sorted(folder.glob("date=*")):
        for place in sorted(date.glob("hour=*")):
            with contextlib.suppress(ValueError):  # not ours
                yield hour_at(f"{date.name}/{place.name}"), place


def _names(place: Path) -> list[str]:
    try:
        return [path.name for path in place.iterdir()]
    except OSError:
        return []  # gone meanwhile, or no folder


def write_whole(path: Path, data: bytes) -> None:
    """Write a new file and have it on the disk; what is half written when that fails is removed."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def make_folder(path: Path) -> None:
    """Make a folder, those above it too, and have their names on the disk."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        flush(path.parent)
