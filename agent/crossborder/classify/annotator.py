"""Answers for whole columns of addresses: what `Geography.answer` says of each, by a few searches in sorted ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from crossborder.classify.answers import ANNOTATION, UNKNOWN, Answer
from crossborder.classify.lookups import differing
from crossborder.classify.prefixtexts import PrefixTexts
from crossborder.classify.recent import Recent
from crossborder.classify.searchtree import ASK
from crossborder.model import CountryBasis
from crossborder.prefixes import address_of

if TYPE_CHECKING:
    from crossborder.classify.geo import Geography

_OPERATOR = ("asn", "as_org")
_BESIDE = {"counted": pl.UInt16(), "ask": pl.Boolean()}
"""What is known beside an answer: the number of what it counts as, and whether only a lookup of each address tells."""

_ANSWERED = {name: dtype for name, dtype in ANNOTATION.items() if name not in _OPERATOR}
_PLACED = pl.Schema({**_ANSWERED, "located": pl.Boolean(), **_BESIDE})
"""`located`: the prefix is the block of the database that the address lies in."""

_OPERATED = pl.Schema({**{name: ANNOTATION[name] for name in _OPERATOR}, **_BESIDE})
_REGISTERED = pl.Schema({"registered": pl.String(), "differs": pl.UInt16(), **_BESIDE})
"""`registered`: the registries' country; `differs`: what a lookup counts as when that is not the country taken."""

_RECORDS = 1 << 32
_NOBODYS = _RECORDS  # stands for a record where no operator is looked up


