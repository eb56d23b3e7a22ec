"""Nouns of the tests of classify: settings, records, and a database written on the spot."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from crossborder.classify.mmdbwriter import Metadata, write
from crossborder.classify.ranges import flatten
from crossborder.prefixes import key_of

if TYPE_CHECKING:
    from pathlib import Path

    from crossborder.prefixes import Network

BUILD = 1_750_000_000

TEXT_HEAD = "# Location Database Export\n#\n# Generated: Thu, 25 Jun 2026 04:33:59 GMT\n# License:   CC BY-SA 4.0\n#\n"
TEXT_IPV4 = TEXT_HEAD + "134217728,134283263,US\n134283264,134348799,VN\n150994944,167772159,??\n"
TEXT_IPV6 = (
    TEXT_HEAD
    + "::,::ff:ffff:ffff,US\n2001::,2001:0:ffff:ffff:ffff:ffff:ffff:ffff,??\n"
    + "2002::,2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff,JP\n2a00::,2a00:ffff:ffff:ffff:ffff:ffff:ffff:ffff,SE\n"
)


@dataclass(frozen=True)
class Settings:
    """Country files to take, as the configuration's section says them."""

    country: Path | None = None
    asn: Path | None = None
    registry: Path | None = None
    overlays: tuple[Path, ...] = ()
    nat64: tuple[Network, ...] = ()


class WriteMmdb(Protocol):
    """Writes a database and returns its path."""

    def __call__(self, records: dict[str, Any], name: str = "test", **about: Any) -> Path:
        """Take prefix → record, the database's own name, and fields of the metadata."""


def key(address: str | None) -> bytes | None:
    """Return the key of an address as engines make it."""
    return None if address is None else key_of(ipaddress.ip_address(address).packed)


def keys(*addresses: str | None) -> pl.Series:
    """Return the column of keys of addresses."""
    return pl.Series([key(address) for address in addresses], dtype=pl.Binary)


def mmdb_of(records: dict[str, Any], name: str, **about: Any) -> bytes:
    """Return a database of prefixes and records; the longest prefix counts."""
    told = list(records.values())
    entries = [(ipaddress.ip_network(prefix), at) for at, prefix in enumerate(records)]
    fields: dict[str, Any] = {"database_type": name, "description": "test", "build_epoch": BUILD} | about
    return write(flatten(entries), lambda at: told[at], Metadata(**fields))


def country(code: str, **more: Any) -> dict[str, Any]:
    """Return a record in GeoLite2's layout."""
    return {"country": {"iso_code": code}} | more
