"""Keyed pseudonyms of addresses at home, prefixes kept, by the extension crossborder-native (ipcrypt-pfx)."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import polars as pl

from crossborder import keyfile
from crossborder.errors import CrossborderError
from crossborder.prefixes import key_of

if TYPE_CHECKING:
    from pathlib import Path

NAMES = pl.Schema({"key": pl.Binary(), "hidden_key": pl.Binary(), "hidden_ip": pl.String()})
"""An address (16 bytes, IPv4 mapped), its pseudonym, and the pseudonym as text."""


class Pseudonyms:
    """What one key makes of addresses and of ids. The same wherever the key is the same; never shown."""

    def __init__(self, key: keyfile.Key) -> None:
        """Take a key; raises CrossborderError where it is none for this, or the extension is not installed."""
        try:
            import crossborder_native as native
        except ImportError as error:
            raise CrossborderError(
                "pseudonyms are made by the extension crossborder-native, which is not installed; build it with: "
                "make setup (cargo is needed)"
            ) from error
        try:
            self._made = native.Pseudonyms(key.secret)
        except ValueError as error:
            raise CrossborderError(f"the key makes no pseudonyms: {error}") from None
        self.fingerprint = key.fingerprint

    def names(self, keys: pl.Series) -> pl.DataFrame:
        """Return the pseudonym of each distinct key (NAMES), in no order; null has none."""
        distinct = keys.drop_nulls().unique().to_list()
        rows = [(key, *hidden) for key, hidden in zip(distinct, self._made.hide(distinct), strict=True)]
        return pl.DataFrame(rows, schema=NAMES, orient="row")

    def ids(self, ids: pl.Series) -> pl.Series:
        """Return the pseudonym of each id (UInt64): ids are hashes of addresses, which could be tried out."""
        return pl.Series(ids.name, self._made.ids(ids.to_list()), dtype=pl.UInt64)

    def hide(self, address: str) -> str:
        """Return the pseudonym of an address; raises CrossborderError where the text is none."""
        return self._made.hide([_key(address)])[0][1]

    def reveal(self, pseudonym: str) -> str:
        """Return the address of a pseudonym; raises CrossborderError where the text is no address.

        Of what was never made under this key it returns some address: nothing tells them apart.
        """
        return self._made.reveal([_key(pseudonym)])[0][1]


def read(path: Path) -> Pseudonyms:
    """Read the key of pseudonyms; raises CrossborderError with what to do where that cannot be."""
    try:
        return Pseudonyms(keyfile.read(path))
    except CrossborderError as error:
        if error.faults[0].path:
            raise
        raise CrossborderError.at(path, str(error)) from None


def _key(text: str) -> bytes:
    try:
        return key_of(socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text))
    except (OSError, ValueError):
        raise CrossborderError(f"{text!r} is not an IPv4 or IPv6 address") from None
