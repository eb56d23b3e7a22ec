"""A country or operator database whose layout is known: answers by address, and tells all prefixes of a country."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from crossborder.classify.layouts import ASN_LAYOUTS, COUNTRY_LAYOUTS, asn_layout, country_layout, described
from crossborder.classify.ranges import merged
from crossborder.classify.searchtree import ASK, NOTHING
from crossborder.errors import CrossborderError
from crossborder.model import UNKNOWN_COUNTRY
from crossborder.prefixes import IPV4_FIRST, IPV6_AGAIN, address_of

if TYPE_CHECKING:
    from crossborder.classify.countries import Countries
    from crossborder.classify.layouts import AsnLayout, CountryLayout
    from crossborder.classify.mmdbfile import Mmdb


class Placement(NamedTuple):
    """What a country database says of an address."""

    country: str  # ISO 3166 alpha-2, or ZZ
    said: str | None  # the code as the database has it: EU, ??, UK …; None when it has none
    registered: str | None  # country of registration where the database tells it
    anycast: bool
    prefix: str | None


NOWHERE = Placement(UNKNOWN_COUNTRY, None, None, anycast=False, prefix=None)


class CountryDatabase:
    """An MMDB that tells countries."""

    def __init__(self, mmdb: Mmdb, countries: Countries) -> None:
        """Take an open file; raises CrossborderError when its layout is not known."""
        sample = mmdb.sample
        layout = country_layout(sample)
        if layout is None:
            raise CrossborderError.at(mmdb.path, _refusal("country", sample, COUNTRY_LAYOUTS))
        self.mmdb, self.layout, self._countries = mmdb, layout, countries

    def find(self, packed: bytes) -> Placement:
        """Place an address of 4 or 16 bytes; raises LookupError when its record is damaged."""
        record, prefix = self.mmdb.find(packed)
        if not isinstance(record, dict):
            return NOWHERE
        said, registered = self.layout.country(record), self._countries.settle(self.layout.registered(record))
        return Placement(
            self._countries.settle(said),
            said,
            registered if registered != UNKNOWN_COUNTRY else None,
            self.layout.anycast(record),
            prefix,
        )

    def ranges(self, country: str) -> list[tuple[int, int, None]]:
        """Return all ranges the database places in a country; raises CrossborderError when the tree is broken."""
        blocks, records = self.mmdb.blocks, self.mmdb.blocks["record"]
        examples = blocks[records.arg_unique()].filter(~pl.col("record").is_in([NOTHING, ASK]))
        asked = examples.select("record", "start").iter_rows()
        chosen = [record for record, start in asked if self._places(start, country)]
        found = blocks[records.is_in(chosen).arg_true()]
        return merged(sorted(_range(start, length) for start, length in found.select("start", "length").iter_rows()))

    def _places(self, number: int, country: str) -> bool:
        """Tell whether the address of a key's number is placed in a country."""
        try:
            return self.find(address_of(number.to_bytes(16, "big"))).country == country
        except LookupError:
            return False


class AsnDatabase:
    """An MMDB that tells autonomous systems."""

    def __init__(self, mmdb: Mmdb) -> None:
        """Take an open file; raises CrossborderError when its layout is not known."""
        sample = mmdb.sample
        layout = asn_layout(sample)
        if layout is None:
            raise CrossborderError.at(mmdb.path, _refusal("AS number", sample, ASN_LAYOUTS))
        self.mmdb, self.layout = mmdb, layout

    def find(self, packed: bytes) -> tuple[int | None, str | None]:
        """Return AS number and operator of an address; raises LookupError when its record is damaged."""
        record, _ = self.mmdb.find(packed)
        if not isinstance(record, dict):
            return None, None
        number = self.layout.number(record)
        return number, self.layout.org(record) if number is not None else None


def _range(start: int, length: int) -> tuple[int, int, None]:
    """Return first and last number of a block in the number space of a search tree."""
    if IPV4_FIRST <= start < IPV6_AGAIN:
        return start - IPV4_FIRST, start - IPV4_FIRST + (1 << 32 - length) - 1, None
    return start, start + (1 << 128 - length) - 1, None


def _refusal(what: str, sample: list[object], known: tuple[CountryLayout, ...] | tuple[AsnLayout, ...]) -> str:
    layouts = "; ".join(f"{layout.name} ({layout.who})" for layout in known)
    return f"has no {what} where one is known to stand; it has {described(sample)}. Known: {layouts}"
