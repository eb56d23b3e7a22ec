"""Plain answers for people: which databases are in use, and where an address is."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from crossborder.classify.mmdbfile import extension_loaded
from crossborder.classify.shipped import ABOUT, about_file, read_about
from crossborder.errors import CrossborderError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from crossborder.classify.geo import Database, Geography


def status(geography: Geography, data: Path) -> list[dict[str, Any]]:
    """Return one mapping per database in use: role, name, path, build (ISO 8601), layout, source, licence, fast.

    `source` and `licence` come from the JSON file beside a database; None where there is none. `fast` tells whether
    the C extension reads it.
    """
    return [_row(database, _about(database, data)) for database in geography.databases]


def lookup(geography: Geography, addresses: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield one mapping per address: ip country basis database prefix build, and asn as_org registered said label.

    What is no address is answered, too: with `error` instead of the rest.
    """
    for text in addresses:
        try:
            found = geography.lookup(text)
        except CrossborderError as error:
            yield {"ip": text, "error": str(error)}
        else:
            yield {"ip": text} | found._asdict() | {"build": _iso(found.build)}


def _row(database: Database, about: dict[str, Any]) -> dict[str, Any]:
    return {
        "role": database.role,
        "name": database.name,
        "path": str(database.path),
        "build": _iso(database.build),
        "layout": database.layout,
        "source": about.get("data") or about.get("source"),
        "licence": about.get("licence"),
        "fast": extension_loaded(),
    }


def _about(database: Database, data: Path) -> dict[str, Any]:
    """Return what the JSON file beside a database says; of the unpacked default one, the file in the package."""
    packaged = database.path.name.startswith("ipfire-country-")
    path = data / ABOUT if packaged or database.path.parent == data else about_file(database.path)
    return read_about(path)


def _iso(seconds: int | None) -> str | None:
    return None if seconds is None else dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()
