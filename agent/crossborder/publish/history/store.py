"""An object store that hours are moved to when they are over: S3 and its kin, Google's, Azure's, a mounted folder.

The one door to obstore, which stands on the library that Polars reads the same addresses with: the same environment
variables name credentials, region and endpoint to both.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote

from crossborder.errors import CrossborderError
from crossborder.publish.history import inventory
from crossborder.publish.history.places import Url, file_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from obstore.store import ObjectStore

    from crossborder.publish.history.places import File

SCHEMES = ("s3", "gs", "az", "file")
_RETRY = timedelta(seconds=30)
"""How long one request is tried again; the keeper tries anew at its next round."""


class Store:
    """A store by its address, as s3://bucket/prefix. What it refuses, and silence, is an OSError with one sentence."""

    def __init__(self, url: str) -> None:
        """Take an address; nothing is sent. Raises CrossborderError where it is none, or the library is missing."""
        self.url = Url(url.rstrip("/"))
        try:
            from obstore.exceptions import BaseError
            from obstore.store import from_url
        except ImportError:
            raise CrossborderError(f"{url}: object stores need: pip install 'crossborder-agent[store]'") from None
        self._refused = BaseError
        try:
            self._store: ObjectStore = from_url(  # type: ignore[call-overload]  # by the scheme
                self.url, **_options(self.url.scheme)
            )
        except (BaseError, OSError, ValueError) as error:
            raise CrossborderError(f"{url}: is no object store: {_sentence(error)}") from None

    def gateways(self) -> list[Url]:
        """Return the folders of gateways."""
        import obstore

        with self._telling():
            found = obstore.list_with_delimiter(self._store)["common_prefixes"]
        return [self.url / name for name in sorted(found) if name.startswith("gateway=")]

    def files_of(self, folder: Url) -> list[File]:
        """Return the files of a gateway, oldest hour first; nothing but ours."""
        return [file for file, _ in self.sizes_of(folder)]

    def sizes_of(self, folder: Url) -> list[tuple[File, int]]:
        """Return the files of a gateway and their bytes, oldest hour first."""
        import obstore

        gateway = unquote(folder.name.removeprefix("gateway="))
        files = []
        with self._telling():
            for page in obstore.list(self._store, prefix=folder.name):
                for one in page:
                    path = one["path"].removeprefix(f"{folder.name}/")
                    try:
                        files.append((file_at(folder, gateway, path), one["size"]))
                    except ValueError:
                        continue  # not ours
        return sorted(files, key=lambda file: (file[0].hour, file[0].path))

    def inventory_of(self, folder: Url) -> inventory.Inventory:
        """Return the inventory of a gateway as it stood when something was moved last."""
        import obstore

        with self._telling():
            try:
                said = bytes(obstore.get(self._store, f"{folder.name}/{inventory.NAME}").bytes())
            except FileNotFoundError:
                return inventory.Inventory()
        return inventory.understood(said, folder)

    def read(self, file: File) -> bytes:
        """Return the bytes of a file, be it in the store or not."""
        import obstore

        if not file.store:
            return file.path.read_bytes()
        with self._telling():
            return bytes(obstore.get(self._store, file.path.as_posix()).bytes())

    def put(self, path: Path, directory: Path) -> None:
        """Copy a file of the history in `directory` to its place; it is seen whole or not at all."""
        import obstore

        with self._telling():
            obstore.put(self._store, path.relative_to(directory).as_posix(), path)

    def remove(self, file: File) -> None:
        """Remove a file of the store."""
        import obstore

        with self._telling():
            obstore.delete(self._store, file.path.as_posix())

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (self._refused, OSError, ValueError) as error:
            raise OSError(None, f"{self.url}: {_sentence(error)}") from None


def _options(scheme: str) -> dict[str, object]:
    if scheme == "file":
        return {"mkdir": True}
    return {"retry_config": {"max_retries": 5, "retry_timeout": _RETRY}}


def _sentence(error: Exception) -> str:
    """Return the first line of what is wrong; answers of servers may be long, and hostile."""
    return str(error).split("\n", 1)[0][:300]