class Annotator:
    """Knows answers by what they depend on: the standing of an address and its records in the databases.

    Of these there are few. Each is worked out once, by the lookup of an address that has it; where that cannot be
    (ASK) every address is looked up.
    """

    def __init__(self, geography: Geography) -> None:
        """Lay out the databases of a geography; raises CrossborderError when a search tree is broken."""
        self._geography = geography
        self._standings = geography.standings
        every = self._standings.all
        self._open = pl.Series([standing.open for standing in every], dtype=pl.UInt32)
        self._reserved = pl.Series([standing.reserved for standing in every], dtype=pl.Boolean)
        asn = geography.sources.asn
        self._blocks = geography.sources.country.mmdb.blocks
        self._texts = PrefixTexts(self._blocks)
        self._asn_blocks = asn.mmdb.blocks if asn else None
        registry = geography.sources.registry
        self._registry_blocks = registry.mmdb.blocks if registry else None
        self._registrations = Recent(_REGISTERED, self._register)
        self._places = Recent(_PLACED, self._place)
        self._operators = Recent(_OPERATED, self._operate)
        self._names: list[tuple[str, str]] = []  # what can be counted, numbered from 1

    def __call__(self, keys: pl.Series) -> pl.DataFrame:
        """Return the answer for each key (ANNOTATION), in order; where there is no key the country is unknown."""
        addresses, standing = self._standings.find(keys)
        placed = self._placed(addresses, standing)
        operated = self._operated(addresses, standing)
        registered, second, unsure = self._compared(addresses, standing, placed)
        ask = placed["ask"] | operated["ask"] | unsure
        for counted in (placed["counted"], operated["counted"], second):
            self._count(counted if not ask.any() else counted.filter(~ask))
        placed = placed.with_columns(pl.col("geo_registered").fill_null(registered))
        answers = placed.drop(*_BESIDE).hstack(operated.drop(*_BESIDE)).select(ANNOTATION.names())
        return self._asked(answers, keys, ask) if ask.any() else answers

    def _placed(self, addresses: pl.Series, standing: pl.Series) -> pl.DataFrame:
        """Return what tables and country database tell (_PLACED), prefixes and all."""
        at = self._blocks["start"].search_sorted(addresses, side="right") - 1
        record = self._blocks["record"].gather(at) * self._open.gather(standing)
        found = self._places(standing.cast(pl.UInt64) * _RECORDS + record, addresses)
        prefix = pl.when("located").then(self._texts(at)).otherwise("geo_prefix")
        return found.with_columns(geo_prefix=prefix).drop("located")

    def _operated(self, addresses: pl.Series, standing: pl.Series) -> pl.DataFrame:
        """Return what the ASN database tells (_OPERATED)."""
        if self._asn_blocks is None:
            return pl.DataFrame(schema=_OPERATED).clear(len(addresses)).with_columns(counted=0, ask=False)
        return self._operators(self._record(self._asn_blocks, addresses, standing), addresses)

    def _compared(self, addresses: pl.Series, standing: pl.Series, placed: pl.DataFrame) -> tuple[pl.Series, ...]:
        """Return the registries' country, what looking it up counts as, and where a lookup of one address tells."""
        if self._registry_blocks is None:
            nothing = pl.Series([0], dtype=pl.UInt16).new_from_index(0, len(addresses))
            return placed["geo_registered"], nothing, nothing.cast(pl.Boolean)
        record = self._record(self._registry_blocks, addresses, standing)
        told = placed.select("country", "country_basis").hstack(self._registrations(record, addresses))
        differs = (pl.col("country_basis") == CountryBasis.GEO.value) & (pl.col("country") != pl.col("registered"))
        counted = pl.when(differs).then("differs").otherwise("counted").alias("counted")
        found = told.select("registered", counted, "ask")
        return found["registered"], found["counted"], found["ask"]

    def _record(self, blocks: pl.DataFrame, addresses: pl.Series, standing: pl.Series) -> pl.Series:
        """Return the record of each address, _NOBODYS where none is looked up."""
        at = blocks["start"].search_sorted(addresses, side="right") - 1
        nobodys = pl.Series([_NOBODYS], dtype=pl.UInt64)
        return nobodys.zip_with(self._reserved.gather(standing), blocks["record"].gather(at).cast(pl.UInt64))

    def _place(self, number: int, example: int) -> tuple[Any, ...]:
        """Return a row of _PLACED for a standing and a record."""
        standing, record = self._standings.all[number // _RECORDS], number % _RECORDS
        if record == ASK:
            return (*_columns(UNKNOWN), False, 0, True)
        answer, counted = self._geography.placed(standing, _address(example))
        located = standing.open and answer.prefix is not None
        return (*_columns(answer), located, self._number(counted), False)

    def _operate(self, record: int, example: int) -> tuple[Any, ...]:
        """Return a row of _OPERATED for a record."""
        if record in {ASK, _NOBODYS}:
            return None, None, 0, record == ASK
        asn, org, counted = self._geography.operator(_address(example))
        return asn, org, self._number(counted), False

    def _register(self, record: int, example: int) -> tuple[Any, ...]:
        """Return a row of _REGISTERED for a record."""
        if record in {ASK, _NOBODYS}:
            return None, 0, 0, record == ASK
        registered, counted = self._geography.registration(_address(example))
        other = differing(counted) if counted and registered else counted
        return registered, self._number(other), self._number(counted), False

    def _number(self, counted: tuple[str, str] | None) -> int:
        if counted is None:
            return 0
        if counted not in self._names:
            self._names.append(counted)
        return self._names.index(counted) + 1

    def _count(self, counted: pl.Series) -> None:
        for number, name in enumerate(self._names, 1):
            if found := int((counted == number).sum()):
                self._geography.counts[name] += found

    def _asked(self, answers: pl.DataFrame, keys: pl.Series, ask: pl.Series) -> pl.DataFrame:
        """Put in the answers for those addresses that have to be looked up one by one."""
        rows = ask.arg_true()
        told = [self._geography.answer(key)[: len(ANNOTATION)] for key in keys.gather(rows)]
        frame = pl.DataFrame(told, schema=ANNOTATION, orient="row").with_columns(row=rows)
        return answers.with_row_index("row").update(frame, on="row", include_nulls=True).drop("row")


def _address(number: int) -> bytes:
    return address_of(number.to_bytes(16, "big"))


def _columns(answer: Answer) -> tuple[Any, ...]:
    """Return those fields of an answer that are columns and not about the operator."""
    return answer.country, answer.basis, answer.database, answer.build, answer.prefix, answer.registered
